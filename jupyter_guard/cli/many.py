"""Options for work on very many notebooks, the same for every command that has them, and the work itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jupyter_guard.cli.console import complain, progress

if TYPE_CHECKING:
    from jupyter_guard.corpus import Done, Job, Lost, Piece

Command = TypeVar("Command", bound=Callable[..., Any])
About = TypeVar("About")


class Many:
    """Who is to do the work, and where its results are kept."""

    def __init__(self, workers: int | None = None, journal: Path | None = None, dask: str | None = None) -> None:
        if workers is not None and dask is not None:
            raise click.UsageError("--workers is for this machine: a Dask cluster has its own. Give one of the two.")
        self._workers = workers
        self.journal = journal
        self.dask = dask

    @property
    def is_asked_for(self) -> bool:
        """Whether any of the options was given."""
        return self._workers is not None or self.journal is not None or self.dask is not None

    def results(
        self, pieces: Iterable[Piece[About]], job: Job, total: int, what: str
    ) -> Iterator[tuple[About, Done | Lost | None]]:
        """Results in order (``corpus.results``), with a bar for ``total`` of them. Raises ``click.UsageError``."""
        from jupyter_guard.corpus import CrewError, Journal, JournalError, hire, results

        with ExitStack() as stack:
            journal = None
            try:
                if self.journal is not None:
                    journal = stack.enter_context(Journal(self.journal))
                crew = stack.enter_context(hire(job, total, self._workers, self.dask))
                advance = stack.enter_context(progress(total, what))
                for found in results(pieces, crew, journal):
                    advance(1)
                    yield found
            except JournalError as error:
                raise click.UsageError(f"--resume {self.journal}: {error}") from None
            except CrewError as error:
                raise click.UsageError(str(error)) from None
        if journal is not None and journal.taken:
            complain(f"{journal.taken:,} of {total:,} taken from {self.journal}")


def many_options(function: Command) -> Command:
    """The options ``--workers``, ``--resume`` and ``--dask``, as one argument ``many``."""

    @functools.wraps(function)
    def called(*args: Any, workers: int | None, resume: Path | None, dask: str | None, **rest: Any) -> Any:
        return function(*args, **rest, many=Many(workers, resume, dask))

    options = (
        click.option(
            "--workers",
            type=click.IntRange(1, 1024),
            metavar="N",
            help="Processes that work side by side. Default: one a core, for more than a few files.",
        ),
        click.option(
            "--resume",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="JOURNAL",
            help="Keep results in this file. The same command again goes on from it.",
        ),
        click.option(
            "--dask",
            metavar="ADDRESS",
            help="Work on the Dask cluster whose scheduler listens there: tcp://host:8786 (pip install "
            "'jupyter_guard[dask]').",
        ),
    )
    for option in reversed(options):
        called = option(called)
    return called  # type: ignore[return-value]  # click's decorators keep the function
