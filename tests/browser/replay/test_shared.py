"""The real packages around one shared document: collaboration, a server executor, an MCP server, an agent's client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..driver import Front, Server
from .agents import TYPE_SLOWLY, run
from .environments import SHARED, environment
from .scene import Scene, Score
from .servers import serving, showing

NOTEBOOK = "shared.ipynb"

# Calls tools of the real MCP server, which it starts, one after the other.
CALL_TOOLS = """
    import asyncio, json, sys
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def main(url, token, notebook, kernel, calls):
        arguments = ["start", "--transport", "stdio", "--jupyter-url", url, "--jupyter-token", token,
            "--document-id", notebook, "--code-sandbox-id", kernel, "--start-new-code-sandbox", "false"]
        server = StdioServerParameters(command=sys.argv[1], args=arguments)
        async with stdio_client(server) as streams, ClientSession(*streams) as session:
            await session.initialize()
            for name, values in calls:
                result = await session.call_tool(name, values)
                print(name, str(result.content)[:600])
    asyncio.run(main(*json.loads(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return environment(SHARED)


@pytest.fixture(scope="module")
def shared(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("shared")
    with serving(python, home) as server:
        yield server


@pytest.fixture(scope="module")
def scene(shared: Server, chromium: Any) -> Iterator[Scene]:
    with showing(shared, chromium, NOTEBOOK, "guarded-theirs") as opened:
        assert opened.evaluate("return model.collaborative === true || panel.context.model.collaborative === true")
        yield opened


def call_tools(python: Path, scene: Scene, *calls: tuple[str, dict[str, Any]]) -> str:
    server = scene.front.server
    kernel = scene.evaluate("return panel.sessionContext.session.kernel.id")
    values = json.dumps([server.url, server.token, NOTEBOOK, kernel, calls])
    return run(python, CALL_TOOLS, str(python.parent / "jupyter-mcp-server"), values)


def test_a_person_types_and_the_server_executes(scene: Scene, score: Score) -> None:
    index = scene.type("shared_typed = sorted([3, 1, 2])")
    score.check("shared-typed", scene.origin(index))
    posted: list[str] = []
    scene.page.on("request", lambda request: posted.append(request.url))
    score.check("executor-human", scene.origin(scene.type("executed = sorted([3, 1, 2])")))
    assert any(url.partition("?")[0].endswith("/execute") for url in posted), "the server's executor was not used"
    score.check("executor-assistant", scene.origin(scene.insert("executed_inserted = sorted([3, 1, 2])")))
    assert scene.origin(0) == "imported"


def test_an_mcp_server_writes_and_runs(python: Path, scene: Scene, score: Score) -> None:
    own = scene.type("rewritten = 1")
    ran = "mcp_ran = sorted([3, 1, 2])"
    code = "mcp_code = sorted([3, 1, 2])"
    said = call_tools(
        python,
        scene,
        ("use_notebook", {"notebook_name": "shared", "notebook_path": NOTEBOOK, "mode": "connect"}),
        ("insert_cell", {"cell_index": -1, "cell_type": "code", "cell_source": "mcp_inserted = sorted([3, 1, 2])"}),
        ("overwrite_cell_source", {"cell_index": own, "cell_source": "mcp_rewritten = sorted([3, 1, 2])"}),
        ("insert_execute_code_cell", {"cell_index": -1, "cell_source": ran}),
        ("insert_cell", {"cell_index": -1, "cell_type": "code", "cell_source": ran}),
        ("execute_cell", {"cell_index": own + 2}),
        ("execute_code", {"code": code}),
    )
    print(said)
    score.check("mcp-insert", scene.origin(scene.wait_for_cell("mcp_inserted = sorted([3, 1, 2])")))
    score.check("mcp-overwrite", scene.origin(scene.wait_for_cell("mcp_rewritten = sorted([3, 1, 2])")))
    score.check("mcp-insert-and-run", scene.judged(ran))
    scene.page.wait_for_function(
        """source => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.some(cell =>
            cell.getSource() === source && cell.getMetadata('jupyter_guard')?.origin?.started_by === 'server')""",
        arg=ran,
    )
    score.check("mcp-execute", scene.judged(code))


def test_another_person_types_and_runs_in_the_same_document(scene: Scene, score: Score) -> None:
    other = Scene(Front(scene.front.server, scene.page.context.new_page()))
    other.open(NOTEBOOK)
    index = other.type("other_ran = sorted([3, 1, 2])")
    score.check("remote-run-there", other.origin(index))
    other.page.close()


def test_an_agent_on_the_server_types_slowly(python: Path, scene: Scene, score: Score) -> None:
    text = "agent_typed = sorted([3, 1, 2])"
    server = scene.front.server
    run(python, TYPE_SLOWLY, json.dumps([server.url, server.token, NOTEBOOK, text]))
    score.check("agent-slow", scene.origin(scene.wait_for_cell(text)))


def test_the_file_is_rewritten_under_a_shared_document(scene: Scene, score: Score) -> None:
    scene.type("on_disk = 1")
    file = scene.front.server.root / NOTEBOOK
    wait_until_saved(file, "on_disk = 1")
    notebook = json.loads(file.read_text())
    notebook["cells"][-1]["source"] = "on_disk = sorted([3, 1, 2])"
    file.write_text(json.dumps(notebook))
    score.check("shared-disk", scene.origin(scene.wait_for_cell("on_disk = sorted([3, 1, 2])")))


def wait_until_saved(file: Path, source: str, seconds: float = 30) -> None:
    """Wait until the server, which saves a second after the last change, wrote a text and rests."""
    deadline = time.monotonic() + seconds
    while source not in file.read_text() or time.time() - file.stat().st_mtime < 2:
        assert time.monotonic() < deadline, f"the server did not save the document with {source!r}"
        time.sleep(0.2)
