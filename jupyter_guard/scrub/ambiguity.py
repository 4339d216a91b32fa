"""A parsed shape -> whether a repeat in it can be read in so many ways that a text takes exponential time to refuse.

A repeat is safe where each character says what it belongs to: the alternatives inside begin differently, and what may
go on inside cannot also be what comes next. This refuses some shapes that are harmless, and none are let through that
double the work with every further character.
"""

from __future__ import annotations

from functools import cache
from re import _constants as op  # type: ignore[attr-defined]
from typing import Any

Nodes = list[tuple[Any, Any]]

_MANY = 8
"""Fewer rounds than that cannot make the work large."""

_SPACES, _DIGITS = frozenset(map(ord, " \t\n\r\f\v")), frozenset(range(48, 58))
_WORDS = _DIGITS | frozenset(range(65, 91)) | frozenset(range(97, 123)) | {95}
_ALL = frozenset(range(129))
"""ASCII, and one more for every other character."""

_CLASSES = {
    op.CATEGORY_DIGIT: _DIGITS,
    op.CATEGORY_NOT_DIGIT: _ALL - _DIGITS,
    op.CATEGORY_SPACE: _SPACES,
    op.CATEGORY_NOT_SPACE: _ALL - _SPACES,
    op.CATEGORY_WORD: _WORDS,
    op.CATEGORY_NOT_WORD: _ALL - _WORDS,
}


def ambiguous(nodes: Nodes) -> bool:
    """Whether there is such a repeat in ``nodes``."""
    for kind, value in nodes:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            low, high, sub = value
            body = list(sub)
            if ambiguous(body) or (high >= _MANY and low != high and _reads_in_ways(body, body)):
                return True
        elif kind is op.SUBPATTERN:
            if ambiguous(list(value[3])):
                return True
        elif kind is op.BRANCH and any(ambiguous(list(branch)) for branch in value[1]):
            return True
    return False


def _reads_in_ways(nodes: Nodes, following: Nodes) -> bool:
    """Whether ``nodes``, with ``following`` after them, can match one text in several ways."""
    for at, (kind, value) in enumerate(nodes):
        after = _first([*nodes[at + 1 :], *following])
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            low, high, sub = value
            body = list(sub)
            if low != high and _first(body) & after:
                return True
            if _reads_in_ways(body, [*(body if high > 1 else []), *nodes[at + 1 :], *following]):
                return True
        elif kind is op.BRANCH:
            seen: frozenset[int] = frozenset()
            for branch in value[1]:
                begins = _first([*branch, *nodes[at + 1 :], *following])
                if begins & seen or _reads_in_ways(list(branch), [*nodes[at + 1 :], *following]):
                    return True
                seen |= begins
        elif kind is op.SUBPATTERN and _reads_in_ways(list(value[3]), [*nodes[at + 1 :], *following]):
            return True
    return False


def _first(nodes: Nodes) -> frozenset[int]:
    """The characters with which a match of ``nodes`` can begin."""
    out: frozenset[int] = frozenset()
    for kind, value in nodes:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            low, _high, sub = value
            body = list(sub)
            out |= _first(body)
            if low and not _may_be_empty(body):
                return out
        elif kind is op.SUBPATTERN:
            out |= _first(list(value[3]))
            if not _may_be_empty(list(value[3])):
                return out
        elif kind is op.BRANCH:
            for branch in value[1]:
                out |= _first(list(branch))
            if not any(_may_be_empty(list(branch)) for branch in value[1]):
                return out
        elif kind not in (op.ASSERT, op.ASSERT_NOT, op.AT):
            return out | _characters(kind, value)
    return out


def _may_be_empty(nodes: Nodes) -> bool:
    for kind, value in nodes:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            if value[0] and not _may_be_empty(list(value[2])):
                return False
        elif kind is op.SUBPATTERN:
            if not _may_be_empty(list(value[3])):
                return False
        elif kind is op.BRANCH:
            if not any(_may_be_empty(list(branch)) for branch in value[1]):
                return False
        elif kind not in (op.ASSERT, op.ASSERT_NOT, op.AT):
            return False
    return True


def _characters(kind: Any, value: Any) -> frozenset[int]:
    if kind is op.ANY:
        return _ALL - {10}
    if kind is op.LITERAL:
        return _with_cases({min(value, 128)})
    if kind is op.NOT_LITERAL:
        return _ALL - {value}
    inside: set[int] = set()
    for what, content in value:
        if what is op.LITERAL:
            inside.add(min(content, 128))
        elif what is op.RANGE:
            inside.update(range(min(content[0], 128), min(content[1], 128) + 1))
        elif what is op.CATEGORY:
            inside |= _CLASSES[content]
    # Of the other characters, which are one here, some may be inside and some not.
    return _ALL - (inside - {128}) if value[0][0] is op.NEGATE else _with_cases(inside)


def _with_cases(codes: set[int]) -> frozenset[int]:
    """``codes`` and their other cases: whether case matters is the pattern's business."""
    return frozenset(codes | {other for code in codes for other in _cases(code)})


@cache
def _cases(code: int) -> tuple[int, ...]:
    letter = chr(code)
    return (ord(letter.swapcase()),) if letter.isascii() and letter.isalpha() else ()
