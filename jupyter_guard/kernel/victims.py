"""What a kernel over its limit on memory has started -> the processes that are ended for it, the largest first."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from jupyter_guard.isolate import tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# How much sooner than the kernel the system ends what it has started, in thousandths of the machine's memory (proc(5)).
SOONER = 300
# A child of this share of the limit is ended though that alone does not help.
LARGE = 0.05


class Earlier:
    """Has the system, where the machine itself runs out of memory, end what the cells have started before the kernel.

    The watcher's own choice comes first; this counts where memory goes faster than it looks.
    """

    def __init__(self) -> None:
        self._marked: set[tuple[int, int]] = set()

    def mark(self, kernel: tree.Process, processes: Iterable[tree.Process]) -> None:
        """Mark those that are new; one that asked to be ended even sooner stays as it is."""
        now = {(one.pid, one.started) for one in processes}
        fresh, self._marked = now - self._marked, now
        if not fresh:
            return
        least = min(1000, score(kernel.pid) + SOONER)
        for pid, started in fresh:
            found = tree.look(pid)
            if found is not None and found.started == started and score(pid) < least:
                with contextlib.suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as file:
                    file.write(str(least))


def score(pid: int) -> int:
    """What the system adds to a process' size when it looks for one to end (proc(5), oom_score_adj)."""
    return int(tree.read(f"/proc/{pid}/oom_score_adj") or 0)


def end_the_largest(
    processes: Iterable[tree.Process], sizes: Mapping[int, int], excess: int, limit: int, files: int
) -> list[tree.Process]:
    """End as many of ``processes`` as it takes; those that it ended.

    ``sizes`` are bytes by process number, ``excess`` is what is over ``limit``, ``files`` what lies in memory in files
    and is no process' own.
    """
    victims = sorted((one for one in processes if sizes.get(one.pid, 0)), key=lambda one: sizes[one.pid])
    # What would not bring it below the limit is not sacrificed.
    helps = sum(sizes[one.pid] for one in victims) >= excess
    ended: list[tree.Process] = []
    while victims and (helps or sizes[victims[-1].pid] >= limit * LARGE):
        largest = victims.pop()
        if tree.kill(largest):
            ended.append(largest)
            excess -= sizes[largest.pid]
        if excess <= 0:
            break
    if not ended and files > excess:
        # Files in memory are whoever's holds them open: before the kernel, all else goes.
        ended = [one for one in reversed(victims) if tree.kill(one)]
    return ended
