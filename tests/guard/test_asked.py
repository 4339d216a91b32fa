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


def asked(rule: str, *cells: str, above: tuple[str, ...] | None = None) -> dict[str, Any]:
    """What is answered about what ``rule`` finds in the last of ``cells``."""
    session = Session("personal", origin="assistant", workspace=Path.cwd())
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
