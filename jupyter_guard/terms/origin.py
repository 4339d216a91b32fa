"""Who wrote a piece of code, as far as evidence goes."""

from __future__ import annotations

from jupyter_guard.terms.ordered import Ordered


class Origin(Ordered):
    """Author classes, the least scrutinised first; ``Origin.strictest`` joins several authors."""

    HUMAN = "human"
    UNKNOWN = "unknown"
    IMPORTED = "imported"
    ASSISTANT = "assistant"
