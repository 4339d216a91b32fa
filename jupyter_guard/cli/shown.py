"""Outcomes of ``vet``, one by one -> what each format prints; little is held of what is printed at the end."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from jupyter_guard.cli import answers
from jupyter_guard.cli.baseline import accepted_by, seen_from, write
from jupyter_guard.cli.cases import BadInput
from jupyter_guard.cli.console import counted, plain, stdout
from jupyter_guard.cli.judging import Outcome, folder_of
from jupyter_guard.cli.offering import Offers
from jupyter_guard.terms import Origin, Verdict

if TYPE_CHECKING:
    from jupyter_guard.cli.vet import Run
    from jupyter_guard.policy import Policy


class Shown:
    """One format. ``offers``: whether it shows rewrites."""

    offers = True

    def __init__(self, run: Run, verbose: bool) -> None:
        self.run = run
        self.verbose = verbose

    def add(self, outcome: Outcome, offers: Offers | None) -> None:
        """A case."""
        raise NotImplementedError

    def bad(self, problem: BadInput) -> None:
        """What could not be vetted; it was said on standard error."""

    def finish(self) -> None:
        """All were added."""


class Text(Shown):
    """For a person."""

    def __init__(self, run: Run, verbose: bool) -> None:
        from jupyter_guard.cli.vet_text import TextReport

        super().__init__(run, verbose)
        self._report = TextReport(stdout(), verbose)

    def add(self, outcome: Outcome, offers: Offers | None) -> None:
        """Print it."""
        self._report.add(outcome, offers or {})

    def finish(self) -> None:
        """Print the summary."""
        self._report.finish(self.run.problems, self.run.accepted)


class Lines(Shown):
    """A line of JSON a case."""

    def add(self, outcome: Outcome, offers: Offers | None) -> None:
        """Print it."""
        plain(json.dumps(answers.case_answer(outcome, offers), ensure_ascii=False))

    def bad(self, problem: BadInput) -> None:
        """Print a line for it too."""
        plain(json.dumps(answers.bad_answer(problem), ensure_ascii=False))


class Document(Shown):
    """One JSON document. Its list of cases waits on disk, since what stands before it is known at the end."""

    def __init__(self, run: Run, verbose: bool) -> None:
        from jupyter_guard.cli.long_list import LongList

        super().__init__(run, verbose)
        self._cases = LongList()
        self._counts: Counter[str] = Counter()
        self._policies: set[str] = set()
        # Of what was refused, and is no person's: the policy and the folder that say what to write instead.
        self._refused: dict[tuple[str, str], tuple[Policy, Path]] = {}

    def add(self, outcome: Outcome, offers: Offers | None) -> None:
        """Keep its answer."""
        for report in outcome.reports:
            if report.verdict >= Verdict.CONFIRM and report.cell.origin is not Origin.HUMAN and report.policy:
                about = self.run.judge.policy(outcome.case), folder_of(outcome.case)
                self._refused.setdefault((report.policy, str(report.cell.origin)), about)
        self._cases.add(answers.case_answer(outcome, offers))
        self._counts.update(str(report.verdict) for report in outcome.reports)
        self._policies.update(report.policy for report in outcome.reports)

    def finish(self) -> None:
        """Print the document."""
        from jupyter_guard.cli.long_list import write_document

        found = answers.document(self._cases, self._counts, self.run.problems, self._policies)
        if self._refused:
            from jupyter_guard.context import describe

            found["contexts"] = [
                describe(policy, folder, origin).json() for (_, origin), (policy, folder) in self._refused.items()
            ]
        write_document(found, "cases")


class Sarif(Shown):
    """One SARIF log."""

    offers = False

    def __init__(self, run: Run, verbose: bool) -> None:
        from jupyter_guard.cli.sarif import Log

        super().__init__(run, verbose)
        self._log = Log()
        self._titles: dict[str, str] = {}

    def add(self, outcome: Outcome, offers: Offers | None) -> None:  # noqa: ARG002 - offers are for people
        """Keep its findings."""
        self._log.add(outcome)
        self._titles |= {name: one.title for name, one in self.run.judge.policy(outcome.case).own.items()}

    def finish(self) -> None:
        """Print the log."""
        plain(json.dumps(self._log.document(self.run.problems, self._titles), indent=1, ensure_ascii=False))


class Baseline(Shown):
    """All findings, by what they are known by, for a file."""

    offers = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._named = seen_from(path.parent)
        self._accepted: Counter[str] = Counter()

    def add(self, outcome: Outcome, offers: Offers | None) -> None:  # noqa: ARG002 - offers are for people
        """Keep what its findings are known by."""
        self._accepted.update(accepted_by([outcome], self._named))

    def finish(self) -> None:
        """Write the file."""
        try:
            write(self._path, self._accepted)
        except OSError as error:
            raise click.UsageError(f"--write-baseline {self._path}: {error.strerror}") from None
        click.echo(f"{counted(self._accepted.total(), 'finding')} written to {self._path}")


FORMS: Final = {"text": Text, "json": Document, "jsonl": Lines, "sarif": Sarif}
