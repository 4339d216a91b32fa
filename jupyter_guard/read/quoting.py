"""Lines of Python, one after the other -> whether a string or a bracket is open after them, where their code ends."""

from __future__ import annotations

import re

from jupyter_guard.read.lines import without_strings

_PIECE = re.compile(r"#|\"\"\"|'''|\"|'|[()\[\]{}]|\\$")


class Quoting:
    """What is open at the end of the lines scanned so far: the quote of a string (``""``: none), and brackets."""

    __slots__ = ("brackets", "quote")

    def __init__(self) -> None:
        self.quote = ""
        self.brackets = 0

    @property
    def open(self) -> bool:
        """Whether the next line belongs to what began before it."""
        return bool(self.quote or self.brackets)

    def scan(self, line: str) -> bool:
        """Follow strings and brackets through ``line``; whether a backslash continues it."""
        at = 0
        while True:
            if self.quote:
                at = self._string_end(line, at)
                if at < 0:
                    return line.endswith("\\")
                continue
            found = _PIECE.search(line, at)
            if not found:
                return False
            piece = found[0]
            at = found.end()
            if piece == "#":
                return False
            if piece == "\\":
                return True
            if piece in "([{":
                self.brackets += 1
            elif piece in ")]}":
                self.brackets = max(self.brackets - 1, 0)
            else:
                self.quote = piece

    def _string_end(self, line: str, at: int) -> int:
        """The index after the end of the open string, or -1 when it goes on (or ends with the line)."""
        quote = self.quote
        end = slash = -2
        while at < len(line):
            if end != -1 and end < at:
                end = line.find(quote, at)
            if slash != -1 and slash < at:
                slash = line.find("\\", at)
            if slash != -1 and (end == -1 or slash < end):
                at = slash + 2
                continue
            if end == -1:
                break
            self.quote = ""
            return end + len(quote)
        if len(quote) == 1 and not line.endswith("\\"):
            self.quote = ""
        return -1


def code_end(line: str) -> int:
    """Where a line's code ends: before a comment; -1 when a string is open."""
    probe = Quoting()
    probe.scan(line)
    if probe.quote:
        return -1
    bare = without_strings(line)
    return len(bare.partition("#")[0].rstrip())
