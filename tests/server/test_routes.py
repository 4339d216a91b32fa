"""A real server with the extension enabled, asked over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

TOKEN = "t" * 20


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
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
        process = subprocess.Popen(words, env={**kept, "HOME": str(home)}, stdout=log, stderr=subprocess.STDOUT)
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


def test_the_status_lists_the_guarded_kernels(url: str) -> None:
    asked = urllib.request.Request(f"{url}/jupyter-guard/status", headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("application/json")
        status = json.load(answer)
    assert "guarded-python" in status["guarded"]
    assert "python3" in status["unguarded"]
    assert status["policy"]
    assert status["mode"] == "enforce"


def test_without_a_login_there_is_nothing_to_see(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}/jupyter-guard/status", timeout=30)
    assert refused.value.code == 403
