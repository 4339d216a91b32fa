"""What a normal user of the Hub can send: requests to his server and messages to his kernels, with his own token."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import websocket


class User:
    """One account. ``home`` is his folder as the machine sees it; ``base`` is the path of his server.

    The server is started with what the user says of it in ``options``.
    """

    def __init__(
        self, url: str, name: str, client: httpx.Client, home: Path, service: str, options: dict[str, Any]
    ) -> None:
        self.url, self.name, self.home = url, name, home
        self._admin = admin = {"Authorization": f"token {service}"}
        client.post(f"/hub/api/users/{name}", headers=admin)
        made = client.post(f"/hub/api/users/{name}/tokens", headers=admin, json={"note": "tests"})
        made.raise_for_status()
        self.token: str = made.json()["token"]
        self.base = f"/user/{name}"
        self.client = client
        client.headers["Authorization"] = f"token {self.token}"
        self.start(**options)

    def start(self, **options: Any) -> None:
        """Have the Hub start the user's server, as he may, and wait for it."""
        asked = self.client.post(f"/hub/api/users/{self.name}/server", json=options)
        assert asked.status_code in (201, 202, 400), asked.text
        until = time.monotonic() + 90
        while time.monotonic() < until:
            answer = self.client.get(f"{self.base}/api/status")
            if answer.status_code == 200:
                return
            time.sleep(0.3)
        raise AssertionError(f"the server did not start: {answer.status_code} {answer.text[:500]}")

    def stop(self) -> None:
        """Have the Hub end the server, and wait until it is gone."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            answer = self.client.delete(f"/hub/api/users/{self.name}/server")
            if answer.status_code in (204, 400, 404):
                return
            time.sleep(0.3)
        raise AssertionError(f"the server did not stop: {answer.status_code} {answer.text[:500]}")

    def join(self, group: str) -> None:
        """An administrator puts the user into a group, which is made where there is none."""
        self.client.post(f"/hub/api/groups/{group}", headers=self._admin)
        body = {"users": [self.name]}
        self.client.post(f"/hub/api/groups/{group}/users", headers=self._admin, json=body).raise_for_status()

    def leave(self, group: str) -> None:
        """An administrator takes the user out of a group."""
        body = {"users": [self.name]}
        path = f"/hub/api/groups/{group}/users"
        self.client.request("DELETE", path, headers=self._admin, json=body).raise_for_status()

    def write(self, path: str, content: str) -> None:
        """Put a file into the user's home, as he himself could."""
        write(self.home, path, content)

    def notebook(self, path: str, code: str) -> None:
        """Save a notebook of one cell through the server."""
        cell = {
            "cell_type": "code",
            "id": "one",
            "source": code,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
        answer = self.ask("PUT", f"/api/contents/{path}", json={"type": "notebook", "content": content})
        assert answer.status_code in (200, 201), answer.text

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request to the user's own server."""
        return self.client.request(method, self.base + path, **more)

    def kernel(self, name: str = "python3", **more: Any) -> str:
        """Start a kernel over REST, with ``more`` in the request; its id."""
        answer = self.ask("POST", "/api/kernels", json={"name": name, **more})
        assert answer.status_code == 201, answer.text
        identity: str = answer.json()["id"]
        return identity

    def run(self, kernel: str, code: str, **metadata: Any) -> list[dict[str, Any]]:
        """Run a cell over the kernel's websocket; all messages about it up to the last."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "user_expressions": {}}
        return self.send(kernel, "execute_request", content, **metadata)

    def send(self, kernel: str, kind: str, content: dict[str, Any], **metadata: Any) -> list[dict[str, Any]]:
        """Send a request on the shell channel; what comes about it until its reply is there and the kernel idle."""
        wire = self.connect(kernel)
        request = tell(wire, kind, content, metadata=metadata)
        answers: list[dict[str, Any]] = []
        replied = idle = False
        try:
            while not (replied and idle):
                got = json.loads(wire.recv())
                if got.get("parent_header", {}).get("msg_id") != request:
                    continue
                answers.append(got)
                replied = replied or got["msg_type"].endswith("_reply")
                idle = idle or (got["msg_type"] == "status" and got["content"]["execution_state"] == "idle")
        finally:
            wire.close()
        return answers

    def connect(self, kernel: str, seconds: float = 60) -> websocket.WebSocket:
        """The websocket of a kernel, on which an answer may take ``seconds``."""
        address = f"ws{self.url[4:]}{self.base}/api/kernels/{kernel}/channels"
        headers = [f"Authorization: token {self.token}"]
        return websocket.create_connection(address, timeout=seconds, header=headers, origin=self.url)


def write(home: Path, path: str, content: str) -> None:
    """Put a file into a home, with the folders on the way, as its owner could."""
    file = home / path
    owner = home.stat()
    for folder in reversed(file.relative_to(home).parents):
        if not (home / folder).exists():
            (home / folder).mkdir()
            os.chown(home / folder, owner.st_uid, owner.st_gid)
    file.write_text(content)
    os.chown(file, owner.st_uid, owner.st_gid)


def tell(
    wire: websocket.WebSocket,
    kind: str,
    content: dict[str, Any],
    channel: str = "shell",
    metadata: dict[str, Any] | None = None,
) -> str:
    """Send any message on any channel; its id."""
    request = uuid4().hex
    header = {"msg_id": request, "username": "", "session": uuid4().hex, "msg_type": kind, "version": "5.4", "date": ""}
    message = {"header": header, "parent_header": {}, "metadata": metadata or {}, "content": content}
    wire.send(json.dumps({**message, "channel": channel}))
    return request


def answered(wire: websocket.WebSocket, request: str) -> dict[str, Any]:
    """The reply to a request, whatever else comes meanwhile."""
    while True:
        got: dict[str, Any] = json.loads(wire.recv())
        if got.get("parent_header", {}).get("msg_id") == request and got["msg_type"].endswith("_reply"):
            return got


def refused(messages: list[dict[str, Any]]) -> bool:
    """Whether the guard did not run a cell."""
    replies = [one["content"] for one in messages if one["msg_type"] == "execute_reply"]
    return [one.get("ename") in ("CellDeclined", "CellBlocked") for one in replies] == [True]


def was_aborted(messages: list[dict[str, Any]]) -> bool:
    """Whether a cell was not looked at, because one before it failed."""
    return any(one["msg_type"] == "execute_reply" and one["content"]["status"] == "aborted" for one in messages)


def printed(messages: list[dict[str, Any]]) -> str:
    """What a cell said, in any way."""
    return "".join(json.dumps(one["content"]) for one in messages if one["msg_type"] != "execute_input")


def text(messages: list[dict[str, Any]]) -> str:
    """What a cell printed."""
    return "".join(one["content"]["text"] for one in messages if one["msg_type"] == "stream")
