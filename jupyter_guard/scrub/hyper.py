"""Patterns -> where in a text they may match, found by Hyperscan at hundreds of megabytes a second.

Two databases: one holds every pattern, loosened to what Hyperscan can do (no look-around, no counting beyond what
tells a token from text), and says which patterns to look for at all; the other holds the keywords alone, and is asked
only about the end of a text, where a match may still be coming. `re` then decides, as in the engine without Hyperscan:
both name every place that matters, so both give the same result.
"""

from __future__ import annotations

import hashlib
import re
import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_guard.scrub import shape
from jupyter_guard.scrub.checks import DIGIT_WITHIN
from jupyter_guard.scrub.keywords import Hit, Keywords
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
        self._patterns = patterns

    @cached_property
    def shapes(self) -> list[tuple[str, bool, bool]]:
        """Each pattern's expression, whether case does not matter, and whether it is reported once a text."""
        return [_expression(pattern) for pattern in self._patterns]

    @cached_property
    def name(self) -> str:
        """Changes when any pattern does, or the code that makes expressions of patterns."""
        # Not from the expressions themselves: making them takes longer than loading what was compiled from them.
        text = hashlib.sha256()
        for one in self._patterns:
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
        for module in (shape, sys.modules[__name__]):
            text.update(Path(str(module.__file__)).read_bytes())
        return text.hexdigest()

    def compiled(self) -> tuple[Any, Any]:
        """The databases of patterns and of keywords. Takes a second or more."""
        import hyperscan

        once, caseless = hyperscan.HS_FLAG_SINGLEMATCH, hyperscan.HS_FLAG_CASELESS
        full = hyperscan.Database()
        full.compile(
            expressions=[source.encode("utf-8", "surrogatepass") for source, _, _ in self.shapes],
            ids=list(range(len(self.shapes))),
            flags=[
                (once if single else 0) | (caseless if ignore_case else 0) for _, ignore_case, single in self.shapes
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
    keywords = "|".join(re.escape(word) for word in pattern.keywords)
    digit_within = -1
    if pattern.generic:
        digit_within = DIGIT_WITHIN if any(name.startswith("generated") for name in pattern.checks) else 0
    rest = "" if _reaches_far(pattern) else pattern.shape.relaxed(digit_within)
    return f"(?:{keywords}){rest}", pattern.ignore_case, not _has_places(pattern)


def _has_places(pattern: Pattern) -> bool:
    return pattern.generic and not _reaches_far(pattern)


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
        self._numbers = {pattern.kind: number for number, pattern in enumerate(patterns)}
        self._patterns_of: dict[str, list[int]] = {}
        for number, pattern in enumerate(patterns):
            for word in pattern.keywords:
                self._patterns_of.setdefault(word.lower(), []).append(number)
        # In bytes: a character has at most four.
        self._reach = [4 * (p.shape.before_longest + DIGIT_WITHIN + 8) if _has_places(p) else 0 for p in patterns]
        self._lowered = [word.lower() for word, _ in expressions.words]
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
        data = (text[begin:] if begin else text).encode("utf-8", "surrogatepass")
        matched: dict[int, list[int]] = {}

        def on_match(number: int, _from: int, to: int, *_: object) -> None:
            matched.setdefault(number, []).append(to)

        self._scan(self._full, self._full_scratch, data, on_match)
        hits: Sequence[Hit] = []
        if matched:
            hits = self._at_words(text, begin, data, start, matched)
        if final:
            return hits
        tail = size - _TAIL
        if _BLANK.search(text, size - _SOLID_END) is None:
            tail = begin
        late = list(self._at_keywords(text, tail, start))
        if not late:
            return hits
        already = {(hit[0], hit[1], hit[2].kind) for hit in hits}
        return [*hits, *(hit for hit in late if (hit[0], hit[1], hit[2].kind) not in already)]

    def full_scan(self, text: str) -> None:
        """Hyperscan alone over all patterns, for measuring."""
        self._scan(self._full, self._full_scratch, text.encode("utf-8", "surrogatepass"), lambda *_: None)

    def any_keyword(self, text: str) -> bool:
        """Whether there is any keyword in ``text``."""
        found: list[int] = []

        def on_match(number: int, *_: object) -> bool:
            found.append(number)
            return True

        self._scan(self._ends, self._ends_scratch, text.encode("utf-8", "surrogatepass"), on_match)
        return bool(found)

    def _at_keywords(self, text: str, tail: int, start: int) -> Sequence[Hit]:
        """Every keyword in ``text[tail:]`` that ends after ``start``."""
        return self._at_words(text, tail, (text[tail:] if tail else text).encode("utf-8", "surrogatepass"), start)

    def _at_words(
        self, text: str, begin: int, data: bytes, start: int, matched: dict[int, list[int]] | None = None
    ) -> Sequence[Hit]:
        """The same, where ``data`` is ``text[begin:]`` in UTF-8; with ``matched``, only where one of these may be."""
        found: list[tuple[int, int]] = []
        self._scan(self._ends, self._ends_scratch, data, lambda number, _from, to, *_: found.append((to, number)))
        if not found:
            return ()
        shift = begin if len(data) == len(text) - begin else None
        out: list[Hit] = []
        read = at = 0
        seen: tuple[int, str] | None = None
        for to, number in sorted(found):
            if shift is None:
                at += len(data[read:to].decode("utf-8", "surrogatepass"))
                read = to
                end = begin + at
            else:
                end = shift + to
            word = self._lowered[number]
            if end <= start or seen == (end, word):
                continue
            seen = end, word
            if matched is not None and not any(
                self._near(matched.get(which), which, to) for which in self._patterns_of[word]
            ):
                continue
            hits = self._keywords.at(text, end - len(word), word)
            if matched is None:
                out.extend(hits)
            else:
                out.extend(
                    hit
                    for hit in hits
                    if self._near(matched.get(self._numbers[hit[2].kind]), self._numbers[hit[2].kind], to)
                )
        return out

    def _near(self, ends: list[int] | None, which: int, to: int) -> bool:
        """Whether a match of a pattern ends so shortly after a keyword's end that it can be its match."""
        if ends is None:
            return False
        reach = self._reach[which]
        if not reach:
            return True
        at = bisect_left(ends, to)
        return at < len(ends) and ends[at] <= to + reach

    def _scan(self, database: Any, scratch: Any, data: bytes, on_match: Any) -> None:
        try:
            database.scan(data, match_event_handler=on_match, scratch=scratch)
        except self._stopped:
            return
