"""Records that are to be forgotten -> a journal without them whose chain still holds, and which says that it was done.

A line keeps its place, its hash and a commitment to the record; the record and the salt go, and with them any way to
guess what it said. The last line tells who erased which sequences, and why.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from jupyter_guard.audit.journal import HEAD, Journal, read_head
from jupyter_guard.audit.place import kernel_of, link_of
from jupyter_guard.audit.record import Received, Record
from jupyter_guard.terms import Origin, Verdict

ERASURE = "erasure"
_NEW = ".new"
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


class InUseError(OSError):
    """A kernel still writes this journal."""


def erase(path: Path, wanted: Callable[[Record], bool], by: str, why: str, time: str) -> int:
    """Forget what ``wanted`` says, and return how many records that were. Records of erasures stay.

    Raises ``InUseError`` while a kernel writes the journal, ``OSError`` when it cannot be written anew; then it is as
    it was.
    """
    new = path.with_name(path.name + _NEW)
    # Only what could be written can be locked on NFS.
    with path.open("rb+") as file:
        _lock(file.fileno(), path)
        about = os.fstat(file.fileno())
        erased, number, received = list[int](), 0, None
        for part in (new, new.with_name(new.name + HEAD)):
            part.unlink(missing_ok=True)  # of one that was killed
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS, 0o600), "wb") as copy:
                for line in file:
                    link = link_of(line)
                    record = link.record if link is not None else None
                    if link is not None and record is not None:
                        number = max(number, record.number)
                        if record.received is not None and not record.received.late:
                            received = record.received
                        if record.event != ERASURE and wanted(record):
                            erased.append(link.sequence)
                            line = msgspec.json.encode(link.erased()) + b"\n"
                    copy.write(line)
                _as_it_was(copy.fileno(), about)
            if not erased:
                new.unlink()
                return 0
            _copy_head(path, new)
            _tell(new, path, erased, Told(by, why, time, number, received))
            for part in (new, new.with_name(new.name + HEAD)):
                _synced(part)
            # The head last: one that names an earlier line of the same journal is no problem.
            new.replace(path)
            new.with_name(new.name + HEAD).replace(path.with_name(path.name + HEAD))
        except BaseException:
            for part in (new, new.with_name(new.name + HEAD)):
                part.unlink(missing_ok=True)
            raise
    return len(erased)


class Told(msgspec.Struct, frozen=True):
    """What is said of an erasure. ``number`` and ``received`` go on where the journal was: nothing is kept twice."""

    by: str
    why: str
    time: str
    number: int
    received: Received | None


def stretches(sequences: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """First and last of each run of numbers that follow each other; ``sequences`` ascend."""
    found: list[tuple[int, int]] = []
    for one in sequences:
        if found and found[-1][1] + 1 == one:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return tuple(found)


def _copy_head(path: Path, new: Path) -> None:
    """Where the end of the journal was removed, that is still to be seen."""
    if (head := read_head(path)) is not None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS
        with open(os.open(new.with_name(new.name + HEAD), flags, 0o600), "w") as file:
            file.write(f"{head[0]:>20} {head[1]}\n")


def _tell(new: Path, path: Path, erased: list[int], told: Told) -> None:
    with Journal(new, resume=True) as journal:
        journal.append(
            Record(
                time=told.time,
                kernel=kernel_of(path),
                msg_id="",
                sha256="",
                verdict=Verdict.ALLOW,
                would_be=Verdict.ALLOW,
                state="erased",
                sentence=f"{len(erased)} {'record was' if len(erased) == 1 else 'records were'} erased: {told.why}",
                origin=Origin.UNKNOWN,
                policy="",
                user=told.by,
                event=ERASURE,
                number=told.number,
                erased=stretches(erased),
                received=told.received,
            )
        )
        if journal.waiting:
            raise OSError(28, f"no room to write {new}")
        _as_it_was(os.open(new.with_name(new.name + HEAD), os.O_RDONLY), path.stat(), close=True)


def _lock(file: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:
        return  # Windows does not let anybody replace a file that is open
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUseError(f"{path} is in use: its kernel has to end first") from None


def _as_it_was(file: int, about: os.stat_result, close: bool = False) -> None:
    """The owner and mode of the file that this one replaces, which may be another account's than who erases."""
    try:
        if hasattr(os, "fchown"):
            os.fchown(file, about.st_uid, about.st_gid)
            os.fchmod(file, stat.S_IMODE(about.st_mode))
    finally:
        if close:
            os.close(file)


def _synced(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
