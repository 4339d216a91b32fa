"""The rewrite that a panel asks for is judged where the cell stands, below the cells above it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.fix.likely import vias
from jupyter_guard.guard.asked import told
from jupyter_guard.guard.practising import practised
from jupyter_guard.guard.protocol import Tell
from jupyter_guard.guard.session import Session
from jupyter_guard.policy import load_effective


def asked(rule: str, *cells: str, above: tuple[str, ...] | None = None) -> dict[str, Any]:
    """What is answered about what ``rule`` finds in the last of ``cells``."""
    session = Session(load_effective(Path.cwd()), origin="assistant", workspace=Path.cwd())
    found = practised([session.vet(cell) for cell in cells], session.policy)[-1].findings
    finding = next(one for one in found if one.rule == rule)
    place = {name: getattr(finding.span, name) for name in ("line", "column", "end_line", "end_column")}
    wanted = {"code": cells[-1], "rule": rule, "span": place, "via": vias(finding)}
    sent = list(cells[:-1] if above is None else above)
    return dict(json.loads(told(Tell(1, "fix", json.dumps({**wanted, "above": sent})))))


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("rule", "above", "before", "after"),
    [
        ("JG502", "import requests as http", "r = http.get(u, verify=False)", "r = http.get(u)"),
        ("JG112", "import yaml as y", "d = y.load(text, Loader=y.Loader)", "d = y.safe_load(text)"),
        ("JG908", "import requests", "r = requests.get(u)", "r = requests.get(u, timeout=30)"),
    ],
)
def test_what_a_cell_above_imports_counts(rule: str, above: str, before: str, after: str) -> None:
    assert asked(rule, above, before)["code"] == after


def test_where_nothing_is_found_nothing_is_better() -> None:
    # Without the cells above nobody can tell what the name is.
    assert "problem" in asked("JG112", "import yaml as y", "d = y.load(text, Loader=y.Loader)", above=())


def test_cells_above_that_are_none_are_an_answer_too() -> None:
    found = json.loads(
        told(Tell(1, "fix", json.dumps({"code": "x", "rule": "JG112", "span": 1, "via": [], "above": 2})))
    )
    assert "problem" in found


def test_tags_that_an_imported_file_registers_make_it_one_to_look_at(tmp_path: Path) -> None:
    cells = ("import yaml as y\nimport shapes", "d = y.load(text, Loader=y.Loader)")
    assert asked("JG112", *cells)["safe"] is True
    (tmp_path / "shapes.py").write_text("import yaml\nclass Shape(yaml.YAMLObject):\n    yaml_tag = '!shape'\n")
    assert asked("JG112", *cells)["safe"] is False


OWN = """
version = 1
[own.ACME01]
title = "Reads a database past the gateway"
instead = "Use acme.db.read."
severity = "high"
calls = ["pandas.read_sql", "pandas.read_sql_query"]
replace = {"pandas.read_sql" = "acme.db.read"}
"""
CELLS = ("from pandas import read_sql as rows, read_sql_query", "orders = rows(query, link)  # all")


def test_what_an_organisation_wants_in_its_place_is_offered_and_never_safe(tmp_path: Path) -> None:
    (tmp_path / "jupyter_guard.toml").write_text(OWN)
    found = asked("ACME01", *CELLS)
    assert (found["code"], found["safe"]) == ("import acme.db\norders = acme.db.read(query, link)  # all", False)
    # A call of the rule's that has nothing in its place, and one of a name that is another's here.
    assert "problem" in asked("ACME01", CELLS[0], "read_sql_query(q, c)")
    assert "problem" in asked("ACME01", CELLS[0], "acme = 1\nrows(q, c)")


def test_what_would_be_found_in_the_rewritten_cell_keeps_it_back(tmp_path: Path) -> None:
    refused = '[deny]\nimports = ["acme"]\ncalls = ["pandas.read_sql"]\n'
    (tmp_path / "jupyter_guard.toml").write_text(OWN + refused)
    # Both are blocked: the one for the call, the other for the import.
    assert "problem" in asked("ACME01", *CELLS)
