"""A loop that nothing ends -> the same with a number of rounds, for somebody to say how many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import libcst as cst
from libcst import matchers

from jupyter_guard.fix.edit import offset
from jupyter_guard.terms import Span

Change = tuple[int, str, str]
ROUNDS: Final = "1_000"
_TITLE: Final = "End it after 1,000 rounds"
_ALWAYS: Final = matchers.Name("True") | matchers.Integer("1")
_COUNT: Final = matchers.Call(func=matchers.Name("count") | matchers.Attribute(attr=matchers.Name("count")), args=[])


def rewritten(text: str, places: Mapping[cst.CSTNode, Any], span: Span) -> tuple[str, list[Change]] | None:
    """The rewrite of the loop whose condition, or what it goes through, is at ``span``, or ``None``."""
    for node, where in places.items():
        if isinstance(node, cst.While) and matchers.matches(node.test, _ALWAYS) and _is_at(places, node.test, span):
            # What stands under `else` would run now, and did not before.
            if node.orelse is not None or node.test.lpar:
                return None
            start = offset(text, where.start.line, where.start.column)
            end = offset(text, span.end_line, span.end_column)
            return _TITLE, [(start, text[start:end], f"for _round in range({ROUNDS})")]
        if isinstance(node, cst.For) and matchers.matches(node.iter, _COUNT) and _is_at(places, node.iter, span):
            start, end = (offset(text, *one) for one in ((span.line, span.column), (span.end_line, span.end_column)))
            return _TITLE, [(start, text[start:end], f"range({ROUNDS})")]
    return None


def _is_at(places: Mapping[cst.CSTNode, Any], node: cst.CSTNode, span: Span) -> bool:
    where = places[node]
    start, end = (where.start.line, where.start.column), (where.end.line, where.end.column)
    return (start, end) == ((span.line, span.column), (span.end_line, span.end_column))
