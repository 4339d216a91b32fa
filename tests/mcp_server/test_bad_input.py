"""What clients get wrong, and how they leave: a clear answer, and the notebook as it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from anyio.to_thread import run_sync

from jupyter_guard.audit.place import audit_directory, journals, read_records

from .client import COMMAND, HttpServer, over_stdio, run, text
from .jupyter import SECONDS, Jupyter, Person, serving
from .test_run_cell import ASKED, answer

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
WAITS = '''
import time
import jupyter_guard as guard


@guard.tool(effects=[], approve="never", seconds=600)
def waits() -> int:
    """Takes its time."""
    time.sleep(600)
    return 1


@guard.tool(effects=[], approve="never")
def add(first: int) -> int:
    """Adds one."""
    return first + 1
'''


def test_arguments_of_the_wrong_type(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with over_stdio(nowhere(tmp_path)) as client:
            for name, arguments, said in WRONG:
                result = await client.call_tool(name, arguments)
                assert result.is_error
                assert said in text(result), (name, text(result))

    run(scenario)


def nowhere(home: Path) -> Jupyter:
    """Of a user without a server."""
    (home / "notebooks").mkdir()
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return Jupyter(home, env, "http://127.0.0.1:1/", "")


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


@pytest.mark.parametrize("way", ["cancels", "closes", "is killed with its server"])
def test_a_client_that_leaves_while_a_person_is_asked(jupyter: Jupyter, notebook: str, way: str) -> None:
    before = jupyter.saved("shared.ipynb")

    async def leave(person: Person) -> None:
        async with over_stdio(jupyter) as client, anyio.create_task_group() as group:
            asked = {"code": ASKED % (100 + len(way)), "timeout_seconds": 100}
            group.start_soon(client.call_tool, "run_cell", asked)
            await run_sync(person.hear, "pending")
            if way == "is killed with its server":
                running = [
                    one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE
                ]
                for one in running:
                    if "jupyter_guard" in one.cmdline() and "mcp" in one.cmdline():
                        one.kill()
            group.cancel_scope.cancel()
            if way == "cancels":
                # The client stays, and may ask for something else.
                with anyio.CancelScope(shield=True):
                    assert answer(await client.call_tool("run_cell", {"code": "20 + 3"}))["outputs"] == "23\n"

    async def scenario() -> None:
        with Person(jupyter, notebook) as person:
            await leave(person)
            assert (await run_sync(person.hear, "answered"))["choice"] == "refuse"
            assert (await run_sync(person.run, "6 * 7"))["text"] == "42"

    run(scenario)
    assert jupyter.saved("shared.ipynb") == before


def test_a_client_that_leaves_while_its_code_runs(jupyter: Jupyter, notebook: str) -> None:
    async def scenario() -> None:
        with Person(jupyter, notebook) as person:
            async with over_stdio(jupyter) as client, anyio.create_task_group() as group:
                code = "import time\nkept = 'kept'\ntime.sleep(300)\nkept = 'lost'"
                group.start_soon(client.call_tool, "run_cell", {"code": code})
                await run_sync(person.hear, "report")
                await anyio.sleep(1)
                group.cancel_scope.cancel()
            assert (await run_sync(person.run, "kept"))["text"] == "'kept'"

    run(scenario)


CALLING = """
import anyio, httpx2, json, sys
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

async def main(url, token, name, arguments):
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=100)
    async with streamable_http_client(url, http_client=http) as streams, ClientSession(*streams[:2]) as session:
        await session.initialize()
        await session.call_tool(name, json.loads(arguments))

