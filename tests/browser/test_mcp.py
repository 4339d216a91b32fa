"""An MCP client runs code on the notebook that a person has open: they read it in the panel, and only they allow it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from tests.mcp_server.client import over_stdio
from tests.mcp_server.jupyter import Jupyter

from .conftest import environment
from .driver import Front, Server

CODE = "exec(open('theirs.py').read())"


def user_of(server: Server) -> Jupyter:
    """The same user's other programs."""
    user = Jupyter(server.log.parent, environment(server.log.parent), server.url, server.token)
    user.root = server.root
    return user


def call(user: Jupyter, name: str) -> Any:
    """What a client gets that runs ``CODE`` on a notebook."""

    async def scenario() -> Any:
        async with over_stdio(user) as client:
            return await client.call_tool("run_cell", {"code": CODE, "notebook": name, "timeout_seconds": 120})

    return anyio.run(scenario)


@pytest.mark.parametrize(("button", "status"), [("Allow once", "ran"), ("Refuse", "refused")])
def test_the_person_reads_the_code_and_answers(front: Front, server: Server, button: str, status: str) -> None:
    name = f"mcp-{status}.ipynb"
    (server.root / "theirs.py").write_text("print('done by', 'a program')\n")
    server.write_notebook(name, ["mine = 1"])
    front.open_lab(name)
    front.wait_for_kernel()
    saved = (server.root / name).read_bytes()
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[Any] = pool.submit(call, user_of(server), name)
        question = front.panel.get_by_role("group", name="Run this cell?")
        question.wait_for()
        assert CODE in question.get_by_role("region", name="A program wants to run").inner_text()
        assert "Outside the notebook" in question.inner_text()
        front.page.wait_for_timeout(500)  # what is asked has to have been on screen before a click counts
        assert not waiting.done()
        question.get_by_role("button", name=button).click()
        result = waiting.result(timeout=120)
    assert result.structured_content["status"] == status
    assert ("done by a program" in result.structured_content["outputs"]) is (status == "ran")
    assert front.cells.count() == 1
    assert (server.root / name).read_bytes() == saved
