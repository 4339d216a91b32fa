"""What Chromium's profiler saw -> for how long code of the extension ran, or something that it called."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

# The extension's own bundles, as JupyterLab serves them.
OURS = "/extensions/jupyter-guard/"
# Microseconds from one look to the next.
INTERVAL = 100


class Profile(NamedTuple):
    """When code of the extension was found on the stack, in milliseconds of the page's clock.

    ``each`` is the processor time that one look stands for: what the page's thread used, by its looks that found it at
    work. A clock would count the time, too, in which a busy machine does something else.
    """

    ours: list[float]
    each: float

    def busy(self, begin: float, end: float) -> float:
        """For how many milliseconds of processor time the extension ran between two times."""
        return self.each * sum(begin < one <= end for one in self.ours)


def at(ordered: Sequence[float], share: float) -> float:
    """The least of some sorted values that at least so large a share of them does not exceed (the nearest rank)."""
    return ordered[math.ceil(share * len(ordered)) - 1]


def profiled(page: Any, act: Callable[[], None]) -> Profile:
    """Do something in a page while it is looked at."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": INTERVAL})
    before = _metrics(session)["TaskDuration"]
    session.send("Profiler.start")
    act()
    profile = session.send("Profiler.stop")["profile"]
    metrics = _metrics(session)
    # Both clocks are the system's monotonic one; the page's begins when the page did.
    begin = metrics["Timestamp"] * 1000 - page.evaluate("() => performance.now()")
    session.detach()
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in profile["nodes"] for child in node.get("children", ())}
    known: dict[int, bool] = {}

    def is_ours(number: int | None) -> bool:
        if number is None:
            return False
        if number not in known:
            known[number] = OURS in nodes[number]["callFrame"]["url"] or is_ours(parents.get(number))
        return known[number]

    ours, at_work, now = [], 0, profile["startTime"] / 1000 - begin
    for number, delta in zip(profile["samples"], profile["timeDeltas"], strict=True):
        now += delta / 1000
        at_work += nodes[number]["callFrame"]["functionName"] != "(idle)"
        if is_ours(number):
            ours.append(now)
    return Profile(ours, (metrics["TaskDuration"] - before) * 1000 / max(at_work, 1))


def _metrics(session: Any) -> dict[str, float]:
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
