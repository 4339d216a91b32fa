"""Text with markup -> its plain text, and where each character of that came from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_guard.scrub.redaction import marker
from jupyter_guard.scrub.spans import Found

# ECMA-48 control sequences, operating-system commands (hyperlinks, titles), and two-character escapes. Bounded, so
# that a stream knows when an unfinished one is none.
ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,256}[ -/]{0,16}[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|[@-Z\\-_])")
UNFINISHED_ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,256}[ -/]{0,16}|\][^\x07\x1b]{0,4096}\x1b?)?\Z")

MARKUP = re.compile(
    r"<!--.*?-->|</?[A-Za-z][^<>]{0,65536}>|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});", re.DOTALL
)


class View:
    """The plain text behind markup. Character ``i`` of ``text`` stands for ``source[starts[i]:ends[i]]``."""

    def __init__(self, source: str, markup: re.Pattern[str]) -> None:
        # Imported where there is markup: its tables of names are a third of a megabyte.
        from html import unescape

        self.source = source
        self._markup = markup
        parts: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        at = 0
        for found in markup.finditer(source):
            self._plain(parts, at, found.start())
            if found[0][0] == "&":
                decoded = unescape(found[0])
                parts.append(decoded)
                self.starts += [found.start()] * len(decoded)
                self.ends += [found.end()] * len(decoded)
            at = found.end()
        self._plain(parts, at, len(source))
        self.text = "".join(parts)

    def _plain(self, parts: list[str], start: int, end: int) -> None:
        parts.append(self.source[start:end])
        self.starts += range(start, end)
        self.ends += range(start + 1, end + 1)

    def without(self, spans: Iterable[Found]) -> str:
        """The source with the characters of ``spans`` (places in ``text``) replaced; the markup between them stays."""
        parts = []
        at = 0
        for span in spans:
            start, end = self.starts[span.start], self.ends[span.end - 1]
            if start < at:
                continue
            parts.append(self.source[at:start])
            parts.append(marker(span.kind))
            parts += [m[0] for m in self._markup.finditer(self.source, start, end) if m[0][0] != "&"]
            at = end
        return "".join(parts) + self.source[at:]
