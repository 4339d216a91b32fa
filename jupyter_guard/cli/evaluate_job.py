"""Samples to evaluate as pieces of work, and what a worker does with one.

What goes back and into a journal holds counts and sentences; the code stays with whoever asked.
"""

from __future__ import annotations

import msgspec

from jupyter_guard.cli.console import clean
from jupyter_guard.cli.identity import made_with
from jupyter_guard.cli.judging import has_failed
from jupyter_guard.corpus import Done, Piece, key_of
from jupyter_guard.evaluate.kept import encoded
from jupyter_guard.evaluate.legibility import counter
from jupyter_guard.evaluate.measure import Measured, measure
from jupyter_guard.evaluate.sample import Sample
from jupyter_guard.policy import Policy
from jupyter_guard.practice.ruff import RuffError, version
from jupyter_guard.tools.sources import texts


class EvaluateJob:
    """Measures samples by a policy. Raises and lets ``RuffError`` through: the policy asks for what is not there."""

    is_secret = False
    through: tuple[type[Exception], ...] = (RuffError,)

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._about = ("evaluate", self.made_with(), policy.hash, *texts(policy.tools.sources))

    def made_with(self) -> str:
        """With what counts complexity, and ruff where the policy asks for it. Raises ``RuffError``."""
        ruff = version() if self._policy.practice.ruff else ""
        return ", ".join(filter(None, (made_with(), counter(), ruff)))

    def prepare(self) -> None:
        """Nothing: what it takes was loaded with this."""

    def __call__(self, given: Sample) -> Done:
        """The ``Evaluated`` of a sample, without its code."""
        found = measure(given, self._policy)
        failed = has_failed([cell.report for cell in found.cells])
        bare = msgspec.structs.replace(
            found, sample=msgspec.structs.replace(given, cells=()), cells=tuple(map(_bare, found.cells))
        )
        value, is_whole = encoded(bare)
        return Done(value, lasting=is_whole and not failed)

    def piece(self, sample: Sample) -> Piece[Sample]:
        """A sample as a piece of work."""
        said = [part for one in sample.cells for part in (one.origin, one.language, str(one.number), one.code)]
        key = key_of(*self._about, sample.model, sample.task, str(sample.number), sample.place, *said)
        return Piece(sample, sample, key, sum(map(len, said)))


def _bare(cell: Measured) -> Measured:
    report = cell.report
    return msgspec.structs.replace(
        cell,
        report=msgspec.structs.replace(
            report,
            cell=msgspec.structs.replace(report.cell, code=""),
            sentence=clean(report.sentence),
            findings=(),
            effects=(),
            problems=(),
        ),
    )
