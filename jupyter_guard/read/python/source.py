"""Python text -> its tree, or why there is none; and places of the tree -> places of the cell, in characters."""

from __future__ import annotations

import ast
import functools
import gc
import re
import unicodedata
import warnings
from typing import Any

from jupyter_guard.terms import Origin, Span

MAX_NESTING = 200
MAX_LENGTH = 6_000_000
_BIG = 50_000
_OPENING = re.compile(r"[()\[\]{}]")
_UNARY_RUN = re.compile(r"(?:\bnot\s+|\blambda\s*:\s*|\bawait\s+|[-+~]\s*){150}")


class Unreadable(Exception):  # noqa: N818 - an answer, not a mistake
    """The text has no tree; the message says why."""


class Source:
    """One text that was parsed: its tree, its author, and where its nodes stand in the cell.

    ``cut`` is how many columns of each line were taken off before it was parsed. ``anchor`` is the place
    for all of it when the text is not the cell itself (a string that is executed).
    """

    def __init__(
        self, text: str, tree: ast.Module, origin: Origin, anchor: Span | None = None, cut: tuple[int, ...] = ()
    ) -> None:
        self.tree = tree
        self.origin = origin
        self.anchor = anchor
        self.cut = cut
        self.text = text
        self.plain = text.isascii()
        # Nearly all that is not ASCII cannot pass for it: whether a name is disguised is asked of few texts.
        self.disguises = not self.plain and anchor is None and any(map(_passes_for_ascii, set(text)))
        self._ascii = self.plain and "\r" not in text and not cut
        self._lines: list[str] | None = None
        # Python ends lines at a lone carriage return too; the cell's places do not.
        self._moved = _moved(text) if "\r" in text else None

    def span(self, node: ast.AST) -> Span:
        """The place of ``node``: lines from 1, columns from 0 in characters."""
        if self.anchor is not None:
            return self.anchor
        line = getattr(node, "lineno", None)
        if line is None:
            return Span(1, 0, 1, 0)
        if self._ascii:
            column = node.col_offset  # type: ignore[attr-defined]
            return Span(line, column, node.end_lineno or line, node.end_col_offset or column)  # type: ignore[attr-defined]
        end = getattr(node, "end_lineno", None) or line
        column = node.col_offset  # type: ignore[attr-defined]
        end_column = getattr(node, "end_col_offset", None) or column
        column, end_column = self._characters(line, column), self._characters(end, end_column)
        if self._moved is not None:
            line, column = self._place(line, column)
            end, end_column = self._place(end, end_column)
        if self.cut:
            column += self.cut[min(line, len(self.cut)) - 1]
            end_column += self.cut[min(end, len(self.cut)) - 1]
        return Span(line, column, end, end_column)

    def _place(self, line: int, column: int) -> tuple[int, int]:
        moved = self._moved or []
        row, shift = moved[min(line, len(moved)) - 1]
        return row, column + shift

    def _characters(self, line: int, column: int) -> int:
        if self._lines is None:
            self._lines = re.split(r"\r\n|\r|\n", self.text)
        if line > len(self._lines):
            return column
        return len(self._lines[line - 1].encode("utf-8", "surrogatepass")[:column].decode("utf-8", "ignore"))

    def disguised(self, node: ast.Name) -> bool:
        """Whether a plain name is written in letters that only look like it: Python reads them as the plain ones."""
        return self.disguises and node.id.isascii() and self.segment(node) != node.id

    def names_once(self, node: ast.stmt, name: str) -> bool:
        """Whether ``name`` stands at one place only in the lines of ``node``, as far as a count of letters tells."""
        return self.plain and self.lines(node).count(name) == 1

    def lines(self, node: ast.stmt) -> str:
        """The text of the lines on which ``node`` stands."""
        if self._lines is None:
            text = self.text
            self._lines = re.split(r"\r\n|\r|\n", text) if self._moved is not None else text.split("\n")
        return "\n".join(self._lines[node.lineno - 1 : node.end_lineno])

    def segment(self, node: ast.expr) -> str:
        """The text of a name or attribute on one line, as it was written."""
        if self._lines is None:
            self._lines = re.split(r"\r\n|\r|\n", self.text)
        span = node.lineno - 1
        if span >= len(self._lines) or node.end_col_offset is None:
            return ""
        return (
            self._lines[span]
            .encode("utf-8", "surrogatepass")[node.col_offset : node.end_col_offset]
            .decode("utf-8", "ignore")
        )


@functools.lru_cache(maxsize=4096)
def _passes_for_ascii(letter: str) -> bool:
    """Whether Python reads a letter that is not ASCII as one that is: identifiers are normalised (PEP 3131)."""
    return not letter.isascii() and any(
        one.isascii() and (one.isalnum() or one == "_") for one in unicodedata.normalize("NFKC", letter)
    )


def _moved(text: str) -> list[tuple[int, int]]:
    """For each of Python's lines, the line of the cell and the column where it starts."""
    found = []
    at = 0
    for ending in (*re.finditer(r"\r\n|\r|\n", text), None):
        start = text.rfind("\n", 0, at) + 1
        found.append((text.count("\n", 0, at) + 1, at - start))
        at = ending.end() if ending is not None else at
    return found


def parse(text: str) -> ast.Module:
    """The tree of ``text``. Raises ``Unreadable``; a hostile text cannot exhaust the C stack on the way."""
    if len(text) > MAX_LENGTH:
        raise Unreadable(f"the text is too long to read ({len(text):,} characters)")
    if "\x00" in text:
        raise Unreadable("the text holds null bytes")
    if nesting(text) > MAX_NESTING or (_may_run(text) and _UNARY_RUN.search(text)):
        raise Unreadable(f"the text is nested more than {MAX_NESTING} levels deep")
    # A tree holds no cycles: collecting garbage while a big one is made costs as much again (2 MB: 3.9 s for 1.7 s).
    pause = len(text) > _BIG and gc.isenabled()
    if pause:
        gc.disable()
    # What `warnings.catch_warnings` does, without what it costs: a tenth of the reading of a short cell.
    filters, warnings.filters = warnings.filters, _SILENT
    try:
        return compile(text, "<unknown>", "exec", ast.PyCF_ONLY_AST)  # type: ignore[return-value]
    except SyntaxError as error:
        raise Unreadable(f"line {error.lineno}: {error.msg}") from None
    except UnicodeEncodeError:
        raise Unreadable("the text holds lone surrogates") from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from None
    finally:
        warnings.filters = filters
        if pause:
            gc.enable()


_SILENT: list[Any] = [("ignore", None, Warning, None, 0)]


def _may_run(text: str) -> bool:
    """Whether there are enough operators at all for a run of 150."""
    if len(text) < 150:
        return False
    count = text.count
    return count("not") + count("lambda") + count("await") + count("-") + count("+") + count("~") >= 150


def nesting(text: str) -> int:
    """How deep brackets nest at most, strings and comments counted along: an upper bound that costs one scan."""
    opened = text.count("(") + text.count("[") + text.count("{")
    if opened <= MAX_NESTING:
        return opened
    depth = deepest = 0
    for found in _OPENING.finditer(text):
        if found[0] in "([{":
            depth += 1
            if depth > deepest:
                deepest = depth
        elif depth:
            depth -= 1
    return deepest
