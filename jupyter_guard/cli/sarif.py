"""Reports -> SARIF 2.1.0, which code hosts show beside the lines (OASIS sarif-v2.1.0-os)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from jupyter_guard import __version__
from jupyter_guard.cli.baseline import FromRoot, Naming, fingerprint
from jupyter_guard.cli.cases import BadInput
from jupyter_guard.cli.console import clean
from jupyter_guard.cli.judging import FAILURE_RULE, Outcome
from jupyter_guard.guard.card import finding_item
from jupyter_guard.judge import RULES
from jupyter_guard.terms import Finding, Report, Severity, Verdict
from jupyter_guard.terms.own import FAMILY, is_told

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


# What is shown without being about safety.
APART: Final = frozenset(rule.id for rule in RULES.values() if rule.apart)


class Log:
    """A SARIF log of every finding that the policy does not simply allow, of practice and of an organisation's own
    rules; what a comment allowed is marked so. Only findings are held, and not the code around them.
    """

    def __init__(self) -> None:
        self._results: list[dict[str, Any]] = []
        self._rules: dict[str, Finding] = {}
        # A code host looks for files from the root, and knows a finding again by its file.
        self._named = FromRoot()

    def add(self, outcome: Outcome) -> None:
        """What there is to show of a case."""
        for report, line in zip(outcome.reports, outcome.case.lines, strict=True):
            for finding in report.findings:
                if finding.verdict > Verdict.ALLOW or finding.suppressed or finding.rule in APART or is_told(finding):
                    self._results.append(_result(outcome, report, line, finding, self._named))
                    self._rules[finding.rule] = finding

    def document(self, problems: list[BadInput], titles: Mapping[str, str]) -> dict[str, Any]:
        """The whole log. ``titles`` are those of an organisation's own rules."""
        failed = [{"level": "error", "message": {"text": f"{one.place}: {one.message}"}} for one in problems]
        driver = {"name": "jupyter_guard", "version": __version__, "rules": _rules(self._rules, titles)}
        return {
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {"driver": driver},
                    "columnKind": "unicodeCodePoints",
                    "invocations": [
                        {"executionSuccessful": not problems, "toolExecutionNotifications": failed},
                    ],
                    "results": self._results,
                }
            ],
        }


def _result(outcome: Outcome, report: Report, line: int, finding: Finding, named: Naming) -> dict[str, Any]:
    item = finding_item(finding, clean)
    span = finding.span
    region: dict[str, Any] = {"startLine": max(1, line + span.line - 1 if line else span.line)}
    if outcome.case.form != "notebook":
        # In a notebook's file a column of the cell stands elsewhere: indented, quoted and escaped.
        region |= {"startColumn": span.column + 1, "endLine": max(region["startLine"], line + span.end_line - 1)}
        if region["endLine"] > region["startLine"] or span.end_column > span.column:
            region["endColumn"] = span.end_column + 1
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(named(outcome.case))}, "region": region}
    }
    if report.cell.number:
        name = f"cell {report.cell.number}"
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": f"{name}, line {span.line}"}]
    where = f"{location['logicalLocations'][0]['fullyQualifiedName']}: " if report.cell.number else ""
    uncounted = f" The comment beside it does not count: {item['not_counted']}." if finding.not_counted else ""
    return {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{where}{item['message']}. {item['why']} Instead: {item['instead']}{uncounted}"},
        "locations": [location],
        **({"suppressions": [_suppression(item)]} if finding.suppressed else {}),
        "partialFingerprints": {"jupyterGuard/v1": fingerprint(outcome.case, report, finding, named)},
        "properties": {
            key: item[key] for key in ("family", "severity", "confidence", "verdict", "decided_by", "origin")
        },
    }


def _suppression(item: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "inSource", "status": "accepted", "justification": item["suppressed"]}


def _rules(used: Mapping[str, Finding], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rules of the findings; of an organisation's own the reasons are what the findings said."""
    described = []
    for name, finding in sorted(used.items()):
        rule = RULES.get(name)
        failed = "The guard itself failed on a cell"
        title = rule.title if rule else failed if name == FAILURE_RULE else clean(titles.get(name) or finding.message)
        entry: dict[str, Any] = {"id": name, "shortDescription": {"text": title}}
        if finding.family == FAMILY:
            entry["fullDescription"] = {"text": clean(finding.why)}
            entry["help"] = {"text": clean(f"{finding.why} Instead: {finding.instead}")}
            entry["properties"] = {"tags": [FAMILY], "security-severity": _SCORES[str(finding.severity)]}
        elif rule is not None:
            entry["fullDescription"] = {"text": rule.why}
            entry["help"] = {"text": f"{rule.why} Instead: {rule.instead}"}
            score = _SCORES[str(rule.severity or Severity.HIGH)]
            entry["properties"] = {"tags": ["security", rule.family], "security-severity": score}
            if name in APART:
                entry["properties"] = {"tags": ["maintainability", rule.family]}
        described.append(entry)
    return described


def _uri(path: str) -> str:
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix())
