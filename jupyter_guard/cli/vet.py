"""``jupyter guard vet``: what notebooks, scripts and cases would do, and whether the policy lets them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_guard.cli.console import color_option, complain, counted, plain, progress, stdout

if TYPE_CHECKING:
    from jupyter_guard.cli.baseline import Revision
    from jupyter_guard.cli.cases import BadInput, Source
    from jupyter_guard.cli.journal import Journal
    from jupyter_guard.cli.judging import Judge, Outcome

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
@click.option("--resume", type=click.Path(path_type=Path), metavar="JOURNAL", help="Keep results here; go on from it.")
@click.option("-v", "--verbose", is_flag=True, help="Also show cells and findings that are simply allowed.")
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
    resume: Path | None,
    verbose: bool,
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
    from jupyter_guard.cli.journal import Journal
    from jupyter_guard.cli.judging import Judge
    from jupyter_guard.terms import Origin

    sources, problems = find_sources(paths, standard_input)
    if form is None:
        form = "jsonl" if sources and all(source.form == "cases" for source in sources) else "text"
    judge = Judge(policy)
    known = baselines.read(baseline) if baseline is not None else Counter[str]()
    run = Run(
        judge=judge,
        origin=Origin(origin) if origin else None,
        known=known,
        revision=baselines.Revision(diff, judge) if diff else None,
        problems=problems,
    )
    with Journal(resume) if resume is not None else nullcontext() as journal:
        run.journal = journal
        worst = _report(run.outcomes(sources), run, form, verbose, write_baseline)
    if write_baseline is not None:
        return 2 if run.problems else 0
    if run.problems:
        return 2
    return int(fail_on != "never" and worst >= VERDICTS.index(fail_on))


class Run:
    """One run over many sources: what was left out on the way, and what could not be vetted."""

    def __init__(
        self,
        judge: Judge,
        origin: Any,
        known: Counter[str],
        revision: Revision | None,
        problems: list[BadInput],
    ) -> None:
        self.judge = judge
        self.origin = origin
        self.known = known
        self.revision = revision
        self.problems = problems
        self.journal: Journal | None = None
        self.accepted = 0
        self.new_problem = 0
        for problem in problems:
            complain(f"{problem.place}: {problem.message}")

    def outcomes(self, sources: list[Source]) -> Iterator[Outcome | BadInput]:
        """The cases in order, judged; what cannot be vetted is said on standard error and comes too."""
        from jupyter_guard.cli.cases import BadInput, count_cases, read_source

        yield from self.problems[:]
        with progress(sum(map(count_cases, sources)), "vetting") as advance:
            for source in sources:
                for case in read_source(source, self.origin):
                    advance(1)
                    if isinstance(case, BadInput):
                        self.problems.append(case)
                        complain(f"{case.place}: {case.message}")
                        yield case
                    else:
                        yield self._outcome(case)

    def _outcome(self, case: Any) -> Outcome:
        from jupyter_guard.cli.baseline import without
        from jupyter_guard.cli.judging import has_failed

        policy = self.judge.policy(case).hash
        outcome = self.journal.recall(case, policy) if self.journal is not None else None
        if outcome is None:
            outcome = self.judge.vet(case)
            # A failure may be gone the next time.
            if self.journal is not None and not has_failed(outcome.reports):
                self.journal.keep(outcome, policy)
        before = _count(outcome)
        if self.known:
            outcome = without(outcome, self.known)
        if self.revision is not None and before:
            outcome = without(outcome, self.revision.accepted(case))
        self.accepted += before - _count(outcome)
        return outcome


def _report(outcomes: Iterator[Outcome | BadInput], run: Run, form: str, verbose: bool, baseline: Path | None) -> int:
    """Print every outcome in ``form``; the index in ``VERDICTS`` of the strictest verdict, -1 for none."""
    import json

    from jupyter_guard.cli import answers
    from jupyter_guard.cli.judging import Outcome

    text = None
    if form == "text" and baseline is None:
        from jupyter_guard.cli.vet_text import TextReport

        text = TextReport(stdout(), verbose)
    kept: list[Outcome] = []
    worst = -1
    for outcome in outcomes:
        if not isinstance(outcome, Outcome):
            if form == "jsonl" and baseline is None:
                plain(json.dumps(answers.bad_answer(outcome), ensure_ascii=False))
            continue
        verdict = str(answers.worst(outcome.reports))
        worst = max(worst, VERDICTS.index(verdict) if verdict in VERDICTS else -1)
        if text is not None:
            text.add(outcome)
        elif form == "jsonl" and baseline is None:
            plain(json.dumps(answers.case_answer(outcome), ensure_ascii=False))
        else:
            kept.append(outcome)
    if baseline is not None:
        _write_baseline(baseline, kept)
    elif text is not None:
        text.finish(run.problems, run.accepted)
    elif form == "json":
        policies = {report.policy for outcome in kept for report in outcome.reports}
        plain(json.dumps(answers.document(kept, run.problems, policies), indent=1, ensure_ascii=False))
    elif form == "sarif":
        from jupyter_guard.cli.sarif import log

        plain(json.dumps(log(kept, run.problems), indent=1, ensure_ascii=False))
    return worst


def _write_baseline(path: Path, outcomes: list[Outcome]) -> None:
    from jupyter_guard.cli.baseline import accepted_by, write

    accepted = accepted_by(outcomes)
    try:
        write(path, accepted)
    except OSError as error:
        raise click.UsageError(f"--write-baseline {path}: {error.strerror}") from None
    click.echo(f"{counted(accepted.total(), 'finding')} written to {path}")


def _count(outcome: Outcome) -> int:
    return sum(len(report.findings) for report in outcome.reports)
