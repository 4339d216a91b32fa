"""Differences in pairs: the interval is Student's, and a gate fails where all of it is worse."""

from __future__ import annotations

import math
import statistics

import pytest

from jupyter_guard.evaluate.compare import Difference, Gate, compare
from jupyter_guard.evaluate.measure import Vector
from jupyter_guard.evaluate.metrics import METRICS


def vectors(**values: list[float | None]) -> dict[str, Vector]:
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


def test_no_spread_and_one_pair_need_no_library() -> None:
    (same,) = compare(vectors(safety__parse=[1.0, 1.0]), vectors(safety__parse=[0.5, 0.5]))
    assert (same.low, same.high, same.worse, same.better) == (-0.5, -0.5, True, False)
    (one,) = compare(vectors(safety__unsafe=[0.0]), vectors(safety__unsafe=[1.0]))
    assert (one.low, one.high, one.worse) == (None, None, False)
    (neither,) = compare(vectors(safety__fixes_offered=[0.0, 0.0]), vectors(safety__fixes_offered=[1.0, 1.0]))
    assert (neither.worse, neither.better) == (False, False)


def difference(metric: str, low: float | None, high: float | None) -> Difference:
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
        # Nothing is known: that is no pass.
        ("safety.unsafe", None, None, 0.0, True),
    ],
)
def test_a_gate_fails_where_all_of_the_interval_is_worse(
    metric: str, low: float | None, high: float | None, margin: float, fails: bool
) -> None:
    assert Gate(metric, margin).fails(difference(metric, low, high)) is fails
