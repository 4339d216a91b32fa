"""``jupyter guard audit ship``, ``collect``, ``erase``, ``retain``: what is done with journals beside reading them."""

from __future__ import annotations

import getpass
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_guard.cli import audit_records
from jupyter_guard.cli.console import complain, counted, stdout

if TYPE_CHECKING:
    from jupyter_guard.audit.query import Query


@click.command("ship")
@audit_records.directory
@click.option(
    "--store",
    required=True,
    metavar="URL",
    envvar="JUPYTER_GUARD_STORE",
    help="Where to: postgresql://HOST/DATABASE, or unix:/PATH of a collector.",
)
@click.option("--follow", is_flag=True, help="Go on until interrupted, also while the store is away.")
def ship(folder: Path | None, store: str, follow: bool) -> None:
    """Send what is in the journals to a store that does not have it yet.

    Kernels do so by themselves where their policy names the store ([audit] store); this is for what a machine still
    held when its last kernel ended, and for a collector's own folder.
    """
    from jupyter_guard.audit.ship import Shipper
    from jupyter_guard.audit.store import StoreError, store_of

    try:
        with store_of(store) as reached:
            shipper = Shipper(audit_records.place(folder), reached)
            if follow:
                shipper.run(threading.Event().wait)
                return
            count = shipper.once()
    except StoreError as problem:
        raise click.UsageError(str(problem)) from None
    stdout().print(f"{counted(count, 'record')} sent to {reached.name}.")
    if shipper.refused:
        raise click.exceptions.Exit(1)


@click.command("collect")
@click.option(
    "--socket",
    "path",
    type=click.Path(path_type=Path),
    default="/run/jupyter_guard_audit/audit.sock",
    show_default=True,
    help="Where it listens; policies name it as unix:PATH.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="/var/lib/jupyter_guard/audit",
    show_default=True,
    help="The folder of its journals, which nobody else may write.",
)
def collect(path: Path, folder: Path) -> None:
    """Keep what all accounts of this machine decide, where they cannot change it. Runs until it is ended.

    Start it as root (or an account that nobody runs cells as). Whose a record is, the system says, and not the sender.
    """
    import signal

    from jupyter_guard.audit.collector import Collector, Service

    try:
        collector = Collector(folder)
        service = Service(path, collector)
    except OSError as problem:
        raise click.UsageError(f"No collector: {problem}") from None
    signal.signal(signal.SIGTERM, lambda *_: service.close())
    stdout().print(f"Collecting from {path} into {folder}.")
    try:
        service.serve()
    except KeyboardInterrupt:
        service.close()
    finally:
        collector.close()


@click.command("erase")
@audit_records.directory
@audit_records.stored
@click.option("--user", required=True, help="Whose records.")
@click.option("--why", required=True, metavar="TEXT", help="The reason, which is kept.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(folder: Path | None, store: str | None, user: str, why: str, yes: bool) -> None:
    """Erase all records of one user. It cannot be undone.

    Each journal keeps the places and hashes of what was erased, so that `audit verify` still checks all the rest, and
    says by whom and why it was done. A journal whose kernel still runs is left as it is, and named.
    """
    from jupyter_guard.audit.query import Query

    query = Query(users=(user,))
    count = audit_records.records(folder, store).count(query)
    if count and not yes:
        click.confirm(f"Erase {counted(count, 'record')} of {user}?", abort=True)
    _forget(folder, store, query, why)


@click.command("retain")
@audit_records.directory
@audit_records.stored
@click.option("--days", type=click.IntRange(1), required=True, help="How long records are kept.")
@click.option(
    "--sent-to",
    metavar="URL",
    help="Leave out journals of which this store does not have every record.",
)
def retain(folder: Path | None, store: str | None, days: int, sent_to: str | None) -> None:
    """Erase all records that are older than so many days. It cannot be undone.

    As with `audit erase`, what is left of them are their places and hashes, and why they went.
    """
    from jupyter_guard.audit.query import Query

    if store and sent_to:
        raise click.UsageError("--sent-to is about journals, and --store is a database.")
    query = Query(until=datetime.now(UTC) - timedelta(days=days))
    _forget(folder, store, query, f"older than {counted(days, 'day')}", sent_to)


def _forget(folder: Path | None, store: str | None, query: Query, why: str, sent_to: str | None = None) -> None:
    by = os.environ.get("SUDO_USER") or getpass.getuser()
    left = 0
    if store is not None:
        with audit_records.reached(), audit_records.fleet(store) as fleet:
            count = fleet.forget(query, by, why)
    else:
        count, left = _forget_here(audit_records.place(folder), query, by, why, sent_to)
    stdout().print(f"{counted(count, 'record')} erased.")
    if left:
        raise click.exceptions.Exit(1)


def _forget_here(folder: Path, query: Query, by: str, why: str, sent_to: str | None) -> tuple[int, int]:
    """How many records were erased, and how many journals were left as they are."""
    from jupyter_guard.audit.erasing import erase as erased_in
    from jupyter_guard.audit.place import journals

    count = left = 0
    for path in journals(folder):
        try:
            if sent_to is not None and not _is_sent(path, sent_to):
                complain(f"{path} is left as it is: {sent_to.split(':')[0]} does not have all of it")
                left += 1
                continue
            count += erased_in(path, query.passes, by, why, datetime.now(UTC).isoformat())
        except OSError as problem:
            complain(f"{path} is left as it is: {problem.strerror or problem}")
            left += 1
    # The index forgets it at its next look.
    audit_records.of_folder(folder)
    return count, left


def _is_sent(path: Path, url: str) -> bool:
    from jupyter_guard.audit.journal import read_head
    from jupyter_guard.audit.place import kernel_of

    with audit_records.reached(), audit_records.fleet(url) as store:
        return store.positions([kernel_of(path)]).get(kernel_of(path)) == read_head(path)


COMMANDS = (ship, collect, erase, retain)
