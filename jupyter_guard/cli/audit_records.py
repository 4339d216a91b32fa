"""The options of ``jupyter guard audit`` that choose records -> those records, found by an index where there is one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from jupyter_guard.cli.console import complain

if TYPE_CHECKING:
    from jupyter_guard.audit import Record
    from jupyter_guard.audit.fleet import Fleet
    from jupyter_guard.audit.index import Found, Index
    from jupyter_guard.audit.query import Query

Command = TypeVar("Command", bound=Callable[..., Any])
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# File systems of this machine's own disks, as /proc/mounts calls them. Any other may be a network's.
_LOCAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "tmpfs", "ramfs", "overlay")

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
    from jupyter_guard.audit.query import Query

    return Query(
        since=_when(chosen.get("since"), "since"),
        until=_when(chosen.get("until"), "until"),
        origins=tuple(chosen.get("origin") or ()),
        states=tuple(chosen.get("state") or ()),
        rules=tuple(chosen.get("rule") or ()),
        users=tuple(chosen.get("user") or ()),
        notebook=chosen.get("notebook") or "",
    )


def place(folder: Path | None) -> Path:
    """The folder of the journals."""
    from jupyter_guard.audit.place import audit_directory

    return folder or audit_directory(os.environ, Path.home())


def records(folder: Path | None, store: str | None) -> Records:
    """What is to be searched. Raises ``click.UsageError`` where that is no store."""
    if store is None:
        return FolderRecords(place(folder))
    if folder is not None:
        raise click.UsageError("--dir and --store are two places: name one.")
    return FleetRecords(fleet(store))


def fleet(url: str) -> Fleet:
    """The database at ``url``. Raises ``click.UsageError`` where it is none, or what it needs is not installed."""
    from jupyter_guard.audit.store import StoreError

    try:
        from jupyter_guard.audit.fleet import Fleet

        return Fleet(url)
    except ImportError as problem:
        raise click.UsageError(f"{problem}: pip install 'jupyter_guard[fleet]'") from None
    except StoreError as problem:
        raise click.UsageError(str(problem)) from None


def chains(url: str) -> Iterator[tuple[str, Iterator[bytes], list[tuple[int, int]]]]:
    """Each kernel of the database at ``url``, the lines of its journal, and what was erased of it there."""
    with reached(), fleet(url) as store:
        for kernel in store.kernels():
            yield kernel, store.lines(kernel), store.erased(kernel)


class Records(Protocol):
    """Records, in the order of time; ``name`` says where they are."""

    name: str

    def find(self, query: Query, last: int | None = None) -> Iterator[tuple[str, int, Record]]:
        """Where it is kept, its sequence, and each record that passes; ``last`` says how many at most."""
        ...

    def count(self, query: Query) -> int:
        """How many pass."""
        ...


class FleetRecords:
    """Those of a database."""

    def __init__(self, store: Fleet) -> None:
        self.name = store.name
        self._store = store

    def find(self, query: Query, last: int | None = None) -> Iterator[tuple[str, int, Record]]:
        """See ``Records``."""
        with reached():
            for kernel, sequence, record in self._store.find(query, last):
                yield f"{self.name}, kernel {kernel}", sequence, record

    def count(self, query: Query) -> int:
        """See ``Records``."""
        with reached():
            return self._store.count(query)


@contextmanager
def reached() -> Iterator[None]:
    """Within it, a store that cannot be reached is a ``click.UsageError``."""
    from jupyter_guard.audit.store import StoreError

    try:
        yield
    except StoreError as problem:
        raise click.UsageError(f"The store cannot be reached: {problem}") from None


class FolderRecords:
    """Those of the journals in a folder."""

    def __init__(self, folder: Path) -> None:
        self.name = f"Journals in {folder}"
        self._folder = folder
        self._index = _index(folder)
        for path, why in self._index.unread if self._index else ():
            complain(f"{path} cannot be read: {why}")
        self._all: list[Found] | None = None

    def find(self, query: Query, last: int | None = None) -> Iterator[tuple[str, int, Record]]:
        """See ``Records``."""
        found: Iterable[Found]
        if self._index is not None:
            found = self._index.find(query, last)
        else:
            chosen = [one for one in self._read() if query.passes(one.record)]
            found = chosen if last is None else chosen[-last:]
        for one in found:
            yield str(one.path), one.sequence, one.record

    def count(self, query: Query) -> int:
        """See ``Records``."""
        if self._index is not None:
            return self._index.count(query)
        return sum(query.passes(one.record) for one in self._read())

    def _read(self) -> list[Found]:
        """Without an index: every line of every journal."""
        if self._all is None:
            from jupyter_guard.audit.index import Found
            from jupyter_guard.audit.place import journals, read_records
            from jupyter_guard.audit.query import moment

            self._all = []
            for path in journals(self._folder):
                try:
                    self._all += (Found(path, number, record) for number, record in read_records(path))
                except OSError as problem:
                    complain(f"{path} cannot be read: {problem.strerror}")
            never = datetime.min.replace(tzinfo=UTC)
            self._all.sort(key=lambda one: (moment(one.record) or never, one.path.name, one.sequence))
        return self._all


def _index(folder: Path) -> Index | None:
    import sqlite3

    from jupyter_guard.audit.index import Index
    from jupyter_guard.scrub.cache import cache_directory

    cache = Path(cache_directory(os.environ, str(Path.home())))
    try:
        return Index.of(folder, cache) if folder.is_dir() and _is_local(cache) else None
    except (OSError, sqlite3.Error, UnicodeError):
        return None  # a full or read-only disk: the journals are all there is to read


def _is_local(path: Path) -> bool:
    from jupyter_guard.isolate.refusing import filesystem

    kind = filesystem(str(path.resolve()))
    return not kind or kind in _LOCAL


def _when(text: str | None, name: str) -> datetime | None:
    if not text:
        return None
    now = datetime.now(UTC)
    if text[-1] in _UNITS and text[:-1].isdigit():
        return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time: expected 2026-01-31, 2026-01-31T12:00, or 30m, 6h, 7d", param_hint=f"--{name}"
        ) from None
    return found if found.tzinfo else found.astimezone()
