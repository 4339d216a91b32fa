"""A refused cell -> what a program that wrote it needs to write an allowed one: the policy's context, and rewrites.

In the refusal's JSON, beside what people read. Nothing of it is made for a cell that runs, nor for a person's.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_guard.terms import Finding, Origin, Report, Span, Verdict

if TYPE_CHECKING:
    from jupyter_guard.policy import Policy

log = logging.getLogger("jupyter_guard")

MOST_REWRITES = 8


def advice(report: Report, policy: Policy | None, workspace: Path) -> dict[str, Any]:
    """``context`` (of ``jupyter_guard.context``) and ``rewrites``, whole cells by the rule and place of a finding;
    nothing for a cell that runs or that a person wrote. Never raises: a cell is refused with or without it.
    """
    if policy is None or report.verdict not in (Verdict.CONFIRM, Verdict.BLOCK) or report.cell.origin is Origin.HUMAN:
        return {}
    try:
        from jupyter_guard.context import describe

        context = describe(policy, workspace, report.cell.origin).json()
    except Exception:
        log.exception("the context of a refusal could not be told")
        return {}
    return {"context": context, "rewrites": rewrites(report, policy, workspace)}


def rewrites(report: Report, policy: Policy, workspace: Path) -> dict[tuple[str, Span], str]:
    """The cell as it would be with the safe rewrite of each finding that has one."""
    from jupyter_guard.fix.likely import is_likely

    found: dict[tuple[str, Span], str] = {}
    if report.cell.language != "python":
        return found
    for finding in report.findings[:MOST_REWRITES]:
        if is_likely(finding, report.cell.code):
            rewritten = _rewritten(report, finding, policy, workspace)
            if rewritten:
                found[finding.rule, finding.span] = rewritten
    return found


def _rewritten(report: Report, finding: Finding, policy: Policy, workspace: Path) -> str:
    """The cell with the safe rewrite of a finding, where that leaves nothing that is judged harder."""
    from jupyter_guard.fix import suggest
    from jupyter_guard.fix.likely import vias
    from jupyter_guard.guard.session import Session

    code = report.cell.code
    try:
        fix = suggest(code, finding.rule, finding.span, vias(finding))
        if fix is None:
            return ""
        before, after = (Session(policy, report.cell.origin, workspace=workspace).vet(one) for one in (code, fix.code))
    except Exception:
        log.exception("a rewrite of a refused cell failed")
        return ""
    counts = [sum(one.rule == finding.rule for one in each.findings) for each in (before, after)]
    return fix.code if after.verdict <= before.verdict and counts[1] < counts[0] else ""
