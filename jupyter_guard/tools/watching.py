"""What a tool does, as Python's audit events have it -> what it had not declared, and an error in its place.

Evidence, not a wall: a library in C is not seen here. The wall is the box, which has no writable place and no network
for a tool that declares no effect that needs one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any, Final

from jupyter_guard.terms import Kind

_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_SINKS: Final = re.compile(r"/dev/(?:null|zero|full|tty|stdout|stderr|fd/\d+|pts/\d+)\Z|/proc/self/fd/\d+\Z")
_PLAIN: Final = {
    "os.remove": Kind.FILE_DELETE,
    "os.rmdir": Kind.FILE_DELETE,
    "shutil.rmtree": Kind.FILE_DELETE,
    "os.rename": Kind.FILE_WRITE,
    "os.mkdir": Kind.FILE_WRITE,
    "os.link": Kind.FILE_WRITE,
    "os.symlink": Kind.FILE_WRITE,
    "os.truncate": Kind.FILE_WRITE,
    "os.chmod": Kind.FILE_WRITE,
    "os.chown": Kind.FILE_WRITE,
    "subprocess.Popen": Kind.PROCESS_RUN,
    "os.system": Kind.PROCESS_RUN,
    "os.exec": Kind.PROCESS_RUN,
    "os.posix_spawn": Kind.PROCESS_RUN,
    "os.spawn": Kind.PROCESS_RUN,
    "os.fork": Kind.PROCESS_RUN,
    "os.forkpty": Kind.PROCESS_RUN,
    "pty.spawn": Kind.PROCESS_RUN,
    "os.kill": Kind.PROCESS_SIGNAL,
    "os.killpg": Kind.PROCESS_SIGNAL,
    "socket.connect": Kind.NETWORK_CONNECT,
    "socket.sendto": Kind.NETWORK_CONNECT,
    "socket.bind": Kind.NETWORK_LISTEN,
}  # fmt: skip
# A tool that declares the one may do the other: data is in files, or behind a connection.
_ENOUGH: Final[dict[Kind, tuple[Kind, ...]]] = {
    Kind.FILE_WRITE: (Kind.FILE_WRITE, Kind.DATA_WRITE, Kind.DATA_DESTROY, Kind.PACKAGE_INSTALL),
    Kind.FILE_DELETE: (Kind.FILE_DELETE, Kind.DATA_DESTROY, Kind.PACKAGE_INSTALL),
    Kind.NETWORK_CONNECT: (Kind.NETWORK_CONNECT, Kind.DATA_WRITE, Kind.DATA_DESTROY, Kind.PACKAGE_INSTALL),
    Kind.PROCESS_RUN: (Kind.PROCESS_RUN, Kind.PACKAGE_INSTALL),
}
WRITING: Final = frozenset((*_ENOUGH[Kind.FILE_WRITE], Kind.FILE_DELETE))
CONNECTING: Final = frozenset((*_ENOUGH[Kind.NETWORK_CONNECT], Kind.NETWORK_LISTEN))


class UndeclaredError(PermissionError):
    """The tool is about to do what it does not declare."""


class Watch:
    """The audit hook of a process that runs a tool; ``undeclared`` has what was stopped, kind and target."""

    def __init__(self, declared: Iterable[str]) -> None:
        self._declared = frozenset(declared)
        self.undeclared: list[tuple[str, str]] = []

    @property
    def sentence(self) -> str:
        """The first that was stopped, in words."""
        kind, target = self.undeclared[0] if self.undeclared else ("", "")
        return f"it tried {kind}{f' on {target!r}' if target else ''}, which it does not declare"

    def seen(self, event: str, args: tuple[Any, ...]) -> None:
        """Raises ``UndeclaredError``."""
        kind = _PLAIN.get(event)
        if kind is None:
            if event == "open":
                kind = _opened(args)
            elif event == "sqlite3.connect":
                # SQLite opens files where no event tells of it.
                name = os.fsdecode(args[0]) if args and isinstance(args[0], (str, bytes, os.PathLike)) else ""
                kind = None if name in ("", ":memory:") or "mode=ro" in name else Kind.FILE_WRITE
            if kind is None:
                return
        if kind is Kind.PROCESS_SIGNAL and len(args) > 1 and args[1] == 0:
            return
        if self._declared.isdisjoint(_ENOUGH.get(kind, (kind,))):
            target = _target(event, args)
            self.undeclared.append((str(kind), target))
            raise UndeclaredError(f"this tool does not declare {kind}" + (f": {target}" if target else ""))


def _opened(args: tuple[Any, ...]) -> Kind | None:
    path, _mode, flags = (*args, None, None, None)[:3]
    if not isinstance(path, (str, bytes)) or not isinstance(flags, int) or not flags & _WRITES:
        return None
    return None if _SINKS.match(os.fsdecode(path)) else Kind.FILE_WRITE


def _target(event: str, args: tuple[Any, ...]) -> str:
    if not args or event in ("os.kill", "os.killpg", "os.fork", "os.forkpty"):
        return ""
    value = args[1] if event.startswith("socket.") and len(args) > 1 else args[0]
    if isinstance(value, tuple):
        return ":".join(str(one) for one in value[:2])
    return os.fsdecode(value)[:200] if isinstance(value, (str, bytes, os.PathLike)) else ""
