"""Approved tools in a guarded kernel: called from cells, run outside of the box, asked about, recorded; and refusals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_guard.guard.card import MIME

from .front import Front

SHOP = Path(__file__).parent.parent / "tools" / "shop.py"
# Code may write nothing but its notes; one tool may delete what lies in one folder, another one add to it.
POLICY = """version = 1
[origin.assistant]
code = "tools"
[tools]
sources = ["shop.py"]
[isolation]
write = ["notes"]
[tool.purge_export]
write = ["exports"]
[tool.refund]
write = ["exports"]
"""


class Shop:
    """A kernel whose person has approved the shop's tools."""

    def __init__(self, policy: str = POLICY) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="front-"))
        self.home, self.work = self.root / "home", self.root / "work"
        (self.home / ".jupyter").mkdir(parents=True)
        for one in ("exports", "notes"):
            (self.work / one).mkdir(parents=True)
        shutil.copy(SHOP, self.home / ".jupyter" / "shop.py")
        (self.home / ".jupyter" / "jupyter_guard.toml").write_text(policy)
        (self.work / "exports" / "a.csv").write_text("1")
        self.front = Front(self.work, policy="", home=self.home)

    def records(self) -> list[dict[str, Any]]:
        """What is on record of this account's kernels."""
        place = self.home / ".local" / "share" / "jupyter" / "jupyter_guard" / "audit"
        lines = [line for one in sorted(place.glob("*.jsonl")) for line in one.read_text().splitlines()]
        return [json.loads(line)["record"] for line in lines]

    def close(self) -> None:
        self.front.close()
        shutil.rmtree(self.root, ignore_errors=True)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    one = Shop()
    assert one.front.assistant("from jupyter_guard import tools").status == "ok"
    yield one
    one.close()


def card(run: Any) -> dict[str, Any]:
    """The machine-readable part of the card on a cell."""
    return next(one["content"]["data"][MIME] for one in run.of("display_data") if MIME in one["content"]["data"])


@pytest.mark.kernel
def test_an_assistant_calls_tools_and_goes_through_their_results(shop: Shop) -> None:
    run = shop.front.assistant(
        "rows = tools.find_orders(customer='Ada')\n"
        "for one in rows:\n    if one['amount'] > 100:\n        print(f\"{one['id']}: {one['amount']}\")"
    )
    assert run.status == "ok", run.error
    assert run.text == "8: 250.0\n"


@pytest.mark.kernel
def test_a_tool_deletes_what_code_may_not(shop: Shop) -> None:
    export = shop.work / "exports" / "a.csv"
    # A person's code is held by the box; an assistant's does not even run.
    by_person = shop.front.run("import os\nos.remove('exports/a.csv')", "y")
    assert by_person.error["ename"] in ("OSError", "PermissionError")
    refused = shop.front.assistant("os.remove('exports/a.csv')")
    assert refused.error["ename"] == "CellBlocked"
    assert export.exists()
    run = shop.front.assistant("tools.purge_export(name='a.csv')")
    assert (run.status, run.result) == ("ok", "0")
    assert not export.exists()


@pytest.mark.kernel
def test_a_refused_cell_says_what_holds_here_and_what_to_call(shop: Shop) -> None:
    run = shop.front.assistant("os.remove('exports/b.csv')")
    view = card(run)
    (found,) = [one for one in view["findings"] if one["rule"] == "JG895"]
    assert "tools.purge_export(name: str)" in found["instead"]
    context = view["context"]
    assert (context["version"], context["code"], context["origin"]) == (1, "tools", "assistant")
    assert {one["name"] for one in context["tools"]} >= {"refund", "purge_export", "find_orders"}
    assert context["granted"]["write"] == ["notes"]
    # The same that the command says.
    done = os.popen(
        f"cd {shop.work} && HOME={shop.home} {os.path.dirname(os.sys.executable)}/jupyter-guard context --format json"  # type: ignore[attr-defined]
    ).read()
    assert json.loads(done) == context


