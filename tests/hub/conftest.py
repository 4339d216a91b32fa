"""A real JupyterHub with its proxy, started as root, and a normal user of it; in a mount namespace of its own.

The account exists in that namespace only: a copy of the password file with one line more lies over the machine's. So do
the folders below ``/etc``, ``/var/lib`` and ``/run`` that the lock uses, and where the interpreter lies below a home that
only root may enter, a way to it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from jupyter_guard.policy.layer import preset_text
from tests.formats import put_formats
from tests.hub.planted import OF_THE_HUB, OPTIONS, plant
from tests.hub.user import User

ROOT = Path(__file__).parents[2]
PROXY = "configurable-http-proxy"
# An account of this run alone: at its end everything that runs under it is ended.
NAME, UID = "visitor", 24242 + os.getpid() % 30_000
CONFIG = """
import sys
sys.path.insert(0, {root!r})
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret_file = {folder!r} + "/cookie_secret"
c.JupyterHub.pid_file = ""
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {word!r}
c.Authenticator.allowed_users = {{"{name}"}}
c.JupyterHub.services = [dict(name="tests", api_token={token!r})]
c.JupyterHub.load_roles = [dict(name="tests", scopes=["admin:users", "admin:servers", "tokens", "admin:groups"], services=["tests"])]
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.Spawner.http_timeout = c.Spawner.start_timeout = 90
c.JupyterHub.log_level = "INFO"

from jupyter_guard.hub import enforce

enforce(c, policy="/etc/jupyter/jupyter_guard.toml", groups={{"staff": "/etc/jupyter/staff.toml", "boxed": "/etc/jupyter/boxed.toml"}})


def of_the_administrators(spawner):
    spawner.environment["TEAM"] = "sales"
    spawner.environment["IPYTHONDIR"] = spawner.environment["JUPYTER_CONFIG_DIR"] = "{home}"
    spawner.args = [*spawner.args, "--ServerApp.terminals_enabled=True"]


