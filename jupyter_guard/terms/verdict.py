"""What the guard does about a cell."""

from __future__ import annotations

from jupyter_guard.terms.ordered import Ordered


class Verdict(Ordered):
    """Decisions, mildest first."""

    ALLOW = "allow"
    WARN = "warn"
    CONFIRM = "confirm"
    BLOCK = "block"
