"""``jupyter guard rules``: every rule in a table."""

from __future__ import annotations

import json
from typing import Any

import click

from jupyter_guard.cli.console import color_option, plain, stdout, styled

BY_TARGET = "by target"


@click.command("rules")
@click.option("--family", help="Only this family: execution, files, data ...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def command(family: str | None, form: str) -> None:
    """List the rules. `jupyter guard explain RULE` says more about one."""
    from jupyter_guard.judge import RULES
    from jupyter_guard.judge.rule import FAMILIES

    if family is not None and family not in FAMILIES.values():
        raise click.UsageError(f"There is no family {family!r}. There are: {', '.join(FAMILIES.values())}.")
    chosen = [rule for _, rule in sorted(RULES.items()) if family in (None, rule.family)]
    if form == "json":
        plain(json.dumps([rule_item(rule) for rule in chosen], indent=2))
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("rule", "family", "severity", "what it finds"):
        table.add_column(column, no_wrap=column != "what it finds")
    for rule in chosen:
        severity = str(rule.severity or BY_TARGET)
        table.add_row(rule.id, rule.family, styled(severity), rule.title)
    stdout().print(table)


def rule_item(rule: Any) -> dict[str, Any]:
    """A rule as JSON values; ``severity`` is ``null`` where it depends on what is touched."""
    return {
        "rule": rule.id,
        "family": rule.family,
        "severity": None if rule.severity is None else str(rule.severity),
        "title": rule.title,
        "why": rule.why,
        "instead": rule.instead,
        "bad": list(rule.bad),
        "good": list(rule.good),
    }
