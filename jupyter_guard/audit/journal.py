"""Records -> a file of JSON lines, one kernel a file, only ever appended to."""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

import msgspec

from jupyter_guard.audit.chain import START, Link
from jupyter_guard.audit.record import Record

HEAD = ".head"
_STEP = 64 * 1024
_LONGEST_WAIT = 10.0
_LARGEST_SEQUENCE = 1 << 53
# Made once, here: see ``place``.
_LINKS = msgspec.json.Decoder(Link)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_SYNCED = getattr(os, "O_DSYNC", 0)


class Journal:
    """The journal of one kernel, and the spool from which other stores are filled.

    A record is one ``write`` of one line to a file opened with ``O_APPEND``, which also holds on NFS for a single
    writer. When the disk is full the lines wait in memory, in order, and the next record tries again: ``waiting`` says
    how many. ``path.head`` holds the last sequence and hash, so that a removed tail is seen.

    With ``resume`` an existing journal goes on, behind the last whole line, which ``last`` holds. Where its head names
    a later one, that was removed: the next line follows the removed one, and ``verify`` finds what is missing.

    A write to a file of another machine's may succeed and find no room later, when nobody asks any more (write(2)).
    ``synced`` says that the file is one: then each write is over only when the bytes are there.

    Raises ``OSError`` when the file cannot be created or another process holds it, ``msgspec.DecodeError`` when what
    is there is no journal.
    """

    def __init__(self, path: Path, resume: bool = False, synced: bool = False) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.last: Record | None = None
        self._previous, self._sequence = START, 0
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _NO_LINKS | (0 if resume else os.O_EXCL)
        self._file = _opened(path, flags | (_SYNCED if synced else 0))
        if resume:
            self._continue()
        self._head = os.open(path.with_name(path.name + HEAD), os.O_WRONLY | os.O_CREAT | _NO_LINKS, 0o600)
        self._lines: deque[bytes] = deque()
        self._end, self._has_failed = os.fstat(self._file).st_size, False
        if not self._sequence:
            self.flush()  # a head that says that there is nothing yet

    def _continue(self) -> None:
        """Go on behind the last whole line. What a killed writer left of one was acknowledged to nobody."""
        size = os.fstat(self._file).st_size
        tail = b""
        while size and tail.count(b"\n") < 2:
            step = min(size, _STEP)
            size -= step
            tail = os.pread(self._file, step, size) + tail
        whole = tail.rfind(b"\n") + 1
        if whole < len(tail):
            os.ftruncate(self._file, size + whole)
        lines = tail[:whole].splitlines()
        if lines:
            link = _LINKS.decode(lines[-1])
            self._previous, self._sequence, self.last = link.hash, link.sequence, link.record
        head = read_head(self.path)
        if head is not None and self._sequence <= head[0] < _LARGEST_SEQUENCE and head[1] != self._previous:
            # The end was removed, or written anew. It goes on behind what was there, so that this shows for ever.
            self._sequence, self._previous = head

    @property
    def waiting(self) -> int:
        """Lines that could not be written yet."""
        return len(self._lines)

    def append(self, record: Record) -> int:
        """Add a record and return its sequence number, from 1. Never raises for a full disk."""
        self._sequence += 1
        link = Link.after(self._previous, self._sequence, record, token_hex(16))
        self._previous = link.hash
        self._lines.append(msgspec.json.encode(link, order="deterministic") + b"\n")
        self.flush()
        return self._sequence

    def flush(self) -> bool:
        """Try to write what waits; whether all of it is in the file now."""
        while self._lines:
            line = self._lines[0]
            try:
                self._mend(line)
                written = os.write(self._file, line)
            except OSError:
                self._has_failed = True
                return False
            self._end += written
            if written < len(line):
                # The rest must follow these bytes and nothing else may: the line is not whole until it does.
                self._lines[0] = line[written:]
                continue
            self._lines.popleft()
        try:
            os.pwrite(self._head, f"{self._sequence:>20} {self._previous}\n".encode(), 0)
        except OSError:
            return False
        return True

    def _mend(self, line: bytes) -> None:
        """Take away what a write of ``line`` that failed left behind: on NFS, zeros or a part of it (Linux 6.1)."""
        if not self._has_failed:
            return
        left = os.pread(self._file, os.fstat(self._file).st_size - self._end, self._end)
        if left and line.startswith(left.rstrip(b"\0")):
            os.ftruncate(self._file, self._end)
        self._has_failed = False

    def close(self) -> None:
        """Write what waits, if it can be, and close the files."""
        self.flush()
        os.close(self._file)
        os.close(self._head)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()


def _opened(path: Path, flags: int) -> int:
    """The file, held so that nobody writes it anew meanwhile; who does so now is waited for, but not for long.

    Raises ``TimeoutError``.
    """
    until = time.monotonic() + _LONGEST_WAIT
    while True:
        file = os.open(path, flags, 0o600)
        try:
            is_held = _hold(file)
            if is_held and os.path.samestat(os.fstat(file), path.lstat()):
                return file
        except FileNotFoundError:
            pass  # gone since it was opened
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        if time.monotonic() > until:
            raise TimeoutError(f"{path} is held by another process, which writes it anew or does not end")
        time.sleep(0.02)
        flags &= ~os.O_EXCL


def _hold(file: int) -> bool:
    """Whether nobody writes the file anew from now on; where there are no locks, nobody is known to."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True


def read_head(path: Path) -> tuple[int, str] | None:
    """The last sequence and hash of the journal at ``path``, or ``None`` when they are not recorded."""
    try:
        sequence, last = path.with_name(path.name + HEAD).read_text().split()
        return int(sequence), last
    except (OSError, ValueError):
        return None
