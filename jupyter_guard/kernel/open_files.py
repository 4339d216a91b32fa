"""The processes of one look and the limit on open files -> a warning at 80% of it, about the process that has most.

At the limit itself the system refuses, and the cell's error is explained (``limit_words.ERRORS``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_guard.isolate import tree
from jupyter_guard.kernel.limit_words import WARN_AT, Limit

if TYPE_CHECKING:
    from jupyter_guard.kernel.limits import Limits
    from jupyter_guard.kernel.measuring import Measured


def see(limits: Limits, limit: Limit, seen: Measured) -> None:
    """Warn, once a cell."""
    cell = limits.latest()
    if cell is None or limit.name in cell.warned:
        return
    counts: list[tuple[int, tree.Process]] = [(tree.open_files(one.pid), one) for one in seen.processes]
    most, process = max(counts, key=lambda one: one[0])
    if most >= limit.value * WARN_AT:
        whose = f"{process.name} (process {process.pid}) has them open. "
        limits.warn(limit, most, f'{whose}At the limit opening another is an error: "Too many open files".', cell)
