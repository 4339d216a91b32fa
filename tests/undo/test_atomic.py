"""Many files come back together or not at all: whatever stands in the way, and whenever the guard is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_guard.guard.undo_words import answer
from jupyter_guard.undo import Header, Steps
from jupyter_guard.undo import store as stores
from jupyter_guard.undo.restore import bring_back, chosen, newer
from jupyter_guard.undo.swap import JOURNAL, NotKeptError
from tests.isolate.ordinary import USER, command, trouble

from .test_random import photograph

GIB = 2**30
# Made, changed, deleted; in folders that are made, deleted and stay; a folder where a file was.
TREE = {"a": b"a", "b": b"b", "c": b"c", "gone/deep/d": b"d", "stays/e": b"e", "turns": b"t"}


def fill(root: Path) -> None:
    for name, data in TREE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "f").symlink_to("a")


def slip(root: Path) -> None:
    """What the cell does."""
    (root / "a").write_bytes(b"other")
    (root / "b").unlink()
    shutil.rmtree(root / "gone")
    (root / "stays/e").write_bytes(b"longer than before")
    (root / "turns").unlink()
    (root / "turns/inner").mkdir(parents=True)
    (root / "turns/inner/g").write_bytes(b"g")
    (root / "new").mkdir()
    (root / "new/h").write_bytes(b"h")
    (root / "f").unlink()
    (root / "f").symlink_to("c")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    fill(folder)
    return folder


def steps(root: Path) -> Steps:
    return Steps(str(root), root.parent / "store", GIB, 7, GIB)


def killed_in(root: Path, number: int) -> bool:
    """Undo the last step in a process that is killed instead of its rename of that number; whether it was."""
    pid = os.fork()
    if not pid:
        kept, count = steps(root), 0
        rename, one = os.rename, kept.all()[0]

        def counted(*args: object, **kwargs: object) -> None:
            nonlocal count
            count += 1
            if count > number:
                os.kill(os.getpid(), signal.SIGKILL)
            rename(*args, **kwargs)  # type: ignore[arg-type]

        os.rename = counted
        bring_back(kept, one, chosen(kept, one))
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_a_kill_between_any_two_renames_is_rolled_back(root: Path) -> None:
    first = photograph(root)
    kept = steps(root)
    step, _ = kept.begin(Header(), ())
    slip(root)
    after = photograph(root)
    done = kept.finish(step)
    assert done is not None
    seen_half = kills = 0
    while killed_in(root, kills):
        kills += 1
        half = {path: one for path, one in photograph(root).items() if not path.startswith(".jupyter_guard")}
        seen_half += half.keys() != after.keys()
        # Whoever comes next opens the store; a person has not been there meanwhile.
        assert steps(root).all()[0].number == done.number
        assert photograph(root) == after
        assert not (root.parent / "store" / JOURNAL).exists()
    # The kills met moments in which the tree was neither.
    assert kills > 10
    assert seen_half > 5
    assert photograph(root) == first


def test_what_a_person_saved_after_the_kill_stays(root: Path) -> None:
    kept = steps(root)
    step, _ = kept.begin(Header(), ())
    slip(root)
    done = kept.finish(step)
    assert done is not None
    kills = 0
    while (root / "a").read_bytes() != b"a":
        assert killed_in(root, kills)
        kills += 1
        if (root / "a").read_bytes() == b"other":
            steps(root)
    # It has been put in place; the undo was cut short after that.
    (root / "a").write_bytes(b"a person's own")
    again = steps(root)
    assert (root / "a").read_bytes() == b"a person's own"
    assert (root / "stays/e").read_bytes() == b"longer than before"
    assert "a" in newer(again, done, chosen(again, done))


@pytest.fixture
def one_mount() -> None:
    if os.geteuid() or shutil.which("unshare") is None:
        pytest.skip("mounts something: needs root")


def small(folder: Path) -> bool:
    return not subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode


@pytest.fixture
def small_disk(tmp_path: Path, one_mount: None) -> Iterator[Path]:
    """A disk of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not small(folder):
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_brings_back_nothing_and_says_so(small_disk: Path, tmp_path: Path) -> None:
    root = small_disk
    for name in ("one", "two", "three"):
        (root / name).write_bytes(os.urandom(200_000))
    kept = Steps(str(root), tmp_path / "store", GIB, 7, GIB)
    step, _ = kept.begin(Header(), ())
    (root / "one").unlink()
    (root / "two").write_bytes(b"2")
    (root / "three").unlink()
    (root / "filler").write_bytes(bytes(700_000))
    assert kept.finish(step) is not None
    before = photograph(root)
    text, question = answer(kept, "", over=False, notebook="")
    assert not question
    assert "Nothing was brought back: `" in text
    assert "No space left on device" in text
    assert "make room" in text
    assert photograph(root) == before
    assert answer(kept, "filler", over=False, notebook="")[0].startswith("Brought back")
    assert answer(kept, "", over=False, notebook="")[0].startswith("Brought back")


