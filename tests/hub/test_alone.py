"""A server without a Hub, locked the same way: root prepares it, a normal account's server starts, its user tries."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_guard.hub.alone import start_of, unit_of
from jupyter_guard.hub.check import check_server
from tests.hub.conftest import NAME, UID, begin, end, free_ports, needs, place
from tests.hub.user import User, refused, text

MARK = "open({!r}, 'w').close()\n"
PLANTED = {
    "server-config": ".jupyter/jupyter_server_config.py",
    "config-of-the-workspace": "jupyter_server_config.py",
    "startup": ".ipython/profile_default/startup/00-first.py",
    "usercustomize": ".local/lib/python3.11/site-packages/usercustomize.py",
    "guard-of-the-workspace": "jupyter_guard/__init__.py",
}
BEGIN = """
"$PYTHON" -I -m jupyter_guard server prepare {name}
exec setpriv --reuid {uid} --regid {uid} --clear-groups env -i PATH="$PATH" HOME={home} PYTHONPATH={home} \
    JUPYTER_CONFIG_DIR={home}/.jupyter "$PYTHON" -I -m jupyter_guard server start --app server \
    --ServerApp.port={port} --ServerApp.port_retries=0 --IdentityProvider.token={token}
"""


class Alone(User):
    """The same user at a server of his own."""

    def __init__(self, url: str, token: str, home: Path) -> None:
        self.url, self.name, self.home, self.token, self.base = url, NAME, home, token, ""
        self.client = httpx.Client(base_url=url, timeout=100, headers={"Authorization": f"token {token}"})


@pytest.fixture(scope="module")
def alone() -> Iterator[Alone]:
    needs()
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not there")
    folder, token = place(), secrets.token_hex(16)
    home = folder / "home"
    (port,) = free_ports(1)
    user = Alone(f"http://127.0.0.1:{port}", token, home)
    (home / "marks").mkdir()
    os.chown(home / "marks", UID, UID)
    for name, path in PLANTED.items():
        user.write(path, MARK.format(str(home / "marks" / name)))
    log = (folder / "log").open("wb")
    process = begin(folder, BEGIN.format(name=NAME, uid=UID, home=home, port=port, token=token), log)
    try:
        until = time.monotonic() + 90
        while time.monotonic() < until and process.poll() is None:
            try:
                if user.ask("GET", "/api/status").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        else:
            pytest.fail((folder / "log").read_text()[-4000:])
        yield user
    finally:
        end(process)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.hub
def test_it_is_locked(alone: Alone) -> None:
    assert check_server(alone.url, alone.token) == []
    answer = alone.ask("GET", "/api/kernelspecs").json()
    assert "python3" in answer["kernelspecs"]
    for spec in answer["kernelspecs"].values():
        assert spec["spec"]["argv"][1:4] == ["-I", "-m", "jupyter_guard.kernel"]


@pytest.mark.hub
def test_what_a_user_tries(alone: Alone) -> None:
    kernel = alone.kernel()
    assert text(alone.run(kernel, "import os; print(os.getuid(), 6 * 7)")) == f"{UID} 42\n"
    assert refused(alone.run(kernel, "__import__('os').mkfifo('/var/tmp/never')"))
    assert not os.path.exists("/var/tmp/never")
    assert alone.ask("POST", "/api/terminals").status_code in (403, 404, 405)
    assert (
        alone.ask(
            "PUT", "/api/contents/.jupyter/x.py", json={"type": "file", "format": "text", "content": ""}
        ).status_code
        >= 400
    )
    assert os.listdir(alone.home / "marks") == []
    alone.notebook("page.ipynb", "6 * 7")
    exported = alone.ask("GET", "/nbconvert/html/page.ipynb")
    assert exported.status_code == 200, exported.text[:300]
    assert alone.ask("POST", f"/api/kernels/{kernel}/restart").status_code == 200
    assert refused(alone.run(kernel, "__import__('os').mkfifo('/var/tmp/never')"))


@pytest.mark.hub
def test_without_a_policy_no_kernel_starts(alone: Alone) -> None:
    policy = alone.home.parent / "etc/jupyter_guard.toml"
    kept = policy.read_text()
    policy.unlink()
    try:
        answer = alone.ask("POST", "/api/kernels", json={"name": "python3"})
        assert answer.status_code == 403
        assert "/etc/jupyter/jupyter_guard.toml" in answer.json()["message"]
    finally:
        policy.write_text(kept)


def test_a_unit_says_what_would_be_started() -> None:
    made, unit = start_of("root", {}, application="server"), unit_of("root", application="server")
    lines = dict(
        line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("Environment=")
    )
    assert shlex.split(lines["ExecStart"].replace("%%", "%").replace("$$", "$")) == made.command
    given = dict(
        line.split("=", 1)[1].strip('"').split("=", 1) for line in unit.splitlines() if line.startswith("Environment=")
    )
    assert given == made.environment
    assert (lines["User"], lines["WorkingDirectory"]) == ("root", "/")
    assert lines["ExecStartPre"].startswith("+")
    if shutil.which("systemd-analyze"):
        assert subprocess.run(["systemd-analyze", "--version"], check=False).returncode == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"account": "nobody-at-all"}, "no account"),
        ({"policy": "here.toml"}, "no absolute path"),
        ({"application": "vim"}, "no application"),
        ({"more": ["--ServerApp.terminals_enabled=True"]}, "take the place"),
        ({"more": ["--config=/home/x.py"]}, "take the place"),
        ({"more": ["--ServerApp.kernel_manager_class", "x"]}, "take the place"),
        ({"more": ["--LabApp.terminals_enabled=True"]}, "take the place"),
        ({"more": ["--gateway-url=http://x"]}, "take the place"),
        ({"more": ["--notebook-dir=/"]}, "take the place"),
    ],
)
def test_what_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        start_of(**{"account": "root", "now": {}, **more})
