"""The HTTP server: on the loopback, for who has the token, and for no page of another name."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from .client import COMMAND, HttpServer
from .jupyter import SECONDS
from .test_bad_input import nowhere

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    with HttpServer(nowhere(tmp_path_factory.mktemp("http"))) as running:
        yield running


def ask(server: HttpServer, path: str = "", **headers: str) -> httpx2.Response:
    names = {"Authorization": f"Bearer {server.token}", **ACCEPT}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.post(server.url + path, json=HELLO, headers={k: v for k, v in names.items() if v}, timeout=SECONDS)


def test_who_has_the_token_is_served(server: HttpServer) -> None:
    found = ask(server)
    assert found.status_code == 200
    assert '"name":"jupyter-guard"' in found.text


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer wrong", "Basic x"])
def test_who_has_not_is_not(server: HttpServer, said: str) -> None:
    found = ask(server, Authorization=said)
    assert found.status_code == 401
    assert found.headers["www-authenticate"] == "Bearer"
    assert "jupyter-guard" not in found.text
    assert httpx2.get(server.url, headers={"Authorization": said} if said else {}).status_code == 401


def test_a_page_of_another_name_is_not_served(server: HttpServer) -> None:
    port = httpx2.URL(server.url).port
    # What a browser sends that was led here by another name, and from a page of another name.
    assert ask(server, Host=f"attacker.example:{port}").status_code == 421
    assert ask(server, Host=f"127.0.0.1:{port + 1}").status_code == 421
    for origin in (
        "http://attacker.example",
        f"http://attacker.example:{port}",
        "null",
        f"http://127.0.0.1:{port + 1}",
    ):
        assert ask(server, Origin=origin).status_code == 403
    assert ask(server, Origin=f"http://127.0.0.1:{port}").status_code == 200
    assert ask(server, Host=f"localhost:{port}").status_code == 200


def test_other_places_and_giant_requests(server: HttpServer) -> None:
    assert ask(server, "/other").status_code == 404
    headers = {"Authorization": f"Bearer {server.token}", **ACCEPT, "Content-Type": "application/json"}
    assert httpx2.post(server.url, content=b"[1, ", headers=headers).status_code == 400
    giant = httpx2.post(server.url, content=b" " * (5 << 20), headers=headers, timeout=SECONDS)
    assert giant.status_code == 413
    assert ask(server).status_code == 200


def test_it_listens_on_the_loopback_only(server: HttpServer) -> None:
    listening = [one for one in psutil.Process(server.process.pid).net_connections() if one.status == "LISTEN"]
    assert [one.laddr.ip for one in listening] == ["127.0.0.1"]


def test_the_token_is_for_this_user_and_goes_with_the_server(tmp_path: Path) -> None:
    with HttpServer(nowhere(tmp_path)) as running:
        assert stat.S_IMODE(running.file.stat().st_mode) == 0o600
        assert len(running.token) > 40
        assert running.token not in running.log.read_text()
        words = " ".join(psutil.Process(running.process.pid).cmdline())
        assert running.token not in words
    assert not running.file.exists()


def test_a_given_token_is_used_and_a_short_one_is_refused(tmp_path: Path) -> None:
    user = nowhere(tmp_path)
    user.env["JUPYTER_GUARD_MCP_TOKEN"] = "given-" * 5
    with HttpServer(user) as running:
        assert running.token == "given-" * 5
        assert ask(running).status_code == 200
    user.env["JUPYTER_GUARD_MCP_TOKEN"] = "short"
    done = subprocess.run([*COMMAND, "--http"], env=user.env, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 2
    assert "fewer than 16 characters" in done.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = [*COMMAND, "--http", "--port", port]
        done = subprocess.run(words, env=nowhere(tmp_path).env, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 2
    assert f"--port {port}: " in done.stderr
    done = subprocess.run([*COMMAND, "--port", port], env=dict(os.environ), capture_output=True, text=True)
    assert done.returncode == 2
    assert "--port is for --http" in done.stderr
