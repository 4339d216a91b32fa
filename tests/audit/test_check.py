"""Whatever is done to a journal's lines is found, named, and found at its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.audit import Approval, Journal, Judged, Link, Record, verify
from jupyter_guard.audit.erasing import erase
from jupyter_guard.audit.journal import read_head
from jupyter_guard.terms import Origin, Severity, Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int, clock: float | None = None, uptime: float = 0.0, **more: object) -> Record:
    facts: dict[str, object] = {
        "time": (START + timedelta(seconds=number if clock is None else clock)).isoformat(),
        "kernel": "k", "msg_id": f"m{number}", "sha256": "0" * 64, "verdict": Verdict.BLOCK, "would_be": Verdict.BLOCK,
        "state": "blocked", "sentence": "deletes table `sales` \u2713", "origin": Origin.ASSISTANT, "policy": "p", "user": "ann",
        "findings": (Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes", "preset"),), "number": number,
        "approvals": (Approval("once", "panel"),), "redactions": {"jwt": 2}, "uptime": uptime, **more,
    }  # fmt: skip
    return Record(**facts)  # type: ignore[arg-type]


def written(path: Path, *records: Record) -> tuple[list[bytes], tuple[int, str] | None]:
    with Journal(path) as kept:
        for one in records:
            kept.append(one)
    return path.read_bytes().splitlines(keepends=True), read_head(path)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], tuple[int, str] | None]:
    path = tmp_path_factory.mktemp("audit") / "k.jsonl"
    lines, head = written(path, *(record(number, uptime=100.0 + number) for number in range(6)))
    assert list(verify(lines, head)) == []
    return lines, head


Chain = tuple[list[bytes], tuple[int, str] | None]


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_any_single_byte_that_was_changed_is_found_at_its_line(data: st.DataObject, chain: Chain) -> None:
    lines, head = chain
    place = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[place]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda new: new != lines[place][at]))
    changed = [*lines]
    changed[place] = lines[place][:at] + bytes([byte]) + lines[place][at + 1 :]
    found = list(verify(b"".join(changed).splitlines(keepends=True) if byte != 13 else changed, head))
    assert found
    assert found[0].line == place + 1


def test_every_byte_of_one_record_counts(chain: Chain) -> None:
    lines, head = chain
    for at in range(len(lines[2])):
        # The lowest bit: letters and digits stay letters and digits, so that most of it is still a record.
        changed = [*lines]
        changed[2] = lines[2][:at] + bytes([lines[2][at] ^ 1]) + lines[2][at + 1 :]
        found = list(verify(changed, head))
        assert found, at
        assert found[0].line == 3


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_records_that_were_removed_moved_or_doubled_are_found(data: st.DataObject, chain: Chain) -> None:
    lines, head = chain
    order = data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=9))
    found = list(verify([lines[one] for one in order], head))
    assert bool(found) == (order != list(range(len(lines))))


@pytest.mark.parametrize(
    ("order", "kind", "line", "words"),
    [
        ([0, 1, 3, 4, 5], "sequence", 3, "one record is missing"),
        ([0, 1, 5], "sequence", 3, "3 records are missing"),
        ([1, 2, 3, 4, 5], "sequence", 1, "sequence 2 where 1 was expected"),
        ([0, 1, 2, 2, 3, 4, 5], "sequence", 4, "sequence 3 again: line 3 has it already"),
        ([0, 2, 1, 3, 4, 5], "moved", 2, "does not follow the line before it"),
        ([0, 2, 1, 3, 4, 5], "sequence", 3, "sequence 2 where 4 was expected: moved"),
        ([0, 1, 2, 3, 4], "tail", 6, "went on to sequence 6, which is not there"),
        ([], "tail", 1, "its tail was removed"),
    ],
)
def test_each_has_its_name_and_place(chain: Chain, order: list[int], kind: str, line: int, words: str) -> None:
    lines, head = chain
    found = list(verify([lines[one] for one in order], head))
    assert any((one.kind, one.line) == (kind, line) and words in one.message for one in found), found


def test_a_record_cut_in_half_is_one_problem(chain: Chain) -> None:
    lines, head = chain
    middle = [*lines[:2], lines[2][:50] + b"\n", *lines[3:]]
    assert [(one.kind, one.line) for one in verify(middle, head)] == [("cut", 3)]
    for end in (lines[-1][:50], lines[-1][:-1]):
        assert [(one.kind, one.line) for one in verify([*lines[:-1], end], head)] == [("cut", 6)]


def test_a_tail_that_was_written_anew_is_found(chain: Chain, tmp_path: Path) -> None:
    lines, head = chain
    link = Link.after(msgspec.json.decode(lines[-2], type=Link).hash, 6, record(5, sentence="reads"), "salt")
    forged = msgspec.json.encode(link) + b"\n"
    assert [(one.kind, one.line) for one in verify([*lines[:-1], forged], head)] == [("tail", 6)]
    assert list(verify([*lines[:-1], forged])) == []  # nobody knows better


@pytest.mark.parametrize(
    ("order", "line", "words"),
    [
        ([1, 2, 4, 5], 3, "goes from 2 to 4: one record is missing before it"),
        ([1, 5], 2, "goes from 1 to 5: 3 records are missing before it"),
        ([2, 3, 4, 5], 1, "goes from 0 to 2: one record is missing before it"),
        ([1, 2, 2, 3, 4, 5], 3, "goes from 2 to 2: it was moved or is there twice"),
        ([1, 3, 2, 4, 5], 3, "goes from 3 to 2: it was moved or is there twice"),
    ],
)
def test_a_chain_that_was_made_to_fit_does_not_hide_it(tmp_path: Path, order: list[int], line: int, words: str) -> None:
    # Sequences, hashes and the head are as a writer's would be: who can write the file can make these.
    lines, head = written(tmp_path / "k.jsonl", *(record(number, 10.0) for number in order))
    found = list(verify(lines, head))
    assert {one.kind for one in found} == {"number"}
    assert any(one.line == line and words in one.message for one in found), found


def test_erasing_and_break_glass_leave_no_gap_in_the_count(tmp_path: Path) -> None:
    turned = record(2, 10.0, event="opening")
    path = tmp_path / "2026-01-01-k.jsonl"
    written(path, record(1, 10.0), record(2, 10.0), turned, *(record(number, 10.0) for number in range(3, 8)))
    assert erase(path, lambda one: one.number in (1, 2, 5, 6), "root", "asked", record(8, 10.0).time) == 5
    lines, head = path.read_bytes().splitlines(keepends=True), read_head(path)
    assert list(verify(lines, head)) == []


def test_a_line_after_the_head_is_a_writer_that_was_ended(chain: Chain) -> None:
    lines, _ = chain
    before = msgspec.json.decode(lines[3], type=Link)
    assert list(verify(lines, (before.sequence, before.hash))) == []


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (record(1, clock=-3600.0), "jumped back by 3600 s"),
        (record(1, clock=3600.0, uptime=101.0), "jumped forward by 3599 s"),
        (record(1, clock=-5.0, uptime=101.0), "jumped back by 6 s"),
        (record(1, time="yesterday"), "no time that can be read"),
        (record(1, time="2026-01-01T00:00:01"), "no time zone"),
    ],
)
def test_a_clock_that_jumped_is_found_where_it_did(tmp_path: Path, second: Record, words: str) -> None:
    lines, head = written(tmp_path / "k.jsonl", record(0, clock=0.0, uptime=100.0), second)
    found = list(verify(lines, head))
    assert [(one.kind, one.line) for one in found] == [("clock", 2)]
    assert words in found[0].message


def test_an_idle_night_and_small_corrections_are_no_jump(tmp_path: Path) -> None:
    night = 12 * 3600.0
    records = (
        record(0, 0.0, 100.0),
        record(1, night, 100.0 + night),
        record(2, night - 1.5, 100.0 + night),
        record(3, night + 9),
    )
    lines, head = written(tmp_path / "k.jsonl", *records)
    assert list(verify(lines, head)) == []


def test_an_erased_record_needs_a_record_of_it(chain: Chain, tmp_path: Path) -> None:
    lines, _ = chain
    erased = msgspec.json.encode(msgspec.json.decode(lines[1], type=Link).erased()) + b"\n"
    assert b"sales" not in erased
    changed = [lines[0], erased, *lines[2:]]
    assert [(one.kind, one.line) for one in verify(changed)] == [("erased", 2)]
    last = msgspec.json.decode(lines[-1], type=Link).hash
    for stretch, expected in (((2, 2), []), ((3, 5), [("erased", 2)])):
        told = Link.after(last, 7, record(6, uptime=106.0, event="erasure", erased=(stretch,)), "salt")
        found = verify([*changed, msgspec.json.encode(told) + b"\n"], (7, told.hash))
        assert [(one.kind, one.line) for one in found] == expected
