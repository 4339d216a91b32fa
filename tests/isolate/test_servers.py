"""What Jupyter's servers are set up with is in no box, wherever servers look for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap, servers
from jupyter_guard.isolate.grants import Grants, grants
from jupyter_guard.isolate.launcher import own_files
from jupyter_guard.policy.policy import Isolation

EVERYTHING = Isolation("auto", (), read=("*",), write=(".",), hosts=(), env=("*",))
BUBBLEWRAP = pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "it works")
FILES = (
    "home/.jupyter/jupyter_server_config.py", "home/.jupyter/jupyter_lab_config.json",
    "home/.jupyter/jupyter_server_config.d/token.json", "named/jupyter_notebook_config.py",
    "path/jupyter_lab_config.py", "venv/etc/jupyter/jupyter_server_config.json",
)  # fmt: skip


@pytest.fixture
def root() -> Iterator[Path]:
    # Not below /tmp, of which a box has its own.
    with tempfile.TemporaryDirectory(prefix=".servers-", dir=Path.home()) as made:
        for one in (*FILES, "work/own.txt", "venv/etc/jupyter/jupyter_server_config.d/extension.json"):
            (Path(made) / one).parent.mkdir(parents=True, exist_ok=True)
            (Path(made) / one).write_text("decoy\n")
        yield Path(made)


def environment(root: Path) -> dict[str, str]:
    return {
        "HOME": str(root / "home"), "PATH": os.environ["PATH"], "JUPYTER_CONFIG_DIR": str(root / "named"),
        "JUPYTER_CONFIG_PATH": str(root / "path"),
    }  # fmt: skip


def held(root: Path) -> Grants:
    own = own_files(environment(root), str(root / "work"), str(root / "jg-0"), "", [str(root / "venv")])
    return grants(EVERYTHING, str(root / "work"), environment(root), own, prefixes=[str(root / "venv")])


def test_they_are_the_folders_that_jupyter_has(root: Path) -> None:
    asked = "import jupyter_core.paths, json; print(json.dumps(jupyter_core.paths.jupyter_config_path()))"
    for more in ({}, {"JUPYTER_PLATFORM_DIRS": "1"}, {"PYTHONUSERBASE": str(root / "base")}):
        given = {name: value for name, value in environment(root).items() if name != "JUPYTER_CONFIG_DIR"} | more
        done = subprocess.run([sys.executable, "-c", asked], env=given, capture_output=True, text=True, check=True)
        ours = (
            "from jupyter_guard.isolate.servers import folders; import json, os; print(json.dumps(folders(os.environ)))"
        )
        mine = subprocess.run([sys.executable, "-c", ours], env=given, capture_output=True, text=True, check=True)
        import json

        assert set(json.loads(done.stdout)) - {"/etc/xdg/jupyter"} <= set(json.loads(mine.stdout))


def test_each_is_hidden_and_an_interpreters_extensions_are_not(root: Path) -> None:
    hidden = held(root).hidden
    assert [one for one in FILES if not any((str(root / one) + "/").startswith(place + "/") for place in hidden)] == []
    assert not any("extension" in one or one.endswith("venv/etc/jupyter/jupyter_server_config.d") for one in hidden)


@BUBBLEWRAP
def test_none_can_be_read_in_a_box(root: Path) -> None:
    words = bubblewrap.command(held(root), -1)
    for one in FILES:
        done = subprocess.run([*words, "cat", str(root / one)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
    assert subprocess.run([*words, "cat", "own.txt"], capture_output=True, text=True, check=False).stdout == "decoy\n"


def test_settings_that_appear_are_looked_at(root: Path) -> None:
    looked: list[str] = []
    own = own_files(environment(root), str(root / "work"), str(root / "jg-0"), "")
    grants(EVERYTHING, str(root / "work"), environment(root), own, looked=looked)
    assert str(root / "path" / "jupyter_server_config.json") in looked
    assert servers.SYSTEM[0] + "/jupyter_server_config.py" in looked
