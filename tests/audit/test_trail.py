"""What was decided in one notebook, out of the journals of an account."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_guard.audit import Approval, Journal, Judged, Record, trail
from jupyter_guard.audit.trail import TAIL
from jupyter_guard.terms import Origin, Severity, Verdict

SALES, OTHER = "/work/sales.ipynb", "/work/other.ipynb"


def record(msg_id: str, time: str, *, kernel: str = "k1", notebook: str = SALES, **facts: object) -> Record:
    about: dict[str, object] = {
        "sha256": "0" * 64,
        "verdict": Verdict.ALLOW,
        "would_be": Verdict.ALLOW,
        "state": "ran",
        "sentence": "reads `a.csv`",
        "origin": Origin.HUMAN,
        "policy": "p",
        "code": "SOME CODE",
        **facts,
    }
    return Record(time=f"2026-01-{time}:00+00:00", kernel=kernel, msg_id=msg_id, notebook=notebook, **about)  # type: ignore[arg-type]


def write(folder: Path, name: str, *records: Record) -> None:
    with Journal(folder / f"{name}.jsonl") as journal:
        for one in records:
            journal.append(one)


def test_it_holds_this_notebooks_decisions_in_order_without_code(tmp_path: Path) -> None:
    finding = Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes table `sales`", "preset")
    write(
        tmp_path,
        "2026-01-01-k0",
        record("a", "01T10:00", kernel="k0"),
        record("b", "01T11:00", kernel="k0", notebook=OTHER),
    )
    write(
        tmp_path,
        "2026-01-02-k1",
        record("c", "02T10:00", state="blocked", verdict=Verdict.BLOCK, findings=(finding, finding)),
        record("d", "02T11:00", state="confirmed", approvals=(Approval("once", "panel"),)),
        record("d", "02T11:01", event="outcome", state="error", redactions={"aws key": 2}, limits=("memory",)),
    )
    found = trail(tmp_path, "k1", SALES)
    assert [one["msg_id"] for one in found] == ["a", "c", "d"]
    assert [one["current"] for one in found] == [False, True, True]
    assert [one["telling"] for one in found] == [False, True, True]
    assert found[1]["rules"] == ["JG301"]
    assert found[2]["approvals"] == [{"choice": "once", "channel": "panel"}]
    assert (found[2]["state"], found[2]["outcome"], found[2]["redactions"]) == ("confirmed", "error", {"aws key": 2})
    assert "SOME CODE" not in json.dumps(found)


def test_this_kernels_count_whatever_its_notebook_is_called_by_now(tmp_path: Path) -> None:
    write(tmp_path, "2026-01-02-k1", record("c", "02T10:00", notebook="/work/renamed-from.ipynb"))
    assert [one["msg_id"] for one in trail(tmp_path, "k1", SALES)] == ["c"]
    assert trail(tmp_path, "k2", "") == []


def test_only_the_last_are_given(tmp_path: Path) -> None:
    write(tmp_path, "2026-01-02-k1", *(record(str(number), f"02T10:{number:02}") for number in range(30)))
    assert [one["msg_id"] for one in trail(tmp_path, "k1", SALES, 3)] == ["27", "28", "29"]
    assert len(trail(tmp_path, "k1", SALES, -5)) == 1


def test_damaged_lines_and_files_are_left_out_and_a_long_journal_is_read_from_its_end(tmp_path: Path) -> None:
    write(tmp_path, "2026-01-02-k1", record("c", "02T10:00"), record("d", "02T11:00"))
    journal = tmp_path / "2026-01-02-k1.jsonl"
    first, second = journal.read_bytes().splitlines()
    journal.write_bytes(first + b"\n" + b"x" * TAIL + b"\n{}\n" + second + b"\n" + second[:50])
    (tmp_path / "2026-01-03-k2.jsonl").mkdir()
    assert [one["msg_id"] for one in trail(tmp_path, "k1", SALES)] == ["d"]
    assert trail(tmp_path / "nowhere", "k1", SALES) == []
