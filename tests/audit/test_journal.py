from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.audit import Journal, Link, Record, verify
from jupyter_guard.audit.journal import read_head
from jupyter_guard.terms import Origin, Verdict


def record(number: int) -> Record:
    return Record(
        time="2026-01-01T00:00:00+00:00",
        kernel="k",
        msg_id=f"m{number}",
        sha256="0" * 64,
        verdict=Verdict.BLOCK,
        would_be=Verdict.BLOCK,
        state="blocked",
        sentence="deletes table `sales`",
        origin=Origin.ASSISTANT,
        policy="p",
    )


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "audit" / "kernel.jsonl"
    with Journal(path) as kept:
        assert [kept.append(record(number)) for number in range(5)] == [1, 2, 3, 4, 5]
    return path


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_an_untouched_journal_verifies(journal: Path) -> None:
    assert list(verify(lines(journal), read_head(journal))) == []
    assert msgspec.json.decode(lines(journal)[2], type=Link).record == record(2)


def test_only_the_owner_can_read_it(journal: Path) -> None:
    assert journal.stat().st_mode & 0o777 == 0o600
    assert journal.parent.stat().st_mode & 0o777 == 0o700


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "k.jsonl"
    write = os.write
    room = 300

    def full(file: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(28, "No space left on device")
        part = data[: min(room, len(data))]
        room -= len(part)
        return write(file, part)

    with Journal(path) as kept:
        monkeypatch.setattr(os, "write", full)
        for number in range(4):
            kept.append(record(number))
        assert (kept.waiting, path.stat().st_size) == (4, 300)  # the first is half written
        room = 10**6
        assert kept.flush()
        assert kept.waiting == 0
    assert len(lines(path)) == 4
    assert list(verify(lines(path), read_head(path))) == []


@pytest.mark.parametrize("left", ["", '{"seq', "zeros"])
def test_what_a_failed_write_leaves_behind_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    # As Linux 6.1 did on NFS 4.2 with a full disk: the write fails, and the file has grown all the same.
    path = tmp_path / "k.jsonl"
    write, is_full = os.write, True

    def full(file: int, data: bytes) -> int:
        if not is_full:
            return write(file, data)
        size = os.fstat(file).st_size
        write(file, data[: len(left)] if left != "zeros" else b"")
        os.ftruncate(file, size + 500 if left == "zeros" else size + len(left) * 2)
        raise OSError(28, "No space left on device")

    with Journal(path, synced=True) as kept:
        kept.append(record(0))
        monkeypatch.setattr(os, "write", full)
        kept.append(record(1))
        kept.append(record(2))
        assert kept.waiting == 2
        is_full = False
        assert kept.flush()
    assert len(lines(path)) == 3
    assert list(verify(lines(path), read_head(path))) == []


def test_two_kernels_do_not_share_a_journal(journal: Path) -> None:
    with pytest.raises(FileExistsError):
        Journal(journal)


def test_a_journal_goes_on_where_its_writer_was_killed(journal: Path) -> None:
    whole = journal.read_bytes()
    with journal.open("ab") as file:
        file.write(b'{"sequence":6,"previous":"')
    with Journal(journal, resume=True) as kept:
        assert kept.last == record(4)
        assert kept.append(record(5)) == 6
    assert journal.read_bytes().startswith(whole)
    assert list(verify(lines(journal), read_head(journal))) == []
    assert len(lines(journal)) == 6


@given(cut=st.integers(0, 2_000), size=st.integers(0, 200_000))
@settings(max_examples=40, deadline=None)
def test_wherever_it_was_cut_it_goes_on(cut: int, size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("audit") / "k.jsonl"
    with Journal(path) as kept:
        kept.append(record(0))
        kept.append(msgspec.structs.replace(record(1), sentence="x" * size))
    os.truncate(path, max(0, path.stat().st_size - cut))
    left = path.read_bytes().count(b"\n")
    for number in (2, 3):
        with Journal(path, resume=True) as kept:
            kept.append(record(number))
    found = list(verify(lines(path), read_head(path)))
    # A line that was kept and is gone is never forgotten; a cut within it, by whatever, takes it away.
    assert [(one.line, one.kind) for one in found] == (
        [] if left == 2 else [(left + 1, "sequence"), (left + 1, "moved")]
    )


def test_what_is_no_journal_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "k.jsonl").write_text("something else\n")
    with pytest.raises(msgspec.DecodeError):
        Journal(tmp_path / "k.jsonl", resume=True)
    (tmp_path / "k.jsonl").unlink()
    (tmp_path / "k.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Journal(tmp_path / "k.jsonl", resume=True)
    assert (tmp_path / "k.jsonl").is_symlink()
    assert not (tmp_path / "elsewhere").exists()


def test_who_writes_it_anew_is_waited_for_but_not_for_ever(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr("jupyter_guard.audit.journal._LONGEST_WAIT", 0.3)
    with journal.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match="held by another process"):
            Journal(journal, resume=True)
        monkeypatch.setattr("jupyter_guard.audit.journal._LONGEST_WAIT", 30)
        anew = journal.with_name("anew")
        anew.write_bytes(journal.read_bytes())

        def finish() -> None:
            anew.replace(journal)
            fcntl.flock(file, fcntl.LOCK_UN)

        timer = threading.Timer(0.3, finish)
        timer.start()
        with Journal(journal, resume=True) as kept:
            assert kept.append(record(5)) == 6
        timer.join()
    assert len(lines(journal)) == 6  # in the new file, not in the one that it replaced
    assert list(verify(lines(journal), read_head(journal))) == []


FULL = """
import errno, os, sys
from pathlib import Path
from jupyter_guard.audit import Journal, verify
from jupyter_guard.audit.journal import read_head
from tests.audit.test_summary import record
folder = Path(sys.argv[1])
with Journal(folder / "k1.jsonl") as journal:
    journal.append(record(number=1))
    with open(folder / "filler", "wb", buffering=0) as filler:
        for size in (4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError as problem:
                assert problem.errno == errno.ENOSPC
    # What is left of the last block is not enough for these.
    for number in range(2, 80):
        journal.append(record(number=number, sentence="x" * 200))
    assert journal.waiting > 0, journal.waiting
    (folder / "filler").unlink()
    journal.append(record(number=80))
    assert journal.waiting == 0
lines = (folder / "k1.jsonl").read_bytes().splitlines(keepends=True)
assert len(lines) == 80
assert list(verify(lines, read_head(folder / "k1.jsonl"))) == []
print("whole")
"""


def test_a_disk_that_is_really_full_loses_nothing(tmp_path: Path) -> None:
    mount = 'mount --make-rprivate / && mount -t tmpfs -o size=128k full "$1" && exec "$2" -c "$3" "$1"'
    words = ["unshare", "--mount", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, FULL]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a file system of its own needs root, on Linux")
    root = Path(__file__).parents[2]
    done = subprocess.run(words, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True)
    if "mount" in done.stderr and "Traceback" not in done.stderr:
        pytest.skip(f"no mount namespace can be had here: {done.stderr.strip()}")
    assert done.stdout == "whole\n", done.stderr
