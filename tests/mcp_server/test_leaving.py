"""How clients and servers leave in the middle of a call: nothing goes on, it is on record, and the notebook is as it was."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from anyio.to_thread import run_sync

from jupyter_guard.audit.place import audit_directory, journals, read_records

from .client import HttpServer, over_stdio, run, text
from .jupyter import SECONDS, Jupyter, Person, nowhere
from .test_run_cell import ASKED, answer

# What the waiting tool takes of memory at least, which no process takes that only describes tools.
HELD = 96 << 20
WAITS = '''
import time
import jupyter_guard as guard


@guard.tool(effects=[], approve="never", seconds=600)
def waits() -> int:
    """Takes its time."""
    held = b"x" * (96 << 20)
    time.sleep(600)
    return 1


@guard.tool(effects=[], approve="never")
def add(first: int) -> int:
    """Adds one."""
    return first + 1
'''


def servers() -> list[psutil.Process]:
    """The MCP servers that this test has started and that have not ended."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if one.status() != psutil.STATUS_ZOMBIE and {"jupyter_guard", "mcp"} <= set(one.cmdline()):
                found.append(one)
    return found


ENDINGS = ("cancels", "closes", "has a server that is told to end", "is killed with its server")


@pytest.mark.parametrize("way", ENDINGS)
def test_a_client_that_leaves_while_a_person_is_asked(jupyter: Jupyter, notebook: str, way: str) -> None:
    before = jupyter.saved("shared.ipynb")

    async def leave(person: Person) -> None:
        # Long enough for a server that is slow to ask again.
        words = ("--lease", "5") if way == "is killed with its server" else ()
        async with over_stdio(jupyter, *words) as client, anyio.create_task_group() as group:
            answers: list[Any] = []

            async def call() -> None:
                answers.append(await client.call_tool("run_cell", {"code": ASKED % (100 + len(way))}))

            group.start_soon(call)
            await run_sync(person.hear, "pending")
            if way == "has a server that is told to end":
                for one in servers():
                    one.terminate()
                with anyio.fail_after(SECONDS):
                    while not answers:
                        await anyio.sleep(0.1)
                assert "This server was told to end" in text(answers[0])
                with anyio.fail_after(SECONDS):
                    while servers():
                        await anyio.sleep(0.1)
            if way == "is killed with its server":
                for one in servers():
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


@pytest.mark.parametrize("way", ENDINGS)
def test_a_client_that_leaves_while_an_approved_tool_runs(tmp_path: Path, way: str) -> None:
    user = with_tools(tmp_path)

    async def scenario() -> None:
        async with over_stdio(user) as client, anyio.create_task_group() as group:
            assert text(await client.call_tool("add", {"first": 2})) == "3"
            group.start_soon(client.call_tool, "waits", {})
            await until(user, there=True)
            if way == "has a server that is told to end":
                for one in servers():
                    one.terminate()
                await until(user, there=False)
                with anyio.fail_after(SECONDS):
                    while servers():
                        await anyio.sleep(0.1)
            if way == "is killed with its server":
                for one in servers():
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
    elif way == "has a server that is told to end":
        assert states(user) == ["ok", "stopped"]
    elif way == "is killed with its server":
        # Nobody is left to write it down.
        assert states(user) == ["ok"]
    else:
        # The SDK tells a server to end two seconds after its input, and kills it two seconds after that.
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
        processes = [one for one in psutil.process_iter() if _is_a_tools(one, user.root)]
        # Before it is called, a process of the same kind says which tools a file has: it holds less.
        return any(_held(one) > HELD for one in processes) if there else bool(processes)

    with anyio.fail_after(SECONDS):
        while await run_sync(running) is not there:
            await anyio.sleep(0.1)


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _is_a_tools(process: psutil.Process, folder: Path) -> bool:
    try:
        return "jupyter_guard.tools.process" in process.cmdline() and process.cwd() == os.path.realpath(folder)
    except psutil.Error:
        return False
