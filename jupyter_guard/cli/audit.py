"""``jupyter guard audit``: what was decided, about which cell, why and by whom."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_guard.cli import audit_keeping, audit_records
from jupyter_guard.cli.console import color_option, complain, counted, plain, printable, stdout, styled

if TYPE_CHECKING:
    from jupyter_guard.audit import Record

COLUMNS = (
    "time", "user", "notebook", "kernel", "msg_id", "cell_id", "event", "state", "verdict", "would_be", "origin",
    "sentence", "rules", "approvals", "redactions", "policy", "isolation",
)  # fmt: skip


@click.group("audit")
def command() -> None:
    """What was decided about which cell, why, and by whom.

    Each guarded kernel keeps a journal of its decisions: one line a decision, each bound to all before it. In the
    account that runs the cells it shows accidents and carelessness, not a forger: who can write the file can write
    all of it anew.
    """


@command.command("list")
@audit_records.directory
@audit_records.stored
@audit_records.filters
@click.option("--all", "everything", is_flag=True, help="Also cells that ran and of which there is nothing to say.")
@click.option("-n", "--last", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def list_(folder: Path | None, store: str | None, everything: bool, last: int, form: str, **filters: Any) -> None:
    """List decisions, the latest last."""
    from msgspec.structs import replace

    records, asked = audit_records.records(folder, store), audit_records.asked(**filters)
    found = records.count(asked)
    # A refusal and what came out of one is worth a line; that a cell ran is not, unless somebody asks for it.
    wanted = asked if everything or filters.get("state") else replace(asked, telling=True)
    chosen = records.count(wanted)
    shown = [record for _, _, record in records.find(wanted, last)]
    if form == "json":
        plain(json.dumps([_item(record) for record in shown], indent=2))
        return
    if not shown:
        stdout().print(f"Nothing to list among {counted(found, 'record')}." + ("" if everything else " (--all?)"))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("time", "state", "origin", "rules", "what", "request"):
        table.add_column(column, overflow="fold", no_wrap=column in ("time", "state"))
    for record in shown:
        table.add_row(
            record.time[:19].replace("T", " "),
            styled(record.state, str(record.verdict)),
            str(record.origin) if record.event == "decision" else "",
            " ".join(one.rule for one in record.findings),
            Text(printable(_what(record))),
            record.msg_id[-12:],
        )
    stdout().print(table)
    if len(shown) < chosen:
        stdout().print(f"The last {len(shown)} of {counted(chosen, 'record')}; --last says how many.")


@command.command("show")
@click.argument("request")
@audit_records.directory
@audit_records.stored
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def show(request: str, folder: Path | None, store: str | None, form: str) -> None:
    """Show all that is kept about one request: its message id, or the end of it as `audit list` shows it."""
    from jupyter_guard.audit.query import Query

    found = list(audit_records.records(folder, store).find(Query(request=request)))
    if not found:
        raise click.UsageError(f"There is no record about a request {request!r}.")
    if len({record.msg_id for _, _, record in found}) > 1:
        raise click.UsageError(f"Several requests end in {request!r}: give more of the id.")
    if form == "json":
        plain(json.dumps([_item(record) for _, _, record in found], indent=2))
        return
    console = stdout()
    for where, number, record in found:
        console.print(styled(f"{record.event}: {record.state}", str(record.verdict)))
        for key, value in _item(record).items():
            if key not in ("event", "state", "findings") and value not in ("", [], {}, None):
                console.print(f"  {key + ':':<12} {printable(value if isinstance(value, str) else json.dumps(value))}")
        for one in record.findings:
            console.print(f"  {one.rule} ({one.severity}): {printable(one.message)}; {one.decided_by}")
        console.print(f"  {'kept in:':<12} {where}, record {number}")


@command.command("verify")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[JOURNAL...]")
@audit_records.directory
@audit_records.stored
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def verify(paths: tuple[Path, ...], folder: Path | None, store: str | None, form: str) -> None:
    """Check journals (default: all): is each record as it was written, in its place, and the last one the last?

    Of a store, each kernel's records are checked in the order of their sequences, and against what was sent there: its
    table of that is only added to, and ends with the last batch that each account sent.
    """
    from jupyter_guard.audit.verifying import check_folder, check_journal

    if store is not None:
        place, chains = "record", audit_records.chains(store)
    else:
        place = "line"
        chains = map(check_journal, paths) if paths else check_folder(audit_records.place(folder))
    count = records = bad = 0
    problems: list[dict[str, Any]] = []
    for chain in chains:
        count, records, bad = count + 1, records + chain.lines, bad + bool(chain.problems)
        problems += (
            {"journal": chain.name, "place": place, "line": one.line, "kind": one.kind, "message": one.message}
            for one in chain.problems
        )
    if form == "json":
        told = {"journals": count, "records": records, "damaged": bad, "problems": problems}
        plain(json.dumps(told, indent=2))
    else:
        for one in problems:
            where = f"{one['place']} {one['line']}: " if one["line"] else ""
            complain(f"{one['journal']}: {where}{one['message']}")
        stdout().print(f"{counted(count, 'journal')}, {counted(records, 'record')}: {bad or 'none'} damaged.")
    if bad:
        raise click.exceptions.Exit(1)


@command.command("export")
@audit_records.directory
@audit_records.stored
@audit_records.filters
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
def export(folder: Path | None, store: str | None, form: str, **filters: Any) -> None:
    """Write all records to standard output, one a line."""
    if form == "csv":
        plain(",".join(COLUMNS))
    for _, _, record in audit_records.records(folder, store).find(audit_records.asked(**filters)):
        item = _item(record)
        if form == "jsonl":
            plain(json.dumps(item))
            continue
        item["rules"] = [each.rule for each in record.findings]
        item["approvals"] = [f"{each.choice} by {each.channel}" for each in record.approvals]
        item["redactions"] = [f"{count} {kind}" for kind, count in record.redactions.items()]
        row = io.StringIO()
        values = (item[name] for name in COLUMNS)
        csv.writer(row, lineterminator="").writerow(
            [_for_a_sheet(" ".join(value) if isinstance(value, list) else str(value)) for value in values]
        )
        plain(row.getvalue())


@command.command("report")
@click.argument("page", type=click.Path(dir_okay=False, path_type=Path), metavar="PAGE.html")
@audit_records.directory
@audit_records.stored
@audit_records.filters
@click.option("--format", "form", type=click.Choice(["html", "json"]), default="html", show_default=True)
def report(page: Path, folder: Path | None, store: str | None, form: str, **filters: Any) -> None:
    """Write one page about all decisions: over time, by origin, rule and user, secrets by kind, answers.

    The page needs nothing else: no script, no server. It holds counts and names, no code and no secrets.
    """
    from jupyter_guard.audit.summary import summarize
    from jupyter_guard.guard.audit_page import page as written

    records = audit_records.records(folder, store)
    summary = summarize(record for _, _, record in records.find(audit_records.asked(**filters)))
    chosen = ", ".join(
        f"{name} {' or '.join(value) if isinstance(value, tuple) else value}"
        for name, value in filters.items()
        if value
    )
    if form == "json":
        import msgspec

        text = msgspec.json.format(msgspec.json.encode(summary), indent=2).decode() + "\n"
    else:
        text = written(summary, records.name, chosen)
    try:
        page.write_text(text, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise click.UsageError(f"{page} cannot be written: {problem.strerror}") from None
    stdout().print(f"{counted(summary.decisions, 'decision')} in {page}.")


def _for_a_sheet(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


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


for _one in audit_keeping.COMMANDS:
    command.add_command(_one)
