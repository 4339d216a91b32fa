"""A line typed at once -> how long after the last key its marks are on the screen, the pause before judging with it."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.panel.profile import at

RUNS = 20
# From a pause until the marks are there; what a person takes for at once.
MARKS_MS = 300


def measure(front: Any) -> bool:
    """Print the figures; whether the median is within the bound."""
    from tests.browser.marks import marks_took

    front.server.write_notebook("marks.ipynb", ["from shutil import rmtree", ""])
    front.open_lab("marks.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.run_to_end(0)
    took = marks_took(front, RUNS)
    median, p95 = at(took, 0.5), at(took, 0.95)
    print(
        f"{len(took)} lines, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: marks are drawn"
        f" {took[0]:.0f} ms after the last key at the least, {median:.0f} ms at the median, {p95:.0f} ms at p95"
    )
    return bool(median < MARKS_MS)
