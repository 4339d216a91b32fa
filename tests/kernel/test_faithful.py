"""What people do with a kernel besides running cells goes through the guarded one as through plain ipykernel."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

from jupyter_guard.guard.install import spec
from jupyter_guard.kernel import back

from .front import GUARDED, Front, Run

# What differs from one run of the same code to the next, with plain ipykernel too.
CHANGING = re.compile(
    r"ipykernel_\d+/\d+\.py|0x[0-9a-f]+|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.+Z]+"
)
CELLS = (
    "import sys\nprint('out'); print('err', file=sys.stderr)",
    "{'a': [1, 2], 'b': 'ü'}",
    "from IPython.display import HTML, JSON, Latex, Markdown, SVG, clear_output, display\nHTML('<b>x</b>')",
    "display(Markdown('*m*'), JSON({'a': 1}), Latex('$x$'), metadata={'k': 1})",
    "h = display('one', display_id='d')\nh.update('two')",
    "print('gone'); clear_output(); print('stays')",
    "class Rich:\n    def _repr_mimebundle_(self, **kw):\n        return {'text/plain': 'r', 'application/x': {'y': 2}}\nRich()",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "1/0",
    "def f(:",
    "%%time\n'quiet';",
    "%lsmagic?",
    "print?",
    "%history -n 1-2",
    "get_ipython().set_next_input('next')",
    "raise KeyboardInterrupt",
    "_ , In[1][:6], len(Out)",
    "import warnings; warnings.warn('careful')",
    "from IPython.core.display_functions import publish_display_data as p; p({'text/html': '<i>i</i>'})",
)


def said(run: Run) -> list[str]:
    """Everything that a cell caused, without what changes from run to run."""
    timed = re.compile(r"(CPU times|Wall time).*")
    texts = [json.dumps([one["msg_type"], one["content"], one["metadata"]], sort_keys=True) for one in run.published]
    reply = json.dumps([run.reply["content"], sorted(run.reply["metadata"])], sort_keys=True)
    return [CHANGING.sub("~", timed.sub("~", one)) for one in (*merged(texts), reply)]


def merged(texts: list[str]) -> list[str]:
    """Where a stream is cut into messages depends on the clock."""
    joined: list[str] = []
    before = ""
    for text in texts:
        kind, content, _ = json.loads(text)
        name = content.get("name", "") if kind == "stream" else ""
        if name and name == before:
            _, last, _ = json.loads(joined[-1])
            content = {**content, "text": last["text"] + content["text"]}
            joined[-1] = json.dumps([kind, content, {}], sort_keys=True)
        else:
            joined.append(json.dumps([kind, content, {}], sort_keys=True) if name else text)
        before = name
    return joined


def test_every_message_of_a_notebook_is_plain_ipykernels(start: Callable[..., Front]) -> None:
    guarded, plain = start(), start(plain=True)
    for code in CELLS:
        ours, theirs = said(guarded.run(code)), said(plain.run(code))
        # The two have different working directories, and so has what names them.
        assert [one.replace(str(guarded.folder), "~") for one in ours] == [
            one.replace(str(plain.folder), "~") for one in theirs
        ], code


REQUESTS = (
    ("history_request", {"hist_access_type": "tail", "n": 3, "output": False, "raw": True}),
    ("history_request", {"hist_access_type": "search", "n": 9, "pattern": "*x*", "output": False, "raw": True}),
    ("complete_request", {"code": "import o; pri", "cursor_pos": 13}),
    ("inspect_request", {"code": "sorted", "cursor_pos": 3, "detail_level": 0}),
    ("is_complete_request", {"code": "for x in y:"}),
    ("comm_info_request", {"target_name": "none"}),
    ("kernel_info_request", {}),
)


def test_every_other_request_is_answered_as_plain_ipykernel_does(start: Callable[..., Front]) -> None:
    def answers(one: Front) -> list[str]:
        for code in ("x = 1", "'y'", "x"):
            one.run(code)
        found = [one.request(kind, content)["content"] for kind, content in REQUESTS]
        tip = re.compile(r"Tip: .*?\\n")
        return [CHANGING.sub("~", tip.sub("~", json.dumps(content, sort_keys=True))) for content in found]

    assert answers(start()) == answers(start(plain=True))


# --- widgets


def test_a_password_widget_goes_round(front: Front) -> None:
    run = front.run("import ipywidgets\np = ipywidgets.Password(); w = ipywidgets.IntSlider(value=3)\ndisplay(p, w)")
    assert run.status == "ok", run.reply["content"]
    assert [one["msg_type"] for one in run.published].count("display_data") == 2
    front.run("seen = []; p.observe(lambda change: seen.append(len(change['new'])), 'value')")
    comm_id = front.run("p.comm.comm_id").result.strip("'")
    data = {"method": "update", "state": {"value": "open-sesame-4711"}, "buffer_paths": []}
    front.client.shell_channel.send(front.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data}))
    assert front.run("seen, len(p.value), w.value").result == "([16], 16, 3)"


# --- debugger


def debug(front: Front, command: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    number = len(front.runs) + int(time.monotonic() * 1000) % 100_000
    content = {"type": "request", "seq": number, "command": command, "arguments": arguments or {}}
    return dict(front.request("debug_request", content, "control")["content"])


def event(front: Front, name: str) -> dict[str, Any]:
    """The next event of the debugger with this name."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            message = front.client.get_iopub_msg(timeout=1)
        except Empty:
            continue
        if message["msg_type"] == "debug_event" and message["content"].get("event") == name:
            return dict(message["content"])
    raise TimeoutError(front.log_text())


