"""House rules that a machine can hold: how long files are, what they are called, that each says what it is."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import jupyter_guard

ROOT = Path(__file__).parents[1]
LINES = {".py": 400, ".ts": 300, ".tsx": 300}
# Names under which anything could stand.
EMPTY_NAMES = ("util", "utils", "helpers", "misc", "common", "stuff", "manager2")


def sources() -> list[Path]:
    """What git tracks, as it is now."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if names.returncode:
        pytest.skip("no checkout: git does not say which files are the project's")
    found = [ROOT / name for name in names.stdout.split("\0") if name]
    return [path for path in found if path.suffix in LINES and path.exists()]


def test_no_file_is_too_long() -> None:
    long = {path: path.read_text(encoding="utf-8").count("\n") for path in sources()}
    assert len(long) > 500
    assert not [(path.name, lines) for path, lines in long.items() if lines > LINES[path.suffix]]


def test_names_say_what_is_in_there() -> None:
    assert not [path for path in sources() if path.stem in EMPTY_NAMES or path.parent.name in EMPTY_NAMES]


def test_each_module_of_the_package_says_what_it_is() -> None:
    package = [path for path in sources() if path.suffix == ".py" and path.is_relative_to(ROOT / "jupyter_guard")]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in package}
    assert not [path for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)]


def test_one_version_everywhere_with_a_note_on_upgrading_to_it() -> None:
    version = jupyter_guard.__version__
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == version
    assert json.loads((ROOT / "labextension" / "package.json").read_text(encoding="utf-8"))["version"] == version
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\S+)", changes, re.MULTILINE)
    notes = re.findall(r"^## To (\S+)", (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert released[0] == version
    assert notes == released
