"""A call of an approved tool: in a process of its own, with its own grants, whatever the tool is like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from jupyter_guard.isolate import bubblewrap
from jupyter_guard.tools import (
    Call,
    Tool,
    ToolArgumentsError,
    ToolFailedError,
    ToolRefusedError,
    UnknownToolError,
    recorder,
)

from .conftest import NOTHING, Shop

boxed = pytest.mark.skipif(bool(bubblewrap.trouble()), reason=f"no box here: {bubblewrap.trouble()}")
PURGES = '[tool.purge_export]\nwrite = ["exports"]\n'
EVERYTHING = NOTHING.replace("read = []", 'read = ["*"]').replace("write = []", 'write = ["."]')


def test_it_gives_its_result_as_plain_values(shop: Shop) -> None:
    tool = shop.tools()["find_orders"]
    assert tool.call({"customer": "Ada", "most": 1}) == [{"id": 7, "customer": "Ada", "amount": 20.0}]
    assert tool.description == "Finds the orders of a customer, the oldest first."
    assert tool.schema["properties"]["most"] == {"type": "integer", "minimum": 1, "default": 10}
    assert tool.returns is not None
    assert tool.returns["type"] == "array"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "Object missing required field `customer`"),
        ({"customer": 7}, "Expected `str`, got `int` - at `customer`"),
        ({"customer": "Ada", "most": 0}, "Expected `int` >= 1 - at `most`"),
        ({"customer": "Ada", "most": "2"}, "Expected `int`, got `str` - at `most`"),
        ({"customer": "Ada", "other": 1}, "Object contains unknown field `other`"),
        ({"customer": {1, 2}.__class__}, "no JSON values"),
    ],
)
def test_arguments_of_the_wrong_type(shop: Shop, arguments: dict[str, object], why: str) -> None:
    with pytest.raises(ToolArgumentsError, match=r"^find_orders\(customer: str, most: int = 10\): ") as raised:
        shop.tools()["find_orders"].call(arguments)
    assert why in str(raised.value)


@boxed
def test_a_tool_deletes_what_code_may_not_and_nothing_else(shop: Shop) -> None:
    # Nothing is writable for code here, and for this tool one folder is.
    tool = shop.tools(PURGES)["purge_export"]
    (shop.work / "notes.txt").write_text("mine")
    assert tool.call({"name": "a.csv"}) == 0
    assert not (shop.work / "exports" / "a.csv").exists()
    with pytest.raises(ToolFailedError, match="Read-only file system"):
        tool.call({"name": "../notes.txt"})
    assert (shop.work / "notes.txt").read_text() == "mine"


@boxed
def test_without_a_grant_of_its_own_it_may_what_code_may(shop: Shop) -> None:
    with pytest.raises(ToolFailedError, match="Read-only file system"):
        shop.tools()["purge_export"].call({"name": "a.csv"})
    assert (shop.work / "exports" / "a.csv").exists()


@pytest.mark.parametrize("name", ["writes_undeclared", "hides_it"])
def test_an_effect_that_is_not_declared_is_stopped(shop: Shop, name: str) -> None:
    # Also where it catches the error that stops it, and where nothing would stop code: everything here is writable.
    tool = shop.tools(f'[tool.{name}]\nwrite = ["."]\n', EVERYTHING)[name]
    with pytest.raises(ToolFailedError, match=r"it tried file\.write on 'x', which it does not declare") as raised:
        tool.call({"path": "x"})
    assert raised.value.why == "undeclared"
    assert not (shop.work / "x").exists()


@boxed
@pytest.mark.parametrize("name", ["writes_in_c", "deletes_more"])
def test_what_no_event_tells_of_meets_the_wall(shop: Shop, name: str) -> None:
    # Granted by the policy, and not declared by the tool: its box has no writable place.
    tool = shop.tools(f'[tool.{name}]\nwrite = ["."]\n', EVERYTHING)[name]
    if name == "writes_in_c":
        with pytest.raises(ToolFailedError, match="Read-only file system"):
            tool.call({"path": "x"})
        assert not (shop.work / "x").exists()
    else:
        assert "Read-only file system" in tool.call({"path": "exports"})
        assert (shop.work / "exports" / "a.csv").exists()


@boxed
def test_it_reaches_the_hosts_that_it_is_granted(shop: Shop) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        alone, granted = shop.tools(), shop.tools('[tool.connects]\nhosts = ["*"]\n')
        with pytest.raises(ToolFailedError, match=r"refused|unreachable|timed out"):
            alone["connects"].call({"host": "127.0.0.1", "port": port})
        assert granted["connects"].call({"host": "127.0.0.1", "port": port}) == "connected"


@boxed
def test_it_does_not_see_what_nobody_granted(shop: Shop) -> None:
    secret = shop.folder / "notes.txt"
    secret.write_text("mine")
    asked: list[str] = []
    with pytest.raises(ToolFailedError, match="No such file"):
        shop.tools()["reads"].call({"path": str(secret)}, approve=lambda text: not asked.append(text))
    found = shop.tools(f'[tool.reads]\nread = ["{shop.folder}"]\n')["reads"]
    assert found.call({"path": str(secret)}, approve=lambda text: not asked.append(text)) == "mine"
    assert len(asked) == 2


def test_variables_are_granted_by_name(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_ACCOUNT", "acme")
    monkeypatch.setenv("JUPYTER_TOKEN", "x" * 8)
    (shop.folder / "shop.py").write_text(
        "import os\nimport jupyter_guard as guard\n\n@guard.tool\ndef names() -> list[str]:\n"
        '    """Names of variables."""\n    return sorted(os.environ)\n'
    )
    assert "SHOP_ACCOUNT" not in shop.tools()["names"].call({})
    found = shop.tools('[tool.names]\nenv = ["SHOP_ACCOUNT", "JUPYTER_TOKEN"]\n')["names"].call({})
    assert "SHOP_ACCOUNT" in found
    assert "JUPYTER_TOKEN" not in found


def test_somebody_is_asked_above_the_threshold_only(shop: Shop) -> None:
    asked: list[str] = []
    write = '[tool.refund]\nwrite = ["exports"]\n'
    tool = shop.tools(write)["refund"]
    assert tool.call({"order": 7, "amount": 100.0}, approve=lambda text: bool(asked.append(text))) == (
        "order 7: 100.00 paid back"
    )
    assert not asked
    with pytest.raises(ToolRefusedError, match="refund did not run: it was not allowed"):
        tool.call({"order": 7, "amount": 100.5}, approve=lambda text: bool(asked.append(text)))
    with pytest.raises(ToolRefusedError, match="nobody could be asked"):
        tool.call({"order": 7, "amount": 101})
    assert "refund(order=7, amount=100.5)" in asked[0]
    assert "it asks where amount > 100" in asked[0]
    assert (shop.work / "exports" / "refunds.txt").read_text() == "7 100.0 late\n"
    # The policy's own condition comes on top, and takes nothing away.
    stricter = shop.tools(write + "approve = \"reason == 'damaged'\"\n")["refund"]
    assert stricter.question({"order": 7, "amount": 1.0, "reason": "damaged"})
    assert stricter.question({"order": 7, "amount": 500.0})
    assert not stricter.question({"order": 7, "amount": 1.0})
    assert shop.tools(write + 'approve = "never"\n')["refund"].question({"order": 7, "amount": 500.0})


@pytest.mark.parametrize("amount", ["much", None, True, [500]])
def test_a_condition_that_cannot_be_told_asks(shop: Shop, amount: object) -> None:
    tool = shop.tools()["refund"]
    assert tool.question({"order": 7, "amount": amount})
    assert tool.question({"order": 7})
    # And nobody is asked about a call that cannot be.
    with pytest.raises(ToolArgumentsError, match="Expected `float`"):
        tool.call({"order": 7, "amount": amount}, approve=lambda _: pytest.fail("asked"))


def test_a_tool_that_raises(calls: Callable[..., object]) -> None:
    with pytest.raises(ToolFailedError, match="raises failed: LookupError: there is no order 9") as raised:
        calls("raises", order=9)
    assert raised.value.why == "raised"


def test_a_tool_that_dies(calls: Callable[..., object]) -> None:
    with pytest.raises(ToolFailedError, match="its process ended with exit status 3 and gave no result") as raised:
        calls("dies")
    assert raised.value.why == "died"


@pytest.mark.parametrize("name", ["hangs", "leaves_a_process"])
def test_a_tool_that_hangs_is_ended_with_all_that_it_started(calls: Callable[..., object], name: str) -> None:
    # What earlier tests of this process keep running, such as multiprocessing's tracker, is none of the tool's.
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(ToolFailedError, match="took longer than 1 seconds, and was ended") as raised:
        calls(name)
    assert raised.value.why == "timeout"
    left = set(psutil.Process().children(recursive=True)) - before
    assert not [one for one in left if one.status() != psutil.STATUS_ZOMBIE]
    assert not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "600"]]


def test_a_tool_that_is_stopped(shop: Shop) -> None:
    stop = threading.Event()
    tool = shop.tools("[tool.hangs]\nseconds = 60\n")["hangs"]
    timer = threading.Timer(0.5, stop.set)
    timer.start()
    # What it declares itself is one second: less than the policy's minute.
    assert tool.seconds == 1
    with pytest.raises(ToolFailedError, match=r"interrupted|longer than 1"):
        tool.call({}, stop=stop)
    timer.join()


def test_a_tool_that_gives_a_gigabyte(calls: Callable[..., object]) -> None:
    with pytest.raises(ToolFailedError, match="more than the 1048576 bytes that are allowed") as raised:
        calls("gives_a_gigabyte")
    assert raised.value.why == "too-large"


def test_a_tool_that_floods_the_way_of_its_answer(calls: Callable[..., object]) -> None:
    before = psutil.Process().memory_info().rss
    with pytest.raises(ToolFailedError) as raised:
        calls("prints_a_gigabyte")
    assert raised.value.why in ("too-large", "died")
    assert psutil.Process().memory_info().rss - before < 64 * 2**20


def test_a_tool_that_takes_memory(calls: Callable[..., object]) -> None:
    with pytest.raises(ToolFailedError, match=r"MemoryError|want of memory"):
        calls("takes_memory")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gives_another_type", "its result is not what it declares: Expected `int`, got `str`"),
        ("gives_an_object", "its result is no plain value"),
    ],
)
def test_a_result_that_is_none(calls: Callable[..., object], name: str, why: str) -> None:
    with pytest.raises(ToolFailedError, match=why):
        calls(name)


def test_limits_of_the_policy_are_the_most(shop: Shop) -> None:
    tool = shop.tools('[tool.find_orders]\nresult = "50 B"\nmemory = "2 GiB"\n')["find_orders"]
    assert (tool.result, tool.memory) == (50, 2**30)
    with pytest.raises(ToolFailedError, match="its result has 82 bytes, and 50 are allowed"):
        tool.call({"customer": "Ada"})


def test_each_call_is_on_record(shop: Shop, tmp_path: Path) -> None:
    tools = shop.tools('[tool.refund]\nwrite = ["exports"]\n')
    record, seen = recorder("test", tmp_path / "audit"), []

    def both(call: Call) -> None:
        seen.append(call)
        record(call)

    password = "hunter2" + "-value"
    tools["find_orders"].call({"customer": f"password={password}"}, record=both)
    for answer in (True, False):
        try:
            tools["refund"].call({"order": 7, "amount": 500.0}, approve=lambda _, said=answer: said, record=both)
        except ToolRefusedError:
            assert not answer
    for name, arguments in (("raises", {"order": 1}), ("find_orders", {"customer": 1})):
        with pytest.raises((ToolFailedError, ToolArgumentsError)):
            tools[name].call(arguments, record=both)
    assert [(one.tool, one.why, one.approval) for one in seen] == [
        ("find_orders", "", ""),
        ("refund", "", "yes"),
        ("refund", "refused", "no"),
        ("raises", "raised", ""),
        ("find_orders", "arguments", ""),
    ]
    (journal,) = (tmp_path / "audit").glob("*-test*.jsonl")
    records = [json.loads(line)["record"] for line in journal.read_text().splitlines()]
    assert [(one["event"], one["state"]) for one in records] == [
        ("tool", "ok"), ("tool", "ok"), ("tool", "refused"), ("tool", "raised"), ("tool", "arguments"),
    ]  # fmt: skip
    assert "calls the approved tool `refund(order=7, amount=500.0)`" in records[1]["sentence"]
    assert password not in journal.read_text()
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_guard", "audit", "verify", str(journal)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_script_is_asked_by_nobody(shop: Shop) -> None:
    # Its input is no person, whatever it says.
    shop.policy('[tool.refund]\nwrite = ["exports"]\n')
    named = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_"))}
    environment = {**named, "JUPYTER_GUARD_POLICY": str(shop.folder / "policy.toml"), "HOME": str(shop.folder)}
    code = "import jupyter_guard as guard\nprint(guard.tools.refund(order=7, amount={}))"
    for amount, wanted in (
        ("99.0", "order 7: 99.00 paid back"),
        ("101.0", "refund did not run: nobody could be asked"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code.format(amount)],
            cwd=shop.work, env=environment, input="y\n", capture_output=True, text=True,
        )  # fmt: skip
        assert wanted in done.stdout + done.stderr


def test_the_nearest_tool_is_named(shop: Shop) -> None:
    tools = shop.tools()
    with pytest.raises(
        UnknownToolError, match=r"no approved tool 'refnd'. The nearest is tools.refund\(order: int, amount"
    ):
        tools.named("refnd")
    with pytest.raises(AttributeError, match=r"There are: tools\.connects"):
        tools.named("xyz")
    assert isinstance(tools.named("refund"), Tool)


def test_what_the_machine_does_not_give_is_refused(shop: Shop) -> None:
    tools = shop.tools(start=NOTHING.replace("[isolation]", '[isolation]\nbackend = "container"'))
    assert not tools
    assert "the policy requires isolation.backend = container, which this machine does not give" in tools.problems[0]


def test_a_call_ends_with_whoever_made_it(shop: Shop) -> None:
    shop.policy("[tool.hangs]\nseconds = 60\n")
    (shop.folder / "shop.py").write_text(
        "import time\nimport jupyter_guard as guard\n\n@guard.tool(seconds=60)\ndef hangs() -> int:\n"
        '    """Waits."""\n    time.sleep(987)\n    return 1\n'
    )
    code = (
        "import sys\nfrom jupyter_guard.policy import Policy\nfrom jupyter_guard.tools import registry\n"
        f"tool = registry(Policy.load({str(shop.folder / 'policy.toml')!r}), {str(shop.work)!r})['hangs']\n"
        "print('ready', flush=True)\ntool.call({})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"

    def running() -> list[psutil.Process]:
        return [one for one in psutil.process_iter(["cmdline"]) if "jupyter_guard.tools.process" in (one.info["cmdline"] or ())
                and str(shop.work) == _place(one)]  # fmt: skip

    end = time.monotonic() + 60
    while not running() and time.monotonic() < end:
        time.sleep(0.05)
    assert running()
    process.kill()
    process.wait()
    process.stdout.close()
    while running() and time.monotonic() < end:
        time.sleep(0.05)
    assert not running()


def _place(process: psutil.Process) -> str:
    try:
        return os.path.realpath(process.cwd())
    except psutil.Error:
        return ""