def stopped(front: Front) -> tuple[str, int, int]:
    """A debugger is attached, and a cell stands in the second line of a function: its request, thread and frame."""
    hello = {"clientID": "t", "adapterID": "", "pathFormat": "path", "linesStartAt1": True, "columnsStartAt1": True}
    assert debug(front, "initialize", {**hello, "supportsVariableType": True})["success"]
    assert debug(front, "attach")["success"]
    code = "def f(a, b):\n    c = a + b\n    return c\n\nf(2, 3)"
    path = debug(front, "dumpCell", {"code": code})["body"]["sourcePath"]
    points = {"breakpoints": [{"line": 2}], "source": {"path": path}, "sourceModified": False}
    assert debug(front, "setBreakpoints", points)["body"]["breakpoints"][0]["verified"]
    assert debug(front, "debugInfo")["body"]["isStarted"]
    assert debug(front, "configurationDone")["success"]
    about = front.client.execute(code)
    thread = event(front, "stopped")["body"]["threadId"]
    frames = debug(front, "stackTrace", {"threadId": thread})["body"]["stackFrames"]
    assert (frames[0]["name"], frames[0]["line"]) == ("f", 2)
    return about, thread, frames[0]["id"]


def goes_on(front: Front, about: str, thread: int) -> None:
    """The cell goes on to its end, without a debugger then."""
    assert debug(front, "continue", {"threadId": thread})["success"]
    while True:
        reply = front.client.get_shell_msg(timeout=30)
        if reply["parent_header"]["msg_id"] == about:
            break
    assert reply["content"]["status"] == "ok"
    assert debug(front, "disconnect", {"restart": False, "terminateDebuggee": True})["success"]
    assert front.run("1 + 1").result == "2"


def test_a_debugging_session(start: Callable[..., Front]) -> None:
    pytest.importorskip("debugpy")
    front = start()
    about, thread, frame = stopped(front)
    scopes = debug(front, "scopes", {"frameId": frame})["body"]["scopes"]
    local = next(one for one in scopes if one["name"] == "Locals")["variablesReference"]
    found = debug(front, "variables", {"variablesReference": local})["body"]["variables"]
    assert {one["name"]: one["value"] for one in found if one["name"] in "abc"} == {"a": "2", "b": "3"}
    assert debug(front, "evaluate", {"expression": "a + 40", "frameId": frame, "context": "repl"})["success"]
    refused = debug(front, "evaluate", {"expression": "import telnetlib", "frameId": frame})
    assert not refused["success"]
    assert "jupyter_guard" in refused["message"]
    goes_on(front, about, thread)


# --- subshells


def test_a_subshell_runs_and_refuses_while_the_main_shell_is_busy(start: Callable[..., Front]) -> None:
    front = start()
    subshell = front.request("create_subshell_request", {}, "control")["content"]["subshell_id"]

    def on_subshell(code: str) -> Run:
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        message = front.client.session.msg("execute_request", content)
        message["header"]["subshell_id"] = subshell
        front.client.shell_channel.send(message)
        return front.finish(front.follow(message))

    busy = front.send("import time; time.sleep(60)")
    front.wait_for(busy, "execute_input")
    assert on_subshell("6 * 7").result == "42"
    assert on_subshell("import telnetlib").reply["content"]["ename"] == "CellBlocked"
    front.interrupt()
    assert front.finish(busy).reply["content"]["ename"] == "KeyboardInterrupt"
    assert front.request("delete_subshell_request", {"subshell_id": subshell}, "control")["content"]["status"] == "ok"


