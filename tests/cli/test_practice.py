"""How cells are written, as ``vet`` and ``evaluate`` show it: of notebooks, with an organisation's own rules of ruff's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

pytest.importorskip("ruff")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def write(path: Path, *codes: str) -> None:
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(code) for code in codes]), path)


def test_vet_shows_practice_of_notebooks_and_exits_clean(run: Run, work: Path) -> None:
    write(work / "n.ipynb", "import os, requests\nfrom json import *", "requests.get('https://a.b')\nl = 1")
    (work / "jupyter_guard.toml").write_text('version = 1\n[practice]\nruff = ["E", "S113", "F401", "F403"]\n')
    result = run("vet", "n.ipynb", "--origin", "assistant")
    assert (result.returncode, result.stderr) == (0, "")
    assert [line.strip() for line in result.stdout.split("\n") if "practice:" in line] == [
        "practice: cell 1, line 1: E401: Multiple imports on one line (JG914)",
        "practice: cell 1, line 1: F401: 'os' imported but unused (JG914)",
        "practice: cell 1, line 2: imports all names of `json` (JG907)",
        "practice: cell 2, line 1: `requests.get` waits without an end (JG908)",
        "practice: cell 2, line 2: E741: Ambiguous variable name: 'l' (JG914)",
    ]
    assert "practice" not in run("vet", "n.ipynb", "--no-practice").stdout
    log = json.loads(run("vet", "n.ipynb", "--format", "sarif").stdout)
    assert "JG914" in {one["ruleId"] for one in log["runs"][0]["results"]}
    # What a baseline has is known, and what is new is not.
    run("vet", "n.ipynb", "--write-baseline", "b.json")
    write(work / "n.ipynb", "import os, requests\nfrom json import *", "requests.get('https://a.b')\nl = 1\nO = 2")
    again = run("vet", "n.ipynb", "--baseline", "b.json").stdout
    assert [line.split("line ")[1] for line in again.split("\n") if "practice:" in line] == [
        "3: E741: Ambiguous variable name: 'O' (JG914)"
    ]


def test_cases_are_any_code_and_asked_only_on_demand(run: Run, work: Path) -> None:
    (work / "c.jsonl").write_text('{"id": "a", "cells": ["gone + 1"]}\n')
    rules = [
        [one["rule"] for one in json.loads(run("vet", "c.jsonl", *more).stdout)["cells"][0]["findings"]]
        for more in ((), ("--practice",))
    ]
    assert rules == [[], ["JG910"]]


def test_a_ruff_that_cannot_be_asked_is_said_and_the_rest_is_done(run: Run, work: Path) -> None:
    write(work / "n.ipynb", "from json import *")
    write(work / "m.ipynb", "x = 1")
    (work / "jupyter_guard.toml").write_text('version = 1\n[practice]\nruff = ["ZZZ9"]\n')
    result = run("vet", ".", "--origin", "assistant")
    assert (result.returncode, result.stderr.count("Unknown rule selector")) == (2, 1)
    assert "imports all names of `json`" in result.stdout
    evaluated = run("evaluate", "n.ipynb")
    assert (evaluated.returncode, "practice.ruff: ruff fails" in evaluated.stderr) == (2, True)


def test_evaluate_counts_what_ruff_finds_and_says_by_which(run: Run, work: Path) -> None:
    write(work / "n.ipynb", "l = 1\nfrom json import *")
    plain = json.loads(run("evaluate", "n.ipynb", "--format", "json").stdout)
    (work / "p.toml").write_text('version = 1\n[practice]\nruff = ["E741"]\n')
    told = json.loads(run("evaluate", "n.ipynb", "--format", "json", "--policy", "p.toml").stdout)
    counts = [one["samples"][0]["cells"][0]["legibility"]["practice_findings"] for one in (plain, told)]
    assert counts == [1, 2]
    assert "ruff" not in plain["made_with"]
    assert told["made_with"]["ruff"].startswith("ruff ")
    assert os.sep not in told["made_with"]["ruff"]


def test_the_counts_that_a_notebook_was_saved_with_count(run: Run, work: Path) -> None:
    cells = [v4.new_code_cell(code) for code in ("rate = 1", "price = 100 * rate", "rate = 2")]
    for cell, count in zip(cells, (1, 3, 2), strict=True):
        cell.execution_count = count
    nbformat.write(v4.new_notebook(cells=cells), work / "n.ipynb")
    said = "cell 2, line 1: uses `rate`, which a cell below had changed before it ran (JG911)"
    assert said in run("vet", "n.ipynb").stdout
    measured = json.loads(run("evaluate", "n.ipynb", "--format", "json").stdout)
    hidden = [one["legibility"]["hidden_state"] for one in measured["samples"][0]["cells"]]
    assert hidden == [0, 1, 0]
    # In format 3 a count is called otherwise; without any nothing is said.
    old = json.loads((work / "n.ipynb").read_text())
    table = [
        {"cell_type": "code", "input": cell["source"], "language": "python", "outputs": [], "prompt_number": count}
        for cell, count in zip(old["cells"], (1, 3, 2), strict=True)
    ]
    made = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": table, "metadata": {}}]}
    (work / "old.ipynb").write_text(json.dumps(made))
    assert said in run("vet", "old.ipynb").stdout
    for cell in cells:
        cell.execution_count = None
    nbformat.write(v4.new_notebook(cells=cells), work / "n.ipynb")
    assert "JG911" not in run("vet", "n.ipynb").stdout
