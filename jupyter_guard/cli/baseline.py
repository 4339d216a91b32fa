"""Findings that somebody has accepted -> only the others are reported.

A finding is known again by its file, rule, message and the text of its line, so that it survives lines moving.
Two equal ones count as two. That the guard itself failed is never accepted. In a baseline, files are named as they are
seen from its own folder: whichever way a command line writes them, and wherever it is run.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from jupyter_guard.cli.cases import BadInput, Case, case_from
from jupyter_guard.cli.judging import FAILURE_RULE, Judge, Outcome
from jupyter_guard.terms import Finding, Report, Verdict

VERSION = 2
# Files were named as the command line had written them.
_AS_WRITTEN = 1

_PLACES: Final = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})

Naming = Callable[[Case], str]


def as_written(case: Case) -> str:
    """A case's own id, or its file as somebody named it."""
    return case.id


def seen_from(folder: Path) -> Naming:
    """Names a case's file as a POSIX path from ``folder``; a case of a case file has its own id."""
    start = folder.resolve()

    def named(case: Case) -> str:
        if not case.path or case.path.startswith("<"):
            return case.id
        # A link keeps its own name.
        path = Path(case.path).parent.resolve() / Path(case.path).name
        try:
            return Path(os.path.relpath(path, start)).as_posix()
        except ValueError:
            # Another drive.
            return path.as_posix()

    return named


class FromRoot:
    """Names a case's file as a POSIX path from the root of the git work tree, however it was written, from any folder.

    The work tree is that of the current folder, or for a file elsewhere its own; without one, the current folder
    counts. A file below none of these keeps its whole path, and a case of a case file its own id.
    """

    def __init__(self) -> None:
        self._here = Path.cwd().resolve()
        self._trees: dict[Path, Path | None] = {}

    def __call__(self, case: Case) -> str:
        if not case.path or case.path.startswith("<"):
            return case.id
        # A link keeps its own name.
        path = Path(case.path).parent.resolve() / Path(case.path).name
        for root in (self._tree(self._here), self._tree(path.parent), self._here):
            if root is not None and path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return path.as_posix()

    def _tree(self, folder: Path) -> Path | None:
        if folder not in self._trees:
            # In a linked work tree and in a submodule `.git` is a file.
            above = (folder, *folder.parents)
            self._trees[folder] = next((one for one in above if (one / ".git").exists()), None)
        return self._trees[folder]


def fingerprint(case: Case, report: Report, finding: Finding, named: Naming = as_written) -> str:
    """What a finding is known by: 20 hex digits that hold nothing of the code."""
    lines = report.cell.code.split("\n")
    at = finding.span.line - 1
    line = lines[at].strip() if 0 <= at < len(lines) else ""
    parts = "\0".join((named(case), finding.rule, finding.message, line))
    return sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def accepted_by(outcomes: list[Outcome], named: Naming = as_written) -> Counter[str]:
    """The fingerprints of all findings of ``outcomes``, with how often each is there."""
    return Counter(
        fingerprint(outcome.case, report, finding, named)
        for outcome in outcomes
        for report in outcome.reports
        for finding in report.findings
        if finding.rule != FAILURE_RULE
    )


def without(outcome: Outcome, accepted: Counter[str], named: Naming = as_written) -> Outcome:
    """The outcome without accepted findings, which are used up; verdicts follow what is left."""
    left = tuple(_without(outcome.case, report, accepted, named) for report in outcome.reports)
    return Outcome(outcome.case, left)


def _without(case: Case, report: Report, accepted: Counter[str], named: Naming) -> Report:
    left = []
    for finding in report.findings:
        known = fingerprint(case, report, finding, named)
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


class Known(msgspec.Struct):
    """What a baseline accepts, used up as it is found, and how it names files."""

    accepted: Counter[str]
    named: Naming = as_written


def read(path: Path) -> Known:
    """What a file accepts. Raises ``click.UsageError`` for a file that is no baseline."""
    try:
        table: Any = json.loads(path.read_text(encoding="utf-8"))
        version = table["jupyter_guard_baseline"]
        if version not in (_AS_WRITTEN, VERSION):
            raise ValueError(f"version {version}, expected {VERSION}")
        accepted = Counter({str(key): int(count) for key, count in table["findings"].items()})
        return Known(accepted, as_written if version == _AS_WRITTEN else seen_from(path.parent))
    except OSError as error:
        raise click.UsageError(f"--baseline {path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise click.UsageError(f"--baseline {path}: no file that --write-baseline wrote ({error})") from None


class Revision:
    """The findings that a git revision had already, in whichever work tree each file lies."""

    def __init__(self, name: str, judge: Judge, files: Iterable[str] = ()) -> None:
        """Raises ``click.UsageError`` for a folder of ``files`` in which there is no such revision."""
        self._name = name
        self._judge = judge
        self._commits: dict[Path, str] = {}
        for folder in sorted({Path(file).parent for file in files}) or [Path()]:
            self._commit(folder)

    def _commit(self, folder: Path) -> str:
        found = self._commits.get(folder)
        if found is None:
            asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{self._name}^{{commit}}")
            found = self._commits[folder] = _git(folder, *asked).strip()
        if not found:
            where = str(folder) if folder != Path() else "this folder"
            if not _git(folder, "rev-parse", "--git-dir"):
                raise click.UsageError(f"--diff {self._name}: {where} is in no git work tree")
            raise click.UsageError(
                f"--diff {self._name}: no such git revision in {where} (write --diff=REV before the paths)"
            )
        return found

    def accepted(self, case: Case) -> Counter[str]:
        """The findings of the case's file as it was; none when it is new."""
        path = Path(case.path)
        if not case.path or case.path.startswith("<"):
            return Counter()
        before = _git_bytes(path.parent, "show", f"{self._commit(path.parent)}:./{path.name}")
        if before is None:
            return Counter()
        origin = case.cells[0].origin if case.cells else None
        old = case_from(before, case.id, case.form, origin)
        return Counter() if isinstance(old, BadInput) else accepted_by([self._judge.review(old)])


def _git_bytes(folder: Path, *arguments: str) -> bytes | None:
    # A hook that git runs is told of another place than the file's.
    kept = {name: value for name, value in os.environ.items() if name not in _PLACES}
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, env=kept, capture_output=True, check=False)
    except OSError as error:
        raise click.UsageError(f"--diff needs git: {error.strerror}") from None
    return done.stdout if done.returncode == 0 else None


def _git(folder: Path, *arguments: str) -> str:
    return (_git_bytes(folder, *arguments) or b"").decode("utf-8", "replace")
