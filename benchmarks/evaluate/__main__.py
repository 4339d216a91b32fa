"""Ruff's own examples, each before and after its rule -> how the metrics differ, and how they go with the label.

``python -m benchmarks.evaluate`` prints a table. Ruff's rules come with an example of what each is against and of what
to use instead; people who know nothing of these metrics wrote them. Most rules are about other things than these
metrics, so most pairs are equal in most of them: what counts is which way the others go.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from scipy.stats import rankdata, spearmanr

from jupyter_guard.evaluate.compare import Difference, compare
from jupyter_guard.evaluate.legibility import counter
from jupyter_guard.evaluate.measure import Evaluated, by_task, measure, task_vector
from jupyter_guard.evaluate.metrics import BY_KEY
from jupyter_guard.evaluate.sample import Sample
from jupyter_guard.policy import Policy
from jupyter_guard.terms import Cell, Origin

EXAMPLE = re.compile(r"## Examples?\n(.*?)(?=\n## |\Z)", re.DOTALL)
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
LABELS = ("before", "after")
SECURITY = "flake8-bandit"


def pairs() -> Iterator[tuple[str, str, str, str]]:
    """Each rule's name, its linter, and the texts before and after it."""
    ruff = Path(sys.executable).parent / "ruff"
    said = subprocess.run(
        [ruff, "rule", "--all", "--output-format", "json"], capture_output=True, text=True, check=True
    )
    for rule in json.loads(said.stdout):
        example = EXAMPLE.search(rule["explanation"])
        before, _, after = (example[1] if example else "").partition("Use instead")
        worse, better = BLOCK.findall(before), BLOCK.findall(after)
        if worse and better:
            yield rule["name"], rule["linter"], worse[0], better[0]


def main() -> int:
    """Print the tables: of all rules, and of those about security."""
    policy = Policy.preset("personal")
    evaluated: list[Evaluated] = []
    security = set()
    for rule, linter, *texts in pairs():
        security |= {rule} if linter == SECURITY else set()
        for label, text in zip(LABELS, texts, strict=True):
            evaluated.append(measure(Sample(label, rule, 1, rule, (Cell(text, Origin.ASSISTANT),)), policy))
    print(f"Cognitive complexity: {counter() or 'not counted'}.\n")
    table(evaluated, "All rules of ruff")
    table([one for one in evaluated if one.sample.task in security], f"Its rules about security ({SECURITY})")
    return 0


def table(evaluated: list[Evaluated], title: str) -> None:
    """A row for every metric that differs in any pair."""
    models = by_task(evaluated)
    before, after = ({task: task_vector(found) for task, found in models[label].items()} for label in LABELS)
    print(f"{title}, {len(before)} pairs\n")
    print(
        "| metric | before | after | after less before, 95% | lower | equal | higher | "
        "rank correlation with `before` | in pairs that differ |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for one in compare(before, after):
        values = [
            (old, new)
            for task in before
            if (old := before[task][one.metric]) is not None and (new := after[task][one.metric]) is not None
        ]
        lower, higher = sum(new < old for old, new in values), sum(new > old for old, new in values)
        if not lower + higher:
            continue
        numbers = [old for old, _ in values] + [new for _, new in values]
        labels = [1] * len(values) + [0] * len(values)
        rank = spearmanr(numbers, labels).statistic
        interval = f"{one.difference:+.3f} ({_interval(one)})"
        better = {"less": "", "more": " (more is better)"}.get(BY_KEY[one.metric].better, " (neither is better)")
        print(
            f"| `{one.metric}`{better} | {one.first:.3f} | {one.second:.3f} | {interval} | {lower} | "
            f"{len(values) - lower - higher} | {higher} | {rank:+.3f} | {matched(values):+.3f} |"
        )
    print()


def _interval(one: Difference) -> str:
    return one.not_estimable or f"{one.low:+.3f} to {one.high:+.3f}"


def matched(values: Sequence[tuple[float, float]]) -> float:
    """The rank-biserial correlation of pairs of a value before and one after, of those that differ.

    1: every one is lower after, -1: higher; each counts by the rank of its difference (D. S. Kerby, The simple
    difference formula, 2014). Rules differ more from one another than texts do from before to after, which the
    correlation over all texts has in it and this has not.
    """
    differences = [old - new for old, new in values if old != new]
    ranks = rankdata([abs(one) for one in differences])
    total = float(sum(ranks))
    lower = float(sum(rank for rank, one in zip(ranks, differences, strict=True) if one > 0))
    return (2 * lower - total) / total


if __name__ == "__main__":
    sys.exit(main())