@pytest.mark.kernel
def test_people_are_asked_above_the_threshold(shop: Shop) -> None:
    code = "tools.refund(order=8, amount=250.0)"
    asked = shop.front.assistant(code, "n")
    assert asked.error["evalue"] == "refund did not run: it was not allowed"
    assert "this cell calls the approved tool `refund(order=8, amount=250.0)`" in asked.questions[0]
    assert asked.questions[0].endswith("[y/N] ")
    assert "JG896" in asked.questions[0]
    assert shop.front.assistant(code).error["evalue"] == "refund did not run: nobody could be asked"
    allowed = shop.front.assistant(code, "y")
    assert (allowed.status, allowed.result) == ("ok", "'order 8: 250.00 paid back'")
    below = shop.front.assistant("tools.refund(order=7, amount=20.0)", "n")
    assert (below.status, below.questions) == ("ok", [])
    assert (shop.work / "exports" / "refunds.txt").read_text() == "8 250.0 late\n7 20.0 late\n"


@pytest.mark.kernel
def test_for_this_code_is_for_these_arguments(shop: Shop) -> None:
    first = shop.front.assistant("tools.refund(order=9, amount=300.0)", "code")
    again = shop.front.assistant("tools.refund(order=9, amount=300.0)", "n")
    other = shop.front.assistant("tools.refund(order=9, amount=301.0)", "n")
    assert [first.status, again.status, other.status] == ["ok", "ok", "error"]
    assert [len(one.questions) for one in (first, again, other)] == [1, 0, 1]


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("tools.refund(order='8', amount=1.0)", "TypeError", "Expected `int`, got `str` - at `order`"),
        ("tools.refund(order=8)", "TypeError", "missing required field `amount`"),
        ("tools.refund(8, 1.0)", "TypeError", "takes its arguments by their names"),
        ("tools.refund(order=object(), amount=1.0)", "TypeError", "takes plain values"),
        ("tools.refnd(order=8, amount=1.0)", "AttributeError", "The nearest is tools.refund(order: int"),
        ("tools.raises(order=1)", "RuntimeError", "raises failed: LookupError: there is no order 1"),
        ("tools.dies()", "RuntimeError", "ended with exit status 3 and gave no result"),
        ("tools.hangs()", "TimeoutError", "took longer than 1 seconds, and was ended"),
        ("tools.gives_a_gigabyte()", "RuntimeError", "more than the 1048576 bytes that are allowed"),
        ("tools.writes_undeclared(path='notes/x')", "RuntimeError", "which it does not declare"),
    ],
)
def test_what_goes_wrong_is_an_ordinary_error_and_the_notebook_goes_on(
    shop: Shop, code: str, kind: str, text: str
) -> None:
    # A person's cell, which may catch it.
    child = shop.front.child().pid
    run = shop.front.run(
        f"before = 41\ntry:\n    {code}\nexcept {kind} as error:\n    print(type(error).__name__, error)", "n"
    )
    assert run.status == "ok", run.error
    assert run.text.startswith("ToolError ")
    assert text in run.text
    assert shop.front.run("before + 1").result == "42"
    assert shop.front.child().pid == child
    assert not (shop.work / "notes" / "x").exists()


@pytest.mark.kernel
def test_an_interrupt_ends_the_tool(shop: Shop) -> None:
    source = shop.home / ".jupyter" / "shop.py"
    before = source.read_text()
    slow = '\n@guard.tool(seconds=100)\ndef slow() -> int:\n    """Waits."""\n    time.sleep(95)\n    return 1\n'
    source.write_text(before + slow)
    try:
        # What describes the tools is a process as well, and gone by then.
        assert "slow" in shop.front.run("print(tools.slow.__doc__)").text
        run = shop.front.send("tools.slow()")
        end = time.monotonic() + 60
        while not _tool_processes(shop) and time.monotonic() < end:
            shop.front.take_published(0.05)
        assert _tool_processes(shop)
        began = time.monotonic()
        while _tool_processes(shop) and time.monotonic() < began + 60:
            shop.front.interrupt()
            shop.front.take_published(0.5)
        shop.front.finish(run)
        assert run.error["ename"] == "KeyboardInterrupt"
        assert not _tool_processes(shop)
        assert shop.front.run("1 + 1").result == "2"
    finally:
        source.write_text(before)


@pytest.mark.kernel
def test_what_can_be_called_is_listed(shop: Shop) -> None:
    names = shop.front.run("print(dir(tools))").text
    assert "'refund'" in names
    assert "'purge_export'" in names
    words = shop.front.run("print(tools.refund.__doc__)").text
    assert words.startswith("tools.refund(order: int, amount: float")
    assert "Pays back money for an order." in words