def test_a_file_that_is_busy_leaves_the_others_alone(root: Path, one_mount: None) -> None:
    kept = steps(root)
    step, _ = kept.begin(Header(), ())
    slip(root)
    done = kept.finish(step)
    assert done is not None
    before = photograph(root)
    place = root / "stays/e"
    subprocess.run(["mount", "--bind", place, place], check=True)
    try:
        with pytest.raises(NotKeptError, match=r"`stays/e` stood in the way \(.*busy\): unmount it"):
            bring_back(kept, done, chosen(kept, done))
    finally:
        subprocess.run(["umount", place], check=True)
    assert photograph(root) == before
    bring_back(kept, done, chosen(kept, done))
    assert place.read_bytes() == b"e"


# --- an ordinary user

needs_ordinary = pytest.mark.skipif(bool(trouble()), reason=trouble())
CELL = """
import json, os, pathlib, shutil, sys
from jupyter_guard.guard.undo_words import answer
from jupyter_guard.undo import Header, Steps
from tests.undo.test_atomic import fill, photograph, slip
root = pathlib.Path(sys.argv[1])
kept = Steps(str(root), root.parent / "store", 2**30, 7, 2**30)
step, _ = kept.begin(Header(), ())
exec(sys.argv[2])
assert kept.finish(step) is not None
exec(sys.argv[3])
before = {one: repr(two) for one, two in photograph(root).items()} if sys.argv[5] else {}
text = answer(kept, sys.argv[4], over=False, notebook="")
after = {one: repr(two) for one, two in photograph(root).items()}
print(json.dumps({"text": text, "before": before, "after": after}))
"""


@pytest.fixture
def users(root: Path) -> Callable[..., tuple[str, bool, dict[str, str]]]:
    """Runs a cell, something that a person does then, and an undo as an ordinary user.

    Gives the words, whether nothing has changed, and what is there now.
    """
    for one in (root.parent, root, *root.rglob("*")):
        if not os.geteuid():
            os.chown(one, USER, USER, follow_symlinks=False)

    def run(cell: str, person: str = "", rest: str = "", looks: str = "") -> tuple[str, bool, dict[str, str]]:
        words = command([sys.executable, "-c", CELL, str(root), cell, person, rest, looks], root.parent)
        done = subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert not found["text"][1], found["text"]
        return found["text"][0], found["before"] == found["after"], found["after"]

    return run


def shot(root: Path) -> dict[str, str]:
    return {one: repr(two) for one, two in photograph(root).items()}


@needs_ordinary
def test_a_folder_that_a_person_has_closed_stands_in_the_way_of_all(
    root: Path, users: Callable[..., tuple[str, bool, dict[str, str]]]
) -> None:
    text, is_unchanged, _ = users("slip(root)", "(root / 'stays').chmod(0o555)", looks="before")
    assert is_unchanged
    assert text.startswith(
        "Nothing was brought back: `stays` stood in the way (Permission denied): stays has mode 0555"
    )
    assert "`chmod u+rwx stays` and undo again" in text
    assert (root / "a").read_bytes() == b"other"


@needs_ordinary
@pytest.mark.parametrize("mode", [0o555, 0o444, 0o000])
def test_a_folder_that_the_cell_has_closed_does_not(
    root: Path, users: Callable[..., tuple[str, bool, dict[str, str]]], mode: int
) -> None:
    before = shot(root)
    text, _, after = users(f"slip(root); (root / 'stays').chmod({mode})")
    assert text.startswith("Brought back"), text
    assert after == before


@needs_ordinary
def test_a_folder_that_was_closed_before_the_cell_is_closed_again(
    root: Path, users: Callable[..., tuple[str, bool, dict[str, str]]]
) -> None:
    (root / "stays").chmod(0o555)
    before = shot(root)
    text, _, after = users(
        "stays = root / 'stays'; stays.chmod(0o755); slip(root); (stays / 'e').unlink(); stays.chmod(0o555)"
    )
    assert text.startswith("Brought back"), text
    assert after == before


@needs_ordinary
def test_somebody_elses_file_in_the_middle_turns_back_what_was_done(
    root: Path, users: Callable[..., tuple[str, bool, dict[str, str]]]
) -> None:
    if os.geteuid():
        pytest.skip("makes files that are somebody else's: needs root")
    # Anybody may write into the file, nobody else may put another one in its place.
    place = root / "z"
    place.mkdir()
    (place / "theirs").write_bytes(b"before")
    (place / "theirs").chmod(0o666)
    place.chmod(0o1777)
    text, is_unchanged, _ = users("slip(root); (root / 'z/theirs').write_bytes(b'after')", looks="before")
    assert text.startswith(
        "Nothing was brought back: `z/theirs` stood in the way (Operation not permitted): z has mode"
    )
    assert "belongs to root" in text
    assert is_unchanged
    assert (root / "a").read_bytes() == b"other"


def test_what_cannot_be_set_aside_in_its_turn_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = steps(root)
    step, _ = kept.begin(Header(), ())
    (root / "a").write_bytes(b"other")
    assert kept.finish(step) is not None
    free = os.statvfs(root)
    monkeypatch.setattr(stores, "RESERVE", free.f_bavail * free.f_frsize)
    monkeypatch.setattr(stores, "_shared", lambda _source, _target: False)
    text, _ = answer(kept, "", over=False, notebook="")
    assert "cannot be taken back in its turn: what was replaced of `a` (" in text
