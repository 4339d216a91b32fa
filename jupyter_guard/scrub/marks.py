"""Escape sequences that were taken out of a text -> the text with them, each where it stood."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from jupyter_guard.scrub.views import ESCAPE


class Marks:
    """Sequences with their places in a text without them, in order."""

    def __init__(self) -> None:
        self._marks: deque[tuple[int, str]] = deque()

    def __bool__(self) -> bool:
        return bool(self._marks)

    def set_aside(self, text: str, size: int, clean: Callable[[str], str]) -> None:
        """Note the sequences in ``text``, the rest of which begins at ``size``; what a command says is cleaned."""
        at = 0
        for escape in ESCAPE.finditer(text):
            size += escape.start() - at
            sequence = escape[0]
            if sequence.startswith("\x1b]"):
                sequence = sequence[:2] + clean(sequence[2:])
            self._marks.append((size, sequence))
            at = escape.end()

    def between(self, text: str, start: int, end: int) -> str:
        """``text[start:end]`` with the sequences that stood in it, those at its end included."""
        if not self._marks or self._marks[0][0] > end:
            return text[start:end]
        parts = []
        while self._marks and self._marks[0][0] <= end:
            place, sequence = self._marks.popleft()
            if place > start:
                parts.append(text[start:place])
                start = place
            parts.append(sequence)
        parts.append(text[start:end])
        return "".join(parts)

    def until(self, end: int) -> str:
        """The sequences up to ``end`` alone: what stood between them is gone."""
        parts = []
        while self._marks and self._marks[0][0] <= end:
            parts.append(self._marks.popleft()[1])
        return "".join(parts)

    def moved(self, by: int) -> None:
        """The text begins ``by`` characters earlier: what is left of it, that many characters were dropped."""
        if self._marks:
            self._marks = deque((at + by, sequence) for at, sequence in self._marks)
