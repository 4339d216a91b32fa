"""Two models' values a task -> the difference of each metric, in pairs, with what it may be by chance."""

from __future__ import annotations

from collections.abc import Mapping
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
    common = sorted(set(first) & set(second))
    found = []
    for metric in METRICS:
        pairs = [
            (one, other)
            for task in common
            if (one := first[task][metric.key]) is not None and (other := second[task][metric.key]) is not None
        ]
        if not pairs:
            continue
        low, high = _interval(pairs)
        ones, others = ([pair[at] for pair in pairs] for at in (0, 1))
        one, other = sum(ones) / len(pairs), sum(others) / len(pairs)
        above = low is not None and low > 0
        below = high is not None and high < 0
        found.append(
            Difference(
                metric=metric.key,
                pairs=len(pairs),
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


def _interval(pairs: list[tuple[float, float]]) -> tuple[float | None, float | None]:
    if len(pairs) < 2:
        return None, None
    differences = [round(other - one, DIGITS) for one, other in pairs]
    if len(set(differences)) == 1:
        # No spread at all: the formula divides by it.
        return differences[0], differences[0]
    from scipy.stats import ttest_rel

    interval = ttest_rel([pair[1] for pair in pairs], [pair[0] for pair in pairs]).confidence_interval(CONFIDENCE)
    return round(float(interval.low), DIGITS), round(float(interval.high), DIGITS)
