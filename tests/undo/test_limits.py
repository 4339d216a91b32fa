"""What cannot be set aside is said, and nothing half done is left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.undo import Header, Steps
from jupyter_guard.undo import store as stores
from jupyter_guard.undo.restore import NotKeptError, bring_back, chosen
from jupyter_guard.undo.steps import TOO_LARGE

MIB = 2**20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def steps(root: Path, size: int = 64 * MIB, whole: int = 16 * MIB, days: int = 7) -> Steps:
    return Steps(str(root), root.parent / "store", size, days, whole)


def test_a_file_of_40_gigabytes_is_not_copied_and_named(root: Path) -> None:
    with (root / "huge.bin").open("wb") as file:
        file.truncate(40 * 10**9)
    kept = steps(root)
    step, missed = kept.begin(Header(), ["huge.bin"])
    assert [(one.path, one.size) for one in missed] == [("huge.bin", 40 * 10**9)]
    assert kept.store.copied == 0
    (root / "huge.bin").unlink()
    # It was never looked at as a part of this step, so there is nothing to promise.
    assert kept.finish(step) is None


def test_a_full_disk_leaves_no_part_and_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a").write_bytes(b"x" * 1000)
    free = os.statvfs(root)
    monkeypatch.setattr(stores, "RESERVE", free.f_bavail * free.f_frsize)
    monkeypatch.setattr(stores, "_shared", lambda _source, _target: False)
    kept = steps(root)
    step, missed = kept.begin(Header(), [])
    assert [one.path for one in missed] == ["a"]
    assert "no room" in missed[0].why
    assert list(kept.store.blobs.iterdir()) == []
    (root / "a").unlink()
    done = kept.finish(step)
    assert done is not None
    with pytest.raises(NotKeptError, match="a: the contents were not set aside"):
        bring_back(kept, done, chosen(kept, done))
    assert list(root.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_up_while_it_copies(root: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if somebody else had taken the room after it was counted.
    monkeypatch.setattr(stores, "RESERVE", -16 * MIB)
    (root / "small").write_bytes(os.urandom(3000))
    (root / "large").write_bytes(os.urandom(2 * MIB))
    kept = Steps(str(root), small_disk / "store", 64 * MIB, 7, 16 * MIB)
    step, missed = kept.begin(Header(), ["small", "large"])
    assert [(one.path, one.why.endswith("is full")) for one in missed] == [("large", True)]
    assert len(list(kept.store.blobs.iterdir())) == 1
    (root / "small").write_bytes(b"gone")
    done = kept.finish(step)
    assert done is not None
    bring_back(kept, done, ["small"])
    assert (root / "small").stat().st_size == 3000


def test_a_disk_without_a_byte_left_keeps_nothing_half_done(root: Path, small_disk: Path) -> None:
    (root / "a").write_bytes(b"a")
    kept = Steps(str(root), small_disk / "store", 64 * MIB, 7, 16 * MIB)
    before = {path for path in small_disk.rglob("*") if path.is_file()}
    with (small_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(b"x" * 4096):
            pass
    with pytest.raises(OSError, match="No space left"):
        kept.begin(Header(), ["a"])
    after = {path for path in small_disk.rglob("*") if path.is_file() and path.name != "turn"}
    assert after - before == {small_disk / "filler"}
    (small_disk / "filler").unlink()
    step, _ = kept.begin(Header(), ["a"])
    (root / "a").unlink()
    assert kept.finish(step) is not None


@pytest.fixture
def sharing_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 MiB on which files can share their contents."""
    folder, image = tmp_path / "disk", tmp_path / "image"
    folder.mkdir()
    make = shutil.which("mkfs.btrfs")
    if make is None or os.geteuid() != 0:
        pytest.skip("only root can mount a disk, and mkfs.btrfs makes it")
    with image.open("wb") as file:
        file.truncate(160 * MIB)
    subprocess.run([make, "--quiet", str(image)], check=True)
    words = ["mount", "-t", "btrfs", "-o", "loop", str(image), str(folder)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a disk cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_contents_are_shared_where_the_file_system_can(sharing_disk: Path) -> None:
    root = sharing_disk / "work"
    root.mkdir()
    contents = os.urandom(MIB) * 50
    (root / "large").write_bytes(contents)
    kept = Steps(str(root), sharing_disk / "store", 64 * MIB, 7, 64 * MIB)
    # A copy would leave less than stays free on a disk.
    assert len(contents) + stores.RESERVE > shutil.disk_usage(sharing_disk).free
    step, missed = kept.begin(Header(), ["large"])
    assert (missed, kept.store.copied) == ([], 0)
    with (root / "large").open("r+b") as file:
        file.write(b"the cell's")
    done = kept.finish(step)
    assert done is not None
    bring_back(kept, done, ["large"])
    assert (root / "large").read_bytes() == contents


def test_programs_in_a_large_workspace_are_said(root: Path) -> None:
    (root / "a").write_bytes(b"x" * 1000)
    _, missed = steps(root, whole=100).begin(Header(), [""])
    assert [(one.path, one.why) for one in missed] == [("", TOO_LARGE)]


def test_what_was_foreseen_is_kept_in_a_large_workspace(root: Path) -> None:
    (root / "a").write_bytes(b"x" * 1000)
    (root / "b").write_bytes(b"y" * 1000)
    kept = steps(root, whole=100)
    step, missed = kept.begin(Header(), ["a"])
    assert not missed
    (root / "a").unlink()
    done = kept.finish(step)
    assert done is not None
    bring_back(kept, done, chosen(kept, done))
    assert (root / "a").read_bytes() == b"x" * 1000


@pytest.mark.parametrize("whole", [16 * MIB, 1])
@pytest.mark.parametrize(
    ("folder", "mark", "foreseen"),
    [
        ("venv", "pyvenv.cfg", "venv"),
        ("cache", "CACHEDIR.TAG", "cache"),
        ("cache", "CACHEDIR.TAG", "cache/deep/a"),
        ("node_modules", "", "node_modules"),
        ("web/node_modules", "", "web"),
    ],
)
def test_what_is_made_again_is_kept_where_it_was_foreseen(
    root: Path, folder: str, mark: str, foreseen: str, whole: int
) -> None:
    (root / folder / "deep").mkdir(parents=True)
    if mark:
        (root / folder / mark).write_text("")
    (root / folder / "deep" / "a").write_text("kept")
    (root / "more").write_text("than a byte")
    kept = steps(root, whole=whole)
    step, missed = kept.begin(Header(), [foreseen, ""])
    assert [one.path for one in missed] == ([] if step.whole else [""])
    (root / folder / "deep" / "a").unlink()
    (root / folder / "deep").rmdir()
    done = kept.finish(step)
    assert done is not None
    bring_back(kept, done, chosen(kept, done))
    assert (root / folder / "deep" / "a").read_text() == "kept"


def test_what_is_made_again_is_left_alone_where_it_was_not_foreseen(root: Path) -> None:
    (root / "venv").mkdir()
    (root / "venv" / "pyvenv.cfg").write_text("")
    step, _ = steps(root).begin(Header(), [])
    assert set(step.before) == {"", "venv"}


def test_a_folder_is_kept_below_one_of_its_files_that_is_kept_already(root: Path) -> None:
    (root / "data").mkdir()
    (root / "data" / "a").write_text("a")
    (root / "data" / "b").write_text("b")
    step, _ = steps(root, whole=1).begin(Header(), ["data/a", "data", "data"])
    assert set(step.before) == {"data", "data/a", "data/b"}


def test_a_link_does_not_lead_out_of_the_workspace(root: Path) -> None:
    secret = root.parent / "secret"
    secret.mkdir()
    (secret / "key").write_text("not the cell's")
    (root / "way").symlink_to(secret)
    (root / "more").write_text("than whole")
    kept = steps(root, whole=1)
    step, _ = kept.begin(Header(), ["way/key", "../secret/key", str(secret / "key")])
    assert step.before == {}
    assert list(kept.store.blobs.iterdir()) == []


def test_the_store_is_private_and_pruned(root: Path) -> None:
    kept = steps(root, size=3000)
    assert (root.parent / "store").stat().st_mode & 0o777 == 0o700
    for number in range(5):
        (root / "a").write_bytes(bytes([number]) * 1000)
        step, _ = kept.begin(Header(cell=number), [])
        (root / "a").write_bytes(b"other")
        kept.finish(step)
    step, _ = kept.begin(Header(), [])
    kept.finish(step)
    # Three contents of 1000 bytes would fit; the latest look at the file takes the place of one.
    assert [one.header.cell for one in kept.all()] == [4, 3]
    old = steps(root, days=1)
    for one in old.all():
        one.header = Header(cell=one.header.cell, time=time.time() - 2 * 86400)
        old._write(one)
    assert steps(root, days=1).all() == []


def test_what_a_running_cell_is_about_to_change_is_kept_before_it_does(root: Path) -> None:
    (root / "folder").mkdir()
    for name in ("folder/a", "b", "huge"):
        (root / name).write_bytes(b"x" * 60)
    with (root / "huge").open("ab") as file:
        file.truncate(100 * MIB)
    kept = steps(root, whole=100)
    step, missed = kept.begin(Header(), [])
    assert missed == []
    assert [(one.path, one.why) for one in kept.add(step, ["", "huge", str(root.parent)])] == [
        ("", TOO_LARGE),
        ("huge", "it is larger than undo.size allows"),
    ]
    assert kept.add(step, ["folder", "b"]) == []
    (root / "folder" / "a").unlink()
    (root / "folder" / "new").touch()
    (root / "b").write_bytes(b"overwritten")
    # What the cell has made itself, or changed already, is not taken for what was there.
    assert kept.add(step, ["folder/new", "folder", "b"]) == []
    # It is on disk before the cell goes on: whoever opens the store after a kill finds it.
    again = steps(root, whole=100)
    assert set(again._read(step.number).before) == {"folder", "folder/a", "b"}
    done = kept.finish(step)
    assert done is not None
    bring_back(kept, done, chosen(kept, done))
    assert (root / "folder" / "a").read_bytes() == (root / "b").read_bytes() == b"x" * 60
