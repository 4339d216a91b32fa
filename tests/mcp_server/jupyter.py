"""A real Jupyter server with guarded and plain kernels, notebooks on it, and a person's page."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import websocket

from jupyter_guard.audit.place import audit_directory, journals, read_records
from jupyter_guard.audit.record import Record
from jupyter_guard.origin import code_hash
from tests.formats import put_formats
from tests.kernel.page import Page

SECONDS = 60.0


class Jupyter:
    """A running server. ``env`` is what its user's other programs have."""

    def __init__(self, home: Path, env: dict[str, str], url: str, token: str) -> None:
        self.home, self.env, self.url, self.token = home, env, url, token
        self.root = home / "notebooks"
        # Where Jupyter's folders are when no variable says so: clients pass few variables on.
        self.data = home / ".local" / "share" / "jupyter"
        self.runtime = self.data / "runtime"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"token {self.token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def open(self, path: str, kernel: str = "guarded-python") -> str:
        """Open a notebook as a page does; its kernel's id."""
        cells = [
            {"cell_type": "code", "id": "one", "metadata": {}, "outputs": [], "execution_count": None, "source": "x"}
        ]
        content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(json.dumps(content))
        body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": kernel}}
        return str(self.ask("POST", "api/sessions", body)["kernel"]["id"])

    def close(self, path: str = "") -> None:
        """Shut down a notebook's kernel, or all."""
        for session in self.ask("GET", "api/sessions"):
            if path in ("", session["path"]):
                self.ask("DELETE", f"api/sessions/{session['id']}")

    def saved(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def decisions(self, code: str, count: int) -> list[Record]:
        """What is kept of the runs of a code, once there are so many; they are written a moment after."""
        deadline = time.monotonic() + SECONDS
        while True:
            folder = audit_directory(self.env, self.home)
            kept = [record for file in journals(folder) for _, record in read_records(file)]
            found = [one for one in kept if one.sha256 == code_hash(code) and one.event == "decision"]
            if len(found) >= count or time.monotonic() > deadline:
                return found
            time.sleep(0.1)


def nowhere(home: Path) -> Jupyter:
    """Of a user without a server."""
    (home / "notebooks").mkdir()
    put_formats(home)
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return Jupyter(home, env, "http://127.0.0.1:1/", "")


@contextlib.contextmanager
def serving(home: Path, *words: str) -> Iterator[Jupyter]:
    """A server that ends, with all of its kernels, when the block does."""
    (home / "notebooks").mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    not_theirs = ("JUPYTER", "IPYTHON", "JPY", "XDG_DATA", "XDG_RUNTIME")
    env = {name: value for name, value in os.environ.items() if not name.startswith(not_theirs)} | {"HOME": str(home)}
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-P", "-m", "jupyter_server", "--no-browser", "--allow-root"),
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={home / 'notebooks'}",
        f"--IdentityProvider.token={token}",
        *words,
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=env, stdout=log, stderr=log, start_new_session=True)
    running = Jupyter(home, env, f"http://127.0.0.1:{port}/", token)
    try:
        _wait_for(running, process)
        yield running
    finally:
        with contextlib.suppress(Exception):
            running.close()
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)


def _wait_for(running: Jupyter, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS * 2
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            running.ask("GET", "api")
            if list(running.runtime.glob("jpserver-*.json")):
                return
        time.sleep(0.1)
    raise AssertionError((running.home / "log").read_text()[-4000:])


class Person:
    """A page of the person's on a notebook's kernel, with the guard's panel open."""

    def __init__(self, jupyter: Jupyter, kernel: str) -> None:
        address = f"ws{jupyter.url.removeprefix('http')}api/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}"
        self._socket = websocket.create_connection(
            address, header=[f"Authorization: token {jupyter.token}"], timeout=SECONDS
        )
        self._session, self._comm, self._page = uuid.uuid4().hex, uuid.uuid4().hex, Page()
        self._heard: list[dict[str, Any]] = []
        content = {
            "comm_id": self._comm,
            "target_name": "jupyter_guard",
            "data": {"version": 1, "key": self._page.public},
        }
        self._send("comm_open", content)
        self.hear("snapshot")

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def hear(self, kind: str) -> dict[str, Any]:
        """The next thing of a kind that the guard says in the panel."""
        deadline = time.monotonic() + SECONDS
        while True:
            message = self._receive(deadline, f"the guard said no {kind}")
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == self._comm:
                self._page.hear(content["data"])
                if content["data"]["type"] == kind:
                    return dict(content["data"])

    def answer(self, choice: str) -> dict[str, Any]:
        """Wait for a question, and click; the question."""
        item: dict[str, Any] = self.hear("pending")["item"]
        data = self._page.sealed({"type": "answer", "id": item["id"], "choice": choice})
        self._send("comm_msg", {"comm_id": self._comm, "data": data})
        return item

    def claim(self, code: str) -> None:
        """Say that they typed this themselves, as their page does."""
        about = {"sha256": code_hash(code), "cell_id": "", "author": "human", "shares": {"typed": 1.0}}
        data = self._page.sealed({"type": "claim", **about, "started_by": "person"})
        self._send("comm_msg", {"comm_id": self._comm, "data": data})

    def run(self, code: str) -> dict[str, Any]:
        """Run a cell of theirs; its reply, with what it printed as ``text``."""
        msg_id = self.start(code)
        return self.finish(msg_id)

    def start(self, code: str) -> str:
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        return self._send("execute_request", {**content, "stop_on_error": True})

    def finish(self, msg_id: str) -> dict[str, Any]:
        text, reply, is_idle = "", None, False
        deadline = time.monotonic() + SECONDS
        while reply is None or not is_idle:
            message = self._receive(deadline, "the cell did not end")
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                text += content["text"]
            elif message["msg_type"] == "execute_result":
                text += content["data"]["text/plain"]
            elif message["msg_type"] == "execute_reply":
                reply = dict(content)
            is_idle = is_idle or content.get("execution_state") == "idle"
        return {**reply, "text": text}

    def _receive(self, deadline: float, otherwise: str) -> dict[str, Any]:
        # The server's pings are returned too: to a wait for data alone they would be no end of time.
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            with contextlib.suppress(websocket.WebSocketTimeoutException):
                kind, data = self._socket.recv_data(control_frame=True)
                if kind == websocket.ABNF.OPCODE_TEXT:
                    return dict(json.loads(data))
        raise AssertionError(otherwise)

    def _send(self, kind: str, content: dict[str, Any]) -> str:
        msg_id = uuid.uuid4().hex
        header = {"msg_id": msg_id, "msg_type": kind, "username": "", "session": self._session, "version": "5.3"}
        header["date"] = datetime.now(UTC).isoformat()
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._socket.send(json.dumps({**message, "buffers": []}))
        return msg_id
