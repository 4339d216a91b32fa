"""Findings that somebody has accepted -> only the others are reported.

A finding is known again by its file, rule, message and the text of its line, so that it survives lines moving.
Two equal ones count as two. That the guard itself failed is never accepted.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import msgspec

from jupyter_guard.cli.cases import BadInput, Case, case_from
from jupyter_guard.cli.judging import FAILURE_RULE, Judge, Outcome
from jupyter_guard.terms import Finding, Report, Verdict

VERSION = 1


def fingerprint(case: Case, report: Report, finding: Finding) -> str:
    """What a finding is known by: 20 hex digits that hold nothing of the code."""
    lines = report.cell.code.split("\n")
    at = finding.span.line - 1
    line = lines[at].strip() if 0 <= at < len(lines) else ""
    parts = "\0".join((case.id, finding.rule, finding.message, line))
    return sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def accepted_by(outcomes: list[Outcome]) -> Counter[str]:
    """The fingerprints of all findings of ``outcomes``, with how often each is there."""
    return Counter(
        fingerprint(outcome.case, report, finding)
        for outcome in outcomes
        for report in outcome.reports
        for finding in report.findings
        if finding.rule != FAILURE_RULE
    )


def without(outcome: Outcome, accepted: Counter[str]) -> Outcome:
    """The outcome without accepted findings, which are used up; verdicts follow what is left."""
    return Outcome(outcome.case, tuple(_without(outcome.case, report, accepted) for report in outcome.reports))


def _without(case: Case, report: Report, accepted: Counter[str]) -> Report:
    left = []
    for finding in report.findings:
        known = fingerprint(case, report, finding)
        if finding.rule != FAILURE_RULE and accepted[known] > 0:
            accepted[known] -= 1
        else:
            left.append(finding)
    if len(left) == len(report.findings):
        return report
    worst = Verdict.strictest((finding.verdict for finding in left), Verdict.ALLOW)
    # Observing, what is enforced is milder than what the findings say.
    return msgspec.structs.replace(
        report, findings=tuple(left), verdict=min(report.verdict, worst), would_be=min(report.would_be, worst)
    )


def write(path: Path, accepted: Counter[str]) -> None:
    """Keep fingerprints, one a line, so that version control shows what came and went."""
    table = {"jupyter_guard_baseline": VERSION, "findings": dict(sorted(accepted.items()))}
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Counter[str]:
    """The fingerprints in a file. Raises ``click.UsageError`` for a file that is no baseline."""
    try:
        table: Any = json.loads(path.read_text(encoding="utf-8"))
        if table["jupyter_guard_baseline"] != VERSION:
            raise ValueError(f"version {table['jupyter_guard_baseline']}, expected {VERSION}")
        return Counter({str(key): int(count) for key, count in table["findings"].items()})
    except OSError as error:
        raise click.UsageError(f"--baseline {path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise click.UsageError(f"--baseline {path}: no file that --write-baseline wrote ({error})") from None


class Revision:
    """The findings that a git revision had already."""

    def __init__(self, name: str, judge: Judge) -> None:
        self._judge = judge
        self._commit = _git(
            Path(), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        ).strip()
        if not self._commit:
            raise click.UsageError(f"--diff {name}: no such git revision here (write --diff=REV before the paths)")

    def accepted(self, case: Case) -> Counter[str]:
        """The findings of the case's file as it was; none when it is new."""
        path = Path(case.path)
        if not case.path or case.path.startswith("<"):
            return Counter()
        before = _git_bytes(path.parent, "show", f"{self._commit}:./{path.name}")
        if before is None:
            return Counter()
        origin = case.cells[0].origin if case.cells else None
        old = case_from(before, case.id, case.form, origin)
        return Counter() if isinstance(old, BadInput) else accepted_by([self._judge.review(old)])


def _git_bytes(folder: Path, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except OSError as error:
        raise click.UsageError(f"--diff needs git: {error.strerror}") from None
    return done.stdout if done.returncode == 0 else None


def _git(folder: Path, *arguments: str) -> str:
    return (_git_bytes(folder, *arguments) or b"").decode("utf-8", "replace")
