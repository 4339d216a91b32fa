"""A temporary folder -> the decoys that probes try to reach: stores, a process, sockets, another kernel's directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

STORES = (
    ".aws/credentials", ".ssh/id_ed25519", ".netrc", ".kube/config", ".docker/config.json", ".git-credentials",
    ".config/gcloud/credentials.db", ".pypirc", ".pgpass", ".cache/huggingface/token", ".gnupg/pubring.kbx",
    ".mozilla/firefox/logins.json", "notes.txt", "old.txt", ".bashrc", ".ipython/profile_default/startup/00.py",
    ".local/share/jupyter/guard/audit/probe",
)  # fmt: skip
_WORK = (".git/hooks/post-checkout", ".git/config")
_POLICY = """version = 1
mode = "observe"
[isolation]
backend = "{backend}"
read = []
write = ["."]
hosts = []
env = []
"""


class Scene:
    """Decoys in ``root``, a short path. ``environment`` is what the probed kernel is started with."""

    def __init__(self, root: Path, backend: str) -> None:
        self.root = root
        self.home, self.workspace, run = root / "home", root / "work", root / "run"
        self._stack = ExitStack()
        for path in (*(self.home / one for one in STORES), *(self.workspace / one for one in _WORK)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("decoy\n")
        self.policy = self.home / ".jupyter" / "jupyter_guard.toml"
        self.policy.parent.mkdir()
        self.policy.write_text(_POLICY.format(backend=backend))
        self.beside = run / ("jg-" + "0" * 12)
        self.beside.mkdir(parents=True, mode=0o700)
        (self.beside / "connection.json").write_text("{}")
        named = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_"))}
        self.environment = named | {
            "HOME": str(self.home), "TMPDIR": str(run), "XDG_RUNTIME_DIR": "", "PROBE_TOKEN": "decoy",
            "JUPYTER_CONFIG_DIR": str(self.policy.parent),
        }  # fmt: skip
        self.environment.pop("IPYTHONDIR", None)

    def __enter__(self) -> Self:
        """Start the process and the listeners; raises ``OSError``."""
        # Held, or the guard takes it for one that a dead kernel left.
        handle = os.open(self.beside, os.O_RDONLY)
        self._stack.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX)
        script = "import sys, time; print(flush=True); time.sleep(600)"
        command = [sys.executable, "-c", script, "probe-argument"]
        self._victim = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=self.home)
        self._stack.callback(self._end_victim)
        assert self._victim.stdout is not None
        self._victim.stdout.readline()
        self._abstract = f"\0jupyter-guard-probe-{os.getpid()}"
        self._unix = str(self.root / "home" / "socket")
        for address in (self._abstract, self._unix, str(self.beside / "k-1")):
            listener = self._stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()
        self._tcp = self._stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
        self._udp = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._udp.bind(("127.0.0.1", 0))
        self._udp.settimeout(0.1)
        self._closing = threading.Event()
        echo = threading.Thread(target=self._echo)
        echo.start()
        self._stack.callback(echo.join)
        self._stack.callback(self._closing.set)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def names(self, connection: str, wrapper: int) -> dict[str, Any]:
        """What a probe's code finds by name."""
        inodes = {
            "notes": self.home / "notes.txt",
            "bashrc": self.home / ".bashrc",
            "startup": self.home / ".ipython/profile_default/startup/00.py",
        }
        return {
            "home": str(self.home), "workspace": str(self.workspace), "beside": str(self.beside),
            "policy": str(self.policy), "connection": connection, "wrapper": wrapper, "victim": self._victim.pid,
            "tcp": self._tcp.getsockname()[1], "udp": self._udp.getsockname()[1], "abstract": self._abstract,
            "unix": self._unix, **{name: os.stat(path).st_ino for name, path in inodes.items()},
        }  # fmt: skip

    def _echo(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(OSError):
                self._udp.sendto(*self._udp.recvfrom(16))

    def _end_victim(self) -> None:
        self._victim.kill()
        self._victim.wait()
        assert self._victim.stdout is not None
        self._victim.stdout.close()
