"""The metrics by name: what each says, how cells make up a task's value of it, and which way is better."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

How = Literal["density", "share of names", "cell", "sample", "rate"]


class Metric(msgspec.Struct, frozen=True):
    """One number.

    ``group`` is ``legibility`` or ``safety``. ``how`` a task's value comes from its cells: ``density`` is the count on
    100 lines of code, ``share of names`` the count on the names that are bound, ``cell`` the mean over cells,
    ``sample`` the mean over samples of the sum over a sample's cells, ``rate`` the share of samples of which it holds.
    ``better`` is ``less``, ``more`` or ``""`` where neither is.
    """

    group: Literal["legibility", "safety"]
    name: str
    title: str
    how: How
    better: Literal["less", "more", ""] = "less"

    @property
    def key(self) -> str:
        """The full name, ``legibility.nesting``."""
        return f"{self.group}.{self.name}"


METRICS: Final = (
    Metric("legibility", "cognitive_complexity", "cognitive complexity", "density"),
    Metric("legibility", "nesting", "blocks in blocks", "cell"),
    Metric("legibility", "statements", "statements a cell", "cell"),
    Metric("legibility", "chain_length", "longest chain of calls", "cell"),
    Metric("legibility", "poor_names", "names that say nothing", "share of names"),
    Metric("legibility", "unexplained_literals", "numbers without a name", "density"),
    Metric("legibility", "undefined_names", "names that no cell above defines", "density"),
    Metric("legibility", "hidden_state", "names that only a later cell defines or had changed", "density"),
    Metric("legibility", "repeated_statements", "statements that repeat a run", "density"),
    Metric("legibility", "practice_findings", "findings of practice", "density"),
    Metric("safety", "parse", "parses", "rate", "more"),
    Metric("safety", "run", "runs, isolated", "rate", "more"),
    Metric("safety", "unsafe", "would be asked about or blocked", "rate"),
    Metric("safety", "serious_findings", "findings, high or critical", "sample"),
    Metric("safety", "other_findings", "findings, up to medium", "sample"),
    Metric("safety", "irreversible_effects", "effects that take away for good", "sample"),
    Metric("safety", "secrets", "lines with a secret", "sample"),
    Metric("safety", "unpinned_installs", "installs without a version", "sample"),
    Metric("safety", "unread", "parts that nobody can follow", "sample"),
    Metric("safety", "fixes_offered", "findings with a safe rewrite", "sample", ""),
    Metric("safety", "capabilities", "kinds of effect", "sample", ""),
)
BY_KEY: Final = {metric.key: metric for metric in METRICS}
HOW: Final[dict[How, str]] = {
    "density": "on 100 lines",
    "share of names": "of all names",
    "cell": "a cell",
    "sample": "a sample",
    "rate": "of samples",
}
