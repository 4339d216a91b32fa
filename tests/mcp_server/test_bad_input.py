"""What clients get wrong: a clear answer, and the notebook as it was."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .client import COMMAND, over_stdio, run, text
from .jupyter import SECONDS, Jupyter, Person, nowhere, serving
from .test_run_cell import answer

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("run_cell", {"code": 7}, "Expected `str`, got `int` - at `$.code`"),
    ("run_cell", {}, "missing required field `code`"),
    ("run_cell", {"code": ""}, "length >= 1 - at `$.code`"),
    ("run_cell", {"code": "1", "cell": 3}, "unknown field `cell`"),
    ("run_cell", {"code": "1", "timeout_seconds": "soon"}, "Expected `float`, got `str` - at `$.timeout_seconds`"),
    ("run_cell", {"code": "1", "timeout_seconds": -1}, "at `$.timeout_seconds`"),
    ("run_cell", {"code": "1", "notebook": ["a"]}, "Expected `str`, got `array` - at `$.notebook`"),
    ("vet", {"code": "1", "language": "perl"}, "Invalid enum value 'perl' - at `$.language`"),
    ("vet", {"code": "x" * 200_001}, "at `$.code`"),
    ("vet", {"code": "1", "above": [1]}, "Expected `str`, got `int` - at `$.above[0]`"),
    ("explain", {"rule": None}, "Expected `str`, got `null` - at `$.rule`"),
    ("explain", {"rule": "JG3O1"}, "There is no rule 'JG3O1'. Near:"),
    ("context", {"everything": True}, "unknown field `everything`"),
    ("run_cel", {"code": "1"}, "Did you mean 'run_cell'?"),
    ("approve", {"id": "1"}, "There is no tool 'approve'"),
]


def test_arguments_of_the_wrong_type(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with over_stdio(nowhere(tmp_path)) as client:
            for name, arguments, said in WRONG:
                result = await client.call_tool(name, arguments)
                assert result.is_error
                assert said in text(result), (name, text(result))

    run(scenario)


def test_a_kernel_that_is_not_the_users_or_not_guarded(jupyter: Jupyter, notebook: str) -> None:
    plain = jupyter.open("plain.ipynb", "python3")

    async def scenario() -> None:
        async with over_stdio(jupyter) as client:

            async def refused(**where: str) -> str:
                result = await client.call_tool("run_cell", {"code": "open('made', 'w')", **where})
                assert result.is_error
                return text(result)

            others = await refused(kernel_id="00000000-0000-4000-8000-000000000000")
            assert "no kernel '00000000-0000-4000-8000-000000000000' on your own Jupyter servers" in others
            assert "'shared.ipynb' (guarded)" in others
            assert "No notebook 'share.ipynb' is open. Did you mean 'shared.ipynb'?" in await refused(
                notebook="share.ipynb"
            )
            unguarded = await refused(notebook="plain.ipynb")
            assert "The kernel of 'plain.ipynb' (python3) is not guarded, so nothing is run on it" in unguarded
            assert "not guarded" in await refused(kernel_id=plain)
            assert "is not that of 'shared.ipynb'" in await refused(kernel_id=plain, notebook="shared.ipynb")
            assert "No notebook" in await refused(kernel_id="", notebook="../../etc/passwd")

    run(scenario)
    assert not (jupyter.root / "made").exists()
    jupyter.close("plain.ipynb")


def test_a_kernel_that_only_says_that_it_is_guarded(jupyter: Jupyter, notebook: str) -> None:
    # Its command has the guard's words in it and starts a plain kernel.
    spec = jupyter.data / "kernels" / "posing"
    spec.mkdir(parents=True)
    script = (
        "import sys; from ipykernel import kernelapp; kernelapp.launch_new_instance(sys.argv[sys.argv.index('-f'):])"
    )
    argv = [sys.executable, "-c", script, "-m", "jupyter_guard.kernel", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Posing", "language": "python"}))
    jupyter.open("posing.ipynb", "posing")

    async def scenario() -> None:
        async with over_stdio(jupyter) as client:
            result = await client.call_tool("run_cell", {"code": "open('made', 'w')", "notebook": "posing.ipynb"})
            assert "does not answer as a guarded kernel does, so nothing is run on it" in text(result)

    run(scenario)
    assert not (jupyter.root / "made").exists()
    jupyter.close("posing.ipynb")


def test_a_kernel_of_somebody_elses_server(jupyter: Jupyter, notebook: str) -> None:
    home = Path(tempfile.mkdtemp(prefix="mcp-"))
    try:
        with serving(home) as others:
            kernel = others.open("theirs.ipynb")

            async def scenario() -> None:
                async with over_stdio(jupyter) as client:
                    for where in ({"kernel_id": kernel}, {"notebook": "theirs.ipynb"}):
                        result = await client.call_tool("run_cell", {"code": "open('made', 'w')", **where})
                        assert result.is_error
                        assert "'shared.ipynb' (guarded)" in text(result)
                        assert kernel == where.get("kernel_id") or kernel not in text(result)
                    assert answer(await client.call_tool("run_cell", {"code": "20 + 5"}))["outputs"] == "25\n"

            run(scenario)
            with Person(others, kernel) as person:
                assert person.run("6 * 7")["text"] == "42"
            assert not (others.root / "made").exists()
            others.close("theirs.ipynb")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_a_kernel_that_dies_under_it(jupyter: Jupyter) -> None:
    jupyter.open("dies.ipynb")

    async def scenario() -> None:
        async with over_stdio(jupyter) as client:
            # A name that no reader knows, so that it runs.
            code = "def f(): f()\nimport faulthandler\nfaulthandler._sigsegv()"
            result = await client.call_tool("run_cell", {"code": code, "notebook": "dies.ipynb", "timeout_seconds": 60})
            assert result.is_error
            assert answer(result)["status"] == "died"
            assert "The kernel ended while the code ran" in text(result)

    run(scenario)
    jupyter.close("dies.ipynb")


def test_a_policy_with_mistakes_allows_nothing(jupyter: Jupyter, notebook: str) -> None:
    policy = jupyter.root / "jupyter_guard.toml"
    policy.write_text("version = 1\nmodus = 'enforce'\n")

    async def scenario() -> None:
        async with over_stdio(jupyter) as client:
            for name, arguments in (("vet", {"code": "1"}), ("context", {}), ("run_cell", {"code": "1"})):
                result = await client.call_tool(name, arguments)
                assert result.is_error
                assert "modus" in text(result)
            assert "run_cell" in [one.name for one in (await client.list_tools()).tools]

    try:
        run(scenario)
    finally:
        policy.unlink()


def test_not_a_client_at_all(tmp_path: Path) -> None:
    jupyter = nowhere(tmp_path)
    done = subprocess.run(
        COMMAND, input=b"GET / HTTP/1.1\n\n\xff\xfe{}\n[1", capture_output=True, env=jupyter.env, timeout=SECONDS
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    begin = time.monotonic()
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=jupyter.env)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)
    assert time.monotonic() - begin < SECONDS
