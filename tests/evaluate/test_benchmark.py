"""The examples that the metrics are held against: ruff's own, a pair a rule."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy")

if not (Path(sys.executable).parent / "ruff").exists():
    pytest.skip("ruff is not installed", allow_module_level=True)

from benchmarks.evaluate.__main__ import LABELS, SECURITY, matched, pairs, table
from jupyter_guard.evaluate.measure import measure
from jupyter_guard.evaluate.sample import Sample
from jupyter_guard.policy import Policy
from jupyter_guard.terms import Cell, Origin


def test_there_are_pairs_for_most_rules() -> None:
    found = list(pairs())
    assert len(found) > 700
    assert len({rule for rule, *_ in found}) == len(found)
    assert sum(before != after for _, _, before, after in found) > 0.95 * len(found)
    assert sum(linter == SECURITY for _, linter, *_ in found) > 20


def test_the_correlation_in_pairs_is_of_ranks_of_differences() -> None:
    assert matched([(2, 1), (5, 1)]) == 1
    assert matched([(1, 2), (3, 3)]) == -1
    # Differences 1, -2 and 4 have the ranks 1, 2 and 3: (1 + 3 - 2) / 6.
    assert matched([(2, 1), (1, 3), (9, 5), (7, 7)]) == pytest.approx(1 / 3)
    # Of equal size they share a rank.
    assert matched([(2, 1), (1, 2)]) == 0


def test_the_table_has_every_metric_that_differs_with_both_correlations(capsys: pytest.CaptureFixture[str]) -> None:
    texts = {
        "deep": ("if a:\n    if b:\n        if c:\n            x = 1", "if a and b and c:\n    x = 1"),
        "flat": ("x = 1", "if a:\n    x = 1"),
        "same": ("x = 1", "x = 1"),
    }
    policy = Policy.preset("personal")
    made = [
        measure(Sample(label, rule, 1, rule, (Cell(text, Origin.ASSISTANT),)), policy)
        for rule, both in texts.items()
        for label, text in zip(LABELS, both, strict=True)
    ]
    table(made, "Three pairs")
    rows = {
        row.split("|")[1].strip(): row.split("|")[2:-1] for row in capsys.readouterr().out.split("\n") if "`" in row
    }
    nesting = [cell.strip() for cell in rows["`legibility.nesting`"]]
    # Before 3, 0, 0 and after 1, 1, 0: one lower by two, one higher by one, one equal.
    assert nesting[:2] == ["1.000", "0.667"]
    assert nesting[3:6] == ["1", "1", "1"]
    assert nesting[7] == "+0.333"
    assert "`legibility.poor_names`" not in rows
