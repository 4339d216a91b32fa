"""Random trees and random cells: undo restores contents, modes, links, times and attributes, also after a kill."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jupyter_guard.guard.undo_words import answer
from jupyter_guard.undo import Header, Steps
from jupyter_guard.undo.restore import bring_back, chosen, newer

FOLDERS = ["", "data", "data/deep", "out"]
NAMES = ["a", "b.csv", "ä ö", "-rf"]
PATHS = [f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in NAMES]
PLACES = st.sampled_from([*PATHS, *FOLDERS[1:]])
CONTENTS = st.binary(max_size=40)
MODES = st.sampled_from([0o600, 0o644, 0o700, 0o755, 0o444])
GIB = 2**30

Change = tuple[object, ...]
CHANGES = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(PATHS), CONTENTS),
    st.tuples(st.just("append"), st.sampled_from(PATHS), CONTENTS),
    st.tuples(st.just("truncate"), st.sampled_from(PATHS), st.integers(0, 3)),
    st.tuples(st.just("remove"), PLACES),
    st.tuples(st.just("rename"), PLACES, PLACES),
    st.tuples(st.just("link"), PLACES, st.sampled_from(PATHS)),
    st.tuples(st.just("symlink"), st.sampled_from(["a", "../out", "/nowhere/at/all"]), st.sampled_from(PATHS)),
    st.tuples(st.just("chmod"), PLACES, MODES),
    st.tuples(st.just("utime"), PLACES, st.integers(0, 2**31).map(lambda seconds: seconds * 10**9 + 7)),
    st.tuples(st.just("mkdir"), PLACES),
    st.tuples(st.just("xattr"), PLACES, CONTENTS),
    # Written over in place, with the old times put back.
    st.tuples(st.just("forge"), st.sampled_from(PATHS), CONTENTS),
)
CELLS = st.lists(CHANGES, min_size=1, max_size=8)


def change(root: Path, what: str, place: str, *rest: object) -> None:
    """One change, where the tree allows it."""
    path = root / place
    if what in ("write", "append"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb" if what == "write" else "ab") as file:
            file.write(rest[0])
    elif what == "truncate":
        os.truncate(path, rest[0])
    elif what == "remove":
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    elif what == "rename":
        path.rename(root / rest[0])
    elif what == "link":
        os.link(path, root / rest[0])
    elif what == "symlink":
        (root / rest[0]).symlink_to(place)
    elif what == "chmod":
        path.chmod(rest[0])
    elif what == "utime":
        os.utime(path, ns=(rest[0], rest[0]))
    elif what == "mkdir":
        path.mkdir()
    elif what == "xattr":
        os.setxattr(path, "user.note", rest[0])
    elif what == "forge":
        about = path.stat()
        path.write_bytes(rest[0])
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def run(root: Path, cell: list[Change]) -> None:
    """A cell of changes; what cannot be done is passed over, as in a cell with `try`."""
    for one in cell:
        with contextlib.suppress(OSError, shutil.Error, ValueError):
            change(root, *one)  # type: ignore[arg-type]


def photograph(root: Path) -> dict[str, tuple[object, ...]]:
    """All that undo promises to bring back. Other names of one file are named by the first of them."""
    found: dict[str, tuple[object, ...]] = {}
    first: dict[int, str] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        about = path.lstat()
        content: object = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes(), first.setdefault(about.st_ino, str(path)), about.st_nlink
        notes = {} if path.is_symlink() else {one: os.getxattr(path, one) for one in os.listxattr(path)}
        found[str(path.relative_to(root))] = about.st_mode, about.st_mtime_ns, content, notes
    return found


@pytest.fixture(scope="module")
def in_place() -> Callable[[], Path]:
    """Makes folders on a file system that has attributes."""
    return lambda: Path(tempfile.mkdtemp(prefix="undo-", dir="/var/tmp"))


MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def test_what_a_killed_guard_did_not_see_is_asked_about(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    for name in ("cell", "person", "same"):
        (root / name).write_text("before")
    pid = os.fork()
    if not pid:
        try:
            Steps(str(root), tmp_path / "store", GIB, 7, GIB).begin(Header(), ())
            (root / "cell").write_text("the cell's")
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    (root / "person").write_text("a person's")
    steps = Steps(str(root), tmp_path / "store", GIB, 7, GIB)
    (step,) = steps.all()
    # Nobody saw which of them the cell has changed, and which somebody has changed since.
    assert sorted(newer(steps, step, chosen(steps, step))) == ["cell", "person"]
    text, question = answer(steps, "", over=False, notebook="")
    assert (text, (root / "person").read_text()) == ("", "a person's")
    assert "may be newer" in question
    assert answer(steps, "", over=True, notebook="")[0].startswith("Brought back")
    assert {(root / name).read_text() for name in ("cell", "person", "same")} == {"before"}


@MANY
@given(tree=CELLS, cell=CELLS)
@example([("write", "data/a", b"")], [("write", "a", b""), ("write", "data/deep/a", b""), ("remove", "data/deep")])
@example([("symlink", "a", "data/a")], [("write", "a", b""), ("remove", "data/a"), ("symlink", "a", "data/a")])
def test_undo_restores_the_tree(in_place: Callable[[], Path], tree: list[Change], cell: list[Change]) -> None:
    base = in_place()
    try:
        root = base / "work"
        root.mkdir()
        run(root, tree)
        before = photograph(root)
        steps = Steps(str(root), base / "store", GIB, 7, GIB)
        step, missed = steps.begin(Header(), ())
        assert not missed
        run(root, cell)
        after = photograph(root)
        kept = steps.finish(step)
        if kept is None:
            assert {path: one[0:1] + one[2:] for path, one in after.items()} == {
                path: one[0:1] + one[2:] for path, one in before.items()
            }
            return
        paths = chosen(steps, kept)
        assert newer(steps, kept, paths) == []
        redo, _ = bring_back(steps, kept, paths)
        assert photograph(root) == before
        if redo is not None:
            bring_back(steps, redo, chosen(steps, redo))
            assert {path: one[2] for path, one in photograph(root).items()} == {
                path: one[2] for path, one in after.items()
            }
    finally:
        shutil.rmtree(base)


@settings(MANY, max_examples=30)
@given(tree=CELLS, cell=CELLS)
def test_undo_restores_the_tree_after_a_kill(
    in_place: Callable[[], Path], tree: list[Change], cell: list[Change]
) -> None:
    base = in_place()
    try:
        root = base / "work"
        root.mkdir()
        run(root, tree)
        before = photograph(root)
        pid = os.fork()
        if not pid:
            # Nothing of the test's own may run on here.
            try:
                Steps(str(root), base / "store", GIB, 7, GIB).begin(Header(), ())
                run(root, cell)
            finally:
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        steps = Steps(str(root), base / "store", GIB, 7, GIB)
        for step in steps.all():
            bring_back(steps, step, chosen(steps, step))
        assert {path: (one[0], *one[2:]) for path, one in photograph(root).items()} == {
            path: (one[0], *one[2:]) for path, one in before.items()
        }
    finally:
        shutil.rmtree(base)
