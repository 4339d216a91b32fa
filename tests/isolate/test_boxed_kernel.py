"""A real guarded kernel in bubblewrap: what it reaches, what it does not, and how it dies."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap
from tests.kernel.front import Front

POLICY = """
version = 1
[isolation]
require = ["files", "network", "processes", "syscalls"]
read = []
write = ["."]
hosts = []
env = []
"""
pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "bubblewrap works"),
]


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    folder = tempfile.mkdtemp(prefix="front-")
    with Front(Path(folder), POLICY) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def test_the_workspace_is_writable_and_child_processes_print(front: Front) -> None:
    assert "hi" in front.run("!echo hi; touch mine").text
    assert (front.folder / "mine").stat().st_uid == front.folder.stat().st_uid


def test_the_policy_cannot_be_read(front: Front) -> None:
    assert front.run("open('jupyter_guard.toml').read()").error["ename"] == "PermissionError"


def test_nobody_else_is_seen(front: Front) -> None:
    seen = "sum(one.isdigit() for one in __import__('os').listdir('/proc'))"
    assert int(front.run(seen).result) < 10


def test_nothing_is_reached(front: Front) -> None:
    code = "import socket\ns = socket.socket()\ns.settimeout(2)\ns.connect_ex(('192.0.2.1', 80))"
    assert front.run(code).result != "0"


def test_namespaces_are_refused(front: Front) -> None:
    assert "not permitted" in front.run("!unshare -U true").text


def test_an_interrupt_ends_the_cell_only(front: Front) -> None:
    run = front.send("print('there', flush=True)\nimport time\ntime.sleep(60)")
    while not run.text:
        front.take_published(1)
    front.manager.interrupt_kernel()
    assert front.finish(run).error["ename"] == "KeyboardInterrupt"
    assert front.run("1 + 1").result == "2"
