"""``jupyter guard doctor``: what of the guard is on here, what is missing, and what to type."""

from __future__ import annotations

import json
from pathlib import Path

import click

from jupyter_guard.cli.console import color_option, plain, printable, stdout, styled


@click.command("doctor")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def command(form: str) -> int:
    """Say what is on, what is missing and what to type. Changes nothing.

    Exit status: 0, or 1 when a part that guards does not work.
    """
    import msgspec

    from jupyter_guard.cli.examine import examine

    facts = list(examine(Path()))
    broken = any(fact.state == "wrong" for fact in facts)
    if form == "json":
        plain(json.dumps([msgspec.to_builtins(fact) for fact in facts], indent=2))
        return int(broken)
    from rich.table import Table

    console = stdout()
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = ""
    for fact in facts:
        table.add_row("" if fact.part == before else fact.part, styled(fact.state), printable(fact.what))
        if fact.todo:
            table.add_row("", "", styled(f"-> {fact.todo}", "bold"))
        before = fact.part
    console.print(table)
    missing = sum(fact.state == "missing" for fact in facts)
    if broken:
        console.print(styled("Something that guards does not work: see the lines that say wrong.", "wrong"))
    else:
        console.print(
            f"Everything that guards works; {missing} remarks." if missing else "Everything that guards works."
        )
    return int(broken)
