"""What is added to journals is seen once, whatever happens to the files meanwhile."""

from __future__ import annotations

from pathlib import Path

from jupyter_guard.audit import Journal
from jupyter_guard.audit.erasing import erase
from jupyter_guard.audit.follow import Follower

from .test_erasing import NOW, record, write


def numbers(follower: Follower, most: int = 1_000) -> list[int]:
    return [one.number for _, one in follower.new(most) if one.event == "decision"]


def test_each_new_record_once(tmp_path: Path) -> None:
    path = write(tmp_path, record(1), record(2))
    follower = Follower(tmp_path)
    assert numbers(follower) == []
    write(tmp_path, record(3))
    with Journal(tmp_path / "2026-01-02-k2.jsonl") as other:
        other.append(record(10))
    assert [numbers(follower), numbers(follower)] == [[3, 10], []]
    whole = path.read_bytes()
    write(tmp_path, record(4))
    line = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + line[:40])
    assert numbers(follower) == []
    path.write_bytes(whole + line)
    assert numbers(follower) == [4]


def test_what_comes_at_once_comes_in_parts(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    write(tmp_path, *(record(number) for number in range(10)))
    assert [numbers(follower, 4) for _ in range(4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []]


def test_a_journal_that_was_written_anew_brings_nothing_again(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    path = write(tmp_path, record(1), record(2, "bo"))
    assert numbers(follower) == [1, 2]
    erase(path, lambda one: one.user == "ann", "root", "they asked", NOW)
    assert [one.event for _, one in follower.new()] == ["erasure"]
    write(tmp_path, record(3))
    assert numbers(follower) == [3]


def test_what_is_missing_or_no_journal_is_left_out(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "not-there")
    assert follower.new() == []
    (tmp_path / "not-there").mkdir()
    (tmp_path / "not-there" / "a.jsonl").mkdir()
    (tmp_path / "not-there" / "b.jsonl").write_text("nonsense\n")
    assert follower.new() == []
    write(tmp_path / "not-there", record(1))
    assert numbers(follower) == [1]
