"""What a kernel's processes have written to disk -> whoever still writes beyond the limit stopped, and told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jupyter_guard.isolate import tree
from jupyter_guard.kernel.limit_words import STATE_KEPT, WARN_AT, Limit, amount
from jupyter_guard.kernel.measuring import Measured

if TYPE_CHECKING:
    from jupyter_guard.kernel.limits import Limits

# Over the limit, who writes so much more is stopped again.
STEP = 2**20


class Disk:
    """The limit on writing of one kernel: what is written is not given back, so each one that goes on pays."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blamed_to = 0
        self._seen_at = 0.0

    def see(self, limit: Limit, seen: Measured) -> None:
        """Act on one look."""
        limits = self._limits
        before, self._seen_at = self._seen_at, time.monotonic()
        if seen.written < max(limit.value, self._blamed_to):
            if seen.written >= limit.value * WARN_AT:
                limits.warn(limit, seen.written, "At the limit, whatever still writes is stopped.")
            return
        used = f"The kernel and what it started have written {amount('disk', seen.written)} since the kernel started"
        writers = [one for one in seen.writers if one.pid not in limits.measuring.spared]
        is_first = not self._blamed_to
        if seen.writers:
            # The history of cells is written too, a page now and then.
            self._blamed_to = seen.written + STEP
        for one in writers:
            self._end(one, limit, used)
        cell = limits.latest()
        if writers or not seen.writers:
            return
        if limits.ended_at >= before and (cell is None or (is_first and cell.began >= before)):
            # The kernel wrote in a cell that has ended since: neither the next one nor the kernel pays for that.
            reached = limits.reached(limit, f"{used}; whatever still writes is stopped.", STATE_KEPT)
            limits.tell(reached, limits.last_ended)
        elif cell is not None:
            limits.interrupt(cell, limit, f"{used}, so the cell was interrupted.")
        else:
            reached = limits.reached(limit, f"{used}, and no cell runs that could be interrupted.", "")
            limits.end_kernel(reached, reached.what)

    def _end(self, one: tree.Process, limit: Limit, used: str) -> None:
        named = f"{one.name} (process {one.pid}: {tree.command_of(one.pid)})"
        if (one.pid, one.started) not in self._limits.killed and tree.kill(one):
            self._limits.killed.add((one.pid, one.started))
            what = f"{used}, so a process that was writing was ended: {named}."
            self._limits.tell(self._limits.reached(limit, what, STATE_KEPT))
