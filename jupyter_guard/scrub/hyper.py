"""Patterns -> where in a text they may match, found by Hyperscan at hundreds of megabytes a second.

Three databases. One holds every pattern, loosened to what Hyperscan can do (no look-around, no counting beyond what
tells a token from text). One matches also where a text ends in the middle of a pattern: it reads what is short, and of
what is long and goes on only the end. A scan says which patterns to look for at all, and ordinary text has next to
none, at its end neither. `re` then decides, as in the engine without Hyperscan: both name every place that matters, so
both give the same result. The third database holds the keywords alone, for what is not a text yet: a message as JSON,
a buffer.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from jupyter_guard.scrub import rewrite, shape, tables
from jupyter_guard.scrub.checks import DIGIT_WITHIN
from jupyter_guard.scrub.keywords import Beginnings, Hit, Keywords, hits_of
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.tables import COLUMN, COLUMN_EXPRESSION

_TAIL = 384
"""Where a text ends in the middle of a pattern that was not reported before, its keyword is no further from the end."""

_SHORT = 2_048
"""Characters that are not worth a scan of their own for their end."""

_MOST_BEFORE = 128
_MOST_PLACES = 128
"""A shape that spans no more is reported wherever it ends; of longer ones that would be too often."""

_SLICE = 65_536
_OVERLAP = 4_608
"""Longer than the longest head of a table, and than anything that a database must see whole."""


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
        for module in (rewrite, shape, tables, sys.modules[__name__]):
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

    Of one that can reach far across text, the keyword alone. Generic patterns have words for keywords that are common
    in text: for these the place is worth knowing.
    """
    if pattern is COLUMN:
        return COLUMN_EXPRESSION, True, False
    keywords = "|".join(re.escape(word) for word in pattern.keywords)
    digit_within = -1
    if pattern.generic:
        digit_within = DIGIT_WITHIN if any(name.startswith("generated") for name in pattern.checks) else 0
        if "password" in pattern.checks and not _reaches_far(pattern):
            rest = pattern.shape.relaxed_password(ends, DIGIT_WITHIN)
            return f"(?:{keywords})(?:{rest})", pattern.ignore_case, False
    rest = "" if _reaches_far(pattern) else pattern.shape.relaxed(ends, digit_within)
    return f"(?:{keywords}){rest}", pattern.ignore_case, not _reach(pattern)


def _reach(pattern: Pattern) -> int:
    """So far before where one is reported its keyword may end; 0: it is reported once, and may be anywhere."""
    if _reaches_far(pattern):
        return 1
    shape = pattern.shape
    if pattern.generic:
        within = shape.before_longest + max(DIGIT_WITHIN, shape.decided_within) + 8
        return within if within <= _OVERLAP else 0
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


_Scan = tuple[Any, Any]
"""A database's method and the space that it works in."""


def _note(number: int, _from: int, to: int, _flags: int, found: list[tuple[int, int]]) -> None:
    found.append((number, to))


def _stop(*_: object) -> bool:
    return True


def _ignore(*_: object) -> None:
    """For measuring."""


def _distinct(hits: list[Hit]) -> list[Hit]:
    return list({(hit[0], hit[1], hit[2].kind): hit for hit in hits}.values())


def _by_end(found: tuple[int, int]) -> tuple[int, int]:
    return found[1], found[0]


