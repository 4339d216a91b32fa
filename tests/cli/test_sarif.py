"""``jupyter guard vet --format sarif`` against the format's own JSON schema.

``sarif-2.1.0-rtm.5.json`` is OASIS's, as the npm package @microsoft/jest-sarif (MIT) brings it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jsonschema import Draft4Validator
from nbformat import v3, v4

from jupyter_guard.cli.baseline import FromRoot
from jupyter_guard.cli.cases import Case

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text())
DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"


def log(run: Run, *arguments: str) -> Any:
    result = run("vet", *arguments, "--format", "sarif")
    found = json.loads(result.stdout)
    problems = [f"{list(error.path)}: {error.message}" for error in Draft4Validator(SCHEMA).iter_errors(found)]
    assert problems == []
    return found["runs"][0]


def test_the_schema_refuses_what_is_no_log() -> None:
    assert list(Draft4Validator(SCHEMA).iter_errors({"version": "2.1.0", "runs": [{"tool": {}}]}))


def test_findings_in_all_kinds_of_files(run: Run, work: Path) -> None:
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("x = 1"), v4.new_code_cell(DROP)]), work / "n é.ipynb")
    old = v3.new_notebook(worksheets=[v3.new_worksheet(cells=[v3.new_code_cell(DROP)])])
    (work / "old.ipynb").write_text(v3.writes_json(old))
    (work / "a.py").write_text("# %%\nx = 1\n# %%\n" + DROP)
    (work / "b.sql").write_text("DROP TABLE sales;")
    (work / "c.sh").write_text("rm -rf /home\n")
    found = log(run, ".", "--origin", "assistant")
    assert len(found["results"]) >= 5
    assert found["invocations"][0]["executionSuccessful"] is True


def test_nothing_found_and_what_cannot_be_read(run: Run, work: Path) -> None:
    (work / "a.py").write_text("x = 1\n")
    assert log(run, "a.py")["results"] == []
    (work / "broken.ipynb").write_text("{")
    found = log(run, "a.py", "broken.ipynb")
    assert found["invocations"][0]["executionSuccessful"] is False


def test_own_rules_and_what_a_comment_allowed(run: Run, work: Path) -> None:
    (work / "p.toml").write_text(
        'version = 1\n[suppress]\norigins = ["human"]\n'
        '[own.ACME01]\ntitle = "Imports it"\ninstead = "Do not."\nimports = ["acme_old"]\nseverity = "high"\n'
    )
    (work / "a.py").write_text(f"import acme_old\n{DROP}  # guard: allow JG301 because it is made anew\n")
    found = log(run, "a.py", "--origin", "human", "--policy", "p.toml")
    by_rule = {result["ruleId"]: result for result in found["results"]}
    assert by_rule["JG301"]["suppressions"][0]["justification"] == "it is made anew"
    assert "suppressions" not in by_rule["ACME01"]
    assert {rule["id"] for rule in found["tool"]["driver"]["rules"]} == {"ACME01", "JG301"}


def test_a_file_is_the_same_one_however_it_is_written_and_from_where(run: Run, work: Path, tmp_path: Path) -> None:
    (work / ".git").mkdir()
    below = work / "some notebooks"
    below.mkdir()
    (below / "a.py").write_text(DROP)
    (tmp_path / "elsewhere.py").write_text(DROP)
    results = log(run, "some notebooks/a.py", str(below / "a.py"), "../elsewhere.py", "--origin", "assistant")[
        "results"
    ]
    first, second, outer = results
    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "some%20notebooks/a.py"}
    assert second == first
    assert outer["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("file:///")
    assert outer["partialFingerprints"] != first["partialFingerprints"]


def test_files_are_named_from_the_work_tree_that_the_command_runs_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def named(folder: Path, path: str) -> str:
        monkeypatch.chdir(folder)
        return FromRoot()(Case(path, (), path))

    (tmp_path / "repo" / "notebooks").mkdir(parents=True)
    (tmp_path / "repo" / ".git").write_text("gitdir: ../real\n")
    assert named(tmp_path / "repo" / "notebooks", "a.py") == "notebooks/a.py"
    assert named(tmp_path / "repo" / "notebooks", "../b.py") == "b.py"
    # From outside by the file's own work tree; without one from the current folder.
    assert named(tmp_path, "repo/notebooks/a.py") == "notebooks/a.py"
    (tmp_path / "plain").mkdir()
    assert named(tmp_path, str(tmp_path / "plain" / "a.py")) == "plain/a.py"
    assert named(tmp_path / "plain", "../a.py") == (tmp_path / "a.py").as_posix()
    assert named(tmp_path, "<stdin>") == "<stdin>"


@pytest.mark.parametrize("code", ["def (", "é" * 100 + "(", "%%perl\nunlink", "(" * 10_000])
def test_what_no_reader_follows(run: Run, work: Path, code: str) -> None:
    (work / "c.jsonl").write_text(json.dumps({"id": "c/ä 1", "cells": [code], "origin": "assistant"}) + "\n")
    assert log(run, "c.jsonl")["results"]
