"""The findings of a case -> the rewrites that there are for them, as differences to read: safe ones and others."""

from __future__ import annotations

from difflib import unified_diff

import msgspec

from jupyter_guard.cli.console import clean
from jupyter_guard.cli.fixing import is_better
from jupyter_guard.cli.judging import Judge, Outcome, folder_of
from jupyter_guard.fix import Fix, is_likely, suggest
from jupyter_guard.fix.imported import seen_with
from jupyter_guard.fix.likely import vias
from jupyter_guard.fix.replacing import replaced
from jupyter_guard.terms import Finding, Report


class Offer(msgspec.Struct, frozen=True):
    """A rewrite for one finding: what it does, whether ``--fix`` makes it (it is safe), and the lines that differ."""

    title: str
    safe: bool
    diff: str


# By the cell and the finding, as places in an outcome.
Offers = dict[tuple[int, int], Offer]


def offers(outcome: Outcome, judge: Judge) -> Offers:
    """By cell and finding (their places in ``outcome``) the rewrites, each judged: what was found is gone then."""
    found: Offers = {}
    before = judge.review(outcome.case).reports
    for at, report in enumerate(outcome.reports):
        if report.cell.language != "python":
            continue
        for number, finding in enumerate(report.findings):
            offer = _offer(outcome, at, finding, judge, before)
            if offer is not None:
                found[at, number] = offer
    return found


def _offer(outcome: Outcome, at: int, finding: Finding, judge: Judge, before: tuple[Report, ...]) -> Offer | None:
    cell = outcome.reports[at].cell
    codes = [one.code for one in outcome.case.cells]
    fix = _fix(cell.code, finding, seen_with(finding.rule, codes, folder_of(outcome.case)))
    if fix is None:
        return None
    cells = list(outcome.case.cells)
    cells[at] = msgspec.structs.replace(cells[at], code=fix.code)
    after = judge.review(msgspec.structs.replace(outcome.case, cells=tuple(cells))).reports
    if not is_better(before, after, at, finding.rule):
        return None
    place = f"{outcome.case.id}, cell {cell.number}" if cell.number else outcome.case.id
    lines = unified_diff(cell.code.split("\n"), fix.code.split("\n"), place, f"{place}, rewritten", n=2, lineterm="")
    return Offer(fix.title, fix.safe, clean("\n".join(lines)))


def _fix(code: str, finding: Finding, seen: list[str]) -> Fix | None:
    if finding.replace:
        return replaced(code, finding.span, finding.replace)
    return suggest(code, finding.rule, finding.span, vias(finding), seen) if is_likely(finding, code) else None
