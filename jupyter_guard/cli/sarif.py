"""Reports -> SARIF 2.1.0, which code hosts show beside the lines (OASIS sarif-v2.1.0-os)."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from jupyter_guard import __version__
from jupyter_guard.cli.baseline import fingerprint
from jupyter_guard.cli.cases import BadInput
from jupyter_guard.cli.console import clean
from jupyter_guard.cli.judging import Outcome
from jupyter_guard.guard.card import finding_item
from jupyter_guard.terms import Finding, Report, Severity, Verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.NOTE: "note",
}
# What code hosts sort by: a number from 0 to 10, as text.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "note": "1.0"}


def log(outcomes: list[Outcome], problems: list[BadInput]) -> dict[str, Any]:
    """A SARIF log of every finding that the policy does not simply allow."""
    results = [
        _result(outcome, report, line, finding)
        for outcome in outcomes
        for report, line in zip(outcome.reports, outcome.case.lines, strict=True)
        for finding in report.findings
        if finding.verdict > Verdict.ALLOW
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "jupyter_guard",
                        "version": __version__,
                        "rules": _rules({result["ruleId"] for result in results}),
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not problems,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": f"{one.place}: {one.message}"}} for one in problems
                        ],
                    }
                ],
                "results": results,
            }
        ],
    }


def _result(outcome: Outcome, report: Report, line: int, finding: Finding) -> dict[str, Any]:
    item = finding_item(finding, clean)
    span = finding.span
    region: dict[str, Any] = {"startLine": max(1, line + span.line - 1 if line else span.line)}
    if outcome.case.form != "notebook":
        # In a notebook's file a column of the cell stands elsewhere: indented, quoted and escaped.
        region |= {"startColumn": span.column + 1, "endLine": max(region["startLine"], line + span.end_line - 1)}
        if region["endLine"] > region["startLine"] or span.end_column > span.column:
            region["endColumn"] = span.end_column + 1
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(outcome.case.id)}, "region": region}
    }
    if report.cell.number:
        name = f"cell {report.cell.number}"
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": f"{name}, line {span.line}"}]
    where = f"{location['logicalLocations'][0]['fullyQualifiedName']}: " if report.cell.number else ""
    return {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{where}{item['message']}. {item['why']} Instead: {item['instead']}"},
        "locations": [location],
        "partialFingerprints": {"jupyterGuard/v1": fingerprint(outcome.case, report, finding)},
        "properties": {
            key: item[key] for key in ("family", "severity", "confidence", "verdict", "decided_by", "origin")
        },
    }


def _rules(used: set[str]) -> list[dict[str, Any]]:
    from jupyter_guard.judge import RULES

    described = []
    for name in sorted(used):
        rule = RULES.get(name)
        title = rule.title if rule else "The guard itself failed on a cell"
        entry: dict[str, Any] = {"id": name, "shortDescription": {"text": title}}
        if rule is not None:
            entry["fullDescription"] = {"text": rule.why}
            entry["help"] = {"text": f"{rule.why} Instead: {rule.instead}"}
            score = _SCORES[str(rule.severity or Severity.HIGH)]
            entry["properties"] = {"tags": ["security", rule.family], "security-severity": score}
        described.append(entry)
    return described


def _uri(path: str) -> str:
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix())
