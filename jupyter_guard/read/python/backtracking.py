r"""A pattern and the text that it is tried on -> whether it may try every way to divide the text, and fail.

A repeated group that holds a repeat, and nothing else that must be there, divides a run of characters in any way
(``(\w+\s?)*$``, ``(a|b+)*c``). That takes time only where the text is long and the pattern fails behind it: where a
character follows that the group does not take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import compress
from operator import not_
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST_RUN = 20
"""Characters that such a group may divide: two to that power are a second of trying."""
LONGEST_PATTERN = 1_000
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")


def backtracks(pattern: str, text: str, *, whole: bool = False) -> bool:
    """Whether trying ``pattern`` on ``text`` may take a time that doubles with each character. Tries nothing itself.

    ``whole``: it has to take all of the text (``fullmatch``); otherwise one that ends with such a group never fails.
    """
    if len(text) <= LONGEST_RUN or len(pattern) > LONGEST_PATTERN:
        return False
    try:
        tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    last = list(tree)[-1:]
    if not whole and last and str(last[0][0]) in _REPEATS:
        tree = list(tree)[:-1]
    return any(_fails_late(group, text) for group in _ambiguous(tree))


def _ambiguous(tree: Any) -> Iterator[Any]:
    """The groups that are repeated without bound and hold a repeat beside which nothing has to be there."""
    for name, given in _parts(tree):
        if name in _REPEATS and given[1] is parser.MAXREPEAT:
            inner = list(_flat(given[2]))
            endless = [_is_endless(one) for one in inner]
            if any(endless) and all(map(_may_be_missing, compress(inner, map(not_, endless)))):
                yield given[2]


def _flat(tree: Any) -> Iterator[tuple[str, Any]]:
    """The parts that stand beside each other, those of groups in the place of their group."""
    for op, given in tree:
        if str(op) == "SUBPATTERN":
            yield from _flat(given[3])
        elif str(op) == "BRANCH":
            # One of several is taken: a repeat among them is enough.
            yield from (one for branch in given[1] for one in _flat(branch) if _is_endless(one))
        else:
            yield str(op), given


def _parts(tree: Any) -> Iterator[tuple[str, Any]]:
    """All parts of a pattern, at any depth."""
    for op, given in tree:
        name = str(op)
        yield name, given
        if name in _REPEATS:
            yield from _parts(given[2])
        elif name == "SUBPATTERN":
            yield from _parts(given[3])
        elif name == "BRANCH":
            for branch in given[1]:
                yield from _parts(branch)


def _is_endless(part: tuple[str, Any]) -> bool:
    name, given = part
    return name in _REPEATS and given[1] is parser.MAXREPEAT


def _may_be_missing(part: tuple[str, Any]) -> bool:
    name, given = part
    return name == "AT" or (name in _REPEATS and given[0] == 0)


def _fails_late(group: Any, text: str) -> bool:
    """Whether a long run that the group takes is followed by a character that it does not."""
    takes = [(name, given) for name, given in _parts(group) if name in ("LITERAL", "NOT_LITERAL", "IN", "ANY")]
    run = 0
    for char in text[:LONGEST_PATTERN]:
        if any(_takes(name, given, char) for name, given in takes):
            run += 1
        elif run > LONGEST_RUN:
            return True
        else:
            run = 0
    return False


def _takes(name: str, given: Any, char: str) -> bool:
    if name == "LITERAL":
        return bool(given == ord(char))
    if name == "NOT_LITERAL":
        return bool(given != ord(char))
    if name == "ANY":
        return char != "\n"
    found = any(_in_set(str(op), one, char) for op, one in given)
    return found != any(str(op) == "NEGATE" for op, _ in given)


_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_DIGIT": r"\D", "NOT_SPACE": r"\S", "NOT_WORD": r"\W"}


def _in_set(name: str, given: Any, char: str) -> bool:
    if name == "LITERAL":
        return bool(given == ord(char))
    if name == "RANGE":
        return bool(given[0] <= ord(char) <= given[1])
    if name == "CATEGORY":
        return re.match(_CATEGORIES.get(str(given).removeprefix("CATEGORY_"), r"(?!)"), char) is not None
    return False
