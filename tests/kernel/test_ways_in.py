"""Whatever makes the kernel run something is judged, also where it is no cell."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from jupyter_guard.kernel.looking import comm_texts, debug_texts, looked_at, trailing

from .front import Front

# Looking any of these up runs code that deletes the home directory.
SETUP = """
import os, shutil
from pathlib import Path
HOME = os.path.expanduser("~")
def wipe(): shutil.rmtree(os.path.expanduser("~"))
class Property:
    @property
    def harm(self): wipe()
class GetAttr:
    def __getattr__(self, name): wipe()
class Dir:
    def __dir__(self): wipe()
class Repr:
    def __repr__(self): wipe()
class Keys:
    def __getitem__(self, key): return 1
    def _ipython_key_completions_(self): wipe()
class Doc:
    @property
    def __doc__(self): wipe()
prop, attr, dirs, rep, keys, doc = Property(), GetAttr(), Dir(), Repr(), Keys(), Doc()
held = [Property()]
class Fine:
    "What it is."
    def __init__(self): self.other = self
    def method(self, number): "Says something."
fine = Fine()
table = {"first": 1}
"""


@pytest.fixture(autouse=True)
def something_to_lose(front: Front) -> None:
    (front.folder / "home" / "keep").write_text("x")
    if front.run("'fine' in globals()").result != "True":
        assert front.run(SETUP, answer="y").status == "ok"


def kept(front: Front) -> bool:
    return (front.folder / "home" / "keep").exists()


def inspect(front: Front, code: str, level: int = 0) -> dict[str, Any]:
    content = {"code": code, "cursor_pos": len(code), "detail_level": level}
    return dict(front.request("inspect_request", content)["content"])


def complete(front: Front, code: str) -> list[str]:
    reply = front.request("complete_request", {"code": code, "cursor_pos": len(code)})["content"]
    assert reply["status"] == "ok"
    return list(reply["matches"])


# --- help

LOOKUPS = ["prop.harm.more", "attr.any", "rep", "doc", "held[0].harm.more", "attr.any(1, ", "fine.method(attr.any.more"]


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("code", LOOKUPS)
def test_help_runs_nothing_that_a_cell_may_not(front: Front, code: str, level: int) -> None:
    reply = inspect(front, code, level)
    assert reply["status"] == "ok"
    assert reply["found"] is False
    assert kept(front)


@pytest.mark.parametrize(
    "code", ["os.system('touch looked')", "os.system('touch looked')?", "foo(os.system('touch looked'))"]
)
def test_help_makes_no_calls(front: Front, code: str) -> None:
    assert inspect(front, code)["status"] == "ok"
    assert complete(front, code + ".") == []
    assert not (front.folder / "looked").exists()


def test_help_on_what_is_harmless_is_given(front: Front) -> None:
    assert "What it is." in inspect(front, "fine")["data"]["text/plain"]
    assert "Says something." in inspect(front, "fine.other.method(1, ")["data"]["text/plain"]
    assert inspect(front, "Path.home")["found"] is True
    assert inspect(front, "nothing_like_it")["found"] is False


# --- completion

COMPLETIONS = [
    "prop.harm.",
    "attr.",
    "attr.any.more.",
    "dirs.",
    "keys['",
    "keys[",
    "held[0].harm.x",
    "print(prop.harm.",
]


@pytest.mark.parametrize("jedi", [True, False])
@pytest.mark.parametrize("code", COMPLETIONS)
def test_completion_runs_nothing_that_a_cell_may_not(front: Front, code: str, jedi: bool) -> None:
    front.run(f"get_ipython().Completer.use_jedi = {jedi}", answer="y", store_history=False)
    assert complete(front, code) == []
    assert kept(front)


@pytest.mark.parametrize("evaluation", ["unsafe", "dangerous"])
def test_completion_that_may_evaluate_anything_is_judged(front: Front, evaluation: str) -> None:
    completer = "get_ipython().Completer"
    front.run(f"{completer}.use_jedi = False\n{completer}.evaluation = {evaluation!r}", answer="y")
    try:
        assert front.run(f"{completer}.evaluation").result == repr(evaluation)
        assert complete(front, "wipe().") == []
        assert complete(front, "shutil.rmtree(HOME).") == []
        assert kept(front)
    finally:
        front.run(f"{completer}.evaluation = 'limited'", answer="y")


def test_completions_of_what_is_harmless_are_given(front: Front) -> None:
    assert any(one.endswith("method") for one in complete(front, "fine.other.meth"))
    assert any(one.endswith("first") for one in complete(front, "table['fi"))
    assert any(one.endswith("path") for one in complete(front, "import os\nos.pat"))
    assert "print" in " ".join(complete(front, "prin"))


def test_looking_leaves_the_session_as_it_was(front: Front) -> None:
    inspect(front, "prop.harm")
    complete(front, "fine.")
    assert front.run("fine.method(1)").status == "ok"


# --- comms

ECHO = """
got = []
def opened(comm, message):
    got.append(message["content"]["data"])
    comm.on_msg(lambda one: got.append(one["content"]["data"]))
