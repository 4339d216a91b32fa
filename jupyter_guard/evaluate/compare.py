"""Two models' values a task -> the difference of each metric, in pairs, with what it may be by chance."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jupyter_guard.evaluate.measure import DIGITS, Vector
from jupyter_guard.evaluate.metrics import METRICS

CONFIDENCE: Final = 0.95


class Difference(msgspec.Struct, frozen=True):
    """``second`` less ``first``: means over the ``pairs`` tasks for which both have a value.

    ``low`` and ``high`` are the confidence interval of the mean difference (Student's t, paired); ``None`` with fewer
    than two pairs. ``worse`` says that all of the interval lies on the worse side of no difference, ``better`` that all
    of it lies on the better side; both are false where nothing can be said, or neither way is better.
    """

    metric: str
    pairs: int
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    worse: bool = False
    better: bool = False


class Gate(msgspec.Struct, frozen=True):
    """A metric, and how much worse its mean may be before that counts."""

    metric: str
    margin: float = 0.0

    def fails(self, found: Difference) -> bool:
        """Whether the second model is worse by more than the margin, whatever chance there was in it."""
        if found.low is None or found.high is None:
            return True
        less = next(metric.better for metric in METRICS if metric.key == self.metric) == "less"
        return found.low > self.margin if less else found.high < -self.margin


def compare(first: Mapping[str, Vector], second: Mapping[str, Vector]) -> list[Difference]:
    """The differences of every metric that both have, over the tasks that both have.

    Raises ``ImportError`` where scipy is not installed and an interval is to be computed.
    """
    values = _paired(first, second)
    found = []
    for metric in METRICS:
        ones, others = values[metric.key]
        if not ones:
            continue
        low, high = _interval(ones, others)
        one, other = sum(ones) / len(ones), sum(others) / len(others)
        above = low is not None and low > 0
        below = high is not None and high < 0
        found.append(
            Difference(
                metric=metric.key,
                pairs=len(ones),
                first=round(one, DIGITS),
                second=round(other, DIGITS),
                difference=round(other - one, DIGITS),
                low=low,
                high=high,
                worse=above if metric.better == "less" else below and metric.better == "more",
                better=below if metric.better == "less" else above and metric.better == "more",
            )
        )
    return found


def _paired(first: Mapping[str, Vector], second: Mapping[str, Vector]) -> dict[str, tuple[array[float], array[float]]]:
    """By metric the two models' values of the tasks for which both have one; every task is asked for once."""
    found: dict[str, tuple[array[float], array[float]]] = {metric.key: (array("d"), array("d")) for metric in METRICS}
    for task in sorted(set(first) & set(second)):
        values, others = first[task], second[task]
        for key, (ones, twos) in found.items():
            one, two = values[key], others[key]
            if one is not None and two is not None:
                ones.append(one)
                twos.append(two)
    return found


def _interval(ones: Sequence[float], others: Sequence[float]) -> tuple[float | None, float | None]:
    if len(ones) < 2:
        return None, None
    differences = [round(other - one, DIGITS) for one, other in zip(ones, others, strict=True)]
    if len(set(differences)) == 1:
        # No spread at all: the formula divides by it.
        return differences[0], differences[0]
    from scipy.stats import ttest_rel

    interval = ttest_rel(list(others), list(ones)).confidence_interval(CONFIDENCE)
    return round(float(interval.low), DIGITS), round(float(interval.high), DIGITS)
