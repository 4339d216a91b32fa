"""``jupyter guard vet``: what notebooks, scripts and cases would do, and whether the policy lets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_guard.cli.console import color_option, complain
from jupyter_guard.cli.many import Many, many_options

if TYPE_CHECKING:
    from jupyter_guard.cli.baseline import Known, Revision
    from jupyter_guard.cli.cases import BadInput, Case, Source
    from jupyter_guard.cli.judging import Judge, Outcome
    from jupyter_guard.corpus import Piece

ORIGINS = ("human", "unknown", "imported", "assistant")
VERDICTS = ("warn", "confirm", "block")


@click.command("vet")
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--origin", type=click.Choice(ORIGINS), help="Who wrote the code, where it does not say so itself.")
@click.option("--policy", metavar="FILE|PRESET", help="This policy instead of the layers in force.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "jsonl"]),
    help="Default: jsonl (a line a case) when every PATH is a .jsonl file, otherwise text.",
)
@click.option(
    "--fail-on",
    type=click.Choice([*VERDICTS, "never"]),
    default="warn",
    show_default=True,
    help="Exit with 1 from this verdict on.",
)
@click.option(
    "--as",
    "standard_input",
    type=click.Choice(["python", "bash", "sql", "notebook", "cases"]),
    default="python",
    show_default=True,
    help="What `-` (standard input) holds.",
)
@click.option("--baseline", type=click.Path(path_type=Path), help="Report only findings that are not in this file.")
@click.option("--write-baseline", type=click.Path(path_type=Path), help="Write all findings to this file; exit 0.")
@click.option(
    "--diff", is_flag=False, flag_value="HEAD", metavar="[REV]", help="Report only findings that git REV did not have."
)
@click.option("--fix", is_flag=True, help="First make every safe rewrite in notebooks and scripts; all else stays.")
@click.option(
    "--show-fixes", is_flag=True, help="Show rewrites as differences: those that --fix makes, and others to read."
)
@click.option(
    "--practice/--no-practice",
    default=None,
    help="Say how cells are written too (JG907 and on, ruff). Default: of notebooks and scripts.",
)
@click.option("-v", "--verbose", is_flag=True, help="Also show cells and findings that are simply allowed.")
@many_options
@color_option
def command(
    paths: tuple[str, ...],
    origin: str | None,
    policy: str | None,
    form: str | None,
    fail_on: str,
    standard_input: str,
    baseline: Path | None,
    write_baseline: Path | None,
    diff: str | None,
    fix: bool,
    show_fixes: bool,
    practice: bool | None,
    verbose: bool,
    many: Many,
) -> int:
    """Say what code would do, and judge it by the policy. Nothing is run.

    PATH is a notebook (.ipynb), a script (.py, .sh, .sql), a folder, `-`, or a .jsonl file with a case a line:
    {"id": "a", "cells": ["import os", "..."], "language": "python", "origin": "assistant"}. Cells of a notebook or
    case are judged in order, knowing what the earlier ones defined.

    Exit status: 0 clean, 1 findings (see --fail-on), 2 something could not be vetted, 3 the guard itself failed.
    """
    if not paths:
        taken = f" (--diff took {diff!r} for the revision: write --diff=REV)" if diff and Path(diff).exists() else ""
        raise click.UsageError(f"Missing argument 'PATH...': a notebook, script, folder or .jsonl file{taken}.")
    from jupyter_guard.cli import baseline as baselines
    from jupyter_guard.cli.cases import find_sources
    from jupyter_guard.cli.judging import Judge
    from jupyter_guard.terms import Origin

    sources, problems = find_sources(paths, standard_input)
    if form is None:
        form = "jsonl" if sources and all(source.form == "cases" for source in sources) else "text"
    if fix and (baseline is not None or write_baseline is not None or diff or many.journal is not None):
        raise click.UsageError(
            "--fix changes files: fix first, then use --baseline, --write-baseline, --diff or --resume."
        )
    judge = Judge(policy, practice)
    if fix:
        problems += _fix(sources, judge, Origin(origin) if origin else None)
    known = baselines.read(baseline) if baseline is not None else None
    run = Run(
        judge=judge,
        origin=Origin(origin) if origin else None,
        known=known,
        revision=baselines.Revision(diff, judge, _files(sources)) if diff else None,
        problems=problems,
        many=many,
    )
    worst = _report(run.outcomes(sources), run, form, verbose, write_baseline, show_fixes)
    if write_baseline is not None:
        return 2 if run.problems else 0
    if run.problems:
        return 2
    return int(fail_on != "never" and worst >= VERDICTS.index(fail_on))


def _files(sources: list[Source]) -> list[str]:
    """The files that may have stood in a revision: no cases, and not what comes on standard input."""
    return [source.path for source in sources if source.form != "cases" and source.path != "-"]


def _fix(sources: list[Source], judge: Judge, origin: Any) -> list[BadInput]:
    """Make the safe rewrites in files, say each on standard error, and give what could not be written."""
    from jupyter_guard.cli.cases import BadInput
    from jupyter_guard.cli.files import FileError, replace
    from jupyter_guard.cli.fixing import FORMS, fixed

    problems = []
    if any(source.path == "-" for source in sources):
        complain("--fix changes files, and standard input is none: what comes on it stays as it is")
    elif sources and not any(source.form in FORMS for source in sources):
        complain("--fix rewrites Python in notebooks and scripts, and none of these is one: they stay as they are")
    for source in sources:
        if source.path == "-" or source.form not in FORMS:
            continue
        found = fixed(source, judge, origin)
        if isinstance(found, BadInput):
            # Reading it again below says what is wrong with one that cannot be read.
            if "nothing in it was fixed" in found.message:
                problems.append(found)
            continue
        before, after, made = found
        if after == before:
            continue
        try:
            replace(Path(source.path), after, before)
        except FileError as error:
            problems.append(BadInput(source.path, f"not fixed: {error}"))
            continue
        for one in made:
            cell = f", cell {one.cell}" if one.cell else ""
            complain(f"fixed {source.path}{cell}, line {one.line}: {one.title} ({one.rule})")
    return problems


class Run:
    """One run over many sources: what was left out on the way, and what could not be vetted."""

    def __init__(
        self,
        judge: Judge,
        origin: Any,
        known: Known | None,
        revision: Revision | None,
        problems: list[BadInput],
        many: Many,
    ) -> None:
        self.judge = judge
        self.origin = origin
        self.known = known
        self.revision = revision
        self.problems = problems
        self.many = many
        self.accepted = 0
        for problem in problems:
            complain(f"{problem.place}: {problem.message}")

    def outcomes(self, sources: list[Source]) -> Iterator[Outcome | BadInput]:
        """The cases in order, judged; what cannot be vetted is said on standard error and comes too."""
        from jupyter_guard.cli.cases import BadInput, count_cases
        from jupyter_guard.cli.vet_job import VetJob, answered
        from jupyter_guard.corpus import Lost

        yield from self.problems[:]
        total = sum(map(count_cases, sources))
        for case, result in self.many.results(self._pieces(sources), VetJob(self.judge.practice), total, "vetting"):
            if isinstance(case, BadInput):
                yield self._named(case)
                continue
            if isinstance(result, Lost):
                yield self._named(BadInput(case.id, result.reason, case.own_id))
                continue
            assert result is not None
            answer = answered(result.value)
            for trouble in answer.troubles:
                if trouble not in self.judge.troubles:
                    self.judge.troubles.append(trouble)
                    self._named(BadInput(case.id, f"not all of the policy's [practice] was looked at: {trouble}"))
            yield self._left(answer.outcome(case))

    def _pieces(self, sources: list[Source]) -> Iterator[Piece[Case | BadInput]]:
        from jupyter_guard.cli.cases import BadInput, read_source
        from jupyter_guard.cli.vet_job import Pieces
        from jupyter_guard.corpus import Piece

        piece = Pieces(self.judge)
        for source in sources:
            for case in read_source(source, self.origin):
                yield Piece(case) if isinstance(case, BadInput) else piece(case)

    def _named(self, problem: BadInput) -> BadInput:
        self.problems.append(problem)
        complain(f"{problem.place}: {problem.message}")
        return problem

    def _left(self, outcome: Outcome) -> Outcome:
        """The outcome without the findings that somebody knows already."""
        from jupyter_guard.cli.baseline import without

        before = _count(outcome)
        if self.known is not None:
            outcome = without(outcome, self.known.accepted, self.known.named)
        if self.revision is not None and before:
            outcome = without(outcome, self.revision.accepted(outcome.case))
        self.accepted += before - _count(outcome)
        return outcome


def _report(
    outcomes: Iterator[Outcome | BadInput], run: Run, form: str, verbose: bool, baseline: Path | None, show_fixes: bool
) -> int:
    """Print every outcome in ``form``; the index in ``VERDICTS`` of the strictest verdict, -1 for none."""
    from jupyter_guard.cli import answers, shown
    from jupyter_guard.cli.judging import Outcome
    from jupyter_guard.cli.offering import offers

    report = shown.Baseline(baseline) if baseline is not None else shown.FORMS[form](run, verbose)
    worst = -1
    for outcome in outcomes:
        if not isinstance(outcome, Outcome):
            report.bad(outcome)
            continue
        verdict = str(answers.worst(outcome.reports))
        worst = max(worst, VERDICTS.index(verdict) if verdict in VERDICTS else -1)
        report.add(outcome, offers(outcome, run.judge) if show_fixes and report.offers else None)
    report.finish()
    return worst


def _count(outcome: Outcome) -> int:
    return sum(len(report.findings) for report in outcome.reports)