class ByHyperscan:
    """The fast engine, once its databases are there: ``whole`` gives the first, which only long texts need."""

    def __init__(self, expressions: Expressions, ends: Any, words: Any, whole: Callable[[], Any]) -> None:
        import hyperscan

        self._stopped = hyperscan.ScanTerminated
        self._in_use = hyperscan.ScratchInUseError
        self._scratch = hyperscan.Scratch
        patterns = expressions.patterns
        self._keywords = expressions.keywords
        self._overlap = expressions.keywords.longest - 1
        self.overlap = expressions.keywords.longest
        self.beginnings = Beginnings(patterns)
        self._patterns = patterns
        self._seen: dict[int, tuple[Pattern, int]] = {}
        shared = {word: word for word in self._keywords.by_word}
        self._lowered = [shared[word.lower()] for word, _ in expressions.words]
        self._load_whole = whole
        self._whole: _Scan | None = None
        self._ends = ends.scan, hyperscan.Scratch(ends)
        self._words = words.scan, hyperscan.Scratch(words)
        self._scan_ends, self._ends_scratch = self._ends

    def nothing_in(self, data: bytes) -> bool:
        """Whether nothing is reported in a short text, its end included."""
        found: list[tuple[int, int]] = []
        try:
            self._scan_ends(data, _note, 0, found, self._ends_scratch)
        except self._in_use:
            return False
        return not found

    def hits(self, text: str, start: int, final: bool, begin: int = -1) -> Sequence[Hit]:
        """Keywords that end after ``start`` and have a match behind them, or may still get one."""
        if begin < 0:
            begin = start - self._overlap if start > self._overlap else 0
        size = len(text)
        if size - begin > _SHORT:
            return self._in_long(text, begin, size, start, final)
        piece = text[begin:] if begin else text
        data = piece.encode("utf-8", "surrogatepass")
        found: list[tuple[int, int]] = []
        # Called without names, which by themselves take as long as reading 80 bytes; and nothing stops this scan.
        try:
            self._scan_ends(data, _note, 0, found, self._ends_scratch)
        except self._in_use:
            found = self._found(self._ends, data)
        return self._named(found, data, piece, text, begin, size, start) if found else ()

    def _in_long(self, text: str, begin: int, size: int, start: int, final: bool) -> Sequence[Hit]:
        whole = self._whole or self._loaded()
        if size - begin > 2 * _SLICE:
            # Patterns are reported once a scan, and then looked for from its start to its end: not all of a long text.
            hits: list[Hit] = []
            for at in range(begin, size, _SLICE):
                hits += self._in_slice(whole, text, at, min(size, at + _SLICE + _OVERLAP), start)
            if not final:
                hits += self._in_slice(self._ends, text, size - _TAIL, size, start)
            return _distinct(hits)
        piece = text[begin:] if begin else text
        data = piece.encode("utf-8", "surrogatepass")
        found = self._found(whole, data)
        hits = self._named(found, data, piece, text, begin, size, start) if found else []
        if final:
            return hits
        # Of ASCII the end is there already.
        end = piece[-_TAIL:]
        data = data[-_TAIL:] if len(data) == len(piece) else end.encode("utf-8", "surrogatepass")
        found = self._found(self._ends, data)
        return _distinct(hits + self._named(found, data, end, text, size - _TAIL, size, start)) if found else hits

    def _in_slice(self, database: _Scan, text: str, begin: int, stop: int, start: int) -> Sequence[Hit]:
        """The keywords in ``text[begin:stop]`` that end after ``start`` and belong to what ``database`` finds."""
        piece = text[begin:stop] if begin or stop < len(text) else text
        data = piece.encode("utf-8", "surrogatepass")
        found = self._found(database, data)
        return self._named(found, data, piece, text, begin, stop, start) if found else ()

    def _loaded(self) -> _Scan:
        database = self._load_whole()
        # What matches at ends too says the same and more.
        self._whole = (database.scan, self._scratch(database)) if database is not None else self._ends
        return self._whole

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
            if pattern is COLUMN:
                hits.extend(
                    self._in_lines(text, start, (begin + at for at in _in_characters(data, piece, sorted(ends))))
                )
                continue
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

    @staticmethod
    def _in_lines(text: str, start: int, ends: Iterable[int]) -> Iterable[Hit]:
        """The names of columns in the lines that end at ``ends``, or with the carriage return before."""
        for end in ends:
            stop = end - 1 if end and text[end - 1] == "\r" else end
            line = max(text.rfind("\n", 0, stop), text.rfind("\r", 0, stop), start - 1) + 1
            yield from hits_of(COLUMN, text, line, stop)

    def _look_up(self, number: int) -> tuple[Pattern, int]:
        """A pattern, and how far before where it is reported its keyword may end."""
        pattern = self._patterns[number]
        self._seen[number] = pattern, _reach(pattern)
        return self._seen[number]

    def full_scan(self, text: str) -> None:
        """Hyperscan alone over all patterns, for measuring."""
        scan, scratch = self._whole or self._loaded()
        scan(text.encode("utf-8", "surrogatepass"), _ignore, 0, None, scratch)

    def may_match(self, data: bytes | memoryview) -> bool:
        """Whether a token may be in ``data``, which is no text in particular."""
        return self._any(self._words, data) and self._any(self._ends, data)

    def any_keyword(self, text: str) -> bool:
        """Whether there is any keyword in ``text``, standing where one can."""
        return bool(self._at_keywords(text))

    def _at_keywords(self, text: str) -> list[Hit]:
        """Every keyword in ``text``."""
        data = text.encode("utf-8", "surrogatepass")
        found = self._found(self._words, data)
        if not found:
            return []
        wide = len(data) != len(text)
        out: list[Hit] = []
        read = at = 0
        seen: tuple[int, str] | None = None
        for number, to in sorted(found, key=_by_end):
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

    def _found(self, database: _Scan, data: bytes | memoryview) -> list[tuple[int, int]]:
        """What is reported in ``data``: numbers, and where each ends."""
        scan, scratch = database
        found: list[tuple[int, int]] = []
        try:
            scan(data, _note, 0, found, scratch)
        except self._in_use:
            # Another thread reads with it.
            scan(data, _note, 0, found, self._scratch(scan.__self__))
        return found

    def _any(self, database: _Scan, data: bytes | memoryview) -> bool:
        """Whether anything is reported in ``data``."""
        scan, scratch = database
        try:
            scan(data, _stop, 0, None, scratch)
        except self._in_use:
            return bool(self._found(database, data))
        except self._stopped:
            return True
        return False