get_ipython().kernel.comm_manager.register_target("echo", opened)
"""


def say(front: Front, kind: str, **content: Any) -> None:
    front.client.shell_channel.send(front.client.session.msg(kind, content))


def got(front: Front) -> str:
    time.sleep(0.3)
    return front.run("got").result


def test_a_comm_message_that_is_to_be_run_is_judged(front: Front) -> None:
    front.run(ECHO)
    comm = uuid.uuid4().hex
    say(front, "comm_open", comm_id=comm, target_name="echo", data={"hello": 1})
    say(front, "comm_msg", comm_id=comm, data={"method": "update", "state": {"value": "run"}})
    say(front, "comm_msg", comm_id=comm, data={"method": "evaluate", "code": "wipe()"})
    say(
        front,
        "comm_msg",
        comm_id=comm,
        data={"method": "custom", "content": {"event": "runCode", "args": {"code": "wipe()"}}},
    )
    say(front, "comm_msg", comm_id=comm, data={"method": "evaluate", "code": "1 + 1"})
    found = got(front)
    assert "'hello': 1" in found
    assert "'value': 'run'" in found
    assert "1 + 1" in found
    assert "wipe()" not in found


def test_a_comm_that_opens_with_code_is_judged(front: Front) -> None:
    front.run(ECHO)
    say(front, "comm_open", comm_id=uuid.uuid4().hex, target_name="echo", data={"type": "execute", "source": "wipe()"})
    assert got(front) == "[]"


def test_code_that_a_comm_handler_runs_is_judged_where_it_is_compiled(front: Front) -> None:
    handler = """
import base64
got = []
def opened(comm, message):
    try: exec(base64.b64decode(message["content"]["data"]["what"]).decode())
    except Exception as error: got.append(type(error).__name__)
get_ipython().kernel.comm_manager.register_target("hidden", opened)
"""
    front.run(handler, answer="y")
    # import shutil, os; shutil.rmtree(os.path.expanduser("~"))
    what = "aW1wb3J0IHNodXRpbCwgb3M7IHNodXRpbC5ybXRyZWUob3MucGF0aC5leHBhbmR1c2VyKCJ+Iikp"
    say(front, "comm_open", comm_id=uuid.uuid4().hex, target_name="hidden", data={"what": what})
    assert got(front) == "['CellDeclined']"
    assert kept(front)


def test_what_a_callback_does_is_asked_about_in_the_panel_on_its_own_cell(front: Front) -> None:
    handler = """
import pathlib
got = []
def opened(comm, message):
    try: exec(message["content"]["data"]["what"])
    except Exception as error: got.append(type(error).__name__)
