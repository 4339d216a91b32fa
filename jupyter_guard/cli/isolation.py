"""``jupyter guard isolation``: which boxes this machine gives a kernel, tried with a real one, and what gets out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_guard.cli.console import color_option, complain, plain, printable, stdout, styled

if TYPE_CHECKING:
    from jupyter_guard.isolate.probing import Tried
    from jupyter_guard.policy import Policy

BACKENDS = ("none", "bubblewrap", "landlock")
# Of a row's names; JSON has them all.
SHOWN = 8


@click.command("isolation")
@click.option("--probe", is_flag=True, help="Also run the probes inside a real guarded kernel in each backend.")
@click.option("--backend", "named", type=click.Choice(BACKENDS), multiple=True, help="Only this one; again for more.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the table to this SVG file, or HTML page."
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 99),
    default=3,
    show_default=True,
    help="Starts of each, whose medians are shown.",
)
@color_option
def command(probe: bool, named: tuple[str, ...], form: str, picture: Path | None, rounds: int) -> int:
    """Try each backend with a real kernel: does it start, how fast are start and cells, what does it give.

    What is shown is measured now, on this machine: medians of a few starts, the backends in turns. Noise remains.
    With --probe, what hostile code would try is tried, on decoys: credential stores, other processes, the guard's
    files, sockets, system calls. Backend none is the comparison: what is blocked there is closed anyway.
    Last is what a cell in this folder reaches, by the policy that holds here.

    Exit status: 0, or 1 when something that a backend claims to close was open, or a probe's outcome is unknown.
    """
    if sys.platform != "linux":
        complain("isolation is there on Linux only")
        return 2
    from jupyter_guard.isolate.probing import BLOCKED, compared, probes

    chosen = probes() if probe else ()
    policy = _policy()
    found = [_about(one, policy) for one in compared(tuple(dict.fromkeys(named)) or BACKENDS, chosen, rounds)]
    if picture is not None:
        from jupyter_guard.cli.isolation_picture import page, svg

        drawn = page(found) if picture.suffix.lower() in (".html", ".htm") else svg(found)
        try:
            picture.write_text(drawn, encoding="utf-8", newline="\n")
        except OSError as error:
            raise click.UsageError(f"{picture} cannot be written: {error.strerror}.") from None
    if form == "json":
        import msgspec

        from jupyter_guard.cli.examine import SECONDS_FOR_ENGINES
        from jupyter_guard.cli.isolation_detected import detected

        looked = [msgspec.to_builtins(one) for one in detected(SECONDS_FOR_ENGINES)]
        plain(json.dumps({"backends": found, "detected": looked}, indent=2))
    else:
        _table(found)
        for about in found:
            _show(about)
        _detected()
        _reach(policy)
    return int(any(one["outcome"] != BLOCKED for about in found for one in about["unkept"]))


def _policy() -> Policy | None:
    """What holds here; ``None``, and said, where it cannot be read."""
    from jupyter_guard.policy import PolicyError, load_effective

    try:
        return load_effective(Path.cwd())
    except PolicyError as error:
        complain(str(error))
        return None


def _about(tried: Tried, policy: Policy | None) -> dict[str, Any]:
    import msgspec

    from jupyter_guard.isolate.plan import examine, plan
    from jupyter_guard.isolate.probing import BLOCKED
    from jupyter_guard.isolate.reach import reach
    from jupyter_guard.policy.policy import Isolation

    made = plan(Isolation(tried.backend, (), (), (".",), (), ()), examine())
    works = not tried.trouble
    achieved = made.achieved if works else ()
    reasons = (*made.reasons, *([tried.trouble] if tried.trouble else []))
    outcomes = [msgspec.to_builtins(one) for one in tried.outcomes]
    return {
        "backend": tried.backend,
        "works": works,
        "reasons": list(reasons) if tried.backend != "none" else [],
        "achieved": list(achieved),
        "start_seconds": round(tried.seconds, 3),
        "cell_seconds": round(tried.cell_seconds, 5),
        "memory_bytes": tried.memory,
        "probes": outcomes,
        # Claimed, and yet not shown to be closed.
        "unkept": [one for one in outcomes if one["property"] in achieved and one["outcome"] != BLOCKED],
        "reach": [
            msgspec.to_builtins(one)
            for one in (reach(policy.isolation, tried.backend, str(Path.cwd()), os.environ) if policy else ())
        ],
    }


def _table(found: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from jupyter_guard.policy.fields import PROPERTIES

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("backend", "start", "cell", "memory", "probes blocked", *PROPERTIES):
        table.add_column(column)
    for about in found:
        row = figures(about) if about["works"] else ("-", "-", "-", "-")
        kept = [styled("yes", "ok") if one in about["achieved"] else styled("no", "missing") for one in PROPERTIES]
        table.add_row(styled(about["backend"], "bold"), *row, *kept)
    stdout().print(table)
    stdout().print()


def figures(about: dict[str, Any]) -> tuple[str, str, str, str]:
    """Start, cell, memory and probes of one backend, as people read them."""
    from jupyter_guard.isolate.probing import BLOCKED

    blocked = sum(one["outcome"] == BLOCKED for one in about["probes"])
    probed = f"{blocked} of {len(about['probes'])}" if about["probes"] else "not tried"
    memory = f"{about['memory_bytes'] / 1e6:.0f} MB"
    return f"{about['start_seconds'] * 1e3:.0f} ms", f"{about['cell_seconds'] * 1e3:.1f} ms", memory, probed


def _reach(policy: Policy | None) -> None:
    """What a cell reaches in the backend that a kernel started here would have."""
    from rich.table import Table

    from jupyter_guard.isolate.plan import examine, plan
    from jupyter_guard.isolate.reach import reach
    from jupyter_guard.policy.files import HUB_VARIABLE

    if policy is None:
        return
    made = plan(policy.isolation, examine(), policy.limits, by_site=os.environ.get(HUB_VARIABLE))
    if made.missing:
        stdout().print(printable(f"\nNo kernel starts here: {', '.join(made.missing)} missing."))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in (f"here ({made.backend})", "a cell reaches", "kept out"):
        table.add_column(column)
    for one in reach(policy.isolation, made.backend, str(Path.cwd()), os.environ):
        table.add_row(styled(one.what, "bold"), printable(_some(one.reached)), printable(_some(one.kept_out)))
    stdout().print()
    stdout().print(table)


def _detected() -> None:
    """What is here and no kernel runs in."""
    from rich.table import Table

    from jupyter_guard.cli.examine import SECONDS_FOR_ENGINES
    from jupyter_guard.cli.isolation_detected import detected

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("also looked for", "", ""):
        table.add_column(column)
    for one in detected(SECONDS_FOR_ENGINES):
        table.add_row(styled(one.name, "bold"), printable(one.state), printable(one.why))
    stdout().print()
    stdout().print(table)


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown


def _show(about: dict[str, Any]) -> None:
    from jupyter_guard.isolate.probing import BLOCKED

    console = stdout()
    gives = ", ".join(about["achieved"]) or "nothing"
    state = "ok" if about["works"] else "missing"
    says = f"gives {gives}" if about["works"] else "does not work"
    console.print(styled(state), styled(about["backend"], "bold"), printable(says))
    for reason in about["reasons"]:
        console.print(printable(f"    {reason}"))
    if not about["probes"]:
        return
    blocked = sum(one["outcome"] == BLOCKED for one in about["probes"])
    console.print(f"    {blocked} of {len(about['probes'])} probes blocked")
    for group in dict.fromkeys(one["group"] for one in about["probes"]):
        inside = [one for one in about["probes"] if one["group"] == group]
        told = [f"{one['name']} {one['outcome']}" for one in inside if one["outcome"] != BLOCKED]
        count = sum(one["outcome"] == BLOCKED for one in inside)
        console.print(printable(f"    {group}: {count} of {len(inside)}" + (f"; {', '.join(told)}" if told else "")))
    if about["unkept"]:
        names = ", ".join(one["name"] for one in about["unkept"])
        console.print(styled(f"    claimed and not kept: {names}", "wrong"))
