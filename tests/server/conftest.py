"""A real server with the extension enabled."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TOKEN = "t" * 20


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's root directory, home and log."""
    home = tmp_path_factory.mktemp("home")
    # Not root's alone, whoever runs the tests: what lies in a home is its user's.
    home.chmod(0o777)
    return home


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
    """The address of a running server, which ends with the module."""
    with serving(root) as address:
        yield address


@contextmanager
def serving(home: Path, **more: str) -> Iterator[str]:
    """The address of a server that runs within; ``more`` is added to its environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY"))}
    words = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={home}",
        f"--IdentityProvider.token={TOKEN}",
    ]
    with (home / "log").open("wb") as log:
        # Shared documents are stored where the server runs.
        environment = {**kept, "HOME": str(home), **more}
        process = subprocess.Popen(words, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process, home / "log")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=20)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/api", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(log.read_text()[-4000:])
