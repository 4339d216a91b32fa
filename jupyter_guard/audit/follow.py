"""The journals of a folder -> the records that are added to them from now on, each once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from jupyter_guard.audit.place import journals, link_of
from jupyter_guard.audit.record import Record


class _Place(msgspec.Struct):
    inode: int
    offset: int
    sequence: int


class Follower:
    """Looks at the journals in ``directory`` whenever it is asked; what is there at first does not count."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._places: dict[Path, _Place] = {}
        for path, about in self._files():
            # The end of the last whole line is found when there is more: a part of one is no record.
            self._places[path] = _Place(about.st_ino, about.st_size, 0)

    def new(self, most: int = 1_000) -> list[tuple[int, Record]]:
        """Sequence and record of what is new since the last time, at most so many; the rest comes the next time."""
        found: list[tuple[int, Record]] = []
        for path, about in self._files():
            place = self._places.setdefault(path, _Place(about.st_ino, 0, 0))
            if place.inode != about.st_ino:
                place.inode, place.offset = about.st_ino, 0  # written anew, without what was erased
            if about.st_size <= place.offset:
                continue
            try:
                self._read(path, place, found, most)
            except OSError:
                continue  # not this account's to read, or gone
            if len(found) >= most:
                break
        return found

    @staticmethod
    def _read(path: Path, place: _Place, found: list[tuple[int, Record]], most: int) -> None:
        with path.open("rb") as file:
            file.seek(place.offset)
            for line in file:
                if not line.endswith(b"\n") or len(found) >= most:
                    break
                place.offset += len(line)
                link = link_of(line)
                if link is not None and link.sequence > place.sequence:
                    place.sequence = link.sequence
                    if link.record is not None:
                        found.append((link.sequence, link.record))

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in journals(self._directory):
            try:
                yield path, path.stat()
            except OSError:
                continue
