"""``jupyter guard audit``: what was decided, about which cell, why and by whom."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jupyter_guard.cli.console import color_option, complain, counted, plain, printable, stdout, styled

if TYPE_CHECKING:
    from jupyter_guard.audit import Record

Command = TypeVar("Command", bound=Callable[..., Any])
COLUMNS = (
    "time", "user", "notebook", "kernel", "msg_id", "cell_id", "event", "state", "verdict", "would_be", "origin",
    "sentence", "rules", "approvals", "redactions", "policy", "isolation",
)  # fmt: skip
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_directory = click.option(
    "--dir",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the journals (default: this account's own).",
)


def _filters(function: Command) -> Command:
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


@click.group("audit")
def command() -> None:
    """What was decided about which cell, why, and by whom.

    Each guarded kernel keeps a journal of its decisions: one line a decision, each bound to all before it. In the
    account that runs the cells it shows accidents and carelessness, not a forger: who can write the file can write
    all of it anew.
    """


@command.command("list")
@_directory
@_filters
@click.option("--all", "everything", is_flag=True, help="Also cells that ran and of which there is nothing to say.")
@click.option("-n", "--last", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def list_(folder: Path | None, everything: bool, last: int, form: str, **filters: Any) -> None:
    """List decisions, the latest last."""
    from jupyter_guard.audit import is_telling

    found = [(where, one) for where, _, one in _records(folder, **filters)]
    # A refusal and what came out of one is worth a line; that a cell ran is not, unless somebody asks for it.
    chosen = found if everything or filters.get("state") else [pair for pair in found if is_telling(pair[1])]
    shown = chosen[-last:]
    if form == "json":
        plain(json.dumps([_item(record) for _, record in shown], indent=2))
        return
    if not shown:
        stdout().print(f"Nothing to list among {counted(len(found), 'record')}." + ("" if everything else " (--all?)"))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("time", "state", "origin", "rules", "what", "request"):
        table.add_column(column, overflow="fold", no_wrap=column in ("time", "state"))
    for _, record in shown:
        table.add_row(
            record.time[:19].replace("T", " "),
            styled(record.state, str(record.verdict)),
            str(record.origin) if record.event == "decision" else "",
            " ".join(one.rule for one in record.findings),
            Text(printable(_what(record))),
            record.msg_id[-12:],
        )
    stdout().print(table)
    if len(shown) < len(chosen):
        stdout().print(f"The last {len(shown)} of {counted(len(chosen), 'record')}; --last says how many.")


@command.command("show")
@click.argument("request")
@_directory
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def show(request: str, folder: Path | None, form: str) -> None:
    """Show all that is kept about one request: its message id, or the end of it as `audit list` shows it."""
    found = [(path, number, one) for path, number, one in _records(folder) if one.msg_id.endswith(request)]
    if not found:
        raise click.UsageError(f"There is no record about a request {request!r}.")
    if len({one.msg_id for _, _, one in found}) > 1:
        raise click.UsageError(f"Several requests end in {request!r}: give more of the id.")
    if form == "json":
        plain(json.dumps([_item(record) for _, _, record in found], indent=2))
        return
    console = stdout()
    for path, number, record in found:
        console.print(styled(f"{record.event}: {record.state}", str(record.verdict)))
        for key, value in _item(record).items():
            if key not in ("event", "state", "findings") and value not in ("", [], {}, None):
                console.print(f"  {key + ':':<12} {printable(value if isinstance(value, str) else json.dumps(value))}")
        for one in record.findings:
            console.print(f"  {one.rule} ({one.severity}): {printable(one.message)}; {one.decided_by}")
        console.print(f"  {'kept in:':<12} {path}, record {number}")


@command.command("verify")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[JOURNAL...]")
@_directory
def verify(paths: tuple[Path, ...], folder: Path | None) -> None:
    """Check journals (default: all): is each record as it was written, in its place, and the last one the last?"""
    from jupyter_guard.audit import verify as problems_of
    from jupyter_guard.audit.journal import read_head
    from jupyter_guard.audit.place import journals

    chosen = list(paths) or journals(_place(folder))
    bad = lines = 0
    for path in chosen:
        head = read_head(path)
        problems = []
        with path.open("rb") as file:
            count = 0

            def counting(file: Any = file) -> Iterator[bytes]:
                nonlocal count
                for line in file:
                    count += 1
                    yield line

            problems = list(problems_of(counting(), head))
        lines += count
        if head is None:
            complain(f"{path}: there is no {path.name}.head, so a removed end would not be seen")
        for problem in problems:
            complain(f"{path}: line {problem.line}: {problem.message}")
        bad += bool(problems) or head is None
    stdout().print(f"{counted(len(chosen), 'journal')}, {counted(lines, 'record')}: {bad or 'none'} damaged.")
    if bad:
        raise click.exceptions.Exit(1)


@command.command("export")
@_directory
@_filters
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
def export(folder: Path | None, form: str, **filters: Any) -> None:
    """Write all records to standard output, one a line."""
    if form == "csv":
        plain(",".join(COLUMNS))
    for _, _, record in _records(folder, **filters):
        item = _item(record)
        if form == "jsonl":
            plain(json.dumps(item))
            continue
        item["rules"] = [one.rule for one in record.findings]
        item["approvals"] = [f"{one.choice} by {one.channel}" for one in record.approvals]
        item["redactions"] = [f"{count} {kind}" for kind, count in record.redactions.items()]
        row = io.StringIO()
        values = (item[name] for name in COLUMNS)
        csv.writer(row, lineterminator="").writerow(
            [_for_a_sheet(" ".join(value) if isinstance(value, list) else str(value)) for value in values]
        )
        plain(row.getvalue())


def _for_a_sheet(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _place(folder: Path | None) -> Path:
    from jupyter_guard.audit.place import audit_directory

    return folder or audit_directory(os.environ, Path.home())


def _records(folder: Path | None, **filters: Any) -> Iterator[tuple[Path, int, Record]]:
    """Journal, sequence and record of everything that passes the filters, in the order of time within a journal."""
    from jupyter_guard.audit.place import journals, read_records

    since, until = (_when(filters.get(name), name) for name in ("since", "until"))
    for path in journals(_place(folder)):
        try:
            for number, record in read_records(path):
                if _passes(record, since, until, filters):
                    yield path, number, record
        except OSError as problem:
            complain(f"{path} cannot be read: {problem.strerror}")


def _passes(record: Record, since: datetime | None, until: datetime | None, filters: dict[str, Any]) -> bool:
    if since or until:
        try:
            when = datetime.fromisoformat(record.time)
        except ValueError:
            return False
        if (since and when < since) or (until and when >= until):
            return False
    wanted = (
        (filters.get("origin"), {str(record.origin)}),
        (filters.get("state"), {record.state}),
        (filters.get("user"), {record.user}),
        (filters.get("rule"), {one.rule for one in record.findings}),
    )
    return all(not words or not there.isdisjoint(words) for words, there in wanted) and (
        filters.get("notebook") or ""
    ) in (record.notebook)


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


def _what(record: Record) -> str:
    parts = [record.sentence] if record.sentence else []
    parts += [f"{counted(count, 'secret')} taken out ({kind})" for kind, count in record.redactions.items()]
    parts += [f"{one.choice}, by {one.channel}" for one in record.approvals if one.channel != "none"]
    return "; ".join(parts)


def _item(record: Record) -> dict[str, Any]:
    import msgspec

    item: dict[str, Any] = {name: getattr(record, name) for name in record.__struct_fields__}
    built: dict[str, Any] = msgspec.to_builtins(item)
    return built
