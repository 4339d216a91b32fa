"""The index finds what reading every line finds, and is no record: whatever happens to it, it is made anew."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.audit import Journal, Judged, Link, Record
from jupyter_guard.audit.index import Index
from jupyter_guard.audit.query import Query
from jupyter_guard.terms import Origin, Severity, Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int, **more: object) -> Record:
    facts: dict[str, object] = {
        "time": (START + timedelta(minutes=number)).isoformat(), "kernel": "k", "msg_id": f"m{number}", "sha256": "0" * 64,
        "verdict": Verdict.ALLOW, "would_be": Verdict.ALLOW, "state": "ran", "sentence": "", "origin": Origin.HUMAN,
        "policy": "p", "user": "ann", "notebook": "/work/sales.ipynb", "number": number, **more,
    }  # fmt: skip
    return Record(**facts)  # type: ignore[arg-type]


def write(folder: Path, name: str, *records: Record) -> Path:
    with Journal(folder / f"{name}.jsonl", resume=True) as journal:
        for one in records:
            journal.append(one)
    return journal.path


def numbers(tmp_path: Path, query: Query | None = None, last: int | None = None) -> list[int]:
    index = Index.of(tmp_path / "audit", tmp_path / "cache")
    try:
        query = query or Query()
        found = [one.record.number for one in index.find(query, last)]
        assert last is not None or index.count(query) == len(found)
        return found
    finally:
        index.close()


records = st.builds(
    record,
    st.integers(0, 30),
    user=st.sampled_from(["ann", "bo", "", "o'%_"]),
    state=st.sampled_from(["ran", "blocked", "ok"]),
    origin=st.sampled_from(list(Origin)),
    notebook=st.sampled_from(["/work/sales.ipynb", "/work/%.ipynb", ""]),
    findings=st.lists(
        st.builds(Judged, st.sampled_from(["JG301", "JG30", "JG3011"]), st.just(Severity.HIGH), st.just(Verdict.WARN), st.just(""), st.just("")),
        max_size=2,
    ).map(tuple),
)  # fmt: skip
times = st.none() | st.integers(-1, 31).map(lambda minutes: START + timedelta(minutes=minutes))
some = st.lists
queries = st.builds(
    Query,
    since=times,
    until=times,
    origins=some(st.sampled_from([*map(str, Origin), "nobody"]), max_size=2).map(tuple),
    states=some(st.sampled_from(["ran", "blocked", "it's"]), max_size=2).map(tuple),
    rules=some(st.sampled_from(["JG301", "JG30", "G301", "JG3011 "]), max_size=2).map(tuple),
    users=some(st.sampled_from(["ann", "o'%_", ""]), max_size=2).map(tuple),
    notebook=st.sampled_from(["", "sales", "%", "_"]),
    request=st.sampled_from(["", "1", "m2"]),
    telling=st.booleans(),
)


@given(kept=st.lists(records, max_size=12), query=queries, last=st.none() | st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_it_finds_what_reading_all_finds(
    kept: list[Record], query: Query, last: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp_path = tmp_path_factory.mktemp("index")
    for at, one in enumerate(kept):
        write(tmp_path / "audit", f"k{at % 3}", one)
    expected = sorted(one.number for one in kept if query.passes(one))
    assert numbers(tmp_path, query, last) == (expected if last is None else expected[-last:])


def test_what_was_added_removed_and_cut_is_seen_at_the_next_look(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    path = write(folder, "k1", record(1), record(2))
    assert numbers(tmp_path) == [1, 2]
    write(folder, "k1", record(4))
    write(folder, "k2", record(3))
    assert numbers(tmp_path) == [1, 2, 3, 4]
    assert numbers(tmp_path, last=2) == [3, 4]
    with path.open("ab") as file:
        file.write(b'{"sequence":4,')  # a writer that was killed
    assert numbers(tmp_path) == [1, 2, 3, 4]
    write(folder, "k1", record(5))
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]
    (folder / "k2.jsonl").unlink()
    assert numbers(tmp_path) == [1, 2, 4, 5]


def test_a_journal_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "audit", "k1", record(1), record(2), record(3))
    assert numbers(tmp_path) == [1, 2, 3]
    lines = path.read_bytes().splitlines(keepends=True)
    erased = msgspec.json.encode(msgspec.json.decode(lines[1], type=Link).erased()) + b"\n"
    path.with_suffix(".new").write_bytes(lines[0] + erased + lines[2])
    path.with_suffix(".new").replace(path)
    assert numbers(tmp_path) == [1, 3]
    path.write_bytes(b"".join(lines).replace(b'"user":"ann"', b'"user":"bob"'))  # in place, as long as it was
    assert numbers(tmp_path, Query(users=("bob",))) == [1, 2, 3]


@pytest.mark.parametrize("damage", ["missing", "no database", "newer", "half"])
def test_whatever_happens_to_it_it_is_made_anew(tmp_path: Path, damage: str) -> None:
    write(tmp_path / "audit", "k1", *(record(number) for number in range(300)))
    assert len(numbers(tmp_path)) == 300
    (path,) = (tmp_path / "cache").glob("*.sqlite")
    assert path.stat().st_mode & 0o777 == 0o600
    if damage == "missing":
        path.unlink()
    elif damage == "no database":
        path.write_bytes(b"something else" * 1000)
    elif damage == "newer":
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
    else:
        os.truncate(path, path.stat().st_size // 2)
    assert numbers(tmp_path) == list(range(300))


def test_it_is_not_made_anew_for_being_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "audit", "k1", record(1))
    assert numbers(tmp_path) == [1]
    (path,) = (tmp_path / "cache").glob("*.sqlite")
    inode = path.stat().st_ino
    monkeypatch.setattr("jupyter_guard.audit.index._BUSY_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        numbers(tmp_path)
    other.close()
    assert path.stat().st_ino == inode
    assert numbers(tmp_path) == [1]


def test_a_journal_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path / "audit", "k1", record(1))
    (tmp_path / "audit" / "k2.jsonl").mkdir()
    index = Index.of(tmp_path / "audit", tmp_path / "cache")
    assert [path.name for path, _ in index.unread] == ["k2.jsonl"]
    assert index.count(Query()) == 1
    index.close()
