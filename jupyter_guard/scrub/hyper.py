"""Patterns -> where in a text they may match, found by Hyperscan at hundreds of megabytes a second.

Two databases: one holds every pattern, loosened to what Hyperscan can do (no look-around, no counting beyond what
tells a token from text), and says which patterns to look for at all; the other holds the keywords alone, and is asked
only about the end of a text, where a match may still be coming. `re` then decides, as in the engine without Hyperscan:
both name every place that matters, so both give the same result.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from jupyter_guard.scrub.keywords import Hit, Keywords, lowered
from jupyter_guard.scrub.patterns import Pattern

_TAIL = 384
_MOST_BEFORE = 128
_SOLID_END = _TAIL - _MOST_BEFORE
_BLANK = re.compile(r"[\s\"']")


class Expressions:
    """What the two databases are compiled from, and a name for it that changes with it."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.keywords = Keywords(patterns)
        self.words = sorted({(word, p.ignore_case) for p in patterns for word in p.keywords})
        self.shapes = [_expression(pattern) for pattern in patterns]
        text = "\n".join(
            ["1", *(f"{flag}{word}" for word, flag in self.words), *(f"{flag}{source}" for source, flag in self.shapes)]
        )
        self.name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def compiled(self) -> tuple[Any, Any]:
        """The databases of patterns and of keywords. Takes a second or more."""
        import hyperscan

        once, caseless = hyperscan.HS_FLAG_SINGLEMATCH, hyperscan.HS_FLAG_CASELESS
        full = hyperscan.Database()
        full.compile(
            expressions=[source.encode("utf-8", "surrogatepass") for source, _ in self.shapes],
            ids=list(range(len(self.shapes))),
            flags=[once | caseless if ignore_case else once for _, ignore_case in self.shapes],
        )
        words = hyperscan.Database()
        words.compile(
            expressions=[re.escape(word).encode() for word, _ in self.words],
            ids=list(range(len(self.words))),
            flags=[caseless if ignore_case else 0 for _, ignore_case in self.words],
        )
        return full, words


def _expression(pattern: Pattern) -> tuple[str, bool]:
    """A pattern for Hyperscan. Of one that can reach far across text, the keyword alone."""
    keywords = "|".join(re.escape(word) for word in pattern.keywords)
    return f"(?:{keywords}){'' if _reaches_far(pattern) else pattern.shape.relaxed()}", pattern.ignore_case


def _reaches_far(pattern: Pattern) -> bool:
    shape = pattern.shape
    return shape.longest > _TAIL - 64 and not (shape.solid and shape.before_longest <= _MOST_BEFORE)


class ByHyperscan:
    """The fast engine, once its databases are there."""

    def __init__(self, patterns: Sequence[Pattern], expressions: Expressions, full: Any, words: Any) -> None:
        import hyperscan

        self._stopped = hyperscan.ScanTerminated
        self._patterns = patterns
        self._keywords = expressions.keywords
        self._words = expressions.words
        self._full = full
        self._ends = words
        self._full_scratch = hyperscan.Scratch(full)
        self._ends_scratch = hyperscan.Scratch(words)

    def hits(self, text: str, start: int, final: bool) -> Iterable[Hit]:
        """Keywords that end after ``start`` and have a match behind them, or may still get one."""
        begin = max(0, start - self._keywords.longest + 1)
        size = len(text)
        if size - begin <= _TAIL:
            return self._at_keywords(text, begin, start)
        found: dict[tuple[int, int, str], Hit] = {}
        matched: set[int] = set()
        region = text[begin:] if begin else text
        self._scan(self._full, self._full_scratch, region, lambda number, *_: matched.add(number))
        if matched:
            low = lowered(region)
            for number in matched:
                for hit in self._hits_of(self._patterns[number], text, low, begin, start):
                    found[hit[0], hit[1], hit[2].kind] = hit
        if not final:
            tail = size - _TAIL
            if _BLANK.search(text, size - _SOLID_END) is None:
                tail = begin
            for hit in self._at_keywords(text, tail, start):
                found[hit[0], hit[1], hit[2].kind] = hit
        return found.values()

    def any_keyword(self, text: str) -> bool:
        """Whether there is any keyword in ``text``."""
        found: list[int] = []
        self._scan(self._ends, self._ends_scratch, text, lambda number, *_: found.append(number) or True)
        return bool(found)

    def _hits_of(self, pattern: Pattern, text: str, low: str, begin: int, start: int) -> Iterator[Hit]:
        for word in pattern.keywords:
            size = len(word)
            wanted = word if pattern.ignore_case else word.lower()
            at = low.find(wanted, max(0, start - begin - size + 1))
            while at >= 0:
                place = begin + at
                spelled = pattern.ignore_case or text.startswith(word, place)
                if spelled and pattern.may_begin(text, place, place + size):
                    yield place, place + size, pattern
                at = low.find(wanted, at + 1)

    def _at_keywords(self, text: str, tail: int, start: int) -> Iterable[Hit]:
        """Every keyword in ``text[tail:]`` that ends after ``start``."""
        end = text[tail:] if tail else text
        found: list[tuple[int, int]] = []
        self._scan(self._ends, self._ends_scratch, end, lambda number, _from, to, *_: found.append((number, to)))
        if not found:
            return ()
        if not end.isascii():
            return self._keywords.hits(text, max(start, tail))
        out: dict[tuple[int, int, str], Hit] = {}
        for number, to in found:
            if tail + to > start:
                word = self._words[number][0].lower()
                for hit in self._keywords.at(text, tail + to - len(word), word):
                    out[hit[0], hit[1], hit[2].kind] = hit
        return out.values()

    def _scan(self, database: Any, scratch: Any, text: str, on_match: Any) -> None:
        try:
            database.scan(text.encode("utf-8", "surrogatepass"), match_event_handler=on_match, scratch=scratch)
        except self._stopped:
            return
