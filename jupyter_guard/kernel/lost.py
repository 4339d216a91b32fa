"""A kernel's death -> a note beside its connection file -> what the kernel started in its place says was lost.

A manager that restarts a dead kernel reuses the connection file, so that is where the next wrapper looks. A note is
for one kernel: it is removed as it is read. A shutdown or restart that somebody asked for leaves none. Neither does a
wrapper that is itself killed by SIGKILL: from the outside that is what ``restart_kernel(now=True)`` does too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from datetime import datetime

import msgspec

log = logging.getLogger("jupyter_guard")

SUFFIX = ".lost"
LARGEST_NOTE = 16 * 1024
LONGEST_LINE = 100


class Lost(msgspec.Struct, frozen=True):
    """What a kernel took with it. ``when`` is an ISO time; ``line`` and ``cell`` are of the cell that was running.

    ``line`` is its first line without secrets, empty when none ran; ``cell`` its number, 0 when it has none;
    ``executed`` counts the cells that had run before.
    """

    reason: str
    when: str
    line: str = ""
    cell: int = 0
    executed: int = 0


def note_for(connection_file: str) -> str:
    """Where the note about the kernel with this connection file lies: hidden, so that no pattern for those finds it."""
    folder, name = os.path.split(connection_file)
    return os.path.join(folder, f".{name}{SUFFIX}")


def leave(connection_file: str, lost: Lost) -> None:
    """Leave a note that only this account can read; where it cannot be written, the next kernel says nothing."""
    path = note_for(connection_file)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(lost)[:LARGEST_NOTE])
    except OSError as error:
        log.info("the next kernel will not say what was lost: %s: %s", path, error.strerror)


def take(connection_file: str) -> Lost | None:
    """Read and remove the note for this connection file, and remove those that nobody can come for any more."""
    path = note_for(connection_file)
    found = _read(path)
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        folder = os.path.dirname(path) or os.curdir
        for name in os.listdir(folder):
            if not (name.startswith(".") and name.endswith(SUFFIX)):
                continue
            old = os.path.join(folder, name)
            # The folder may be anybody's: only what reads as one of our notes goes.
            if not os.path.exists(os.path.join(folder, name[1 : -len(SUFFIX)])) and _read(old) is not None:
                os.unlink(old)
    return found


def _read(path: str) -> Lost | None:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        # The folder can be one where others write too: then the words are not ours.
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_NOTE:
            return None
        if os.name != "nt" and (about.st_uid != os.geteuid() or about.st_mode & 0o077):
            log.warning("a note about a lost kernel is not this account's own; ignored")
            return None
        try:
            return msgspec.json.decode(file.read(), type=Lost)
        except msgspec.MsgspecError:
            return None


def first_line(code: str) -> str:
    """The first line of a cell that says anything, of printable characters and bounded length."""
    line = next((one.strip() for one in code.splitlines() if one.strip()), "")
    shown = "".join(one if one.isprintable() else " " for one in line[: LONGEST_LINE + 1])
    return shown if len(shown) <= LONGEST_LINE else shown[:LONGEST_LINE] + "..."


def sentence(lost: Lost) -> str:
    """What is said once in the kernel that was started in the dead one's place."""
    try:
        when = datetime.fromisoformat(lost.when).astimezone().strftime(" on %Y-%m-%d at %H:%M:%S")
    except ValueError:
        when = ""
    reason = lost.reason.removeprefix("The kernel died: ")
    parts = [f"This kernel was started in place of one that died{when}: {reason}"]
    if lost.line:
        number = f" [{lost.cell}]" if lost.cell else ""
        parts.append(f"The cell{number} that was running begins: {lost.line}")
    if lost.executed:
        cells = "1 executed cell" if lost.executed == 1 else f"{lost.executed} executed cells"
        parts.append(f"The variables of {cells} are gone.")
    return "\n".join(parts)
