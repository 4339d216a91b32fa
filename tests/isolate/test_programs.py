"""What runs outside the box is not written to from inside, wherever a kernel works."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import jupyter_guard
from jupyter_guard.isolate import bubblewrap
from jupyter_guard.isolate.grants import Grants, grants
from jupyter_guard.policy.policy import Isolation

BUBBLEWRAP = pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "it works")


@pytest.fixture
def work() -> Iterator[Path]:
    # Not below /tmp, of which a box has its own.
    with tempfile.TemporaryDirectory(prefix=".programs-", dir=Path.home()) as made:
        for one in ("work/.venv/bin", "work/.venv/lib/python3/site-packages", "home"):
            (Path(made) / one).mkdir(parents=True)
        (Path(made) / "work/.venv/pyvenv.cfg").write_text("home = /usr/bin\n")
        yield Path(made) / "work"


def held(work: Path, prefix: Path, write: tuple[str, ...] = (".",), home: str = "") -> Grants:
    isolation = Isolation("auto", (), read=("*",), write=write, hosts=(), env=("*",))
    environment = {"HOME": home or str(work.parent / "home"), "PATH": os.environ["PATH"]}
    return grants(isolation, str(work), environment, prefixes=[str(prefix)])


def writes(found: Grants, path: Path) -> bool:
    done = subprocess.run([*bubblewrap.command(found, -1), "touch", str(path)], capture_output=True, check=False)
    return done.returncode == 0


@BUBBLEWRAP
def test_an_environment_in_the_workspace_is_read_only_and_what_is_beside_it_is_not(work: Path) -> None:
    found = held(work, work / ".venv")
    assert not writes(found, work / ".venv/lib/python3/site-packages/planted.pth")
    assert not writes(found, work / ".venv/bin/jupyter")
    assert writes(found, work / "beside.txt")
    assert writes(held(work, work / ".venv", (".", ".venv")), work / ".venv/bin/jupyter")


@BUBBLEWRAP
def test_a_workspace_that_is_an_environment_itself_gives_way_to_its_parts(work: Path) -> None:
    found = held(work / ".venv", work / ".venv")
    assert not writes(found, work / ".venv/lib/python3/site-packages/planted.pth")
    assert not writes(found, work / ".venv/pyvenv.cfg")
    assert writes(found, work / ".venv/own.txt")


def test_the_servers_environment_and_the_guard_are_protected_below_a_writable_place(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(work / ".venv"))
    assert str(work / ".venv") in held(work, Path("/usr")).protected
    package = os.path.realpath(os.path.dirname(jupyter_guard.__file__))
    for write in (("*",), (".", os.path.dirname(package))):
        assert any((package + "/").startswith(one + "/") for one in held(work, Path("/usr"), write).protected)
    assert package not in held(work, Path("/usr")).protected


def test_own_packages_are_protected_in_a_writable_home_and_open_where_their_folder_is_granted(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = work / ".local/lib/python3/site-packages"
    own.mkdir(parents=True)
    monkeypatch.setattr("site.getusersitepackages", lambda: str(own))
    assert str(own) in held(work, Path("/usr"), home=str(work)).protected
    assert str(own) not in held(work, Path("/usr"), (".", "~/.local/lib"), home=str(work)).protected


def test_in_a_writable_home_what_starts_is_held(work: Path) -> None:
    found = held(work, Path("/usr"), home=str(work))
    assert found.problems == ()
    assert {(str(work / one), False) for one in (".bash_profile", ".bashrc")} <= set(found.planted)
    assert held(work, Path("/usr")).planted == ()
