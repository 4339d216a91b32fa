"""Edits of a text, and the text with them made."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable

import msgspec

from jupyter_guard.terms import Span


class Edit(msgspec.Struct, frozen=True):
    """``text`` in place of what stands at ``span`` of the cell; an empty span inserts."""

    span: Span
    text: str


class Fix(msgspec.Struct, frozen=True):
    """A rewrite: a title for people, its edits in the order of the text, and the whole ``code`` after them.

    One that is ``safe`` does on harmless input what the code did. Others leave something to be said or looked at, and
    are only ever offered.
    """

    title: str
    edits: tuple[Edit, ...]
    code: str
    safe: bool = True


def applied(code: str, edits: Iterable[Edit]) -> str:
    """``code`` after edits that do not overlap. Raises ``ValueError`` for a place that the code does not have."""
    for edit in sorted(edits, key=lambda one: (one.span.line, one.span.column), reverse=True):
        start = offset(code, edit.span.line, edit.span.column)
        end = offset(code, edit.span.end_line, edit.span.end_column)
        if end < start:
            raise ValueError(f"an edit ends before it begins: {edit.span}")
        code = code[:start] + edit.text + code[end:]
    return code


def offset(code: str, line: int, column: int) -> int:
    """Where a place (line from 1, column in code points from 0) is in ``code``. Raises ``ValueError``."""
    lines = code.split("\n")
    if not 1 <= line <= len(lines) or not 0 <= column <= len(lines[line - 1]):
        raise ValueError(f"there is no line {line}, column {column}")
    return sum(len(one) + 1 for one in lines[: line - 1]) + column


def comments_in(text: str) -> list[str]:
    """The comments in a piece of Python, in their order; none where it cannot be read."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [one.string for one in tokens if one.type == tokenize.COMMENT]


def place(code: str, at: int) -> tuple[int, int]:
    """Line and column of an offset in ``code``."""
    return code.count("\n", 0, at) + 1, at - (code.rfind("\n", 0, at) + 1)


def difference(code: str, start: int, old: str, new: str) -> Edit:
    """The smallest edit that puts ``new`` where ``old`` stands, at the offset ``start`` of ``code``."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    begin, end = place(code, start + same), place(code, start + len(old) - tail)
    return Edit(Span(*begin, *end), new[same : len(new) - tail])
