"""``python -m benchmarks.probes``: what hostile code tries in a kernel, and what came of it in each backend here.

``--markdown`` prints the page ``docs/probes.md``; run it as an ordinary user, for root's own rights open and close
other things.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

from jupyter_guard.isolate.plan import examine
from jupyter_guard.isolate.probing import BLOCKED, Probe, Tried, probes, tried

BACKENDS = ("none", "bubblewrap", "landlock")
HEAD = """<!-- printed by `python -m benchmarks.probes --markdown`, as an ordinary user; the tests run every line again -->
# What was tried

Each line is Python that hostile code could run in a cell, on decoys, in a real guarded kernel: the files are
`jupyter_guard/isolate/probes.toml` and `tries.py`. `jupyter guard isolation --probe` runs them on your machine. What is open
without isolation shows that the try itself works; what is blocked there was closed to this user anyway, or is not there
on the machine that this page comes from (Linux {release}, Landlock {landlock}).

A way out that is not here was not tried.

The policy of the probed kernels only observes, grants the working folder and nothing else, and has small limits (`isolate/scene.py`); without
isolation it has no limits. What a policy grants beyond that, as a plain install does, is open to a cell, whatever this page says.

    [isolation]
    read = []
    write = ["."]
    hosts = []
    env = []
"""


def page(found: list[Tried], chosen: Iterable[Probe]) -> str:
    """The page, for one result a backend."""
    chosen = list(chosen)
    lines = [HEAD.format(release=os.uname().release.split("-")[0], landlock=examine(str, False).landlock)]
    lines += ["| | " + " | ".join(one.backend for one in found) + " |", "|---|" + "---:|" * len(found)]
    shares = [f"{one.count(BLOCKED)} of {len(one.outcomes)} ({one.count(BLOCKED) / len(chosen):.1%})" for one in found]
    lines += ["| blocked | " + " | ".join(shares) + " |", ""]
    for group in dict.fromkeys(one.group for one in chosen):
        names = " | ".join(one.backend for one in found)
        lines += [f"## {group.capitalize()}", "", f"| | property | {names} |", "|---|---|" + "---|" * len(found)]
        for at, one in enumerate(chosen):
            if one.group == group:
                told = " | ".join(_told(result.outcomes[at].outcome) for result in found)
                lines.append(f"| {one.name} | {one.property} | {told} |")
        lines.append("")
    return "\n".join(lines)


def _told(outcome: str) -> str:
    return outcome if outcome == BLOCKED else f"**{outcome}**"


def main(arguments: list[str]) -> int:
    """Run them; the exit status is 1 where a backend does not work."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probes")
    parser.add_argument("--markdown", action="store_true", help="print the page of the documentation")
    options = parser.parse_args(arguments)
    chosen = probes()
    found = [tried(one, chosen) for one in BACKENDS]
    if any(one.trouble for one in found):
        print("\n".join(f"{one.backend}: {one.trouble or 'works'}" for one in found))
        return 1
    if options.markdown:
        print(page(found, chosen), end="")
        return 0
    for one in found:
        left = [outcome.name for outcome in one.outcomes if outcome.outcome != BLOCKED]
        print(f"{one.backend}: {one.count(BLOCKED)} of {len(chosen)} blocked", f"({', '.join(left)})" if left else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
