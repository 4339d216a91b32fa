"""Patterns -> expressions for Hyperscan, and the databases that it makes of them.

Three databases. One holds every pattern, loosened to what Hyperscan can do (no look-around, no counting beyond what
tells a token from text). One matches also where a text ends in the middle of a pattern. The third holds the keywords
alone, for what is not a text yet: a message as JSON, a buffer.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from jupyter_guard.scrub import letters, rewrite, shape, tables
from jupyter_guard.scrub.checks import DIGIT_WITHIN
from jupyter_guard.scrub.keywords import Keywords
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.tables import COLUMN, COLUMN_EXPRESSION

TAIL = 384
"""Where a text ends in the middle of a pattern that was not reported before, its keyword is no further from the end."""

OVERLAP = 4_608
"""Longer than the longest head of a table, and than anything that a database must see whole."""

_MOST_BEFORE = 128
_MOST_BEGINNING = 256
"""With its keyword it must be near the end, where a text ends in the middle of it."""

_MOST_PLACES = 128
"""A shape that spans no more is reported wherever it ends; of longer ones that would be too often."""

_LEAST_EARLY = 16
_EARLY = 64
"""Of longer ones that are characters of one kind, the end after so many is enough: it comes once for each keyword."""

_FREE = r"(?:^|[^A-Za-z0-9]|\\[nrtbf])"
"""What stands before a keyword that must stand free, or nothing: a text may begin with it."""


class Databases(NamedTuple):
    """What Hyperscan compiled: the patterns, the same with where a text ends in the middle of one, the keywords."""

    whole: Any
    ends: Any
    words: Any


class Expressions:
    """What the databases are compiled from, and a name for it that changes with it."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = patterns
        self.keywords = Keywords(patterns)
        self.words = sorted({(word, p.ignore_case) for p in patterns for word in p.keywords})

    def shapes(self, ends: bool) -> list[tuple[str, bool, bool]]:
        """Each pattern's expression, whether case does not matter, and whether it is reported once a text."""
        return [_expression(pattern, ends) for pattern in self.patterns]

    @cached_property
    def name(self) -> str:
        """Changes when any pattern does, or the code that makes expressions of patterns."""
        # Not from the expressions themselves: making them takes longer than loading what was compiled from them.
        text = hashlib.sha256(str(DIGIT_WITHIN).encode())
        for one in self.patterns:
            lead = one.lead.pattern if one.lead is not None else ""
            fields = (
                one.kind,
                *one.keywords,
                one.shape.source,
                one.ignore_case,
                one.edge,
                lead,
                one.generic,
                *one.checks,
            )
            text.update(repr(fields).encode())
        for module in (letters, rewrite, shape, tables, sys.modules[__name__]):
            with open(str(module.__file__), "rb") as file:
                text.update(file.read())
        return text.hexdigest()

    def compiled(self) -> Databases:
        """The databases. Takes a second or more for each of the first two."""
        import hyperscan

        words = hyperscan.Database()
        words.compile(
            expressions=[re.escape(word).encode() for word, _ in self.words],
            ids=list(range(len(self.words))),
            flags=[hyperscan.HS_FLAG_CASELESS if ignore_case else 0 for _, ignore_case in self.words],
        )
        return Databases(self._compiled(False), self._compiled(True), words)

    def _compiled(self, ends: bool) -> Any:
        import hyperscan

        once, caseless = hyperscan.HS_FLAG_SINGLEMATCH, hyperscan.HS_FLAG_CASELESS
        shapes = self.shapes(ends)
        database = hyperscan.Database()
        database.compile(
            expressions=[source.encode("utf-8", "surrogatepass") for source, _, _ in shapes],
            ids=list(range(len(shapes))),
            flags=[
                (once if single else 0) | (caseless if ignore_case else 0) | hyperscan.HS_FLAG_MULTILINE
                for _, ignore_case, single in shapes
            ],
        )
        return database


def _expression(pattern: Pattern, ends: bool) -> tuple[str, bool, bool]:
    """A pattern for Hyperscan, whether case does not matter, and whether it is reported once a text or at each place.

    Of one that can reach far across text, the beginning. Generic patterns have words for keywords that are common
    in text: for these the place is worth knowing.
    """
    if pattern is COLUMN:
        return COLUMN_EXPRESSION, True, False
    keywords = _keywords(pattern)
    digit_within = -1
    if pattern.generic:
        digit_within = DIGIT_WITHIN if any(name.startswith("generated") for name in pattern.checks) else 0
        if "password" in pattern.checks and not _reaches_far(pattern):
            rest = pattern.shape.relaxed_password(ends, DIGIT_WITHIN)
            return f"{keywords}(?:{rest})", pattern.ignore_case, False
    elif _ends_early(pattern):
        return f"{keywords}{pattern.shape.relaxed(ends, 0, _EARLY)}", pattern.ignore_case, False
    if _reaches_far(pattern):
        return keywords + pattern.shape.relaxed_beginning(ends, _MOST_BEGINNING), pattern.ignore_case, False
    rest = pattern.shape.relaxed(ends, digit_within)
    return f"{keywords}{rest}", pattern.ignore_case, not reach_of(pattern)


def _keywords(pattern: Pattern) -> str:
    """The keywords, where they stand free if they must: inside of words and of base64 there are far more."""
    bound = pattern.edge and pattern.lead is None
    free = [re.escape(word) for word in pattern.keywords if bound and word[0].isalnum()]
    others = [re.escape(word) for word in pattern.keywords if not bound or not word[0].isalnum()]
    return rewrite.either(f"{_FREE}(?:{'|'.join(free)})" if free else "", *others)


def reach_of(pattern: Pattern) -> int:
    """So far before where one is reported its keyword may end; 0: it is reported once, and may be anywhere."""
    shape = pattern.shape
    if _reaches_far(pattern):
        return sum(map(rewrite.width_of, shape.beginning(_MOST_BEGINNING))) + 1
    if pattern.generic:
        within = shape.before_longest + max(DIGIT_WITHIN, shape.decided_within) + 8
        return within if within <= OVERLAP else 0
    if _ends_early(pattern):
        return shape.before_longest + _EARLY + 8
    return shape.longest + 1 if shape.longest <= _MOST_PLACES else 0


def _ends_early(pattern: Pattern) -> bool:
    """Whether the beginning of a long shape says as much as its end: one kind of characters, and many at least."""
    shape = pattern.shape
    return (
        not pattern.generic
        and shape.longest > _MOST_PLACES
        and shape.secret_is_one_repeat
        and shape.secret_least >= _LEAST_EARLY
        and shape.before_longest <= _MOST_PLACES
    )


def _reaches_far(pattern: Pattern) -> bool:
    """Whether a match may still be coming for a keyword that is no longer near the end, unknown to the database."""
    shape = pattern.shape
    if shape.longest + max(map(len, pattern.keywords)) <= TAIL:
        return False
    return shape.before_longest > _MOST_BEFORE or not shape.settles_early
