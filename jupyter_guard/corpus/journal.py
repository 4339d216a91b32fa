"""A long run's results -> a file from which the next run takes them, so that it goes on where this one stopped.

A line a result, in the order in which they came: ``{"key": ..., "result": ...}``. A key holds nothing of what it
stands for. Only where a line stands is held in memory, 100 bytes a result; results are read when they are wanted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BLOCK: Final = 1 << 20


class JournalError(Exception):
    """A journal that cannot be used: one sentence that says why, without the file's name."""


class Entry(msgspec.Struct, frozen=True):
    """One line."""

    key: str
    result: msgspec.Raw


_decoder = msgspec.json.Decoder(Entry)


class Journal:
    """Results by key. A context manager.

    A last line that was cut off is dropped. Raises ``JournalError`` for a file that is something else, cannot be
    opened, or that another run writes to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[bytes, tuple[int, int]] = {}
        self.taken = 0

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise JournalError(error.strerror or str(error)) from None
        try:
            self._lock()
            self._end = self._read()
            os.ftruncate(self._descriptor, self._end)
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.close(self._descriptor)

    def recall(self, key: str) -> bytes | None:
        """What an earlier run made of it."""
        place = self._places.get(bytes.fromhex(key)) if key else None
        if place is None:
            return None
        os.lseek(self._descriptor, place[0], os.SEEK_SET)
        self.taken += 1
        return bytes(_decoder.decode(os.read(self._descriptor, place[1])).result)

    def keep(self, key: str, result: bytes) -> None:
        """Write a result down, at once: it is there even if this process is killed next."""
        line = msgspec.json.encode(Entry(key, msgspec.Raw(result))) + b"\n"
        os.lseek(self._descriptor, self._end, os.SEEK_SET)
        if os.write(self._descriptor, line) != len(line):
            os.ftruncate(self._descriptor, self._end)
            raise JournalError("not all of a result could be written: is the disk full?")
        self._places[bytes.fromhex(key)] = (self._end, len(line))
        self._end += len(line)

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError("another run writes to it") from None
        except OSError:
            # A file system without locks.
            return

    def _read(self) -> int:
        """Note where every result stands; the length of what is whole."""
        at = 0
        for number, line in enumerate(self._lines(), 1):
            try:
                key = bytes.fromhex(_decoder.decode(line).key)
            except (msgspec.MsgspecError, ValueError) as error:
                raise JournalError(f"line {number} is no journal's: {error}") from None
            self._places[key] = (at, len(line))
            at += len(line)
        if not at and os.fstat(self._descriptor).st_size:
            raise JournalError("the file is no journal")
        return at

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        while data := os.read(self._descriptor, BLOCK):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line + b"\n"
