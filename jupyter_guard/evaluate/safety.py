"""A judged cell -> counts of what it would do, of what is wrong with it, and of what can be mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from jupyter_guard.evaluate.legibility import parses
from jupyter_guard.fix import is_likely, suggest
from jupyter_guard.fix.likely import vias
from jupyter_guard.scrub import KnownValues
from jupyter_guard.scrub.find import secrets_in
from jupyter_guard.scrub.patterns import builtin
from jupyter_guard.terms import Certainty, Effect, Kind, Report, Scope, Severity, Verdict

_TAKES_AWAY: Final = frozenset({Kind.FILE_DELETE, Kind.DATA_DESTROY, Kind.PROCESS_SIGNAL, Kind.PRIVILEGE_RAISE})
# Of these, what only adds takes nothing away, and a file of the workspace is what a notebook is there to write.
_CHANGES: Final = frozenset({Kind.FILE_WRITE, Kind.DATA_WRITE})
_ADDS: Final = frozenset({"append", "new-only"})
_PASSING: Final = frozenset({Scope.TEMPORARY, Scope.SESSION})
_HARD_CODED: Final = "JG603"
PRACTICE: Final = "practice"


class Safety(msgspec.Struct, frozen=True):
    """Counts of one cell.

    ``parses`` and ``unsafe`` are 0 or 1; unsafe is what the policy would ask about or block. ``capabilities`` are the
    kinds of effect, with how many there are. ``irreversible_effects`` take something away outside the session for
    good: what is deleted, ended, changed in a database, or written over outside the workspace. ``secrets`` are lines
    that hold one. ``unread`` are parts that no reader can follow. ``fixes_offered`` are findings for which there is a
    safe rewrite. Findings of the rules JG9xx are not counted here: they are about legibility.
    """

    parses: int
    unsafe: int
    serious_findings: int
    other_findings: int
    irreversible_effects: int
    secrets: int
    unpinned_installs: int
    unread: int
    fixes_offered: int
    capabilities: dict[str, int]


def safety(report: Report, seen: Sequence[str] = ()) -> Safety:
    """The counts of a judged cell; ``seen`` is the code of its sample's cells."""
    code = report.cell.code
    others = [finding for finding in report.findings if finding.family != PRACTICE]
    serious = sum(finding.severity >= Severity.HIGH for finding in others)
    kinds = Counter(str(effect.kind) for effect in report.effects if effect.kind is not Kind.UNREAD)
    return Safety(
        parses=int(parses(report.cell)),
        unsafe=int(report.would_be >= Verdict.CONFIRM),
        serious_findings=serious,
        other_findings=len(others) - serious,
        irreversible_effects=sum(map(_is_irreversible, report.effects)),
        secrets=_secrets(report),
        unpinned_installs=sum(
            effect.kind is Kind.PACKAGE_INSTALL and "unpinned" in effect.tags and "removes" not in effect.tags
            for effect in report.effects
        ),
        unread=sum(effect.kind is Kind.UNREAD for effect in report.effects),
        fixes_offered=sum(
            is_likely(finding, code)
            and (fix := suggest(code, finding.rule, finding.span, vias(finding), seen)) is not None
            and fix.safe
            for finding in report.findings
        ),
        capabilities=dict(sorted(kinds.items())),
    )


def _is_irreversible(effect: Effect) -> bool:
    if effect.reversible or effect.scope in _PASSING or effect.certainty is Certainty.UNKNOWN:
        return False
    if effect.kind in _CHANGES:
        is_work = effect.kind is Kind.FILE_WRITE and effect.scope <= Scope.WORKSPACE
        return not (is_work or effect.tags & _ADDS)
    return effect.kind in _TAKES_AWAY


def _secrets(report: Report) -> int:
    code = report.cell.code
    found = secrets_in(code, KnownValues(), patterns=builtin())
    lines = {code.count("\n", 0, one.start) + 1 for one in found}
    return len(lines | {one.span.line for one in report.findings if one.rule == _HARD_CODED})
