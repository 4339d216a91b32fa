"""Patterns -> where in a text they may match, found by Hyperscan at hundreds of megabytes a second.

Two databases. One holds every pattern, loosened to what Hyperscan can do (no look-around, no counting beyond what
tells a token from text), and matches also where a text ends in the middle of one: a single scan says which patterns to
look for at all, and ordinary text has next to none, at its end neither. `re` then decides, as in the engine without
Hyperscan: both name every place that matters, so both give the same result. The other database holds the keywords
alone, for what is not a text yet: a message as JSON, a buffer.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from jupyter_guard.scrub import rewrite, shape, tables
from jupyter_guard.scrub.checks import DIGIT_WITHIN
from jupyter_guard.scrub.keywords import Beginnings, Hit, Keywords, hits_of
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.tables import COLUMN, COLUMN_EXPRESSION

_TAIL = 384
_MOST_BEFORE = 128
_MOST_PLACES = 128
"""A shape that spans no more is reported wherever it ends; of longer ones that would be too often."""

_SLICE = 65_536
_OVERLAP = 4_608
"""Longer than the longest head of a table, and than anything that a database must see whole."""


class Expressions:
    """What the two databases are compiled from, and a name for it that changes with it."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = patterns
        self.keywords = Keywords(patterns)
        self.words = sorted({(word, p.ignore_case) for p in patterns for word in p.keywords})

    @cached_property
    def shapes(self) -> list[tuple[str, bool, bool]]:
        """Each pattern's expression, whether case does not matter, and whether it is reported once a text."""
        return [_expression(pattern) for pattern in self.patterns]

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
        for module in (rewrite, shape, tables, sys.modules[__name__]):
            with open(str(module.__file__), "rb") as file:
                text.update(file.read())
        return text.hexdigest()

    def compiled(self) -> tuple[Any, Any]:
        """The databases of patterns and of keywords. Takes a second or more."""
        import hyperscan

        once, caseless = hyperscan.HS_FLAG_SINGLEMATCH, hyperscan.HS_FLAG_CASELESS
        multiline = hyperscan.HS_FLAG_MULTILINE
        full = hyperscan.Database()
        full.compile(
            expressions=[source.encode("utf-8", "surrogatepass") for source, _, _ in self.shapes],
            ids=list(range(len(self.shapes))),
            flags=[
                (once if single else 0) | (caseless if ignore_case else 0) | multiline
                for _, ignore_case, single in self.shapes
            ],
        )
        words = hyperscan.Database()
        words.compile(
            expressions=[re.escape(word).encode() for word, _ in self.words],
            ids=list(range(len(self.words))),
            flags=[caseless if ignore_case else 0 for _, ignore_case in self.words],
        )
        return full, words


def _expression(pattern: Pattern) -> tuple[str, bool, bool]:
    """A pattern for Hyperscan, whether case does not matter, and whether it is reported once a text or at each place.

    Of one that can reach far across text, the keyword alone. Generic patterns have words for keywords that are common
    in text: for these the place is worth knowing.
    """
    if pattern is COLUMN:
        return COLUMN_EXPRESSION, True, True
    keywords = "|".join(re.escape(word) for word in pattern.keywords)
    digit_within = -1
    if pattern.generic:
        digit_within = DIGIT_WITHIN if any(name.startswith("generated") for name in pattern.checks) else 0
        if "password" in pattern.checks and not _reaches_far(pattern):
            return f"(?:{keywords})(?:{pattern.shape.relaxed_password(DIGIT_WITHIN)})", pattern.ignore_case, False
    rest = "" if _reaches_far(pattern) else pattern.shape.relaxed(digit_within)
    return f"(?:{keywords}){rest}", pattern.ignore_case, not _reach(pattern)


def _reach(pattern: Pattern) -> int:
    """So far before where one is reported its keyword may end; 0: it is reported once, and may be anywhere."""
    if _reaches_far(pattern):
        return 1
    shape = pattern.shape
    if pattern.generic:
        return shape.before_longest + DIGIT_WITHIN + 8
    return shape.longest + 1 if shape.longest <= _MOST_PLACES else 0


def _reaches_far(pattern: Pattern) -> bool:
    """Whether a match may still be coming for a keyword that is no longer near the end, unknown to the database."""
    shape = pattern.shape
    if shape.longest + max(map(len, pattern.keywords)) <= _TAIL:
        return False
    return shape.before_longest > _MOST_BEFORE or not shape.settles_early


def _in_characters(data: bytes, text: str, places: list[int]) -> Iterable[int]:
    """Places in ``data``, which is ``text`` in UTF-8, as places in ``text``; inside a character, the one after it."""
    if len(data) == len(text):
        yield from places
        return
    read = at = 0
    for place in places:
        while place < len(data) and data[place] & 0xC0 == 0x80:
            place += 1
        if place > read:
            at += len(data[read:place].decode("utf-8", "surrogatepass"))
            read = place
        yield at