get_ipython().kernel.comm_manager.register_target("asking", opened)
"""
    defined = front.run(handler, answer="y")
    front.open_panel()
    front.told("snapshot")
    what = "import shutil\nshutil.rmtree('/nowhere/at/all', ignore_errors=True)\ngot.append('ran')"
    for choice, outcome in (("refuse", "['CellDeclined']"), ("once", "['CellDeclined', 'ran']")):
        say(front, "comm_open", comm_id=uuid.uuid4().hex, target_name="asking", data={"what": what})
        item = front.told("pending")["item"]
        assert item["msg_id"] == defined.msg_id
        assert f"code run by line 4 of cell {defined.count}" in item["prompt"]
        front.tell({"type": "answer", "id": item["id"], "choice": choice})
        assert got(front) == outcome
    front.close_panel()


# --- the debugger


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("evaluate", {"expression": "wipe()", "context": "repl"}),
        ("setVariable", {"name": "a", "value": "wipe()"}),
        ("setExpression", {"expression": "fine.other", "value": "wipe()"}),
        ("setBreakpoints", {"source": {}, "breakpoints": [{"line": 1, "condition": "wipe()"}]}),
        ("setFunctionBreakpoints", {"breakpoints": [{"name": "f", "logMessage": "at {wipe()}"}]}),
        ("setExceptionBreakpoints", {"filters": [], "filterOptions": [{"filterId": "raised", "condition": "wipe()"}]}),
        ("completions", {"text": "wipe().", "column": 8}),
        ("richInspectVariables", {"variableName": "rep"}),
        ("copyToGlobals", {"srcVariableName": "wipe()", "dstVariableName": "a", "srcFrameId": 1}),
    ],
)
def test_what_the_debugger_would_evaluate_is_judged(front: Front, command: str, arguments: dict[str, Any]) -> None:
    content = {"type": "request", "seq": 3, "command": command, "arguments": arguments}
    reply = front.request("debug_request", content, "control")["content"]
    assert reply["success"] is False
    assert "jupyter_guard did not let the debugger evaluate this" in reply["message"]
    assert kept(front)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("initialize", {"clientID": "vscode", "adapterID": ""}),
        ("richInspectVariables", {"variableName": "special variables"}),
        ("setBreakpoints", {"breakpoints": [{"line": 1}], "source": {"path": "a.py"}, "sourceModified": False}),
    ],
)
def test_a_debuggers_other_requests_need_no_judgement(command: str, arguments: dict[str, Any]) -> None:
    assert debug_texts({"command": command, "arguments": arguments}) == ()


# --- text that code puts into the notebook


def test_a_cell_that_code_wrote_is_nobodys_own(front: Front) -> None:
    text = "shutil.rmtree(HOME)"
    assert front.run(f"get_ipython().set_next_input({text!r})").status == "ok"
    run = front.run(text, answer="n")
    # An assistant's: what a person would be asked about is blocked.
    assert run.error["ename"] == "CellBlocked"
    assert kept(front)


# --- the pieces


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = a.b", "a.b"),
        ("f(a[0].b", "a[0].b"),
        ("f(1)(2).c", "f(1)(2).c"),
        ("'text'.up", "'text'.up"),
        ("a + (b, c)[1].d", "(b, c)[1].d"),
        ("a )", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_trailing(text: str, found: str) -> None:
    assert trailing(text).strip() == found


def test_a_plain_name_needs_no_completion_judged() -> None:
    assert looked_at("complete_request", {"code": "prin", "cursor_pos": 4}) == ()
    assert looked_at("complete_request", {"code": "1.", "cursor_pos": 2}) == ()
    assert looked_at("complete_request", {"code": None}) == ()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"data": {"method": "update", "state": {"code": "x"}}}', ()),
        (b'{"data": {"method": "evaluate", "code": "x"}}', ("x",)),
        (b'{"data": [{"msg_type": "execute_request", "content": {"code": "y"}}]}', ("y",)),
        (b'{"data": {"command": "evaluate", "arguments": {"expression": "z"}}}', ("z",)),
        (b'{"data": {"type": "\\u0065val", "code": "x"}}', ("x",)),
        (b'{"data": {"name": "running"}}', ()),
        (b'{"data": null, "eval": 1}', ()),
    ],
)
def test_comm_texts(data: bytes, found: tuple[str, ...]) -> None:
    assert comm_texts(data) == found
