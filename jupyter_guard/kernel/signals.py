"""Signals to this process -> bytes on a socket that the relay polls, so that nothing happens between two lines."""

from __future__ import annotations

import contextlib
import os
import signal
import socket

INTERRUPT, TERMINATE = int(signal.SIGINT), int(signal.SIGTERM)
STOP, CONTINUE = int(getattr(signal, "SIGSTOP", 0)), int(getattr(signal, "SIGCONT", 0))
CHILD, KILL = int(getattr(signal, "SIGCHLD", 0)), int(getattr(signal, "SIGKILL", signal.SIGTERM))


class Signals:
    """Catches what the manager sends; ``reader`` becomes readable, ``take`` gives the numbers."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (INTERRUPT, TERMINATE, CHILD):
            if number:
                signal.signal(number, _noted)

    def take(self) -> list[int]:
        """The signals that came since the last call."""
        with contextlib.suppress(BlockingIOError):
            return list(self.reader.recv(4096))
        return []


def _noted(_number: int, _frame: object) -> None:
    """The interpreter writes the number to the wake-up socket; there is nothing to do here."""


def starter() -> int:
    """The process with which this one has to end: its parent, 0 for none, -1 when it is gone already."""
    named = os.environ.get("JPY_PARENT_PID", "")
    if not named.isdigit() or named in ("0", "1"):
        return 0
    parent = os.getppid()
    if parent == 1:
        try:
            os.kill(int(named), 0)
        except ProcessLookupError:
            return -1
        except OSError:
            return parent
    return parent


def send(pid: int, number: int) -> None:
    """Signal the child's whole process group, as managers do; one that is gone is fine."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