@pytest.mark.kernel
def test_each_call_is_on_record_with_what_came_of_it(shop: Shop) -> None:
    password = "hunter2" + "-value"
    shop.front.run(f"tools.find_orders(customer='password={password}')")
    shop.front.assistant("tools.refund(order=8, amount=999.0)", "n")
    end = time.monotonic() + 30
    calls: list[dict[str, Any]] = []
    while time.monotonic() < end and not any("amount=999.0" in one["sentence"] for one in calls):
        calls = [one for one in shop.records() if one.get("event") == "tool"]
        time.sleep(0.1)
    mine = next(one for one in calls if "REDACTED" in one["sentence"])
    assert mine["state"] == "ok"
    assert "find_orders(customer=" in mine["sentence"]
    assert "(isolation: " in mine["sentence"]
    refused = next(one for one in calls if "amount=999.0" in one["sentence"])
    assert (refused["state"], refused["origin"], refused["about"]) == ("refused", "assistant", "refund")
    asked = next(one for one in shop.records() if one.get("approvals") and "amount=999.0" in one["sentence"])
    assert (asked["state"], asked["approvals"][0]["choice"]) == ("declined", "refuse")
    assert password not in json.dumps(shop.records())


@pytest.mark.kernel
def test_a_helper_that_dies_takes_its_tools_with_it_and_says_so(shop: Shop) -> None:
    source = shop.home / ".jupyter" / "shop.py"
    before = source.read_text()
    source.write_text(
        before + '\n@guard.tool(seconds=100)\ndef slow() -> int:\n    """Waits."""\n    time.sleep(95)\n    return 1\n'
    )
    try:
        # What describes the tools is a process as well, and gone by then.
        assert "slow" in shop.front.run("print(tools.slow.__doc__)").text
        run = shop.front.send("tools.slow()")
        end = time.monotonic() + 60
        while not _tool_processes(shop) and time.monotonic() < end:
            shop.front.take_published(0.05)
        os.kill(shop.front.helper().pid, signal.SIGKILL)
        shop.front.finish(run, seconds=60)
        assert "slow failed: the process that judges cells ended" in run.error["evalue"]
        while _tool_processes(shop) and time.monotonic() < end:
            time.sleep(0.1)
        assert not _tool_processes(shop)
    finally:
        source.write_text(before)
    assert shop.front.run("1 + 1").result == "2"


@pytest.mark.kernel
def test_hostile_code_cannot_ask_for_more_than_a_tool(shop: Shop) -> None:
    # It reaches the link that tools are called by: what it says there is checked outside.
    run = shop.front.run(
        "import sys\nlink = sys.modules['_jupyter_guard_calling'].tools._link\n"
        "told = [\n"
        "    link.ask({'op': 'tool', 'name': 'refund', 'arguments': 'all'}),\n"
        "    link.ask({'op': 'tool', 'name': ['refund'], 'arguments': {}}),\n"
        "    link.ask({'op': 'tool-result', 'call': 10**9}),\n"
        "    link.ask({'op': 'tool-result', 'call': 'x'}),\n"
        "    link.ask({'op': 'tool-stop', 'call': None}),\n"
        "    link.ask({'op': 'tool', 'name': 'refund', 'arguments': {'order': 8, 'amount': 500.0}, 'allowed': True,\n"
        "              'what': 'list', 'about': 'nothing'}),\n"
        "]\n"
        "print([one.get('why') for one in told])\n"
        "import time\n"
        "while True:\n"
        "    found = link.ask({'op': 'tool-result', 'call': told[-1]['call']})\n"
        "    if not found.get('pending'):\n        break\n    time.sleep(0.05)\n"
        "print(found['why'], found['text'])\n",
        "n",
    )
    assert run.status == "ok", run.error
    assert run.text.startswith("['arguments', None, 'failed', 'failed', None, None]\n")
    assert "refused refund did not run" in run.text


def _tool_processes(shop: Shop) -> list[psutil.Process]:
    found = []
    for one in psutil.process_iter(["cmdline"]):
        words = one.info["cmdline"] or ()
        if "jupyter_guard.tools.process" in words and "jupyter_guard.tools.boxing" not in words:
            try:
                if str(shop.work) == os.path.realpath(one.cwd()) and "bwrap" not in words[0]:
                    found.append(one)
            except (psutil.Error, OSError):
                continue
    return found
