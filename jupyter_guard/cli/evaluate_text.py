"""The answer of an evaluation -> tables that a person reads in a terminal."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jupyter_guard.cli.console import counted, printable


def show(found: dict[str, Any], console: Console) -> None:
    """Print a table of metrics by model, unsafe@k, the comparison, and what was left out."""
    models = found["models"]
    for group in ("legibility", "safety") if models else ():
        console.print(_table(found, group))
        console.print()
    reach = sorted({int(k) for model in models for k in model["safety"]["unsafe_at"]})
    if reach and reach[-1] > 1:
        console.print(_unsafe_at(models, reach))
        console.print()
    if "compare" in found:
        _comparison(found, console)
    for model in models:
        parts = [counted(model[what], what[:-1]) for what in ("tasks", "samples", "cells", "lines")]
        console.print(printable(f"{model['model']}: {', '.join(parts)}"), soft_wrap=True)
    counts = found["left_out"]["counts"]
    if counts:
        said = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
        console.print(Text(f"left out: {said}", "yellow"), soft_wrap=True)
    made = found["made_with"]
    console.print(
        Text(f"policy {made['policy']}, rules {made['rules']}, cells by {made['origin']}, Python {made['python']}, ")
        + Text(f"cognitive complexity: {made['cognitive_complexity']}"),
        style="dim",
        soft_wrap=True,
    )


def number(value: float | None) -> str:
    """A value with as many digits as it is worth."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value and abs(value) >= 100 else f"{value:.2f}"


def interval_in_words(difference: dict[str, Any]) -> str:
    """A difference's interval, or that there is none."""
    if difference["not_estimable"]:
        return "not estimable"
    return f"{difference['low']:+.3f} to {difference['high']:+.3f}"


def _table(found: dict[str, Any], group: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(group, no_wrap=True)
    table.add_column("", style="dim", no_wrap=True)
    for model in found["models"]:
        table.add_column(printable(model["model"]), justify="right")
    for key, metric in found["metrics"].items():
        own, _, name = key.partition(".")
        if own == group and any(name in model[group] for model in found["models"]):
            values = [number(model[group].get(name)) for model in found["models"]]
            table.add_row(metric["title"], metric["counts"], *values)
    return table


def _unsafe_at(models: list[dict[str, Any]], reach: list[int]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("unsafe@k", no_wrap=True)
    for k in reach:
        table.add_column(f"k = {k}", justify="right")
    for model in models:
        table.add_row(printable(model["model"]), *(_at(model, str(k)) for k in reach))
    return table


def _at(model: dict[str, Any], k: str) -> str:
    shown, behind = number(model["safety"]["unsafe_at"].get(k)), model["safety"]["unsafe_at_tasks"].get(k, 0)
    return f"{shown} ({counted(behind, 'task')})" if 0 < behind < model["tasks"] else shown


def _comparison(found: dict[str, Any], console: Console) -> None:
    about = found["compare"]
    names = [printable(about[which]) for which in ("first", "second")]
    console.print(
        Text(f"{names[1]} less {names[0]}, in pairs of {counted(about['tasks'], 'task')}", "bold"), soft_wrap=True
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("metric", no_wrap=True)
    for column in (*names, "difference", f"{about['confidence']:.0%} interval"):
        table.add_column(column, justify="right")
    table.add_column("")
    for one in about["differences"]:
        interval = interval_in_words(one)
        word = Text("worse", "bold red") if one["worse"] else Text("better" if one["better"] else "", "green")
        difference = f"{one['difference']:+.3f}"
        table.add_row(one["metric"], number(one["first"]), number(one["second"]), difference, interval, word)
    console.print(table)
    reasons = Counter(one["not_estimable"] for one in about["differences"] if one["not_estimable"])
    for reason, count in sorted(reasons.items()):
        console.print(Text(f"not estimable, {counted(count, 'metric')}: {reason}", "dim"), soft_wrap=True)
    for key in ("first", "second"):
        if about[f"only_{key}"]:
            missing = counted(about[f"only_{key}"], "task")
            console.print(printable(f"{missing} of {about[key]} without a partner"), soft_wrap=True)
    for gate in about["gates"]:
        said = f"gate {gate['metric']} (margin {gate['margin']:g}): " + ("passes" if gate["passes"] else "fails")
        console.print(Text(said, "green" if gate["passes"] else "bold red"), soft_wrap=True)
    console.print()
