"""What IPython keeps outlives a box; it is the boxes' own, and the profile outside is never written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from jupyter_guard.isolate import bubblewrap, history, landlock
from jupyter_guard.isolate.grants import grants
from jupyter_guard.isolate.plan import examine
from jupyter_guard.policy.policy import Policy
from tests.kernel.front import Front

MACHINE = examine(lambda: "not asked for")
WORKS = {
    "bubblewrap": bubblewrap.trouble(),
    "landlock": "" if MACHINE.landlock >= landlock.FILES and MACHINE.filters else "no Landlock, or no seccomp",
}
POLICY = """
version = 1
mode = "observe"
[isolation]
backend = "{}"
"""
HISTORY = "list(get_ipython().history_manager.search('*', raw=True))"
STARTS = "import os, glob\nprofile = get_ipython().profile_dir.location\n"


def a_history(path: Path, *lines: str) -> None:
    """A database of IPython's with a session of these."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE history (session integer, line integer, source text, source_raw text)")
        made.executemany("INSERT INTO history VALUES (1, ?, ?, ?)", [(at, one, one) for at, one in enumerate(lines, 1)])


def lines_of(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as opened:
        return [one for (one,) in opened.execute("SELECT source_raw FROM history ORDER BY session, line")]


@pytest.fixture
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="home-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def place(home: Path, workspace: Path, **changes: object) -> str:
    isolation = msgspec.structs.replace(Policy.preset("personal").isolation, **changes)
    environment = {"HOME": str(home)}
    return history.place(grants(isolation, str(workspace), environment), isolation.write, environment)


def test_kernels_share_it_only_where_they_share_another_place(home: Path) -> None:
    one, other = home / "one", home / "other"
    one.mkdir(), other.mkdir()
    assert place(home, one) == place(home, other) == str(home.resolve() / ".local/state/guarded-kernels/shared")
    for alone in ({"write": (".",)}, {"read": ()}):
        assert place(home, one, **alone) != place(home, other, **alone)
        assert place(home, one, **alone) == place(home, one, **alone)


def test_what_was_kept_before_is_there_once(home: Path) -> None:
    profile, folder = home / "profile #1", home / "state" / "shared"
    a_history(profile / "history.sqlite", "early = 1")
    (profile / "db" / "autorestore").mkdir(parents=True)
    (profile / "db" / "autorestore" / "x").write_bytes(b"pickled")
    (profile / "startup").mkdir()
    history.make(str(folder), str(profile))
    assert lines_of(folder / "history.sqlite") == ["early = 1"]
    assert (folder / "db" / "autorestore" / "x").read_bytes() == b"pickled"
    assert sorted(one.name for one in folder.iterdir()) == ["db", "history.sqlite"]
    assert [one.name for one in folder.parent.iterdir()] == ["shared"]
    # A cell took it away: it is not laid again, and not through what the cell put there.
    (folder / "history.sqlite").unlink()
    (folder / "history.sqlite").symlink_to(home / "planted")
    history.make(str(folder), str(profile))
    assert not (home / "planted").exists()


def test_a_damaged_history_begins_anew_and_a_link_is_no_place(home: Path) -> None:
    profile, folder = home / "profile", home / "state" / "shared"
    profile.mkdir()
    (profile / "history.sqlite").write_text("no database, but text that goes on for long enough to be read as one" * 20)
    history.make(str(folder), str(profile))
    assert [one.name for one in folder.iterdir()] == ["db"]
    (home / "state" / "other").symlink_to(folder)
    with pytest.raises(OSError, match="is a link"):
        history.make(str(home / "state" / "other"), str(profile))


@pytest.mark.kernel
@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
def test_it_is_there_in_the_next_kernel_and_nothing_is_planted_outside(home: Path, backend: str) -> None:
    if WORKS[backend]:
        pytest.skip(WORKS[backend])
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_guard.toml").write_text(POLICY.format(backend))
    profile = home / "ipython" / "profile_default"
    a_history(profile / "history.sqlite", "early = 1")
    before = sorted(one.relative_to(profile).as_posix() for one in profile.rglob("*"))
    # Decided anew, and recalled.
    folder = home / "work"
    folder.mkdir()
    for at, kept in enumerate((["early = 1"], ["early = 1", "first = 0"])):
        with Front(folder, "", home=home) as front:
            found = front.run(HISTORY, store_history=False).result
            assert [one in found for one in kept] == [True] * len(kept)
            seen = STARTS + "print(os.environ['JUPYTER_GUARD_ISOLATION'], len(glob.glob(profile + '/db/*')))"
            assert front.run(seen, store_history=False).text.split() == [backend, str(at)]
            front.run(("first", "second")[at] + " = 0")
            front.run("open(profile + '/db/stored', 'w').close()", store_history=False)
            # In the kernel's own profile, which ends with it.
            front.run("open(profile + '/startup/planted.py', 'w').write('planted = 1')", store_history=False)
            assert front.run("planted", store_history=False).error["ename"] == "NameError"
    assert sorted(one.relative_to(profile).as_posix() for one in profile.rglob("*")) == before
    assert lines_of(profile / "history.sqlite") == ["early = 1"]
    assert not os.path.exists(home / ".ipython")
