"""What somebody outside puts at a hidden place while a kernel runs stays hidden: a mask that goes with its name is not all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap, landlock
from tests.isolate import faults
from tests.kernel.front import GUARDED, Front

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "bubblewrap works"),
    pytest.mark.skipif(landlock.version() < 2, reason="needs Landlock 2"),
]
# As a hostile cell would: tries all the time, and tells what it ever read.
SPYING = """
import os, time
seen, end = set(), time.monotonic() + {seconds}
while time.monotonic() < end:
    for one in {paths!r}:
        try:
            seen.add(open(one).read())
        except OSError:
            pass
print(sorted(seen))
"""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    # Not below /tmp, of which a box has its own.
    with tempfile.TemporaryDirectory(prefix=".renewed-", dir=Path.home()) as made:
        home = Path(made) / "home"
        (home / "work").mkdir(parents=True)
        (home / ".cache" / "huggingface" / "hub").mkdir(parents=True)
        (home / ".jupyter").mkdir()
        # Nothing but isolation stops a cell.
        (home / ".jupyter" / "jupyter_guard.toml").write_text('version = 1\nmode = "observe"\n')
        yield home


@pytest.fixture
def front(home: Path) -> Iterator[Front]:
    (home / ".netrc").write_text("first")
    with Front(home / "work", "", home=home) as running:
        yield running


def put(path: Path, text: str) -> None:
    """As programs save: beside, and renamed."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    beside.replace(path)


def test_not_even_a_cell_that_waits_for_it_reads_what_is_put_there(front: Front, home: Path) -> None:
    paths = [
        home / ".netrc",
        home / ".pgpass",
        home / ".aws" / "credentials",
        home / ".cache" / "huggingface" / "token",
    ]
    run = front.send(SPYING.format(seconds=3, paths=[str(one) for one in paths]))
    front.take_published(1)
    for number in range(20):
        for path in paths:
            put(path, f"second {number}")
    assert front.finish(run).text == "[]\n"


def test_everything_else_goes_on_as_before(front: Front, home: Path) -> None:
    (home / "notes.txt").write_text("notes")
    (home / "work" / "given.txt").write_text("given")
    code = """
import os, pathlib, shutil
pathlib.Path('made').mkdir()
pathlib.Path('made/a').write_text('a')
os.rename('made/a', 'b')
cache = pathlib.Path.home() / '.cache'
(cache / 'mine').mkdir()
(cache / 'mine' / 'c').write_text('c')
shutil.move(cache / 'mine' / 'c', cache / 'huggingface' / 'hub' / 'c')
pathlib.Path('/tmp/d').write_text('d')
shutil.move('/tmp/d', 'd')
print(*(pathlib.Path(one).read_text() for one in ('given.txt', 'b', cache / 'huggingface' / 'hub' / 'c', 'd')))
"""
    run = front.run(code)
    assert run.text == "given a c d\n", run.published
    assert (home / ".cache" / "huggingface" / "hub" / "c").read_text() == "c"
    # What came later, beside places where credentials are, says why it cannot be read.
    run = front.run("open('../notes.txt').read()")
    assert run.error["ename"] == "PermissionError"
    assert "notes.txt was put there after this kernel started" in run.text
    put(home / ".pgpass", "second")
    assert "jupyter guard policy grant" in front.run("open('../.pgpass').read()").text
    assert os.path.exists(home / "work" / "b")


def test_where_the_home_is_the_workspace_it_is_masked_again(home: Path) -> None:
    (home / ".netrc").write_text("first")
    with Front(home, "", home=home) as front:
        assert front.run("open('.netrc').read()").error["ename"] == "PermissionError"
        for path in (
            home / ".netrc",
            home / ".pgpass",
            home / ".aws" / "credentials",
            home / ".config" / "gh" / "hosts.yml",
        ):
            path.parent.mkdir(exist_ok=True, parents=True)
            put(path, "second")
            run = front.run(
                f"import time\ntime.sleep(0.3)\ntry:\n    print(open({str(path)!r}).read())\n"
                "except OSError as error:\n    print(type(error).__name__)"
            )
            assert run.text in ("PermissionError\n", "FileNotFoundError\n"), path
            assert path.read_text() == "second"
        assert front.run("open('mine', 'w').write('x')\nprint(open('mine').read())").text == "x\n"
        assert "it is hidden from it" in front.log_text()
        # Of a store that is a folder, the mask lies on the folder, also where there was none: what is in it may be replaced.
        inside = [home / ".aws" / "credentials", home / ".kube" / "config"]
        run = front.send(SPYING.format(seconds=2, paths=[str(one) for one in inside]))
        front.take_published(1)
        for number in range(20):
            for path in inside:
                put(path, f"third {number}")
        assert front.finish(run).text == "[]\n"


def test_without_landlock_it_is_masked_again_and_the_log_says_so(home: Path) -> None:
    (home / ".netrc").write_text("first")
    with Front(home / "work", "", home=home, argv=[sys.executable, faults.__file__, "landlock", *GUARDED]) as front:
        front.run("1")
        assert "no Landlock 2" in front.log_text()
        put(home / ".netrc", "second")
        run = front.run("import time\ntime.sleep(0.5)\nopen('../.netrc').read()")
        assert run.error["ename"] == "PermissionError"


def test_a_guard_s_own_folder_that_is_made_anew_stays_hidden(front: Front, home: Path) -> None:
    cache = home / ".cache" / "jupyter_guard"
    cache.rename(home / "away")
    cache.mkdir()
    (cache / "launch.bin").write_text("record")
    run = front.run(f"import os, time\ntime.sleep(0.3)\nos.listdir({str(cache)!r})")
    assert run.error["ename"] == "PermissionError"
    assert front.run(f"open({str(cache / 'mine')!r}, 'w')").error["ename"] == "PermissionError"
