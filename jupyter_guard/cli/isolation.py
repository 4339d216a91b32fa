"""``jupyter guard isolation``: which boxes this machine gives a kernel, tried with a real one, and what gets out."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from jupyter_guard.cli.console import color_option, complain, plain, printable, stdout, styled

if TYPE_CHECKING:
    from jupyter_guard.isolate.probing import Tried

BACKENDS = ("none", "bubblewrap", "landlock")


@click.command("isolation")
@click.option("--probe", is_flag=True, help="Also run the probes inside a real guarded kernel in each backend.")
@click.option("--backend", "named", type=click.Choice(BACKENDS), multiple=True, help="Only this one; again for more.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def command(probe: bool, named: tuple[str, ...], form: str) -> int:
    """Try each backend with a real kernel: does it start, how fast, what does it give. Changes nothing.

    With --probe, what hostile code would try is tried, on decoys: credential stores, other processes, the guard's
    files, sockets, system calls. Backend none is the comparison: what is blocked there is closed anyway.

    Exit status: 0, or 1 when something that a backend claims to close was open, or a probe's outcome is unknown.
    """
    if sys.platform != "linux":
        complain("isolation is there on Linux only")
        return 2
    from jupyter_guard.isolate.probing import BLOCKED, probes, tried

    chosen = probes() if probe else ()
    found = [_about(tried(one, chosen)) for one in named or BACKENDS]
    if form == "json":
        plain(json.dumps(found, indent=2))
    else:
        for about in found:
            _show(about)
    return int(any(one["outcome"] != BLOCKED for about in found for one in about["unkept"]))


def _about(tried: Tried) -> dict[str, Any]:
    import msgspec

    from jupyter_guard.isolate.plan import examine, plan
    from jupyter_guard.isolate.probing import BLOCKED
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
        "start_seconds": round(tried.seconds, 2),
        "probes": outcomes,
        # Claimed, and yet not shown to be closed.
        "unkept": [one for one in outcomes if one["property"] in achieved and one["outcome"] != BLOCKED],
    }


def _show(about: dict[str, Any]) -> None:
    from jupyter_guard.isolate.probing import BLOCKED

    console = stdout()
    gives = ", ".join(about["achieved"]) or "nothing"
    state = "ok" if about["works"] else "missing"
    says = f"gives {gives}; a kernel answers after {about['start_seconds']} s" if about["works"] else "does not work"
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
