"""The documentation's workflow and the hooks for pre-commit: what they run is there, and does what they say."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
WIPE = "import shutil\nshutil.rmtree('/home')\n"


def hooks() -> dict[str, list[str]]:
    return {
        hook["id"]: shlex.split(hook["entry"]) for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    }


def steps() -> list[str]:
    workflow: Any = yaml.safe_load((ROOT / "docs" / "ci" / "notebooks.yml").read_text())
    return [step["run"] for step in workflow["jobs"]["vet"]["steps"] if "jupyter guard" in step.get("run", "")]


@pytest.mark.parametrize(
    ("hook", "code", "status"),
    [
        ("jupyter-guard-vet", "x = 1\n", 0),
        ("jupyter-guard-vet", WIPE, 1),
        ("jupyter-guard-fix", WIPE, 0),
        ("jupyter-guard-scrub", "x = 1\n", 0),
    ],
)
def test_hooks_end_as_they_say(run: Run, work: Path, hook: str, code: str, status: int) -> None:
    program, *arguments = hooks()[hook]
    assert program == "jupyter-guard"
    name = "a.ipynb" if "scrub" in hook else "a.py"
    if name == "a.ipynb":
        code = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    (work / name).write_text(code)
    assert run(*arguments, name).returncode == status


def test_the_hook_that_fixes_changes_the_file_and_then_nothing(run: Run, work: Path) -> None:
    _, *arguments = hooks()["jupyter-guard-fix"]
    (work / "a.py").write_text("import yaml\nyaml.load(t, Loader=yaml.Loader)\n")
    for _ in range(2):
        assert run(*arguments, "a.py").returncode == 0
        assert (work / "a.py").read_text() == "import yaml\nyaml.safe_load(t)\n"


def test_the_workflow_reports_all_and_fails_for_what_is_new(run: Run, work: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=work, check=True, capture_output=True
        )

    report, check = steps()
    (work / "old.py").write_text(WIPE)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "old")
    _, _, *words = shlex.split(report.partition(">")[0])
    _, _, *checks = shlex.split(check.replace("origin/${{ github.base_ref }}", "main"))
    log = json.loads(run(*words).stdout)
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["JG203"]
    assert run(*checks).returncode == 0
    (work / "new.py").write_text(WIPE)
    assert run(*checks).returncode == 1
