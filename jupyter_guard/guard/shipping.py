"""The store that a policy names -> one process an account that ships its journals there, beside whatever cells do.

Each helper tries for a lock beside the journals; whose is free starts the process and holds the lock with it. When
that helper goes, the process ships what is left and goes too, and the next helper takes over. Two that do not see each
other's lock (some network file systems have none) ship the same lines, which the store keeps once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path

from jupyter_guard.audit.place import audit_directory

LOCAL = "local"
LOCK = ".ship.lock"
_LOOK_SECONDS = 5.0
_AGAIN_SECONDS = 60.0


class Shipping:
    """Sees to it that the journals of this account are shipped to where the policy says."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or audit_directory(os.environ, Path.home())
        self._store = LOCAL
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def to(self, store: str) -> None:
        """Ship to ``store`` from now on; ``"local"`` ships nowhere."""
        if store == self._store:
            return
        self._store = store
        self.close()
        if store != LOCAL:
            self._over = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(store, self._over), daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Let the process ship what is left and end; nobody waits for it."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, store: str, over: threading.Event) -> None:
        pause = 0.0
        while not over.wait(pause):
            pause = _LOOK_SECONDS
            with contextlib.suppress(OSError):
                lock = _locked(self._directory / LOCK)
                if lock is None:
                    continue
                try:
                    self._ship(store, over, lock)
                finally:
                    os.close(lock)
                pause = _AGAIN_SECONDS  # it ended by itself, and has said why

    def _ship(self, store: str, over: threading.Event, lock: int) -> None:
        import subprocess

        command = [sys.executable, "-P", "-m", "jupyter_guard.audit.ship", str(self._directory)]
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(lock,) if os.name == "posix" else (),
            # A kernel is killed with its group; this is to end after it.
            start_new_session=True,
        )
        assert child.stdin is not None
        with child.stdin, contextlib.suppress(BrokenPipeError):
            child.stdin.write(store.encode() + b"\n")
            child.stdin.flush()
            while not over.wait(_LOOK_SECONDS) and child.poll() is None:
                pass


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock at ``path``, or ``None`` where another has it. Raises ``OSError``."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        import fcntl

        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(found)
        return None
    except (ImportError, OSError):
        pass  # no locks here: each helper ships
    return found