# --- many clients


def test_more_clients_than_are_kept_at_once_are_all_served(start: Callable[..., Front]) -> None:
    front = start()
    info = front.manager.get_connection_info()
    session = Session(key=front.client.session.key, signature_scheme=front.client.session.signature_scheme)
    context = zmq.Context()
    sockets = []
    for number in range(back.KEPT_CLIENTS + 8):
        made = context.socket(zmq.DEALER)
        made.linger = 0
        made.connect(f"tcp://127.0.0.1:{info['shell_port']}")
        session.send(made, "execute_request", {"code": f"v{number} = {number}", "silent": True})
        sockets.append(made)
    for made in sockets:
        assert made.poll(30_000), front.log_text()
        _, frames = session.feed_identities(made.recv_multipart())
        assert session.deserialize(frames)["content"]["status"] == "ok"
        made.close()
    context.term()
    assert front.run(f"v{back.KEPT_CLIENTS + 7}").result == str(back.KEPT_CLIENTS + 7)


# --- encryption


class CurveManager(KernelManager):
    """A manager that requires CurveZMQ of a kernel spec as ``jupyter guard install`` writes it."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**{**spec(), "argv": GUARDED})


@pytest.mark.kernel
@pytest.mark.skipif(not zmq.has("curve"), reason="this libzmq has no CurveZMQ")
@pytest.mark.skipif(not hasattr(KernelManager, "transport_encryption"), reason="this jupyter_client has no CurveZMQ")
def test_an_encrypted_connection_is_served_and_nothing_else() -> None:
    with tempfile.TemporaryDirectory(prefix="front-") as folder:
        manager = CurveManager(transport_encryption="required", connection_file=f"{folder}/kernel-1.json")
        environment = {**os.environ, "TMPDIR": folder, "XDG_RUNTIME_DIR": "", "HOME": folder}
        manager.start_kernel(env=environment, cwd=folder)
        client = manager.client()
        client.start_channels()
        context = zmq.Context()
        try:
            client.wait_for_ready(timeout=60)
            reply = client.execute_interactive("print(6 * 7)", timeout=30, output_hook=lambda _: None)
            assert reply["content"]["status"] == "ok"
            assert client.hb_channel.is_beating()
            plain = context.socket(zmq.DEALER)
            plain.linger = 0
            info = manager.get_connection_info()
            plain.connect(f"tcp://127.0.0.1:{info['shell_port']}")
            client.session.send(plain, "kernel_info_request", {})
            assert not plain.poll(1500)
            plain.close()
        finally:
            context.term()
            client.stop_channels()
            manager.shutdown_kernel()


# --- a terminal


@pytest.mark.kernel
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_jupyter_console_in_a_terminal(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    pytest.importorskip("jupyter_console")
    place = tmp_path / "kernels" / "guarded"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps({**spec(), "argv": GUARDED}))
    (tmp_path / "jupyter_guard.toml").write_text("version = 1\n[deny]\nimports = ['telnetlib']\n")
    environment = {**os.environ, "JUPYTER_PATH": str(tmp_path), "HOME": str(tmp_path), "TERM": "dumb"}
    words = ["-m", "jupyter_console", "--simple-prompt", "--kernel", "guarded"]
    console = pexpect.spawn(sys.executable, words, cwd=str(tmp_path), env=environment, timeout=60, encoding="utf-8")
    try:
        console.expect(r"In \[1\]")
        console.sendline("6 * 7")
        console.expect(r"Out\[1\].*42")
        console.expect(r"In \[2\]")
        console.sendline("import telnetlib")
        console.expect("CellBlocked")
        console.expect(r"In \[3\]")
        console.sendline("'a-' + input('who? ')")
        console.expect(r"who\? ")
        console.sendline("Ada")
        console.expect(r"'a-Ada'")
        console.expect(r"In \[4\]")
        console.sendeof()
        # Asks whether to shut down.
        if console.expect([pexpect.EOF, r"\[y\]/n|\(y\)|y/n"]) == 1:
            console.sendline("y")
            console.expect(pexpect.EOF)
    finally:
        console.close(force=True)


def test_a_client_of_a_running_kernel_joins_and_leaves(front: Front) -> None:
    for number in range(3):
        other = BlockingKernelClient(connection_file=front.manager.connection_file)
        other.load_connection_file()
        other.start_channels()
        other.wait_for_ready(timeout=30)
        assert other.execute_interactive(f"joined = {number}", timeout=20)["content"]["status"] == "ok"
        other.stop_channels()
    assert front.run("joined").result == "2"
