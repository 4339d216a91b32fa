"""run_cell on a real notebook's guarded kernel, by the SDK's client: what runs, what is refused, who is asked."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync

from .client import over_stdio, run, text
from .jupyter import Jupyter, Person

# `personal` asks about a file that an assistant's code deletes outside the workspace, and stops what takes more.
ASKED = """import contextlib, os
with contextlib.suppress(OSError):
    os.remove('/var/lib/there/is/no/such/place')
print('it ran', %d)"""
BLOCKED = "import shutil; shutil.rmtree('/srv/there-is-no-such-place')"


def answer(result: Any) -> dict[str, Any]:
    """A call's answer as JSON values."""
    return dict(result.structured_content)


def test_what_is_allowed_runs_and_gives_its_outputs(jupyter: Jupyter, notebook: str) -> None:
    before = jupyter.saved("shared.ipynb")

    async def scenario() -> None:
        async with over_stdio(jupyter) as client:
            code = "total = sum(range(10))\nprint('summed')\ntotal"
            result = await client.call_tool("run_cell", {"code": code, "notebook": "shared.ipynb"})
            assert not result.is_error
            assert answer(result)["status"] == "ran"
            assert answer(result)["outputs"] == "summed\n45\n"
            assert "summed" in text(result)
            # The same kernel: what ran before is there; without a name it is the only guarded one.
            assert answer(await client.call_tool("run_cell", {"code": "total + 1"}))["outputs"] == "46\n"
            by_id = await client.call_tool("run_cell", {"code": "total + 2", "kernel_id": notebook})
            assert answer(by_id)["outputs"] == "47\n"

    run(scenario)
    assert jupyter.saved("shared.ipynb") == before


def test_an_error_of_the_codes_own_is_told_as_one(jupyter: Jupyter, notebook: str) -> None:
    async def scenario() -> None:
        async with over_stdio(jupyter) as client:
            result = await client.call_tool("run_cell", {"code": "print('first')\n1 / 0"})
            assert result.is_error
            assert answer(result)["status"] == "failed"
            assert "ZeroDivisionError" in text(result)
            assert answer(result)["outputs"].startswith("first\n")
            assert "\x1b" not in text(result)
            pictured = await client.call_tool(
                "run_cell",
                {
                    "code": "from IPython.display import Image, display\ndisplay(Image(data=b'\\x89PNG\\r\\n', format='png'))"
                },
            )
            assert [one.type for one in pictured.content] == ["text", "image"]

    run(scenario)


def test_what_is_blocked_does_not_run_and_says_what_to_do_instead(jupyter: Jupyter, notebook: str) -> None:
    async def scenario() -> None:
        async with over_stdio(jupyter) as client:
            result = await client.call_tool("run_cell", {"code": f"marker = 1\n{BLOCKED}"})
            assert result.is_error
            said = answer(result)
            assert said["status"] == "refused"
            assert said["guard"][0]["findings"][0]["rule"] == "JG201"
            assert said["guard"][0]["origin"] == "assistant"
            assert "Instead:" in text(result)
            missing = await client.call_tool("run_cell", {"code": "marker"})
            assert "NameError" in text(missing)

    run(scenario)


@pytest.mark.parametrize(("choice", "status"), [("once", "ran"), ("refuse", "refused")])
def test_the_person_is_asked_and_the_client_waits(jupyter: Jupyter, notebook: str, choice: str, status: str) -> None:
    heard: list[str] = []

    async def progress(seconds: float, total: float | None, message: str | None) -> None:
        heard.append(str(message))

    async def scenario() -> None:
        with Person(jupyter, notebook) as person:
            async with over_stdio(jupyter) as client, anyio.create_task_group() as group:

                async def call() -> None:
                    asked = {"code": ASKED % len(choice), "timeout_seconds": 60}
                    results.append(await client.call_tool("run_cell", asked, progress_callback=progress))

                results: list[Any] = []
                group.start_soon(call)
                while not any("waiting for a person" in one for one in heard):
                    await anyio.sleep(0.1)
                assert not results
                item = await run_sync(person.answer, choice)
                assert item["origin"] == "assistant"
            assert answer(results[0])["status"] == status
            assert ("it ran" in answer(results[0])["outputs"]) is (status == "ran")
            assert results[0].is_error is (status != "ran")

    run(scenario)


