"""A cell's output beyond the limit -> left out, with a sentence where it was cut, and everything else in its order."""

from __future__ import annotations

import json

from jupyter_guard.kernel.limit_words import Limit
from jupyter_guard.kernel.request import parse_output
from jupyter_guard.kernel.wire import CONTENT, MalformedError

COUNTED_CELLS = 1000
WARN_AT = 0.8


class Output:
    """Counts the bytes that each cell has put out, of whatever kind. ``limit`` is ``None`` where there is none.

    ``has_news`` is true when something is to be said after the message that has just passed.
    """

    def __init__(self) -> None:
        self.limit: Limit | None = None
        self.has_news = False
        self._counts: dict[str, int] = {}

    def passes(self, kind: str, about: str, frames: list[bytes], at: int) -> bool:
        """Whether a message of the child's goes on; text is cut in place where the limit falls into it."""
        limit = self.limit
        if limit is None:
            return True
        before = self._counts.get(about, 0)
        if before >= limit.value:
            return False
        after = before + sum(map(len, frames[at + CONTENT :]))
        if about not in self._counts and len(self._counts) >= COUNTED_CELLS:
            del self._counts[next(iter(self._counts))]
        self._counts[about] = after
        if after >= limit.value * WARN_AT > before or after >= limit.value:
            self.has_news = True
        if after <= limit.value:
            return True
        self._counts[about] = limit.value
        return kind == "stream" and _cut(frames, at, limit.value - before)

    def counted(self, about: str) -> int:
        """The bytes that a cell has put out; what was news is none any more."""
        self.has_news = False
        return self._counts.get(about, 0)


def _cut(frames: list[bytes], at: int, most: int) -> bool:
    """Shorten a stream's text to ``most`` bytes of JSON; whether anything is left."""
    try:
        content = parse_output(frames[at + CONTENT])
    except MalformedError:
        return False
    text = content.get("text")
    if not isinstance(text, str):
        return False
    # A character is a byte or more.
    content["text"] = text[:most]
    frames[at + CONTENT] = json.dumps(content).encode()
    return bool(content["text"])
