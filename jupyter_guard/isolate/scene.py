"""A temporary folder -> the decoys that probes try to reach: stores, a process, sockets, another kernel's directory."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from jupyter_client.manager import KernelManager

from jupyter_guard.isolate import tree

STORES = (
    ".aws/credentials", ".ssh/id_ed25519", ".netrc", ".kube/config", ".docker/config.json", ".git-credentials",
    ".config/gcloud/credentials.db", ".pypirc", ".pgpass", ".cache/huggingface/token", ".gnupg/pubring.kbx",
    ".mozilla/firefox/logins.json", "notes.txt", "old.txt", ".bashrc", ".ipython/profile_default/startup/00.py",
    ".local/share/jupyter/guard/audit/probe", ".azure/accessTokens.json", ".cargo/credentials.toml", ".databrickscfg",
    ".config/gh/hosts.yml", ".kaggle/kaggle.json", ".my.cnf", ".npmrc", ".snowflake/connections.toml", ".vault-token",
    ".terraform.d/credentials.tfrc.json", ".local/share/keyrings/login.keyring", ".password-store/bank.gpg",
    ".config/google-chrome/Login-Data", ".bitcoin/wallet.dat", ".bash_history", ".profile",
    ".jupyter/jupyter_server_config.py", ".jupyter/jupyter_lab_config.py",
    ".jupyter/jupyter_server_config.d/token.json",
)  # fmt: skip
_WORK = (
    ".git/hooks/post-checkout", ".git/config", ".envrc", ".vscode/tasks.json", ".pre-commit-config.yaml",
    "jupyter_server_config.py",
)  # fmt: skip
# In the workspace: Landlock gives nothing new a place beside what is protected, and what writes has to be able to.
_OWN = "own"
_SECONDS_BETWEEN_BEATS = 0.5
_POLICY = """version = 1
mode = "observe"
[isolation]
backend = "{backend}"
read = []
write = ["."]
hosts = []
env = []
"""
# Small, so that what is over them harms no machine; nothing where the probes are to succeed.
_LIMITS = """[limits]
memory = "384 MiB"
cell_seconds = 20
cell_cpu_seconds = 3
processes = 48
open_files = 512
disk = "32 MiB"
"""


class Scene:
    """Decoys in ``root``, a short path. ``environment`` is what the probed kernel is started with."""

    def __init__(self, root: Path, backend: str) -> None:
        self.root = root
        self.home, self.workspace, run = root / "home", root / "work", root / "run"
        self._stack = ExitStack()
        self._lay()
        self.policy = self.home / ".jupyter" / "jupyter_guard.toml"
        self.policy.parent.mkdir(exist_ok=True)
        self.has_limits = backend != "none"
        self.policy.write_text(_POLICY.format(backend=backend) + (_LIMITS if self.has_limits else ""))
        (self.policy.parent / "jupyter_server_config.json").write_text('{"decoy": 1}')
        self.beside = run / ("jg-" + "0" * 12)
        self.beside.mkdir(parents=True, mode=0o700)
        (self.beside / "connection.json").write_text("{}")
        named = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_"))}
        self.environment = named | {
            "HOME": str(self.home), "TMPDIR": str(run), "XDG_RUNTIME_DIR": "", "PROBE_TOKEN": "decoy",
            "JUPYTER_CONFIG_DIR": str(self.policy.parent), "JUPYTER_CONFIG_PATH": str(root / "etc" / "jupyter"),
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
        with open(self.home / "notes.txt") as notes:
            self._victim = subprocess.Popen(command, stdin=notes, stdout=subprocess.PIPE, cwd=self.home)
        self._stack.callback(self._end_victim)
        with contextlib.suppress(OSError):
            # Not every file system keeps any.
            os.setxattr(self.home / "notes.txt", "user.kept", b"1")
        assert self._victim.stdout is not None
        self._victim.stdout.readline()
        self._abstract = f"\0jupyter-guard-probe-{os.getpid()}"
        self._unix = str(self.root / "home" / "socket")
        for address in (self._abstract, self._unix, str(self.beside / "k-1")):
            listener = self._stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()
        for address in (self._abstract, self._unix):
            self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).bind(address + "-datagram")
        self._tcp6 = 9
        with contextlib.suppress(OSError):
            listener = self._stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
            self._tcp6 = listener.getsockname()[1]
        self._share()
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

    def _share(self) -> None:
        """Memory and a terminal, as another process of this user has them."""
        handle, self._shared = tempfile.mkstemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None, prefix="jgp-")  # noqa: S108
        self._stack.callback(self._remove_shared)
        with open(handle, "w") as file:
            file.write("decoy")
        library = ctypes.CDLL(None)
        self._segment = library.shmget(0, 4096, 0o600)
        self._stack.callback(library.shmctl, self._segment, 0, None)
        for end in (terminal := os.openpty()):
            self._stack.callback(os.close, end)
        self._terminal = os.ttyname(terminal[1])

    def _remove_shared(self) -> None:
        # And what a kernel that was ended could not take away itself.
        for one in (self._shared, *glob.glob(glob.escape(self._shared) + "-*")):
            os.unlink(one)

    def _lay(self) -> None:
        (self.workspace / _OWN).mkdir(parents=True, exist_ok=True)
        elsewhere = self.root / "etc" / "jupyter" / "jupyter_server_config.py"
        for path in (*(self.home / one for one in STORES), *(self.workspace / one for one in _WORK), elsewhere):
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("decoy\n")

    def mend(self) -> None:
        """Take away what probes have made in the workspace, and lay what they have taken: one can be asked again."""
        for one in (self.workspace / _OWN).iterdir():
            shutil.rmtree(one, ignore_errors=True) if one.is_dir() and not one.is_symlink() else one.unlink()
        self._lay()

    def is_answered(self) -> bool:
        """Whether what a probe listens with can be reached from here."""
        told = self.workspace / _OWN / "port"
        port = int(told.read_text())
        told.unlink()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as found:
                return found.recv(5) == b"decoy"
        except OSError:
            return False

    def has_heartbeat(self) -> bool:
        """Whether a process still writes in the workspace."""
        told = self.workspace / _OWN / "heartbeat"
        if not told.exists():
            return False
        before = told.stat().st_size
        time.sleep(_SECONDS_BETWEEN_BEATS)
        return told.stat().st_size > before

    def names(self, manager: KernelManager) -> dict[str, Any]:
        """What a probe's code finds by name."""
        wrapper = int(getattr(manager.provisioner, "pid", 0))
        inodes = {
            "notes": self.home / "notes.txt",
            "bashrc": self.home / ".bashrc",
            "startup": self.home / ".ipython/profile_default/startup/00.py",
            "settings": self.policy.parent,
        }
        return {
            "root": str(self.root), "home": str(self.home), "workspace": str(self.workspace),
            "own": str(self.workspace / _OWN), "beside": str(self.beside), "policy": str(self.policy),
            "connection": manager.connection_file,
            "wrapper": wrapper, "helper": _helper(wrapper), "victim": self._victim.pid,
            "tcp": self._tcp.getsockname()[1], "tcp6": self._tcp6, "udp": self._udp.getsockname()[1],
            "front": manager.shell_port, "abstract": self._abstract, "unix": self._unix, "segment": self._segment,
            "shared": self._shared, "terminal": self._terminal,
            **{name: os.stat(path).st_ino for name, path in inodes.items()},
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


def _helper(wrapper: int) -> int:
    """The process that judges cells; the wrapper itself where there is none."""
    found = (
        one for one in tree.children(wrapper, 2) if b"jupyter_guard.guard.helper" in tree.read(f"/proc/{one}/cmdline")
    )
    return next(found, wrapper)
