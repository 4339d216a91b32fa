"""A real collector: what its sender left out, sent in another order or in another's place is found."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec
import pytest

from jupyter_guard.audit import Link
from jupyter_guard.audit.collected import Add, Collected, Positions
from jupyter_guard.audit.collector import Collector
from jupyter_guard.audit.erasing import erase
from jupyter_guard.audit.place import journals
from jupyter_guard.audit.store import RefusedError
from tests.audit.collecting import found, links, record, sent, ship, write

pytestmark = pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system does not say who connects")


@pytest.mark.parametrize(
    ("order", "line", "words"),
    [
        ([1, 2, 4, 5], 3, "line 3 never came"),
        ([1, 5], 2, "lines 2 to 4 never came"),
        ([2, 3], 1, "line 1 never came"),
        ([1, 2, 4, 3, 5], 4, "line 3 of its sender's journal came behind line 4"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_what_was_left_out_is_found(
    place: Path, tmp_path: Path, order: list[int], line: int, words: str, at_once: bool
) -> None:
    all_of_them = links(tmp_path / "mine", 5)
    chosen = [all_of_them[number - 1] for number in order]
    with Collected(str(place.parent / "s")) as store:
        for part in [chosen] if at_once else [[one] for one in chosen]:
            store._ask(Add("k1", part))
    assert [number for number, _, _ in sent(place)] == order
    problems = [(at, message) for at, kind, message in found(place) if kind == "omitted"]
    assert any(at == line and words in message for at, message in problems), problems
    assert any("of its sender's journal" in one or "had sent" in one for one in sent(place)[line - 1][2])


def test_a_line_far_ahead_hides_none_that_comes_after_it(place: Path, tmp_path: Path) -> None:
    all_of_them = links(tmp_path / "mine", 8)
    ahead = Link.after("0" * 64, 2**61, record(9), "salt")
    with Collected(str(place.parent / "s")) as store:
        for part in (all_of_them[:5], [ahead], all_of_them[5:7], all_of_them[3:7]):
            store._ask(Add("k1", part))
    assert [number for number, _, _ in sent(place)] == [1, 2, 3, 4, 5, 2**61, 6, 7]
    assert [(line, kind) for line, kind, _ in found(place)] == [(6, "omitted"), (7, "omitted"), (8, "omitted")]
    # And after a new start, which has only the file.
    collector = Collector(place)
    try:
        uid = os.getuid()
        asked = collector.answer(uid, msgspec.json.encode(Positions(["k1"])))
        assert asked.positions == {"k1": (2**61, ahead.hash)}
        assert not collector.answer(uid, msgspec.json.encode(Add("k1", all_of_them))).error
    finally:
        collector.close()
    assert [number for number, _, _ in sent(place)] == [1, 2, 3, 4, 5, 2**61, 6, 7, 8]


@pytest.mark.parametrize("sequence", [0, -1, 2**63])
def test_a_line_without_a_place_is_refused(place: Path, sequence: int) -> None:
    with Collected(str(place.parent / "s")) as store, pytest.raises(RefusedError, match="counted from 1"):
        store._ask(Add("k1", [Link.after("0" * 64, sequence, record(1), "salt")]))


def test_what_a_store_has_and_its_journal_has_not_is_said(
    place: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "mine", "k1", record(1), record(2), record(3))
    ship(tmp_path / "mine", place)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert ship(tmp_path / "mine", place) == 0
    assert "ends at 2, and the store has k1 up to 3" in caplog.text


def test_erasing_what_is_kept_is_no_omission_and_hides_none(place: Path, tmp_path: Path) -> None:
    all_of_them = links(tmp_path / "mine", 8)
    collector = Collector(tmp_path / "other")
    uid = os.getuid()
    for part in (all_of_them[:4], all_of_them[5:7]):
        assert not collector.answer(uid, msgspec.json.encode(Add("k1", part))).error
    collector.close()
    (path,) = journals(tmp_path / "other")
    erase(path, lambda one: one.number in (2, 3, 7), "root", "they asked", "2026-01-01T00:30:00+00:00")
    collector = Collector(tmp_path / "other")
    assert not collector.answer(uid, msgspec.json.encode(Add("k1", all_of_them[7:]))).error
    collector.close()
    assert [number for number, _, _ in sent(tmp_path / "other")] == [1, 4, 6, 7, 8]  # 7 is told of the erasure
    told = "of its sender's journal line 5 never came: left out, damaged there, or erased there before they were sent"
    assert [one for one in found(tmp_path / "other") if one[1] == "omitted"] == [(5, "omitted", told)]
