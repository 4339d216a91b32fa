"""Two models' values a task -> the difference of each metric, in pairs, with what it may be by chance."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jupyter_guard.evaluate.measure import DIGITS, Vector
from jupyter_guard.evaluate.metrics import METRICS

CONFIDENCE: Final = 0.95
# By a sign test, chance alone makes all of n pairs differ to the same side with 2 * 0.5**n: less than 0.05 from 6 on.
FEWEST_SAME: Final = 6
TOO_FEW: Final = "fewer than two pairs"
NO_DIFFERENCE: Final = "no pair differs"
NO_SPREAD: Final = "every pair differs by the same, so there is no spread to tell chance from"


class Difference(msgspec.Struct, frozen=True):
    """``second`` less ``first``: means over the ``pairs`` tasks for which both have a value.

    ``low`` and ``high`` are the confidence interval of the mean difference (Student's t, paired); ``None`` where it
    cannot be estimated, for the reason in ``not_estimable``. ``worse`` says that all of the interval lies on the worse
    side of no difference, ``better`` that all of it lies on the better side; without an interval, that the same
    difference in ``FEWEST_SAME`` pairs or more does. Both are false where nothing can be said, or no side is better.
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
    not_estimable: str = ""


class Gate(msgspec.Struct, frozen=True):
    """A metric, and how much worse its mean may be before that counts."""

    metric: str
    margin: float = 0.0

    def undecided(self, found: Difference) -> str:
        """Why nothing can be said of the second model's being worse by more than the margin; ``""`` where it can."""
        if found.pairs < 2:
            return f"it takes two tasks for which both models have a value, and there is {found.pairs}"
        if found.not_estimable == NO_SPREAD and found.pairs < FEWEST_SAME and self._worse(found.difference):
            return f"all of {found.pairs} pairs are worse by the same, and that takes {FEWEST_SAME}"
        return ""

    def fails(self, found: Difference) -> bool:
        """Whether the second model is worse by more than the margin, whatever chance there was in it.

        What is undecided is no pass.
        """
        if found.low is None or found.high is None:
            return bool(self.undecided(found)) or (found.worse and self._worse(found.difference))
        return self._worse(found.low) and self._worse(found.high)

    def _worse(self, difference: float) -> bool:
        less = next(metric.better for metric in METRICS if metric.key == self.metric) == "less"
        return difference > self.margin if less else difference < -self.margin


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
        low, high, why = _interval(ones, others)
        one, other = sum(ones) / len(ones), sum(others) / len(others)
        same = round(other - one, DIGITS) if why == NO_SPREAD and len(ones) >= FEWEST_SAME else 0.0
        above = same > 0 if low is None else low > 0
        below = same < 0 if high is None else high < 0
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
                not_estimable=why,
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


def _interval(ones: Sequence[float], others: Sequence[float]) -> tuple[float | None, float | None, str]:
    """The interval, or why there is none."""
    if len(ones) < 2:
        return None, None, TOO_FEW
    differences = {round(other - one, DIGITS) for one, other in zip(ones, others, strict=True)}
    if len(differences) == 1:
        # Student's t divides by the spread: the library gives an interval of no width, or no numbers.
        return None, None, NO_SPREAD if differences.pop() else NO_DIFFERENCE
    from scipy.stats import ttest_rel

    interval = ttest_rel(list(others), list(ones)).confidence_interval(CONFIDENCE)
    return round(float(interval.low), DIGITS), round(float(interval.high), DIGITS), ""