# Behind the lock, as an administrator may who did not read that it should be the last.
c.Spawner.pre_spawn_hook = of_the_administrators
"""
POLICY = """
version = 1
[isolation]
require = []
[deny]
calls = ["os.mkfifo"]
"""
STAFF = """
version = 1
[isolation]
require = []
[deny]
imports = ["telnetlib"]
"""
# In the namespace: what the machine has lies beneath, untouched.
SETUP = r"""
set -e
folder=$1 shut=$2; shift 2
mount --make-rprivate /
if [ -n "$shut" ]; then
    mkdir -p "$folder/beneath"
    mount --rbind "$shut" "$folder/beneath"
    mount -t tmpfs -o mode=755 open "$shut"
    for one in "$@"; do
        case "$one" in "$shut"/*) mkdir -p "$one"; mount --rbind "$folder/beneath/${one#"$shut"/}" "$one";; esac
    done
fi
for one in passwd group; do mount --bind "$folder/$one" /etc/$one; done
mkdir -p /etc/jupyter /var/lib/jupyter_guard /run/jupyter_guard
mount -t tmpfs -o mode=755 policy /etc/jupyter
mount -t tmpfs -o mode=755 state /var/lib/jupyter_guard
mount -t tmpfs -o mode=755 run /run/jupyter_guard
mount --bind "$folder/etc" /etc/jupyter
cd "$folder"
exec /bin/sh "$folder/begin.sh"
"""
HUB = 'exec "$PYTHON" -m jupyterhub -f jupyterhub_config.py\n'


def place() -> Path:
    """A folder with the account, its home and the policies, as the namespace will see them."""
    folder = Path("/var/tmp") / f"jg-hub-{secrets.token_hex(4)}"
    home = folder / "home"
    (folder / "etc").mkdir(parents=True)
    folder.chmod(0o755)
    home.mkdir(mode=0o700)
    os.chown(home, UID, UID)
    put_formats(home, UID)
    passwd = Path("/etc/passwd").read_text() + f"{NAME}:x:{UID}:{UID}::{home}:/bin/sh\n"
    (folder / "passwd").write_text(passwd)
    (folder / "group").write_text(Path("/etc/group").read_text() + f"{NAME}:x:{UID}:\n")
    (folder / "etc/jupyter_guard.toml").write_text(POLICY)
    (folder / "etc/staff.toml").write_text(STAFF)
    # What `jupyter guard policy init --preset locked` writes.
    (folder / "etc/boxed.toml").write_text(preset_text("locked"))
    return folder


def begin(folder: Path, script: str, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Run a script as root in the namespace, in ``folder``."""
    (folder / "begin.sh").write_text(script)
    shut = next((str(one) for one in reversed(Path(sys.base_prefix).parents) if not one.stat().st_mode & 0o005), "")
    needed = [sys.base_prefix, str(ROOT)]
    environment = {**os.environ, "PYTHON": sys.executable, **OF_THE_HUB}
    return subprocess.Popen(
        ["unshare", "--mount", "/bin/sh", "-c", SETUP, "hub", str(folder), shut, *needed],
        env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


@pytest.fixture(scope="package")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """The user's way in: his token, and his home as root sees it, in which he has planted all that he could think of."""
    needs()
    folder = place()
    home = folder / "home"
    plant(home)
    port, hub_port, proxy_port = free_ports(3)
    token, word = secrets.token_hex(16), secrets.token_hex(8)
    (folder / "jupyterhub_config.py").write_text(
        CONFIG.format(
            root=str(ROOT),
            port=port,
            hub_port=hub_port,
            proxy_port=proxy_port,
            folder=str(folder),
            home=str(home),
            name=NAME,
            word=word,
            token=token,
            proxy=proxy(),
        )
    )
    (folder / "jupyterhub_config.py").chmod(0o600)
    log = (folder / "hub.log").open("wb")
    process = begin(folder, HUB, log)
    try:
        client = wait(f"http://127.0.0.1:{port}", process, folder)
        try:
            visitor = User(f"http://127.0.0.1:{port}", NAME, client, home, token, OPTIONS)
        except AssertionError as problem:
            pytest.fail(f"{problem}\n{(folder / 'hub.log').read_text()[-6000:]}")
        yield visitor
    finally:
        end(process)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def kernels(user: User) -> dict[str, str]:
    """The kernels on which bypasses are tried, by how each was asked for; all come up at the same time.

    Most of their start is waiting for one another's processes, so that one after the other would take several times as
    long.
    """
    home = str(user.home)
    lax = {"JUPYTER_GUARD_POLICY": f"{home}/lax.toml", "PYTHONPATH": home}
    variables = {"env": lax, "kernel_env": lax, "argv": ["/bin/sh"], "extra_arguments": ["--wrap", "x"]}
    user.write("marks/it-works", "")
    user.notebook("page.ipynb", "1 + 1")

    def session(path: str) -> dict[str, Any]:
        asked = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "raw"}}
        answer = user.ask("POST", "/api/sessions", json=asked)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def changed() -> str:
        answer = user.ask("PATCH", f"/api/sessions/{session('other.ipynb')['id']}", json={"kernel": {"name": "lax"}})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["kernel"]["id"])

    def restarted() -> str:
        kernel = user.kernel()
        user.run(kernel, f"kept = 1; import os; os.environ['JUPYTER_GUARD_POLICY'] = {home + '/lax.toml'!r}")
        assert user.ask("POST", f"/api/kernels/{kernel}/restart").status_code == 200
        return kernel

    names = ("raw", "provisioned", "lax", "with-path", "of-another-language", "Python3")
    asked: dict[str, Callable[[], str]] = {
        # The longest first.
        "restarted": restarted,
        "changed": changed,
        "session": lambda: str(session("page.ipynb")["kernel"]["id"]),
        "shared": user.kernel,
        "with-variables": lambda: user.kernel(**variables),
        **{name: partial(user.kernel, name) for name in names},
    }

    def ready(one: Callable[[], str]) -> str:
        kernel = one()
        # The first cell waits for what judges it.
        user.run(kernel, "pass")
        return kernel

    with ThreadPoolExecutor(len(asked)) as pool:
        begun = {name: pool.submit(ready, one) for name, one in asked.items()}
        return {name: one.result() for name, one in begun.items()}


@pytest.fixture(scope="package")
def shared(kernels: dict[str, str]) -> str:
    """One kernel for what no kernel should mind."""
    return kernels["shared"]


def needs() -> None:
    """Skip, with the reason, where no Hub can be started."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a Hub that starts servers of other users needs root, on Linux")
    if proxy() == "":
        pytest.skip(f"{PROXY} is not there: make test installs it with npm")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "mount --make-rprivate / && mount -t tmpfs none /mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no mount namespace can be had here: {done.stderr.strip()}")


def proxy() -> str:
    """The proxy's program, as `make test` installs it."""
    beside = Path(sys.prefix) / "proxy/node_modules/.bin" / PROXY
    return str(beside) if beside.exists() else shutil.which(PROXY) or ""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def wait(url: str, process: subprocess.Popen[bytes], folder: Path, seconds: float = 60) -> httpx.Client:
    """A client that may do what the Hub's own test service may. Fails with the Hub's log when it does not come up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{url}/hub/api/", timeout=5).status_code == 200:
                return httpx.Client(base_url=url, timeout=100)
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"the Hub did not come up:\n{(folder / 'hub.log').read_text()[-4000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """End the servers, and the Hub with its proxy, which then has nobody to wait for."""
    end_servers()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    end_servers()


def end_servers() -> None:
    """End all that runs under the account, which is the test's: servers have sessions of their own."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == UID:
                os.kill(int(entry.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue
