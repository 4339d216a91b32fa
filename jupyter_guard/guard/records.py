"""A folder of journals or a store -> the records in it that somebody asks for, found by an index where there is one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_guard.audit.query import Query, moment

if TYPE_CHECKING:
    from jupyter_guard.audit import Record
    from jupyter_guard.audit.fleet import Fleet
    from jupyter_guard.audit.index import Found, Index

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Records(Protocol):
    """Records, in the order of time; ``name`` says where they are. Methods raise ``StoreError``."""

    name: str

    def find(self, query: Query, last: int | None = None) -> Iterator[tuple[str, int, Record]]:
        """Where it is kept, its sequence, and each record that passes; ``last`` says how many at most."""
        ...

    def count(self, query: Query) -> int:
        """How many pass."""
        ...


class FleetRecords:
    """Those of a database."""

    def __init__(self, store: Fleet) -> None:
        self.name = store.name
        self._store = store

    def find(self, query: Query, last: int | None = None) -> Iterator[tuple[str, int, Record]]:
        """See ``Records``."""
        for kernel, sequence, record in self._store.find(query, last):
            yield f"{self.name}, kernel {kernel}", sequence, record

    def count(self, query: Query) -> int:
        """See ``Records``."""
        return self._store.count(query)


class FolderRecords:
    """Those of the journals in a folder; ``unread`` is told of each that cannot be read, and why."""

    def __init__(self, folder: Path, unread: Callable[[Path, str], None] = lambda *_: None) -> None:
        self.name = f"Journals in {folder}"
        self._folder, self._unread = folder, unread
        self._index = _index(folder)
        for path, why in self._index.unread if self._index else ():
            unread(path, why)
        self._all: list[Found] | None = None

    def find(self, query: Query, last: int | None = None) -> Iterator[tuple[str, int, Record]]:
        """See ``Records``."""
        found: Iterable[Found]
        if self._index is not None:
            found = self._index.find(query, last)
        else:
            chosen = [one for one in self._read() if query.passes(one.record)]
            found = chosen if last is None else chosen[-last:]
        for one in found:
            yield str(one.path), one.sequence, one.record

    def count(self, query: Query) -> int:
        """See ``Records``."""
        if self._index is not None:
            return self._index.count(query)
        return sum(query.passes(one.record) for one in self._read())

    def _read(self) -> list[Found]:
        """Without an index: every line of every journal."""
        if self._all is None:
            from jupyter_guard.audit.index import Found
            from jupyter_guard.audit.place import journals, read_records

            self._all = []
            for path in journals(self._folder):
                try:
                    self._all += (Found(path, number, record) for number, record in read_records(path))
                except OSError as problem:
                    self._unread(path, problem.strerror or str(problem))
            never = datetime.min.replace(tzinfo=UTC)
            self._all.sort(key=lambda one: (moment(one.record) or never, one.path.name, one.sequence))
        return self._all


def query_of(**chosen: Any) -> Query:
    """The conditions that people name: ``since``, ``until`` (times), ``notebook``, ``request``, and several of each of
    ``origin``, ``state``, ``rule``, ``user``. Raises ``ValueError`` for a time that is none, after its name.
    """
    return Query(
        since=when(chosen.get("since"), "since"),
        until=when(chosen.get("until"), "until"),
        origins=tuple(chosen.get("origin") or ()),
        states=tuple(chosen.get("state") or ()),
        rules=tuple(chosen.get("rule") or ()),
        users=tuple(chosen.get("user") or ()),
        notebook=chosen.get("notebook") or "",
        request=chosen.get("request") or "",
    )


def when(text: str | None, name: str) -> datetime | None:
    """A point in time: ISO 8601, or so long ago. Raises ``ValueError``, whose second argument is ``name``."""
    if not text:
        return None
    now = datetime.now(UTC)
    try:
        if text[-1] in _UNITS and text[:-1].isdecimal():
            return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.astimezone()
    except (ValueError, OverflowError):
        said = f"{text!r} is no time: expected 2026-01-31, 2026-01-31T12:00, or 30m, 6h, 7d"
        raise ValueError(said, name) from None


def _index(folder: Path) -> Index | None:
    import sqlite3

    from jupyter_guard.audit.index import Index
    from jupyter_guard.isolate.filesystems import is_local
    from jupyter_guard.scrub.cache import cache_directory

    cache = Path(cache_directory(os.environ, str(Path.home())))
    try:
        return Index.of(folder, cache) if folder.is_dir() and is_local(str(cache)) else None
    except (OSError, sqlite3.Error, UnicodeError):
        return None  # a full or read-only disk: the journals are all there is to read
