"""Cells that were allowed to run -> the text that each had then, so that a question can show what changed since."""

from __future__ import annotations

# Of one cell, and of all together: the wrapper's memory stays small.
TEXT_BYTES = 16_384
KEPT_BYTES = 262_144


class AllowedTexts:
    """The latest such text of each cell; the oldest are forgotten first, long ones are not kept at all."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}
        self._size = 0

    def keep(self, cell_id: str, code: str) -> None:
        """A cell was allowed to run with this text."""
        self._size -= len(self._texts.pop(cell_id, b""))
        text = code.encode("utf-8", "surrogatepass")
        if not cell_id or len(text) > TEXT_BYTES:
            return
        self._texts[cell_id] = text
        self._size += len(text)
        while self._size > KEPT_BYTES:
            self._size -= len(self._texts.pop(next(iter(self._texts))))

    def changed(self, cell_id: str, code: str) -> str | None:
        """The text that was allowed before, where it is known and another one."""
        found = self._texts.get(cell_id)
        before = None if found is None else found.decode("utf-8", "surrogatepass")
        return None if before == code else before
