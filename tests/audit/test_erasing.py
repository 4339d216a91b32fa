"""One person's records go, everybody else's stay, and the chain holds and says what was done."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.audit import Journal, Link, Record, verify
from jupyter_guard.audit.check import Problem
from jupyter_guard.audit.erasing import InUseError, erase, stretches
from jupyter_guard.audit.journal import read_head
from jupyter_guard.audit.place import read_records
from jupyter_guard.audit.record import Received
from jupyter_guard.terms import Origin, Verdict

NOW = "2026-02-01T00:00:00+00:00"


def record(number: int, user: str = "ann", **more: Any) -> Record:
    facts = {
        "time": f"2026-01-01T00:{number:02}:00+00:00", "kernel": "k1", "msg_id": f"m{number}", "sha256": "0" * 64,
        "verdict": Verdict.ALLOW, "would_be": Verdict.ALLOW, "state": "ran", "sentence": f"reads `{user}.csv`",
        "origin": Origin.HUMAN, "policy": "p", "user": user, "number": number, **more,
    }  # fmt: skip
    return Record(**facts)


def write(folder: Path, *records: Record) -> Path:
    path = folder / "2026-01-01-k1.jsonl"
    with Journal(path, resume=True) as journal:
        for one in records:
            journal.append(one)
    return path


def problems(path: Path) -> list[Problem]:
    with path.open("rb") as file:
        return list(verify(file, read_head(path)))


@given(users=st.lists(st.sampled_from(["ann", "bo", "cy"]), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_only_theirs_go_and_the_chain_holds(users: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write(tmp_path_factory.mktemp("erase"), *(record(number, user) for number, user in enumerate(users, 1)))
    before = path.read_bytes().splitlines()
    count = erase(path, lambda one: one.user == "ann", "root", "they asked for it", NOW)
    assert count == users.count("ann")
    assert b"ann" not in path.read_bytes()
    assert problems(path) == []
    after = path.read_bytes().splitlines()
    assert len(after) == len(before) + bool(count)
    for user, old, new in zip(users, before, after, strict=False):
        assert (old == new) == (user != "ann")
    # Neither what it said nor the salt is there, and hashes are what they were.
    for old, new in zip(before, after, strict=False):
        was, now = msgspec.json.decode(old, type=Link), msgspec.json.decode(new, type=Link)
        assert (was.hash, was.commitment) == (now.hash, now.commitment)
        assert (now.salt == "") == (now.record is None)


def test_it_says_who_did_it_why_and_what(tmp_path: Path) -> None:
    path = write(tmp_path, record(1), record(2), record(3, "bo"), record(4))
    erase(path, lambda one: one.user == "ann", "root", "they asked for it", NOW)
    (_, kept), (sequence, told) = read_records(path)
    assert (kept.user, sequence) == ("bo", 5)
    assert (told.event, told.user, told.erased, told.time) == ("erasure", "root", ((1, 2), (4, 4)), NOW)
    assert told.sentence == "3 records were erased: they asked for it"
    assert erase(path, lambda _: True, "root", "again", NOW) == 1  # what told of the first stays
    assert problems(path) == []


def test_a_record_that_goes_on_the_quiet_is_still_found_beside_one_that_was_erased(tmp_path: Path) -> None:
    path = write(tmp_path, record(1), record(2, "bo"), record(3, "bo"))
    erase(path, lambda one: one.user == "ann", "root", "they asked for it", NOW)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = msgspec.json.encode(msgspec.json.decode(lines[1], type=Link).erased()) + b"\n"
    path.write_bytes(b"".join(lines))
    assert [(one.kind, one.line) for one in problems(path)] == [("erased", 2)]


def test_the_journal_goes_on_behind_it_and_nothing_is_kept_twice(tmp_path: Path) -> None:
    received = Received(1000, NOW, 7, "f" * 64)
    path = write(tmp_path, record(1, received=received), record(2, received=received))
    path.chmod(0o640)
    erase(path, lambda _: True, "root", "all", NOW)
    assert path.stat().st_mode & 0o777 == 0o640
    with Journal(path, resume=True) as journal:
        assert journal.last is not None
        assert (journal.last.number, journal.last.received) == (2, received)
        journal.append(record(3, time="2026-02-01T00:00:09+00:00"))
    assert problems(path) == []


def test_while_a_kernel_writes_it_nothing_is_erased(tmp_path: Path) -> None:
    path = tmp_path / "2026-01-01-k1.jsonl"
    with Journal(path) as journal:
        journal.append(record(1))
        before = path.read_bytes()
        with pytest.raises(InUseError, match="its kernel has to end first"):
            erase(path, lambda _: True, "root", "all", NOW)
        journal.append(record(2))
        assert path.read_bytes().startswith(before)
    assert erase(path, lambda _: True, "root", "all", NOW) == 2


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_where_it_fails_halfway_all_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    path = write(tmp_path, record(1), record(2))
    before = path.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", full) if at == "fsync" else (Path, "replace", full)))
    with pytest.raises(OSError, match="space"):
        erase(path, lambda _: True, "root", "all", NOW)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == [path.name, path.name + ".head"]
    assert problems(path) == []


def test_damaged_lines_are_left_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, record(1), record(2), record(3))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:30] + b"\n" + lines[2])
    assert erase(path, lambda _: True, "root", "all", NOW) == 2
    assert path.read_bytes().splitlines(keepends=True)[1] == lines[1][:30] + b"\n"
    assert [(one.kind, one.line) for one in problems(path)] == [("cut", 2)]


@given(st.sets(st.integers(1, 60)))
def test_stretches_hold_exactly_these(numbers: set[int]) -> None:
    found = stretches(sorted(numbers))
    assert {one for first, last in found for one in range(first, last + 1)} == numbers
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))


def test_an_end_that_was_removed_is_still_missing_when_records_are_erased(tmp_path: Path) -> None:
    path = write(tmp_path, record(1), record(2, "bo"), record(3))
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert [one.kind for one in problems(path)] == ["tail"]
    erase(path, lambda one: one.user == "ann", "root", "they asked for it", NOW)
    assert "one record is missing" in problems(path)[0].message
