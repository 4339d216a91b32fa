"""An administrator's file -> whether this account's cells are let through for a while: break-glass.

While it is open everything is judged, recorded and boxed in as ever, and no verdict stops a cell. The file belongs to
root, and each opening has an end, a reason and who made it: one without any of these opens nothing.
"""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

FILE = Path("/etc/jupyter/jupyter_guard_break_glass.json")
LONGEST = timedelta(hours=24)
_LARGEST = 1 << 20


class OpenedError(ValueError):
    """The file is not in order, in words; it opens nothing then."""


class Opening(msgspec.Struct, frozen=True):
    """``user`` is the Hub's name of an account, or the system's where there is no Hub; times are ISO 8601 in UTC."""

    user: str
    opened: str
    until: str
    by: str
    why: str

    def holds(self, now: datetime) -> bool:
        """Whether it is open at ``now``. One longer than a day opens nothing, whoever wrote it."""
        try:
            begin, end = datetime.fromisoformat(self.opened), datetime.fromisoformat(self.until)
            return begin <= now < end and end - begin <= LONGEST and bool(self.why.strip() and self.by.strip())
        except (ValueError, TypeError):
            return False

    @property
    def sentence(self) -> str:
        """What is kept of it."""
        return f"opened by {self.by} until {self.until[:19]} UTC: {self.why}"


class Openings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds."""

    openings: tuple[Opening, ...] = ()
    version: int = 1


_DECODER = msgspec.json.Decoder(Openings)


def openings(path: Path = FILE) -> tuple[Opening, ...]:
    """All openings of the file, also those that are over; none where there is no file.

    Raises ``OpenedError`` for a file that is not root's alone to write, or no such file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise OpenedError(f"{path} cannot be read: {error.strerror}") from None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != 0 or about.st_mode & 0o022:
            raise OpenedError(f"{path} has to be a file that belongs to root and that nobody else can write")
        text = os.read(handle, _LARGEST)
    finally:
        os.close(handle)
    try:
        found = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OpenedError(f"{path} holds no openings: {error}") from None
    if found.version != 1:
        raise OpenedError(f"{path} is of version {found.version}, and this is version 1")
    return found.openings


def opening(account: str, now: datetime, path: Path = FILE) -> Opening | None:
    """The opening that holds for an account now, the one that lasts longest. Raises as ``openings``."""
    found = [one for one in openings(path) if one.user == account and one.holds(now)]
    return max(found, key=lambda one: datetime.fromisoformat(one.until), default=None)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def write(found: tuple[Opening, ...], path: Path = FILE) -> None:
    """Put openings in the place of those in the file, at once and whole. Raises ``OSError``."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(new, flags, 0o644), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(Openings(found)), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.chmod(0o644)
    new.replace(path)
