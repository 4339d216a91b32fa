"""The options of ``jupyter guard audit`` that choose records -> those records."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jupyter_guard.cli.console import complain

if TYPE_CHECKING:
    from jupyter_guard.audit import Record
    from jupyter_guard.audit.fleet import Fleet
    from jupyter_guard.audit.query import Query
    from jupyter_guard.audit.verifying import Checked
    from jupyter_guard.guard.records import FolderRecords, Records

Command = TypeVar("Command", bound=Callable[..., Any])

directory = click.option(
    "--dir",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the journals (default: this account's own).",
)
stored = click.option(
    "--store",
    metavar="URL",
    envvar="JUPYTER_GUARD_STORE",
    help="The records of a fleet: postgresql://HOST/DATABASE, in place of a folder.",
)


def filters(function: Command) -> Command:
    """Add the options that choose records."""
    for option in (
        click.option(
            "--since", metavar="WHEN", help="Only from then on: 2026-01-31, 2026-01-31T12:00, or 30m, 6h, 7d."
        ),
        click.option("--until", metavar="WHEN", help="Only before then."),
        click.option("--origin", multiple=True, help="Only cells of this origin (repeatable)."),
        click.option("--state", multiple=True, help="Only this: ran, blocked, declined, confirmed, died, error."),
        click.option("--rule", multiple=True, metavar="RULE", help="Only where this rule found something."),
        click.option("--user", multiple=True, help="Only of this user."),
        click.option("--notebook", metavar="TEXT", help="Only of notebooks with TEXT in their path."),
    ):
        function = option(function)
    return function


def asked(**chosen: Any) -> Query:
    """What the options of ``filters`` ask for. Raises ``click.BadParameter`` for a time that is none."""
    from jupyter_guard.guard.records import query_of

    try:
        return query_of(**chosen)
    except ValueError as problem:
        said, name = problem.args
        raise click.BadParameter(said, param_hint=f"--{name}") from None


def place(folder: Path | None) -> Path:
    """The folder of the journals."""
    from jupyter_guard.audit.place import audit_directory

    return folder or audit_directory(os.environ, Path.home())


def records(folder: Path | None, store: str | None) -> Records:
    """What is to be searched. Raises ``click.UsageError`` where that is no store."""
    if store is None:
        return of_folder(place(folder))
    if folder is not None:
        raise click.UsageError("--dir and --store are two places: name one.")
    from jupyter_guard.guard.records import FleetRecords

    return _Reached(FleetRecords(fleet(store)))


def of_folder(folder: Path) -> FolderRecords:
    """The records of the journals in a folder; those that cannot be read are complained of."""
    from jupyter_guard.guard.records import FolderRecords

    return FolderRecords(folder, lambda path, why: complain(f"{path} cannot be read: {why}"))


def fleet(url: str) -> Fleet:
    """The database at ``url``. Raises ``click.UsageError`` where it is none, or what it needs is not installed."""
    from jupyter_guard.audit.store import StoreError

    try:
        from jupyter_guard.audit.fleet import Fleet

        return Fleet(url, lambda kernel, at, why: complain(f"kernel {kernel}: record {at} is damaged, left out: {why}"))
    except ImportError as problem:
        raise click.UsageError(f"{problem}: pip install 'jupyter_guard[fleet]'") from None
    except StoreError as problem:
        raise click.UsageError(str(problem)) from None


def chains(url: str) -> Iterator[Checked]:
    """The chain of each kernel of the database at ``url``."""
    from jupyter_guard.audit.verifying import check_fleet

    with reached(), fleet(url) as store:
        yield from check_fleet(store)


@contextmanager
def reached() -> Iterator[None]:
    """Within it, a store that cannot be reached is a ``click.UsageError``."""
    from jupyter_guard.audit.store import StoreError

    try:
        yield
    except StoreError as problem:
        raise click.UsageError(f"The store cannot be reached: {problem}") from None


class _Reached:
    """Records of a store; one that cannot be reached is a ``click.UsageError``."""

    def __init__(self, records: Records) -> None:
        self.name = records.name
        self._records = records

    def find(self, query: Query, last: int | None = None) -> Iterator[tuple[str, int, Record]]:
        """See ``Records``."""
        with reached():
            yield from self._records.find(query, last)

    def count(self, query: Query) -> int:
        """See ``Records``."""
        with reached():
            return self._records.count(query)
