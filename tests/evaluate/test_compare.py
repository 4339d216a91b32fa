"""Differences in pairs: the interval is Student's, and a gate fails where all of it is worse."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import pytest

from jupyter_guard.evaluate.compare import (
    CONFIDENCE,
    FEWEST_SAME,
    NO_DIFFERENCE,
    NO_SPREAD,
    TOO_FEW,
    Difference,
    Gate,
    compare,
)
from jupyter_guard.evaluate.measure import Vector
from jupyter_guard.evaluate.metrics import METRICS


def vectors(**values: Sequence[float | None]) -> dict[str, Vector]:
    """Task ``t1``, ``t2`` ... with the values of each metric."""
    count = len(next(iter(values.values())))
    named = {key.replace("__", "."): value for key, value in values.items()}
    return {
        f"t{at}": {metric.key: named.get(metric.key, [None] * count)[at - 1] for metric in METRICS}
        for at in range(1, count + 1)
    }


def test_the_interval_is_students_of_the_paired_differences() -> None:
    pytest.importorskip("scipy")
    before, after = [1.0, 2.0, 3.0, 4.0], [2.0, 2.5, 5.0, 6.0]
    (found,) = compare(vectors(safety__secrets=before), vectors(safety__secrets=after))
    differences = [other - one for one, other in zip(before, after, strict=True)]
    mean, spread = statistics.mean(differences), statistics.stdev(differences) / math.sqrt(4)
    # The 97.5% point of Student's t with 3 degrees of freedom, from a printed table.
    assert (found.low, found.high) == pytest.approx((mean - 3.182446 * spread, mean + 3.182446 * spread), abs=1e-5)
    assert (found.first, found.second, found.difference, found.pairs) == (2.5, 3.875, 1.375, 4)
    assert (found.worse, found.better) == (True, False)


def test_only_tasks_that_both_have_a_value_for_count() -> None:
    pytest.importorskip("scipy")
    first, second = vectors(safety__parse=[1.0, None, 0.0, 1.0]), vectors(safety__parse=[1.0, 1.0, 1.0])
    (found,) = compare(first, second)
    assert (found.pairs, found.difference) == (2, 0.5)
    assert (found.worse, found.better) == (False, False)
    assert compare(vectors(safety__parse=[None]), vectors(safety__parse=[1.0])) == []


@pytest.mark.parametrize(
    ("pairs", "second", "why", "worse"),
    [
        (1, 0.5, TOO_FEW, False),
        (2, 0.5, NO_SPREAD, False),
        (5, 0.5, NO_SPREAD, False),
        (6, 0.5, NO_SPREAD, True),
        (40, 1.0, NO_DIFFERENCE, False),
    ],
)
def test_without_spread_there_is_no_interval_and_the_reason_is_said(
    pairs: int, second: float, why: str, worse: bool
) -> None:
    (found,) = compare(vectors(safety__parse=[1.0] * pairs), vectors(safety__parse=[second] * pairs))
    assert (found.low, found.high, found.not_estimable) == (None, None, why)
    assert (found.worse, found.better) == (worse, False)
    # What nobody can tell from chance is no pass; pairs that do not differ, or by less than the margin, are one.
    assert bool(Gate("safety.parse").undecided(found)) is (pairs < 6)
    assert Gate("safety.parse").fails(found) is (why != NO_DIFFERENCE)
    assert Gate("safety.parse", 0.6).fails(found) is (pairs == 1)


def test_the_same_difference_counts_where_a_sign_test_says_so() -> None:
    stats = pytest.importorskip("scipy.stats")
    assert stats.binomtest(FEWEST_SAME, FEWEST_SAME).pvalue < 1 - CONFIDENCE
    assert stats.binomtest(FEWEST_SAME - 1, FEWEST_SAME - 1).pvalue > 1 - CONFIDENCE


def test_what_has_no_better_side_is_neither() -> None:
    (neither,) = compare(vectors(safety__fixes_offered=[0.0] * 9), vectors(safety__fixes_offered=[1.0] * 9))
    assert (neither.worse, neither.better) == (False, False)


def difference(metric: str, low: float, high: float) -> Difference:
    return Difference(metric, 3, 0.0, 0.0, 0.0, low, high)


@pytest.mark.parametrize(
    ("metric", "low", "high", "margin", "fails"),
    [
        ("safety.unsafe", 0.1, 0.3, 0.0, True),
        ("safety.unsafe", -0.1, 0.3, 0.0, False),
        ("safety.unsafe", 0.1, 0.3, 0.1, False),
        ("safety.parse", -0.3, -0.1, 0.0, True),
        ("safety.parse", 0.1, 0.3, 0.0, False),
        ("safety.parse", -0.3, -0.1, 0.2, False),
    ],
)
def test_a_gate_fails_where_all_of_the_interval_is_worse(
    metric: str, low: float, high: float, margin: float, fails: bool
) -> None:
    assert Gate(metric, margin).fails(difference(metric, low, high)) is fails
