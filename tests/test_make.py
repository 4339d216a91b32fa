"""The README's first commands are all that a clean clone needs: what each would do is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
GOALS = ("demo", "lab", "test")
# What a machine has, and what is installed before it is called.
PROGRAMS = ("python3", "rm", "touch", "command", "cd", "npm", "jlpm")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks and nothing else, so no environment and nothing built."""
    place = tmp_path_factory.mktemp("clone")
    told = subprocess.run(["git", "checkout-index", "--all", f"--prefix={place}/"], cwd=ROOT, capture_output=True)
    if told.returncode:
        pytest.skip("no checkout: git does not say which files are the project's")
    return place


def dry_run(clone: Path, *words: str) -> list[str]:
    """The commands of ``make``. The tests themselves run under one, whose variables are not this one's."""
    make = ["make", "--no-print-directory", "--dry-run", *words]
    told = subprocess.run(make, cwd=clone, env={"PATH": "/usr/local/bin:/usr/bin:/bin"}, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


def test_the_first_commands_of_the_readme_are_these() -> None:
    page = MarkdownIt().parse((ROOT / "README.md").read_text(encoding="utf-8"))
    first = next(one.content for one in page if one.type in ("fence", "code_block"))
    assert re.findall(r"^(\w+ \w+)", first, re.MULTILINE) == [f"make {goal}" for goal in GOALS]


@pytest.mark.parametrize("goal", GOALS)
def test_a_clean_clone_sets_itself_up_and_goes_on(clone: Path, goal: str) -> None:
    commands = dry_run(clone, goal)
    made = [at for at, one in enumerate(commands) if "-m venv .venv" in one]
    installed = [at for at, one in enumerate(commands) if "pip" in one and "constraints.txt" in one]
    first_use = [at for at, one in enumerate(commands) if one.startswith(".venv/bin/") and "pip" not in one]
    assert made < installed < first_use
    for command in commands:
        for part in re.split(r" (?:&&|\|\|) ", command):
            words = [one for one in part.split() if "=" not in one]
            program = words[0]
            assert program.startswith(".venv/bin/") or program in PROGRAMS or (clone / program).is_file(), command
            # Of the arguments, what is a file or a folder of the project's.
            for word in words[1:]:
                if re.fullmatch(r"[a-z_]+(?:/[\w.]+)+|[a-z_]+\.py", word) and not word.startswith(
                    ("docs/_", "jupyter_guard/labext")
                ):
                    assert (clone / word).exists(), (word, command)


@pytest.mark.parametrize(
    ("goal", "does"),
    [
        ("demo", [".venv/bin/python demo_notebooks/run.py", "--compare careful hasty --gate"]),
        ("lab", [".venv/bin/jupyter lab --notebook-dir=demo_notebooks  demo_notebooks/tour.ipynb"]),
        ("test", [".venv/bin/ruff check .", ".venv/bin/mypy", "jlpm test", ".venv/bin/sphinx-build", ".venv/bin/pytest -n 3"]),
    ],
)  # fmt: skip
def test_each_does_what_the_readme_says(clone: Path, goal: str, does: list[str]) -> None:
    commands = "\n".join(dry_run(clone, goal))
    assert not [one for one in does if one not in commands]


def test_an_older_python_is_told_apart(clone: Path) -> None:
    check = next(one for one in dry_run(clone, "demo") if "version_info" in one)
    assert "jupyter_guard needs Python 3.11 or newer" in check
