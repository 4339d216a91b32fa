"""Evaluated samples -> a table on disk, so that many of them take no memory; read in order, or by model and task."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import msgspec

from jupyter_guard.evaluate.measure import Evaluated

_TABLE: Final = "create table samples (model blob, task blob, value blob)"
_INDEX: Final = "create index by_task on samples (model, task)"
_decoder = msgspec.json.Decoder(Evaluated)


class Kept:
    """A context manager; the table lies in a temporary file of SQLite's own, and goes with it."""

    def __init__(self) -> None:
        # An empty name: on disk where it grows, deleted when it is closed (https://sqlite.org/inmemorydb.html).
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute(_TABLE)
        self._table.execute(_INDEX)
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._table.close()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Evaluated]:
        """All, in the order in which they were added."""
        for (value,) in self._table.execute("select value from samples order by rowid"):
            yield decoded(value)

    def add(self, one: Evaluated) -> None:
        """Keep a sample; of its cells the text is not kept."""
        names = (_bytes(one.sample.model), _bytes(one.sample.task))
        self._table.execute("insert into samples values (?, ?, ?)", (*names, encoded(one)[0]))
        self._count += 1

    def by_task(self) -> dict[str, Tasks]:
        """Model -> task -> its samples, in the order of their names."""
        rows = self._table.execute("select distinct model from samples order by model")
        return {_text(model): Tasks(self._table, model) for (model,) in rows}


class Tasks(Mapping[str, Sequence[Evaluated]]):
    """A model's tasks in the order of their names, each read when it is asked for."""

    def __init__(self, table: sqlite3.Connection, model: bytes) -> None:
        self._table = table
        self._model = model

    def __len__(self) -> int:
        query = "select count(distinct task) from samples where model = ?"
        return int(self._table.execute(query, (self._model,)).fetchone()[0])

    def __iter__(self) -> Iterator[str]:
        query = "select distinct task from samples where model = ? order by task"
        for (task,) in self._table.execute(query, (self._model,)):
            yield _text(task)

    def __getitem__(self, task: str) -> Sequence[Evaluated]:
        query = "select value from samples where model = ? and task = ? order by rowid"
        found = [decoded(value) for (value,) in self._table.execute(query, (self._model, _bytes(task)))]
        if not found:
            raise KeyError(task)
        return found


def encoded(one: Evaluated) -> tuple[bytes, bool]:
    """A sample as JSON, and whether every reader of JSON takes it: half a character is spelled out."""
    try:
        return msgspec.json.encode(one), True
    except UnicodeError:
        return json.dumps(msgspec.to_builtins(one)).encode(), False


def decoded(value: bytes) -> Evaluated:
    """The sample that ``encoded`` wrote."""
    try:
        return _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeError):
        return msgspec.convert(json.loads(value), Evaluated)


# As bytes, names are in the order of their characters, and any text can be one.
def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
