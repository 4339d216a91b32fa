"""A judged cell: verdict, findings, effects and the sentence that people read."""

from __future__ import annotations

import msgspec

from jupyter_guard.terms.cell import Cell
from jupyter_guard.terms.effect import Effect
from jupyter_guard.terms.finding import Finding
from jupyter_guard.terms.verdict import Verdict


class Report(msgspec.Struct, frozen=True):
    """The answer of ``vet``.

    ``verdict`` is what is enforced; under ``mode = "observe"`` it is ``allow`` or ``warn`` and ``would_be`` holds what
    enforcing would have said (equal to ``verdict`` otherwise). ``sentence`` states the effects in words.
    ``policy`` is the policy's short hash. ``lasting`` is the reading's: whether later answers may depend on this cell.
    """

    cell: Cell
    verdict: Verdict
    sentence: str
    findings: tuple[Finding, ...] = ()
    effects: tuple[Effect, ...] = ()
    problems: tuple[str, ...] = ()
    would_be: Verdict = Verdict.ALLOW
    policy: str = ""
    lasting: bool = True
