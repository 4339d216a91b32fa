"""The journals of a folder -> an SQLite file that knows where each record stands, so that few lines are read.

It is no record: what is shown is read from the journals, and a file that is missing, broken or of another version is
made anew. It belongs on a local disk: SQLite's locks do not hold on NFS, where homes and so journals often are.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from jupyter_guard.audit.place import journals, link_of
from jupyter_guard.audit.query import Query, moment
from jupyter_guard.audit.record import Record
from jupyter_guard.audit.trail import is_telling

VERSION = 1
_BATCH = 5_000
_OPEN_FILES = 64
_BUSY_SECONDS = 10
_TABLES = """
CREATE TABLE journals (
  id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
  changed INTEGER NOT NULL, indexed INTEGER NOT NULL, last_at INTEGER NOT NULL, last_line TEXT NOT NULL
);
CREATE TABLE records (
  journal INTEGER NOT NULL REFERENCES journals (id), sequence INTEGER NOT NULL, at INTEGER NOT NULL,
  length INTEGER NOT NULL, time REAL, origin TEXT NOT NULL, state TEXT NOT NULL, user TEXT NOT NULL,
  notebook TEXT NOT NULL, request TEXT NOT NULL, rules TEXT NOT NULL, telling INTEGER NOT NULL
);
CREATE INDEX by_journal ON records (journal);
CREATE INDEX by_time ON records (time);
CREATE INDEX telling_by_time ON records (telling, time);
"""
_NEW = """INSERT INTO journals (name, inode, size, changed, indexed, last_at, last_line) VALUES (?, ?, ?, ?, ?, ?, ?)"""
_SEEN = """
UPDATE journals SET inode = ?, size = ?, changed = ?, indexed = ?, last_at = ?, last_line = ? WHERE id = ?
"""


class Found(msgspec.Struct, frozen=True):
    """A record and where it is kept."""

    path: Path
    sequence: int
    record: Record


class Index:
    """The index of one folder of journals, brought up to date when it is opened.

    ``unread`` names the journals that could not be read, each with the reason.
    Raises ``OSError`` or ``sqlite3.Error`` where it cannot be kept: then the journals have to be read as they are.
    """

    def __init__(self, path: Path, directory: Path) -> None:
        self.directory = directory
        self.unread: list[tuple[Path, str]] = []
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._database = self._opened(path)
            self._refresh()
        except sqlite3.OperationalError:
            raise  # locked, full or read only: nothing is wrong with what is there
        except sqlite3.DatabaseError:
            path.unlink()
            self._database = self._opened(path)
            self._refresh()

    @classmethod
    def of(cls, directory: Path, cache: Path) -> Index:
        """The index of ``directory`` below the local folder ``cache``."""
        name = sha256(os.fsencode(directory.resolve())).hexdigest()[:24]
        return cls(cache / f"audit-{name}.sqlite", directory)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def count(self, query: Query) -> int:
        """How many records ``find`` would give."""
        where, values = _where(query)
        row = self._database.execute(f"SELECT count(*) FROM records WHERE {where}", values).fetchone()  # noqa: S608
        return int(row[0])

    def find(self, query: Query, last: int | None = None) -> Iterator[Found]:
        """The records that pass, in the order of time; the ``last`` of them."""
        where, values = _where(query)
        text = (
            "SELECT name, sequence, at, length FROM records JOIN journals ON journal = id "  # noqa: S608 - our own words
            f"WHERE {where} ORDER BY time {{0}}, name {{0}}, sequence {{0}}"
        )
        if last is None:
            rows: Iterator[tuple[str, int, int, int]] = iter(self._database.execute(text.format("ASC"), values))
        else:
            found = self._database.execute(text.format("DESC") + " LIMIT ?", (*values, last)).fetchall()
            rows = reversed(found)
        yield from self._read(rows)

    def _read(self, rows: Iterator[tuple[str, int, int, int]]) -> Iterator[Found]:
        files: dict[str, tuple[Path, FileIO]] = {}
        try:
            for name, sequence, at, length in rows:
                if name not in files:
                    if len(files) >= _OPEN_FILES:
                        files.pop(next(iter(files)))[1].close()
                    path = self.directory / name
                    files[name] = (path, path.open("rb", buffering=0))
                path, file = files[name]
                file.seek(at)
                link = link_of(file.read(length))
                # Another record there, or none: somebody erased it a moment ago.
                if link is not None and link.record is not None and link.sequence == sequence:
                    yield Found(path, sequence, link.record)
        finally:
            for _, file in files.values():
                file.close()

    @staticmethod
    def _opened(path: Path) -> sqlite3.Connection:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
        database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            database.execute("PRAGMA synchronous = NORMAL")
            # What was erased in a journal is not to stay in a free page here.
            database.execute("PRAGMA secure_delete = ON")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise sqlite3.DatabaseError(f"version {version}")
        except BaseException:
            database.close()
            raise
        return database

    def _refresh(self) -> None:
        database = self._database
        try:
            database.execute("BEGIN IMMEDIATE")
            if not database.execute("PRAGMA user_version").fetchone()[0]:
                for statement in _TABLES.split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {VERSION}")
            known = {row[1]: row for row in database.execute("SELECT * FROM journals")}
            paths = journals(self.directory)
            for name in known.keys() - {path.name for path in paths}:
                self._forget(known[name][0])
            for path in paths:
                try:
                    self._take_in(path, known.get(path.name))
                except OSError as problem:
                    self.unread.append((path, problem.strerror or str(problem)))
            database.execute("COMMIT")
        except BaseException:
            with closing(database), suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise

    def _forget(self, journal: int) -> None:
        self._database.execute("DELETE FROM records WHERE journal = ?", (journal,))
        self._database.execute("DELETE FROM journals WHERE id = ?", (journal,))

    def _take_in(self, path: Path, known: tuple[int, str, int, int, int, int, int, str] | None) -> None:
        """Index what is new in a journal: what was appended, or all where it is another file than it was."""
        about = path.stat()
        mark = (about.st_ino, about.st_size, about.st_mtime_ns)
        if known is not None and known[2:5] == mark:
            return
        with path.open("rb") as file:
            if known is not None and not _went_on(file, about, known):
                self._forget(known[0])
                known = None
            if known is None:
                at = last_at = 0
                last_line = ""
                row = (path.name, *mark, 0, 0, "")
                number = self._database.execute(_NEW, row).lastrowid
            else:
                number, at, last_at, last_line = known[0], *known[5:8]
            file.seek(at)
            rows = []
            line = b""
            for line in file:
                if not line.endswith(b"\n"):
                    break
                if row_of := _row(number or 0, at, line):
                    rows.append(row_of)
                last_at, last_line, at = at, sha256(line).hexdigest(), at + len(line)
                if len(rows) >= _BATCH:
                    self._insert(rows)
                    rows = []
            self._insert(rows)
        self._database.execute(_SEEN, (*mark, at, last_at, last_line, number))

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        self._database.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _went_on(file: BinaryIO, about: os.stat_result, known: tuple[int, str, int, int, int, int, int, str]) -> bool:
    """Whether the journal is the one that was indexed, with more behind it."""
    _, _, inode, size, _, indexed, last_at, last_line = known
    if about.st_ino != inode or about.st_size <= size or not last_line:
        return False
    file.seek(last_at)
    return sha256(file.read(indexed - last_at)).hexdigest() == last_line


def _row(journal: int, at: int, line: bytes) -> tuple[object, ...] | None:
    link = link_of(line)
    if link is None or link.record is None:
        return None
    record = link.record
    when = moment(record)
    return (
        journal, link.sequence, at, len(line), None if when is None else when.timestamp(), str(record.origin),
        record.state, record.user, record.notebook, record.msg_id,
        "".join(f" {one.rule} " for one in record.findings), is_telling(record),
    )  # fmt: skip


def _where(query: Query) -> tuple[str, list[object]]:
    """The conditions in SQL, and their values."""
    parts, values = ["1"], list[object]()
    for column, words in (("origin", query.origins), ("state", query.states), ("user", query.users)):
        if words:
            parts.append(f"{column} IN ({', '.join('?' * len(words))})")
            values += words
    if query.rules:
        parts.append("(" + " OR ".join(["instr(rules, ?)"] * len(query.rules)) + ")")
        values += (f" {rule} " for rule in query.rules)
    for sign, when in ((">=", query.since), ("<", query.until)):
        if when is not None:
            parts.append(f"time {sign} ?")
            values.append(when.timestamp())
    if query.notebook:
        parts.append("instr(notebook, ?)")
        values.append(query.notebook)
    if query.request:
        parts.append("substr(request, -?) = ?")
        values += (len(query.request), query.request)
    if query.telling:
        parts.append("telling")
    return " AND ".join(parts), values
