"""Reports -> JSON values, for programs: clean, printable, and the same fields wherever they appear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from jupyter_guard.cli.cases import BadInput
from jupyter_guard.cli.console import clean
from jupyter_guard.cli.judging import Outcome
from jupyter_guard.cli.offering import Offers
from jupyter_guard.guard.card import finding_item, payload
from jupyter_guard.terms import Cell, Report, Verdict

VERSION = 1


def worst(reports: tuple[Report, ...]) -> Verdict:
    """The strictest verdict of a case's cells."""
    return Verdict.strictest((report.verdict for report in reports), Verdict.ALLOW)


def case_answer(outcome: Outcome, offers: Offers | None = None) -> dict[str, Any]:
    """One line of ``--format jsonl``: the case's verdict and its cells, in order.

    ``offers``: each finding says the rewrite that there is for it, or ``null``.
    """
    cells = [cell_answer(report, line) for report, line in _with_lines(outcome)]
    for at, cell in enumerate(cells if offers is not None else ()):
        for number, item in enumerate(cell["findings"]):
            offer = (offers or {}).get((at, number))
            item["rewrite"] = None if offer is None else msgspec.structs.asdict(offer)
    return {
        "id": outcome.case.id if outcome.case.own_id is None else outcome.case.own_id,
        "verdict": str(worst(outcome.reports)),
        "cells": cells,
    }


def bad_answer(problem: BadInput) -> dict[str, Any]:
    """The line for what could not be vetted: a block, since nobody knows what it would do."""
    from jupyter_guard.guard.session import failed

    reason = f"{problem.place}: {problem.message}"
    return {
        "id": problem.place if problem.own_id is None else problem.own_id,
        "verdict": str(Verdict.BLOCK),
        "cells": [cell_answer(failed(Cell(""), reason))],
        "error": reason,
    }


def cell_answer(report: Report, line: int = 0) -> dict[str, Any]:
    """A cell: ``line`` is where it begins in its file (0: not known); spans count within the cell."""
    return {
        "verdict": str(report.verdict),
        "would_be": str(report.would_be),
        "origin": str(report.cell.origin),
        "sentence": sentence(report),
        "findings": [finding_item(finding, clean, report.cell) for finding in report.findings],
        "problems": [clean(problem) for problem in report.problems],
        "number": report.cell.number,
        "cell_id": report.cell.cell_id,
        "line": line,
    }


def sentence(report: Report) -> str:
    """The effects in words, clean and printable; ``""`` for none."""
    return str(payload(report, "note", clean=clean)["sentence"]) if report.sentence else ""


def document(
    cases: Iterable[dict[str, Any]], counts: Counter[str], problems: list[BadInput], policies: set[str]
) -> dict[str, Any]:
    """The answer of ``--format json``: what ``case_answer`` made of each case, and how many cells had each verdict."""
    return {
        "version": VERSION,
        "policy": sorted(policies),
        "cases": cases,
        "problems": [{"place": one.place, "message": one.message} for one in problems],
        "summary": {"cells": counts.total(), **{str(verdict): counts[str(verdict)] for verdict in Verdict}},
    }


def _with_lines(outcome: Outcome) -> list[tuple[Report, int]]:
    return list(zip(outcome.reports, outcome.case.lines, strict=True))
