from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_guard.audit import verify
from jupyter_guard.audit.journal import read_head
from jupyter_guard.audit.place import audit_directory, journals, read_records
from jupyter_guard.guard.keeping import Keeper
from jupyter_guard.guard.protocol import Decided
from jupyter_guard.isolate import filesystems

FINDING = {"rule": "JG201", "severity": "high", "verdict": "block", "message": "deletes it", "decided_by": "site"}
ITEM = {"origin": "assistant", "verdict": "block", "would_be": "block", "sentence": "deletes it", "findings": [FINDING]}


def decided(number: int, **more: Any) -> Decided:
    facts = {
        "number": number, "kernel": "k1", "msg_id": f"m{number}", "sha256": "0" * 64, "state": "blocked",
        "policy": "p", "time": "2026-01-01T00:00:00+00:00", **more,
    }  # fmt: skip
    return Decided(number, json.dumps(facts).encode(), json.dumps(ITEM).encode())


def test_a_decision_is_kept_with_its_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/work/sales.ipynb")
    keeper = Keeper(tmp_path)
    assert keeper.keep(decided(1, evidence=["the panel saw it being written: assistant"]))
    keeper.close()
    (path,) = journals(tmp_path)
    ((sequence, record),) = read_records(path)
    assert sequence == 1
    assert (record.verdict, record.state, record.notebook) == ("block", "blocked", "/work/sales.ipynb")
    assert [one.rule for one in record.findings] == ["JG201"]
    assert record.evidence == ("the panel saw it being written: assistant",)
    assert list(verify(path.read_bytes().splitlines(keepends=True), read_head(path))) == []


@pytest.mark.skipif(sys.platform != "linux", reason="which file system a folder is on is told on Linux")
@pytest.mark.parametrize(("kind", "waits"), [("ext4", False), ("nfs4", True), ("cifs", True)])
def test_on_another_machines_disk_a_line_is_written_only_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, waits: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/home {tmp_path} {kind} rw 0 0\n")
    monkeypatch.setattr(filesystems, "MOUNTS", str(mounts))
    opened, open_file = dict[str, int](), os.open

    def seen(path: Any, flags: int, *more: Any, **others: Any) -> int:
        opened[Path(path).suffix] = flags
        return open_file(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", seen)
    assert Keeper(tmp_path / "audit").keep(decided(1))
    assert bool(opened[".jsonl"] & os.O_DSYNC) is waits


def test_what_is_said_twice_is_kept_once(tmp_path: Path) -> None:
    first = Keeper(tmp_path)
    assert [first.keep(decided(number)) for number in (1, 2)] == [True, True]
    # The helper died before the wrapper heard of the second.
    second = Keeper(tmp_path)
    assert [second.keep(decided(number)) for number in (2, 3)] == [True, True]
    (path,) = journals(tmp_path)
    assert [record.number for _, record in read_records(path)] == [1, 2, 3]
    assert list(verify(path.read_bytes().splitlines(keepends=True), read_head(path))) == []


def test_where_nothing_can_be_written_nothing_is_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("in the way")
    assert not Keeper(tmp_path / "audit").keep(decided(1))


def test_what_could_not_be_written_waits_and_comes_first(tmp_path: Path) -> None:
    place, count = tmp_path / "audit", 10_500
    place.write_text("in the way")
    keeper = Keeper(place)
    assert {keeper.keep(decided(number)) for number in range(1, count)} == {False}
    assert keeper.is_behind
    place.unlink()
    assert keeper.keep(decided(count))
    assert (keeper.is_behind, keeper.newest) == (False, count)
    (path,) = journals(place)
    assert [record.number for _, record in read_records(path)] == list(range(1, count + 1))
    assert list(verify(path.read_bytes().splitlines(keepends=True), read_head(path))) == []


def test_facts_of_another_shape(tmp_path: Path) -> None:
    with pytest.raises(msgspec.ValidationError):
        Keeper(tmp_path).record({"number": "one"}, ITEM)


def test_where_it_lies() -> None:
    home = Path("/home/ann")
    assert audit_directory({"JUPYTER_DATA_DIR": "/srv/j"}, home) == Path("/srv/j/jupyter_guard/audit")
    assert audit_directory({}, home).is_relative_to(home)
    assert journals(Path("/not/there")) == []
