"""Each rule's own examples: every bad cell makes it fire inside the cell, no good cell does."""

from __future__ import annotations

import pytest

from jupyter_guard.guard.practising import practised
from jupyter_guard.guard.session import Session
from jupyter_guard.judge import RULES
from jupyter_guard.judge.rule import Rule
from jupyter_guard.terms import Finding

BAD = [(rule.id, number, code) for rule in RULES.values() for number, code in enumerate(rule.bad)]
GOOD = [(rule.id, number, code) for rule in RULES.values() for number, code in enumerate(rule.good)]


def findings(code: str) -> list[tuple[str, Finding]]:
    session = Session("personal", origin="assistant", workspace="/srv/work")
    cells = code.split("\n# %%\n")
    reports = practised([session.vet(cell) for cell in cells], session.policy)
    return [(cell, finding) for cell, report in zip(cells, reports, strict=True) for finding in report.findings]


@pytest.mark.parametrize(("rule", "number", "code"), BAD, ids=[f"{rule}-{number}" for rule, number, _ in BAD])
def test_bad(rule: str, number: int, code: str) -> None:
    fired = [(cell, finding) for cell, finding in findings(code) if finding.rule == rule]
    assert fired, [(finding.rule, finding.message) for _, finding in findings(code)]
    for cell, finding in fired:
        lines = cell.split("\n")
        span = finding.span
        assert 1 <= span.line <= span.end_line <= len(lines)
        assert 0 <= span.column <= len(lines[span.line - 1])
        assert span.end_column <= len(lines[span.end_line - 1])
        assert (span.end_line, span.end_column) > (span.line, span.column)


@pytest.mark.parametrize(("rule", "number", "code"), GOOD, ids=[f"{rule}-{number}" for rule, number, _ in GOOD])
def test_good(rule: str, number: int, code: str) -> None:
    assert rule not in {finding.rule for _, finding in findings(code)}


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.apart], ids=lambda rule: rule.id)
def test_what_is_asked_apart_is_not_asked_before_a_cell_runs(rule: Rule) -> None:
    session = Session("personal", origin="assistant", workspace="/srv/work")
    for code in rule.bad:
        found = [finding.rule for cell in code.split("\n# %%\n") for finding in session.vet(cell).findings]
        assert rule.id not in found


def test_every_rule_has_examples_of_both_kinds() -> None:
    # What an organisation refuses is in its own policy: those rules have no cell that shows them.
    # What ruff finds is in its own documentation. What a box refuses is in its grants.
    refusals = {"JG806", "JG890", "JG891", "JG892", "JG893", "JG894", "JG895", "JG896", "JG897", "JG914"}
    assert {rule.id for rule in RULES.values() if not (rule.bad and rule.good)} == refusals
