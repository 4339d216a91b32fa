"""Real repositories: what git's clean filter and the real pre-commit let into a commit."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).parents[2]
SECRET = "AKIA" + "Q3EGRLVGZ5TYMC4W"
MARK = "[REDACTED:aws-access-key-id]"
PRE_COMMIT = (sys.executable, "-m", "pre_commit")


def notebook(code: str = "print(key)", output: str = f"key {SECRET}\n") -> str:
    outputs = [{"output_type": "stream", "name": "stdout", "text": [output]}]
    cell = {"cell_type": "code", "execution_count": None, "metadata": {"é": output}, "outputs": outputs}
    made = {"cells": [{**cell, "source": [code]}], "metadata": {"title": output}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


@pytest.fixture
def git(work: Path) -> Git:
    """``git("add", ".")`` in a new repository in ``work``."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {
            "HOME": str(work.parent / "home"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        return subprocess.run(
            ["git", *words], cwd=work, env=environment, capture_output=True, text=True, check=False, timeout=180
        )

    run("init", "-q")
    for key, value in (("user.name", "a"), ("user.email", "a@example.org"), ("core.autocrlf", "false")):
        run("config", key, value)
    return run


def test_with_the_clean_filter_a_commit_is_clean_and_the_tree_is_as_it_was(git: Git, work: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m jupyter_guard scrub --name %f -"
    for key, value in (("clean", command), ("smudge", "cat"), ("required", "true")):
        git("config", f"filter.jupyter-guard.{key}", value)
    (work / ".gitattributes").write_text("*.ipynb filter=jupyter-guard\n")
    text = notebook().replace("\n", "\r\n")
    (work / "a b.ipynb").write_bytes(text.encode())
    assert git("add", ".").returncode == 0
    assert git("commit", "-qm", "x").returncode == 0
    assert git("show", "HEAD:a b.ipynb").stdout == text.replace(SECRET, MARK).replace("\r\n", "\n")
    assert SECRET not in git("log", "-p").stdout
    # The filter's answer is the same each time: git sees nothing to do, and the file keeps its own text.
    assert git("status", "--porcelain").stdout == ""
    assert (work / "a b.ipynb").read_bytes() == text.encode()
    again = git("add", "--renormalize", ".")
    assert again.returncode == 0
    assert git("status", "--porcelain").stdout == ""


def hooks(work: Path, wanted: str) -> None:
    """The hook as it is published, run as it is installed here."""
    published = (ROOT / ".pre-commit-hooks.yaml").read_text()
    one = next(part for part in published.split("- id: ")[1:] if part.startswith(f"{wanted}\n"))
    lines = [line.replace("language: python", "language: system") for line in one.splitlines()]
    indented = "\n".join(f"        {line.strip()}" for line in lines[1:])
    (work / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: local\n    hooks:\n      - id: {wanted}\n{indented}\n"
    )


def test_pre_commit_stops_a_commit_and_names_what_is_wrong(git: Git, work: Path) -> None:
    hooks(work, "jupyter-guard-scrub")
    assert subprocess.run([*PRE_COMMIT, "install"], cwd=work, capture_output=True, check=False).returncode == 0
    (work / "n.ipynb").write_text(notebook())
    (work / "code.ipynb").write_text(notebook(f"x = 1\nkey = '{SECRET}'", "fine\n"))
    git("add", ".")
    stopped = git("commit", "-qm", "x")
    assert stopped.returncode == 1
    said = stopped.stdout + stopped.stderr
    assert "aws-access-key-id" in said
    assert SECRET not in said
    (work / "n.ipynb").write_text(notebook(output="fine\n"))
    (work / "code.ipynb").write_text(notebook("x = 1", "fine\n"))
    git("add", ".")
    assert git("commit", "-qm", "x").returncode == 0


def test_pre_commit_cleans_and_the_second_commit_goes_through(git: Git, work: Path) -> None:
    hooks(work, "jupyter-guard-scrub-write")
    assert subprocess.run([*PRE_COMMIT, "install"], cwd=work, capture_output=True, check=False).returncode == 0
    (work / "n.ipynb").write_text(notebook(f"key = '{SECRET}'"))
    git("add", ".")
    assert git("commit", "-qm", "x").returncode == 1
    after = (work / "n.ipynb").read_text()
    assert after.count(MARK) == 3
    assert 'key = os.environ[\\"KEY\\"]' in after
    assert SECRET not in after
    git("add", ".")
    second = git("commit", "-qm", "x")
    assert second.returncode == 0, second.stdout + second.stderr
    assert git("show", "HEAD:n.ipynb").stdout == after


def test_the_hooks_are_what_pre_commit_expects() -> None:
    checked = subprocess.run(
        [*PRE_COMMIT, "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_pre_commit_stops_what_the_policy_would_stop(git: Git, work: Path) -> None:
    hooks(work, "jupyter-guard-vet")
    assert subprocess.run([*PRE_COMMIT, "install"], cwd=work, capture_output=True, check=False).returncode == 0
    (work / "n.ipynb").write_text(notebook("import shutil\nshutil.rmtree('/home')", "fine\n"))
    (work / "other.txt").write_text("import shutil\nshutil.rmtree('/home')\n")
    git("add", ".")
    stopped = git("commit", "-qm", "x")
    assert (stopped.returncode, "JG203" in stopped.stdout + stopped.stderr) == (1, True), stopped.stderr
    (work / "n.ipynb").write_text(notebook("x = 1", "fine\n"))
    git("add", ".")
    assert git("commit", "-qm", "x").returncode == 0


def test_pre_commit_rewrites_safely_and_the_second_commit_goes_through(git: Git, work: Path) -> None:
    hooks(work, "jupyter-guard-fix")
    assert subprocess.run([*PRE_COMMIT, "install"], cwd=work, capture_output=True, check=False).returncode == 0
    before = notebook("import yaml\nd = yaml.load(t, Loader=yaml.Loader)", "fine\n")
    (work / "n.ipynb").write_text(before)
    git("add", ".")
    assert git("commit", "-qm", "x").returncode == 1
    after = (work / "n.ipynb").read_text()
    assert after == before.replace("yaml.load(t, Loader=yaml.Loader)", "yaml.safe_load(t)")
    git("add", ".")
    assert git("commit", "-qm", "x").returncode == 0
    assert git("show", "HEAD:n.ipynb").stdout == after
