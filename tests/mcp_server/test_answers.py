"""What clients are told of code, rules, the policy and approved tools, over both transports."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import ClientSession

from jupyter_guard.audit.place import audit_directory, journals, read_records
from jupyter_guard.judge import RULES
from jupyter_guard.mcp import reading
from jupyter_guard.mcp.reading import ReadingError, apart

from .client import HttpServer, over_stdio, run, text
from .jupyter import Jupyter
from .test_bad_input import nowhere
from .test_run_cell import answer

OWN = {"vet", "explain", "context", "run_cell"}
TOOLS = '''
import os
import jupyter_guard as guard


@guard.tool(effects=[], approve="never")
def add(first: int, second: int = 1) -> int:
    """Adds two numbers."""
    return first + second


@guard.tool(effects=[], approve="never")
def leak() -> str:
    """Gives a secret."""
    return "AK" + "IA" + "QYLPMN5HHHFPZAM2"


@guard.tool(effects=[], approve="amount > 100")
def refund(amount: float) -> str:
    """Pays back money."""
    return f"{amount:.2f} paid"


@guard.tool(effects=[], approve="never")
def raises() -> int:
    """Does not work."""
    raise RuntimeError("the shop is closed")


@guard.tool(effects=[], approve="never")
def vet() -> int:
    """Has a name that is taken."""
    return 0
'''


@pytest.fixture
def user(tmp_path: Path) -> Jupyter:
    """A user without a server, with a policy that approves tools."""
    found = nowhere(tmp_path)
    (tmp_path / "approved.py").write_text(TOOLS)
    policy = f"version = 1\n[tools]\nsources = ['{tmp_path / 'approved.py'}']\n[deny]\nimports = ['telnetlib']\n"
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_guard.toml").write_text(policy)
    found.env["JUPYTER_CONFIG_DIR"] = str(tmp_path / "config")
    return found


@contextlib.asynccontextmanager
async def over(way: str, user: Jupyter) -> AsyncIterator[ClientSession]:
    if way == "stdio":
        async with over_stdio(user) as client:
            yield client
    else:
        with HttpServer(user) as server:
            async with server.client() as client:
                yield client


@pytest.mark.parametrize("way", ["stdio", "http"])
def test_both_ways_offer_the_same(user: Jupyter, way: str) -> None:
    async def scenario() -> None:
        async with over(way, user) as client:
            tools = {one.name: one for one in (await client.list_tools()).tools}
            assert set(tools) == OWN | {"add", "leak", "refund", "raises"}
            assert all(one.description and one.input_schema["type"] == "object" for one in tools.values())
            assert tools["run_cell"].input_schema["required"] == ["code"]
            assert tools["add"].input_schema["required"] == ["first"]
            assert not [name for name in tools if "approve" in name or "answer" in name]

            vetted = answer(await client.call_tool("vet", {"code": "import shutil; shutil.rmtree('/srv/data')"}))
            assert (vetted["verdict"], vetted["origin"]) == ("block", "assistant")
            assert vetted["sentence"] == "deletes `/srv/data` and everything below"
            assert vetted["findings"][0]["instead"]
            assert answer(await client.call_tool("vet", {"code": "import telnetlib"}))["verdict"] == "block"
            assert answer(await client.call_tool("vet", {"code": "1 + 1"}))["said"].endswith("It would run.")

            explained = answer(await client.call_tool("explain", {"rule": "jg301"}))
            assert explained["why"] == RULES["JG301"].why
            context = await client.call_tool("context", {})
            assert "telnetlib" in text(context)
            assert answer(context)["version"] == 1
            assert "add" in text(context)

    run(scenario)


def test_names_of_the_cells_above_are_known(user: Jupyter) -> None:
    async def scenario() -> None:
        async with over_stdio(user) as client:
            alone = answer(await client.call_tool("vet", {"code": "tidy('/srv/data')"}))
            above = ["import shutil", "tidy = shutil.rmtree"]
            known = answer(await client.call_tool("vet", {"code": "tidy('/srv/data')", "above": above}))
            assert (alone["verdict"], known["verdict"]) == ("allow", "block")
            shell = answer(await client.call_tool("vet", {"code": "rm -rf /srv/data", "language": "bash"}))
            assert shell["verdict"] == "block"

    run(scenario)


def test_approved_tools_are_called_and_recorded(user: Jupyter) -> None:
    async def scenario() -> None:
        async with over_stdio(user) as client:
            added = await client.call_tool("add", {"first": 2})
            assert (text(added), answer(added), added.is_error) == ("3", {"result": 3}, False)
            wrong = await client.call_tool("add", {"first": "two"})
            assert wrong.is_error
            assert "first" in text(wrong)
            raised = await client.call_tool("raises", {})
            assert raised.is_error
            assert "the shop is closed" in text(raised)
            assert "AK" + "IA" not in text(await client.call_tool("leak", {}))
            assert text(await client.call_tool("refund", {"amount": 5})) == '"5.00 paid"'

    run(scenario)
    folder = audit_directory(user.env, user.home)
    records = [record for file in journals(folder) for _, record in read_records(file)]
    assert [str(one.origin) for one in records] == ["assistant"] * 5
    assert [one.state for one in records] == ["ok", "arguments", "raised", "ok", "ok"]
    assert len(journals(folder)) == 1


def test_a_call_that_asks_is_not_the_clients_to_approve(user: Jupyter) -> None:
    async def scenario() -> None:
        async with over_stdio(user) as client:
            result = await client.call_tool("refund", {"amount": 500})
            assert result.is_error
            assert "A person has to approve this call" in text(result)
            assert "tools.refund(amount=500)" in text(result)
            assert "paid" not in text(result)

    run(scenario)


def test_a_changed_policy_counts_from_the_next_call_on(user: Jupyter) -> None:
    async def scenario() -> None:
        async with over_stdio(user) as client:
            assert answer(await client.call_tool("vet", {"code": "import ftplib"}))["verdict"] == "allow"
            with (user.home / "config" / "jupyter_guard.toml").open("a") as policy:
                policy.write("calls = ['ftplib.FTP']\n")
            assert answer(await client.call_tool("vet", {"code": "import ftplib; ftplib.FTP()"}))["verdict"] == "block"

    run(scenario)


def test_what_ends_or_stalls_the_reader_ends_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(*work: Any) -> str:
        with pytest.raises(ReadingError) as raised:
            await apart(*work)
        return str(raised.value)

    async def scenario() -> None:
        assert "ended: treat it as not allowed" in await read(os._exit, 3)
        monkeypatch.setattr(reading, "SECONDS", 0.5)
        assert "took longer" in await read(time.sleep, 600)
        monkeypatch.undo()
        assert await apart(abs, -2) == 2

    anyio.run(scenario)
