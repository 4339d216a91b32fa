"""A cell's published messages -> the text and pictures that a client gets, bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from jupyter_guard.guard.card import MIME

LONGEST: Final = 60_000
PICTURES: Final = 4
PICTURE_LONGEST: Final = 1_500_000
PICTURE_TYPES: Final = ("image/png", "image/jpeg")
# https://www.ecma-international.org/publications-and-standards/standards/ecma-48/: CSI and OSC sequences.
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")


class Outputs:
    """What one run has published so far. ``cards`` are the guard's, as ``guard.card.payload`` has them."""

    def __init__(self) -> None:
        self.cards: list[dict[str, Any]] = []
        self.pictures: list[tuple[str, str]] = []
        self.error = ""
        self._parts: list[str] = []
        self._tail: list[str] = []
        self._length = self._tail_length = self._dropped = 0
        self._clears = False

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take one message of a run; kinds that are no output are passed over."""
        if kind == "clear_output":
            # With `wait`, what is there stays until something new comes.
            self._clears = True
            if not content.get("wait"):
                self._clear()
        elif kind == "stream":
            self._add(str(content.get("text", "")))
        elif kind in ("display_data", "execute_result", "update_display_data"):
            self._show(content.get("data"))
        elif kind == "error":
            lines = content.get("traceback")
            self.error = f"{content.get('ename', '')}: {content.get('evalue', '')}"
            text = "\n".join(map(str, lines)) if isinstance(lines, list) and lines else self.error
            self._add(_ANSI.sub("", text) + "\n")

    @property
    def text(self) -> str:
        """What was printed and shown: of very much the beginning and the end."""
        head, tail = "".join(self._parts), "".join(self._tail)
        if self._dropped:
            return f"{head}\n[{self._dropped:,} characters left out]\n{tail}"
        return head + tail

    def _show(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            return
        card = data.get(MIME)
        if isinstance(card, dict):
            self.cards.append(card)
            return
        for kind in PICTURE_TYPES:
            picture = data.get(kind)
            if isinstance(picture, str) and len(picture) <= PICTURE_LONGEST and len(self.pictures) < PICTURES:
                self.pictures.append((kind, picture.replace("\n", "")))
                break
        text = data.get("text/plain") or data.get("text/markdown")
        if isinstance(text, list):
            text = "".join(map(str, text))
        if isinstance(text, str):
            self._add(f"{text}\n")

    def _add(self, text: str) -> None:
        if self._clears:
            self._clear()
        room = LONGEST // 2 - self._length
        if room > 0 and not self._tail:
            self._parts.append(text[:room])
            self._length += len(text[:room])
            text = text[room:]
        if not text:
            return
        self._tail.append(text)
        self._tail_length += len(text)
        while self._tail_length > LONGEST // 2:
            most = self._tail_length - LONGEST // 2
            first = self._tail[0]
            if len(first) <= most:
                del self._tail[0]
            else:
                self._tail[0] = first[most:]
            gone = min(len(first), most)
            self._tail_length -= gone
            self._dropped += gone

    def _clear(self) -> None:
        self._clears = False
        self._parts, self._tail, self.pictures = [], [], []
        self._length = self._tail_length = self._dropped = 0
