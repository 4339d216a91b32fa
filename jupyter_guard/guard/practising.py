"""Reports and what is found apart (``jupyter_guard.practice``) -> reports with those findings, each decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_guard.guard.suppressing import explained, marked
from jupyter_guard.practice.notebook import whole
from jupyter_guard.terms import Finding, Report

if TYPE_CHECKING:
    from jupyter_guard.policy import Policy


# Rules of ruff's that say on the same line what a rule of the guard's says, knowing the cells and what they call.
_SAME: Final = {
    "F403": frozenset({"JG907"}),
    "S113": frozenset({"JG908"}),
    "F821": frozenset({"JG910", "JG911"}),
    "C901": frozenset({"JG913"}),
}


def practised(
    reports: Sequence[Report], policy: Policy, *, ruff: bool = True, counts: Sequence[int] = ()
) -> tuple[Report, ...]:
    """The reports of a whole notebook's cells with findings of practice, ``ruff``'s too where the policy selects some.

    ``counts`` are the execution counts that the cells have in their file, 0 for none.
    Raises ``jupyter_guard.practice.ruff.RuffError``.
    """
    # Loaded here: cells that somebody is still writing are judged without.
    from jupyter_guard.practice.ruff import linted

    practice = policy.practice
    apart = whole(reports, practice.complexity, counts)
    by_ruff = linted([report.cell for report in reports], practice.ruff if ruff else ())
    return tuple(
        with_findings(report, [*own, *(one for one in others if not _is_said(one, own))], policy)
        for report, own, others in zip(reports, apart, by_ruff, strict=True)
    )


def with_ruffs(report: Report, found: Iterable[Finding], policy: Policy) -> Report:
    """The report of a cell that has those of the guard's own already, with what ruff found and they do not say."""
    return with_findings(report, [one for one in found if not _is_said(one, report.findings)], policy)


def _is_said(finding: Finding, others: Iterable[Finding]) -> bool:
    same = _SAME.get(finding.message.partition(":")[0], frozenset())
    return any(one.rule in same and one.span.line == finding.span.line for one in others)


def with_findings(report: Report, found: Iterable[Finding], policy: Policy) -> Report:
    """The report with more findings, as the policy decides them; verdicts can only become stricter."""
    rules = policy.rules
    wanted = [
        msgspec.structs.replace(one, severity=rules.severities.get(one.rule, one.severity))
        for one in found
        if one.rule not in rules.disabled
    ]
    if not wanted:
        return report
    cell = report.cell
    decision = policy.decide(marked(cell, wanted) if policy.may_suppress(cell.origin) else wanted, cell.origin)
    said = explained(cell, decision.findings, policy)
    findings = sorted((*report.findings, *said), key=lambda one: (one.span.line, one.span.column, one.rule))
    return msgspec.structs.replace(
        report,
        findings=tuple(findings),
        verdict=max(report.verdict, decision.verdict),
        would_be=max(report.would_be, decision.would_be),
    )