class ByHyperscan:
    """The fast engine, once its databases are there."""

    def __init__(self, expressions: Expressions, full: Any, words: Any) -> None:
        import hyperscan

        self._stopped = hyperscan.ScanTerminated
        patterns = expressions.patterns
        self._keywords = expressions.keywords
        self._overlap = expressions.keywords.longest - 1
        self.beginnings = Beginnings(patterns)
        self._patterns = patterns
        self._seen: dict[int, tuple[Pattern, int]] = {}
        shared = {word: word for word in self._keywords.by_word}
        self._lowered = [shared[word.lower()] for word, _ in expressions.words]
        self._full = full
        self._words = words
        self._full_scratch = hyperscan.Scratch(full)
        self._words_scratch = hyperscan.Scratch(words)

    def hits(self, text: str, start: int, final: bool) -> Sequence[Hit]:
        """Keywords that end after ``start`` and have a match behind them, or may still get one."""
        begin = start - self._overlap if start > self._overlap else 0
        size = len(text)
        if size - begin <= 2 * _SLICE:
            return self._in_slice(text, begin, size, start)
        # Patterns are reported once a scan, and then looked for from its start to its end: not all of a long text.
        hits: list[Hit] = []
        for at in range(begin, size, _SLICE):
            hits += self._in_slice(text, at, min(size, at + _SLICE + _OVERLAP), start)
        return list({(hit[0], hit[1], hit[2].kind): hit for hit in hits}.values())

    def _in_slice(self, text: str, begin: int, stop: int, start: int) -> Sequence[Hit]:
        """The keywords in ``text[begin:stop]`` that end after ``start`` and belong to what the first database finds."""
        piece = text[begin:stop] if begin or stop < len(text) else text
        data = piece.encode("utf-8", "surrogatepass")
        found: list[tuple[int, int]] = []
        # Nothing stops this scan, and what it calls returns nothing: each call counts in a message of 200 bytes.
        self._full.scan(
            data,
            match_event_handler=lambda number, _from, to, _flags, _context: found.append((number, to)),
            scratch=self._full_scratch,
        )
        return self._named(found, data, piece, text, begin, stop, start) if found else ()

    def _named(
        self, found: list[tuple[int, int]], data: bytes, piece: str, text: str, begin: int, stop: int, start: int
    ) -> list[Hit]:
        """The keywords of the patterns ``found`` in ``data``, which is ``piece``, which is ``text[begin:stop]``."""
        matched: dict[int, list[int]] = {}
        for number, to in found:
            matched.setdefault(number, []).append(to)
        hits: list[Hit] = []
        start = max(start, begin)
        for number, ends in matched.items():
            pattern, reach = self._seen.get(number) or self._look_up(number)
            if not reach:
                hits.extend(hits_of(pattern, text, start, stop))
                continue
            since, done = start, start
            for place in _in_characters(data, piece, sorted(ends)):
                end = begin + place
                # At the end it may be one that goes on, of which any part can be long.
                back = reach if end < stop or reach == 1 else max(reach, _TAIL)
                if end - back > done:
                    if done > since:
                        hits.extend(hits_of(pattern, text, since, done))
                    since = end - back
                done = max(done, end)
            hits.extend(hits_of(pattern, text, since, done))
        return hits

    def _look_up(self, number: int) -> tuple[Pattern, int]:
        """A pattern, and how far before where it is reported its keyword may end."""
        pattern = self._patterns[number]
        reach = 0 if pattern is COLUMN else _reach(pattern)
        self._seen[number] = pattern, reach
        return self._seen[number]

    def full_scan(self, text: str) -> None:
        """Hyperscan alone over all patterns, for measuring."""
        self._scan(self._full, self._full_scratch, text.encode("utf-8", "surrogatepass"), lambda *_: None)

    def may_match(self, data: bytes | memoryview) -> bool:
        """Whether a token may be in ``data``, which is no text in particular."""
        found: list[int] = []

        def on_match(number: int, *_: object) -> bool:
            found.append(number)
            return True

        for database, scratch in ((self._words, self._words_scratch), (self._full, self._full_scratch)):
            found.clear()
            self._scan(database, scratch, data, on_match)
            if not found:
                return False
        return True

    def any_keyword(self, text: str) -> bool:
        """Whether there is any keyword in ``text``, standing where one can."""
        return bool(self._at_keywords(text))

    def _at_keywords(self, text: str) -> list[Hit]:
        """Every keyword in ``text``."""
        data = text.encode("utf-8", "surrogatepass")
        found: list[tuple[int, int]] = []
        # Nothing stops this scan: each call of a function counts in a message of 200 bytes.
        self._words.scan(
            data,
            match_event_handler=lambda number, _from, to, _flags, _context: found.append((to, number)),
            scratch=self._words_scratch,
        )
        if not found:
            return []
        wide = len(data) != len(text)
        out: list[Hit] = []
        read = at = 0
        seen: tuple[int, str] | None = None
        for to, number in sorted(found):
            if wide:
                at += len(data[read:to].decode("utf-8", "surrogatepass"))
                read = to
            end = at if wide else to
            word = self._lowered[number]
            if seen == (end, word):
                continue
            seen = end, word
            out.extend(self._keywords.at(text, end - len(word), word))
        return out

    def _scan(self, database: Any, scratch: Any, data: bytes | memoryview, on_match: Any) -> None:
        try:
            database.scan(data, match_event_handler=on_match, scratch=scratch)
        except self._stopped:
            return