def test_nobody_there_is_no_at_once(jupyter: Jupyter) -> None:
    jupyter.open("alone.ipynb")

    async def scenario() -> None:
        async with over_stdio(jupyter) as client:
            result = await client.call_tool("run_cell", {"code": ASKED % 0, "notebook": "alone.ipynb"})
            assert answer(result)["status"] == "refused"
            assert "nobody could be asked" in text(result)

    run(scenario)
    jupyter.close("alone.ipynb")


def test_nobody_answers_in_time(jupyter: Jupyter, notebook: str) -> None:
    async def scenario() -> None:
        with Person(jupyter, notebook) as person:
            async with over_stdio(jupyter) as client:
                asked = {"code": ASKED % 77, "timeout_seconds": 4}
                result = await client.call_tool("run_cell", asked)
                assert answer(result)["status"] == "timed out"
                assert "nobody answered the guard's question, so the code did not run" in text(result)
                assert "it ran" not in answer(result)["outputs"]
            # The person is not left with a question that nobody waits for.
            number = (await run_sync(person.hear, "pending"))["item"]["id"]
            assert await run_sync(person.hear, "answered") == {"type": "answered", "id": number, "choice": "refuse"}
            assert person.run("1 + 1")["text"] == "2"

    run(scenario)


def test_what_runs_too_long_is_interrupted_and_a_persons_next_cell_is_not(jupyter: Jupyter, notebook: str) -> None:
    async def scenario() -> None:
        with Person(jupyter, notebook) as person:
            async with over_stdio(jupyter) as client, anyio.create_task_group() as group:

                async def call() -> None:
                    code = "import time\nprint('begun')\ntime.sleep(100)"
                    results.append(await client.call_tool("run_cell", {"code": code, "timeout_seconds": 6}))

                results: list[Any] = []
                group.start_soon(call)
                await anyio.sleep(3)
                theirs = person.start("import time; time.sleep(2); 'mine'")
            assert answer(results[0])["status"] == "timed out"
            assert "was interrupted" in text(results[0])
            assert "begun" in answer(results[0])["outputs"]
            assert (await run_sync(person.finish, theirs))["text"] == "'mine'"

    run(scenario)


def test_it_waits_behind_a_persons_cell_and_is_taken_back(jupyter: Jupyter, notebook: str) -> None:
    async def scenario() -> None:
        with Person(jupyter, notebook) as person:
            theirs = person.start("import time; time.sleep(8); 'mine'")
            async with over_stdio(jupyter) as client:
                result = await client.call_tool("run_cell", {"code": "late = 1", "timeout_seconds": 3})
                assert answer(result)["status"] == "timed out"
                assert "other cells were still running, so the code did not run" in text(result)
            assert (await run_sync(person.finish, theirs))["text"] == "'mine'"
            assert (await run_sync(person.run, "late"))["ename"] == "NameError"

    run(scenario)


def test_outputs_come_without_secrets(jupyter: Jupyter, notebook: str) -> None:
    secret = "AK" + "IA" + "QYLPMN5HHHFPZAM2"
    code = f"print('AK' + {secret[2:]!r})\n'AK' + {secret[2:]!r}"

    async def scenario() -> None:
        async with over_stdio(jupyter) as client:
            result = await client.call_tool("run_cell", {"code": code})
            assert answer(result)["status"] == "ran"
            assert secret not in json.dumps(result.model_dump(mode="json"))

    run(scenario)


def test_it_is_recorded_as_an_assistants_also_where_a_person_typed_the_same(jupyter: Jupyter, notebook: str) -> None:
    code = "value = 12345 + 1"

    async def scenario() -> None:
        with Person(jupyter, notebook) as person:
            await run_sync(person.claim, code)
            await run_sync(person.run, code)
            async with over_stdio(jupyter) as client:
                assert not (await client.call_tool("run_cell", {"code": code})).is_error

    run(scenario)
    assert [str(one.origin) for one in jupyter.decisions(code, 2)] == ["human", "assistant"]
