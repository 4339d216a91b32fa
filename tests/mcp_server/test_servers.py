"""Jupyter's runtime files: this user's running servers are found, and nobody else gets the token or the code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.mcp.servers import Server, ServerError, named, running

TOKEN = "t" * 20


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def written(name: str = "1", **values: Any) -> Path:
        info = {
            "url": "http://localhost:8888/",
            "token": TOKEN,
            "pid": os.getpid(),
            "root_dir": "/home/me",
            "sock": "",
            "hostname": "localhost",
            "password": False,
            "port": 8888,
            "secure": False,
            "version": "2.21.1",
        }
        file = tmp_path / f"jpserver-{name}.json"
        file.write_text(json.dumps({**info, **values}))
        return file

    return written


@pytest.fixture
def others() -> Iterator[int]:
    """A process of another account."""
    if os.geteuid() != 0:
        pytest.skip("another account's process can be started by root only")
    process = subprocess.Popen(["/bin/sleep", "600"], user=65534)
    yield process.pid
    process.kill()
    process.wait(timeout=20)


def test_a_running_server_is_found(tmp_path: Path, write: Callable[..., Path]) -> None:
    write()
    assert running(tmp_path) == ([Server("http://localhost:8888/", TOKEN, "/home/me")], [])
    assert TOKEN not in repr(running(tmp_path))


def test_one_that_listens_everywhere_is_asked_on_this_machine(tmp_path: Path, write: Callable[..., Path]) -> None:
    write(url="http://far.example:8888/base/", hostname="0.0.0.0")
    assert [one.url for one in running(tmp_path)[0]] == ["http://127.0.0.1:8888/base/"]


def test_one_that_has_ended_is_passed_over(tmp_path: Path, write: Callable[..., Path]) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write(pid=ended.pid)
    write("2", pid=0)
    assert running(tmp_path) == ([], [])
    assert running(tmp_path / "nowhere") == ([], [])


def test_another_accounts_process_is_no_server_of_ours(tmp_path: Path, write: Callable[..., Path], others: int) -> None:
    write(pid=others)
    assert running(tmp_path) == ([], [])


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
def test_another_accounts_file_is_left_out(tmp_path: Path, write: Callable[..., Path]) -> None:
    os.chown(write(), 65534, 65534)
    assert running(tmp_path) == ([], ["jpserver-1.json: it belongs to another account"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sock": "/run/me.sock", "url": "http+unix://%2Frun%2Fme.sock/"}, "listens on a unix socket"),
        ({"token": ""}, "the server has no token"),
        ({"url": "http://10.1.2.3:8888/", "hostname": "10.1.2.3"}, "would get the token in the clear"),
        ({"url": 7}, "is not what a server writes"),
    ],
)
def test_what_cannot_be_used_is_said(
    tmp_path: Path, write: Callable[..., Path], values: dict[str, Any], said: str
) -> None:
    write(**values)
    found, left_out = running(tmp_path)
    assert found == []
    assert said in left_out[0]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "jpserver-1.json").write_bytes(b"\xff{")
    (tmp_path / "jpserver-2.json").symlink_to(tmp_path / "nowhere")
    assert len(running(tmp_path)[1]) == 2


def test_one_that_is_named() -> None:
    assert named("https://hub.example/user/me", {"JUPYTER_TOKEN": TOKEN}).url == "https://hub.example/user/me/"
    assert named("http://127.0.0.1:8888/", {"JUPYTERHUB_API_TOKEN": TOKEN}).token == TOKEN


@pytest.mark.parametrize(
    ("url", "env", "said"),
    [
        ("http://127.0.0.1:8888/", {}, "JUPYTER_TOKEN is not set"),
        ("http://far.example:8888/", {"JUPYTER_TOKEN": TOKEN}, "use https"),
        ("localhost:8888", {"JUPYTER_TOKEN": TOKEN}, "no address of a Jupyter server"),
        ("ftp://localhost/", {"JUPYTER_TOKEN": TOKEN}, "no address of a Jupyter server"),
        ("http://localhost:8888/?token=x", {"JUPYTER_TOKEN": TOKEN}, "has no token in it"),
    ],
)
def test_one_that_may_not_be_named(url: str, env: dict[str, str], said: str) -> None:
    with pytest.raises(ServerError, match=said):
        named(url, env)
