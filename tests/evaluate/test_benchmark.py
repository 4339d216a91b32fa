"""The examples that the metrics are held against: ruff's own, a pair a rule."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy")

if not (Path(sys.executable).parent / "ruff").exists():
    pytest.skip("ruff is not installed", allow_module_level=True)

from benchmarks.evaluate.__main__ import SECURITY, pairs


def test_there_are_pairs_for_most_rules() -> None:
    found = list(pairs())
    assert len(found) > 700
    assert len({rule for rule, *_ in found}) == len(found)
    assert sum(before != after for _, _, before, after in found) > 0.95 * len(found)
    assert sum(linter == SECURITY for _, linter, *_ in found) > 20
