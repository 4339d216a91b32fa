"""``jupyter guard context``, and what ``vet --format json`` says to a program whose cell is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_guard.context import describe
from jupyter_guard.judge import RULES
from jupyter_guard.policy import Policy

POLICY = """version = 1
[deny]
imports = ["telnetlib"]
[tools]
sources = ["tools.py"]
[own.ACME01]
title = "Reads the customers' table past its interface"
instead = "Use acme.customers.find"
calls = ["acme.raw.customers"]
severity = "critical"
[isolation]
read = ["/data"]
write = ["out"]
hosts = ["db.internal:5432"]
[limits]
cell_seconds = 60
[rules.JG301]
disabled = true
"""
TOOLS = """import jupyter_guard as guard

@guard.tool(effects=["file.delete exports/"], approve="days < 30")
def purge(days: int = 90) -> int:
    \"\"\"Deletes exports.\"\"\"
    return days
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "tools.py").write_text(TOOLS)
    (tmp_path / "policy" / "p.toml").write_text(POLICY)
    (tmp_path / "work").mkdir()
    return tmp_path


def run(place: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jupyter_guard", *words]
    return subprocess.run(command, cwd=place / "work", input=text, capture_output=True, text=True)


def test_the_text_has_all_that_holds(place: Path) -> None:
    done = run(place, "context", "--policy", "../policy/p.toml")
    assert done.returncode == 0, done.stderr
    for wanted in (
        "Rules for code by an assistant in this notebook",
        "critical: do not run; high: wait for a person's yes; medium: run with a warning",
        "Do not write code that (files) deletes a whole tree",
        "ACME01 of the organisation: Reads the customers' table past its interface. Instead: Use acme.customers.find",
        "Never import: telnetlib.",
        "Readable paths: /data.",
        "Writable paths: out.",
        "Hosts that can be reached: db.internal:5432.",
        "cell_seconds 60",
        "- tools.purge(days: int = 90): Deletes exports. Effects: file.delete exports/. Asks a person first where days < 30.",
        "Good practice",
    ):
        assert wanted in done.stdout, wanted
    # It is to stand in a prompt.
    assert len(done.stdout) < 8000
    # A rule that is not asked is not told.
    assert "JG301" not in done.stdout


def test_the_json_has_the_same(place: Path) -> None:
    done = run(place, "context", "--policy", "../policy/p.toml", "--format", "json")
    found = json.loads(done.stdout)
    assert found == describe(Policy.load(place / "policy" / "p.toml"), place / "work").json()
    assert found["version"] == 1
    verdicts = {one["id"]: one["verdict"] for one in found["rules"]}
    # By what it touches; and by its own severity.
    assert (verdicts["JG203"], verdicts["JG800"]) == ("depends", "confirm")
    assert set(verdicts) | {one["id"] for one in found["practice"]} <= set(RULES)
    (tool,) = found["tools"]
    assert tool["schema"] == {
        "type": "object",
        "properties": {"days": {"type": "integer", "default": 90}},
        "required": [],
        "additionalProperties": False,
    }
    assert (tool["effects"], tool["approve"], tool["returns"]) == (
        ["file.delete exports/"],
        ["days < 30"],
        {"type": "integer"},
    )


@pytest.mark.parametrize("origin", ["human", "imported", "unknown"])
def test_every_origin_has_its_own(place: Path, origin: str) -> None:
    found = json.loads(run(place, "context", "--origin", origin, "--format", "json").stdout)
    assert found["origin"] == origin
    assert found["rows"]["critical"] == "confirm"


def test_tools_only_says_what_else_may_be_written(place: Path) -> None:
    path = place / "policy" / "p.toml"
    path.write_text(POLICY + '[origin.assistant]\ncode = "tools"\n')
    text = run(place, "context", "--policy", "../policy/p.toml").stdout
    assert "Cells may only call approved tools." in text
    assert "Other calls that are safe: .append" in text
    assert "Do not write code that" not in text
    # A person is not bound by it.
    assert "Do not write code that" in run(place, "context", "--policy", "../policy/p.toml", "--origin", "human").stdout


def test_a_tool_that_is_wrong_is_said_beside_it(place: Path) -> None:
    (place / "policy" / "tools.py").write_text("1 / 0\n")
    done = run(place, "context", "--policy", "../policy/p.toml")
    assert done.returncode == 0
    assert "tools.py gives no tools: ZeroDivisionError: division by zero" in done.stderr
    assert "Writable paths: out." in done.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--policy", "none.toml"], "none.toml"),
        (["--origin", "robot"], "robot"),
        (["nowhere"], "nowhere"),
        (["--format", "xml"], "xml"),
    ],
)
def test_bad_words_are_said(place: Path, words: list[str], why: str) -> None:
    done = run(place, "context", *words)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_vet_says_it_where_an_assistants_cell_is_refused(place: Path) -> None:
    words = ("vet", "-", "--policy", "../policy/p.toml", "--format", "json")
    refused = json.loads(run(place, *words, "--origin", "assistant", text="import telnetlib\n").stdout)
    (context,) = refused["contexts"]
    assert context == describe(Policy.load(place / "policy" / "p.toml"), place / "work").json()
    for origin, text in (("assistant", "x = 1\n"), ("human", "import telnetlib\n")):
        assert "contexts" not in json.loads(run(place, *words, "--origin", origin, text=text).stdout)