anyio.run(main, *sys.argv[1:])
"""


def calling(server: HttpServer, name: str, **arguments: Any) -> subprocess.Popen[str]:
    """A client in a process of its own, which can be killed in the middle of its call."""
    words = [sys.executable, "-c", CALLING, server.url, server.token, name, json.dumps(arguments)]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)


def test_a_client_that_leaves_over_http(jupyter: Jupyter, notebook: str) -> None:
    async def scenario() -> None:
        with HttpServer(jupyter) as server, Person(jupyter, notebook) as person:
            client = calling(server, "run_cell", code=ASKED % 500)
            try:
                await run_sync(person.hear, "pending")
            finally:
                client.kill()
                client.communicate(timeout=SECONDS)
            assert (await run_sync(person.hear, "answered"))["choice"] == "refuse"
            assert (await run_sync(person.run, "6 * 8"))["text"] == "48"
            async with server.client() as other:
                assert answer(await other.call_tool("run_cell", {"code": "20 + 4"}))["outputs"] == "24\n"

    run(scenario)


@pytest.mark.parametrize("way", ["cancels", "closes", "is killed with its server"])
def test_a_client_that_leaves_while_an_approved_tool_runs(tmp_path: Path, way: str) -> None:
    user = with_tools(tmp_path)

    async def scenario() -> None:
        async with over_stdio(user) as client, anyio.create_task_group() as group:
            assert text(await client.call_tool("add", {"first": 2})) == "3"
            group.start_soon(client.call_tool, "waits", {})
            await until(user, there=True)
            if way == "is killed with its server":
                for one in psutil.Process().children(recursive=True):
                    if one.status() != psutil.STATUS_ZOMBIE and "mcp" in one.cmdline():
                        one.kill()
            group.cancel_scope.cancel()
            if way == "cancels":
                # The client stays, and may call something else.
                with anyio.CancelScope(shield=True):
                    await until(user, there=False)
                    assert text(await client.call_tool("add", {"first": 3})) == "4"
        await until(user, there=False)

    run(scenario)
    if way == "cancels":
        assert states(user) == ["ok", "stopped", "ok"]
    else:
        # The SDK ends a server two seconds after its input; then there may be nobody left to write it down.
        assert states(user) in (["ok"], ["ok", "stopped"])


@pytest.mark.parametrize("leaves", ["the client", "the server"])
def test_one_side_leaves_over_http_while_an_approved_tool_runs(tmp_path: Path, leaves: str) -> None:
    user = with_tools(tmp_path)

    async def scenario() -> None:
        with HttpServer(user) as server, calling(server, "waits") as client:
            try:
                await until(user, there=True)
                if leaves == "the server":
                    server.process.terminate()
                    _, said = await run_sync(lambda: client.communicate(timeout=SECONDS))
                    assert client.returncode != 0
                    assert "MCPError: " in said
            finally:
                client.kill()
            await until(user, there=False)
            if leaves == "the client":
                async with server.client() as other:
                    assert text(await other.call_tool("add", {"first": 2})) == "3"

    run(scenario)
    assert states(user) == (["stopped", "ok"] if leaves == "the client" else ["stopped"])


def with_tools(home: Path) -> Jupyter:
    """A user whose policy approves two tools."""
    user = nowhere(home)
    (home / "approved.py").write_text(WAITS)
    (home / "config").mkdir()
    policy = f"version = 1\n[tools]\nsources = ['{home / 'approved.py'}']\n"
    (home / "config" / "jupyter_guard.toml").write_text(policy)
    user.env["JUPYTER_CONFIG_DIR"] = str(home / "config")
    return user


def states(user: Jupyter) -> list[str]:
    """How the calls of tools ended, as they were recorded."""
    folder = audit_directory(user.env, user.home)
    return [record.state for file in journals(folder) for _, record in read_records(file)]


async def until(user: Jupyter, there: bool) -> None:
    """A user's tool runs, or none does any more."""

    def running() -> bool:
        return any(_is_a_tools(one, user.root) for one in psutil.process_iter())

    with anyio.fail_after(SECONDS):
        while await run_sync(running) is not there:
            await anyio.sleep(0.1)


def _is_a_tools(process: psutil.Process, folder: Path) -> bool:
    try:
        return "jupyter_guard.tools.process" in process.cmdline() and process.cwd() == os.path.realpath(folder)
    except psutil.Error:
        return False


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
