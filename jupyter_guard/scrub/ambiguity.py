"""A parsed shape -> whether it can be read in so many ways that a text takes far longer to refuse than it is long.

A repeat is safe where each character says what it belongs to: the alternatives inside begin differently, and what may
go on inside cannot also be what comes next. This refuses some shapes that are harmless, and none are let through that
double the work with every further character. Repeats one after the other that may share a text between them multiply
the work instead: how often is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import prod
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


def shared_out(nodes: Nodes, most: int) -> int:
    """In how many ways repeats that stand one after the other can share one text; ``most`` for one without bounds."""
    row = list(_in_a_row(nodes))
    worst = 1
    for at, (kind, value) in enumerate(row):
        if kind is op.BRANCH:
            worst = max([worst, *(shared_out(list(branch), most) for branch in value[1])])
        if kind not in (op.MAX_REPEAT, op.MIN_REPEAT):
            continue
        worst = max(worst, shared_out(list(value[2]), most))
        spans = []
        characters = _ALL
        for other, what in row[at:]:
            if other in (op.ASSERT, op.ASSERT_NOT, op.AT):
                continue
            if other in (op.MAX_REPEAT, op.MIN_REPEAT):
                low, high, body = what
                characters &= _any(list(body))
                spans.append((most if high is op.MAXREPEAT else min(high, most)) - low + 1)
            elif other is op.BRANCH:
                break
            else:
                characters &= _characters(other, what)
            if not characters:
                spans = spans[:-1] if other in (op.MAX_REPEAT, op.MIN_REPEAT) else spans
                break
        worst = max(worst, prod(sorted(spans)[:-1]))
    return worst


def _in_a_row(nodes: Nodes) -> Iterator[tuple[Any, Any]]:
    for node in nodes:
        if node[0] is op.SUBPATTERN:
            yield from _in_a_row(list(node[1][3]))
        else:
            yield node


def _any(nodes: Nodes) -> frozenset[int]:
    """The characters that a match of ``nodes`` may have in it."""
    out: frozenset[int] = frozenset()
    for kind, value in nodes:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            out |= _any(list(value[2]))
        elif kind is op.SUBPATTERN:
            out |= _any(list(value[3]))
        elif kind is op.BRANCH:
            for branch in value[1]:
                out |= _any(list(branch))
        elif kind not in (op.ASSERT, op.ASSERT_NOT, op.AT):
            out |= _characters(kind, value)
    return out


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
