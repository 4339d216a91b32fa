"""``%pip install`` in a box: not without a grant, and with it into a folder over the environment, which stays as it is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap, landlock, packages
from tests.kernel.front import Front

HAS = {"bubblewrap": bubblewrap.trouble(), "landlock": "" if landlock.version() else "there is no Landlock here"}
INSTALL = "%pip install -q --no-index --find-links wheels "

pytestmark = pytest.mark.kernel


def wheel(folder: Path, name: str, version: str, text: str) -> None:
    """A package that is there without any registry."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # The guard's cache, which is hidden, is in the home then, and not in a folder that Python looks in.
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with tempfile.TemporaryDirectory(prefix=".packages-", dir=Path.home()) as made:
        home = Path(made)
        for name in (".jupyter", "work/wheels"):
            (home / name).mkdir(parents=True)
        wheel(home / "work" / "wheels", "ordinary_thing", "1.0", "answer = 42\n")
        # One that the environment has already.
        wheel(home / "work" / "wheels", "iniconfig", "99.0", "answer = 99\n")
        yield home


def policy(home: Path, backend: str) -> None:
    text = f'version = 1\nmode = "observe"\n[isolation]\nbackend = "{backend}"\n'
    (home / ".jupyter" / "jupyter_guard.toml").write_text(text)


def granted(home: Path) -> None:
    command = [sys.executable, "-m", "jupyter_guard", "policy", "grant", "packages"]
    environment = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / ".jupyter")}
    subprocess.run(command, env=environment, cwd=home / "work", check=True, capture_output=True)


@pytest.mark.skipif(bool(HAS["bubblewrap"]), reason=HAS["bubblewrap"] or "it works")
def test_without_the_grant_it_says_which_one_is_needed(home: Path) -> None:
    policy(home, "auto")
    with Front(home / "work", "", home=home) as front:
        assert "jupyter guard policy grant packages" in front.run(INSTALL + "ordinary-thing").text


@pytest.mark.parametrize("backend", list(HAS))
def test_with_the_grant_it_is_installed_over_the_environment(home: Path, backend: str) -> None:
    if HAS[backend]:
        pytest.skip(HAS[backend])
    policy(home, backend)
    granted(home)
    show = (
        "import ordinary_thing, iniconfig, numpy\nprint(ordinary_thing.answer, iniconfig.answer, numpy.ones(2).sum())"
    )
    with Front(home / "work", "", home=home) as front:
        for line in (INSTALL + "ordinary-thing", "!pip install -q --no-index --find-links wheels --upgrade iniconfig"):
            run = front.run(line)
            assert "rror" not in run.text + str(run.of("error")), run.text[-600:]
        run = front.run(show)
        assert run.text.strip() == "42 99 2.0", [
            one["content"].get("evalue", one["content"].get("text")) for one in run.published
        ]
        assert front.run("!python -c 'import ordinary_thing; print(ordinary_thing.answer)'").text.strip() == "42"
    # The next kernel of the same box has it, from its record; the environment itself was not touched.
    with Front(home / "work", "", home=home) as front:
        assert front.run(show).text.strip() == "42 99 2.0"
    outside = [sys.executable, "-c", "import importlib.metadata as m; print(m.version('iniconfig'))"]
    assert subprocess.run(outside, capture_output=True, text=True, check=True).stdout.strip() != "99.0"
    assert list(home.glob(".local/state/guarded-kernels/packages/*/lib/python*/site-packages/ordinary_thing.py"))


def test_what_cells_have_left_there_is_not_written_to_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "work"
    workspace.mkdir()
    for name in ("venv", "glob", "sysconfig"):
        (workspace / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(workspace)
    places, elsewhere = tmp_path / "packages", tmp_path / "elsewhere"
    places.mkdir()
    packages.make(str(places / "one"), sys.executable)
    assert (places / "one" / "bin" / "pip").read_text().splitlines()[1] == f'exec "{places}/one/bin/python" -m pip "$@"'
    elsewhere.mkdir()
    # As a cell may: the scripts gone, and a link in their place, or in the place of all of it.
    for script in (places / "one" / "bin").iterdir():
        script.unlink()
    (places / "one" / "bin").rmdir()
    (places / "one" / "bin").symlink_to(elsewhere)
    (places / "two").symlink_to(elsewhere)
    for name in ("one", "two"):
        packages.make(str(places / name), sys.executable)
    assert not list(elsewhere.iterdir())
    assert sorted(one.name for one in tmp_path.iterdir()) == ["elsewhere", "packages", "work"]
