"""Text with markup -> its plain text, and where each character of that came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from jupyter_guard.scrub.encodings import encoded
from jupyter_guard.scrub.redaction import marker
from jupyter_guard.scrub.spans import Found

# ECMA-48 control sequences, operating-system commands (hyperlinks, titles), and two-character escapes. Bounded, so
# that a stream knows when an unfinished one is none.
ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,256}[ -/]{0,16}[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|[@-Z\\-_])")
# By far most are of this kind: where nothing is left that begins like one, there were no others.
_CONTROL = re.compile(r"\x1b\[[0-?]{0,256}[ -/]{0,16}[@-~]")
UNFINISHED_ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,256}[ -/]{0,16}|\][^\x07\x1b]{0,4096}\x1b?)?\Z")

_ENTITY = r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
MARKUP = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]{0,65536}>|" + _ENTITY, re.DOTALL)
# What an attribute says: a browser reads entities there too, and no tags.
ENTITIES = re.compile(_ENTITY)
# Python's own table has two thousand names and takes half a megabyte, for the few that nearly all markup gets by with.
_COMMON = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x27;": "'", "&nbsp;": "\xa0"}


def _named(entity: str) -> str:
    if entity in _COMMON:
        return _COMMON[entity]
    from html import unescape

    return unescape(entity)


def finished_escapes(text: str) -> tuple[str, str]:
    """``text`` up to a sequence that has not ended yet, and that."""
    unfinished = UNFINISHED_ESCAPE.search(text, max(0, text.rfind("\x1b", 0, -1)))
    return (text, "") if unfinished is None else (text[: unfinished.start()], unfinished[0])


def without_escapes_by_re(text: str, /) -> tuple[bytes, bool]:
    """``text`` without escape sequences, in UTF-8, and whether there were others than control sequences."""
    # A tenth less work than to replace each by nothing.
    plain = "".join(_CONTROL.split(text))
    others = "\x1b" in plain
    return encoded(ESCAPE.sub("", text) if others else plain), others


_CONTINUING = bytes(range(0x80, 0xC0))


def characters_by_python(data: bytes | memoryview, start: int, stop: int, /) -> int:
    """How many characters begin in ``data[start:stop]``, which is UTF-8."""
    return len(bytes(data[max(0, start) : max(0, stop)]).translate(None, _CONTINUING))


# The same, many times faster, where it was compiled: that takes a C compiler and Python's headers.
try:
    from jupyter_guard.scrub._escapes import characters as characters
    from jupyter_guard.scrub._escapes import without_escapes as without_escapes

    COMPILED = True
except ImportError:
    characters = characters_by_python
    without_escapes = without_escapes_by_re
    COMPILED = False


class View:
    """The plain text behind markup. Character ``i`` of ``text`` stands for ``source[start(i):end(i)]``."""

    def __init__(self, source: str, markup: re.Pattern[str]) -> None:
        self.source = source
        self._markup = markup
        # Runs of plain text, and entities, each by where it begins in the text and in the source, and its width there:
        # 0 of plain text. A number for each character would take a hundred times the text.
        self._begins: list[int] = []
        self._places: list[tuple[int, int]] = []
        parts: list[str] = []
        at = size = 0
        for found in markup.finditer(source):
            start, end = found.span()
            if start > at:
                parts.append(source[at:start])
                self._begins.append(size)
                self._places.append((at, 0))
                size += start - at
            if source[start] == "&":
                shown = _named(found[0])
                parts.append(shown)
                self._begins.append(size)
                self._places.append((start, end - start))
                size += len(shown)
            at = end
        parts.append(source[at:])
        self._begins.append(size)
        self._places.append((at, 0))
        self.text = "".join(parts)

    def start(self, at: int) -> int:
        """Where in the source the character at ``at`` of the text begins."""
        number = bisect_right(self._begins, at) - 1
        place, width = self._places[number]
        return place if width else place + at - self._begins[number]

    def end(self, at: int) -> int:
        """Where it ends."""
        number = bisect_right(self._begins, at) - 1
        place, width = self._places[number]
        return place + (width or at - self._begins[number] + 1)

    def without(self, spans: Iterable[Found]) -> str:
        """The source with the characters of ``spans`` (places in ``text``) replaced; the markup between them stays."""
        parts = []
        at = 0
        for span in spans:
            start, end = self.start(span.start), self.end(span.end - 1)
            if start < at:
                continue
            parts.append(self.source[at:start])
            parts.append(marker(span.kind))
            parts += [m[0] for m in self._markup.finditer(self.source, start, end) if m[0][0] != "&"]
            at = end
        return "".join(parts) + self.source[at:]
