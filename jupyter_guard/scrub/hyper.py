"""Patterns -> where in a text they may match, found by Hyperscan at hundreds of megabytes a second.

What is short is read with the database that matches also where a text ends in the middle of a pattern, and so is the
end of what is long and goes on. A scan says which patterns to look for at all, and ordinary text has next to none, at
its end neither. `re` then decides, as in the engine without Hyperscan: both name every place that matters, so both give
the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Any

from jupyter_guard.scrub.expressions import TAIL, Expressions, reach_of
from jupyter_guard.scrub.keywords import Beginnings, Hit, hits_of
from jupyter_guard.scrub.parts import SLICE, by_end, in_characters, parts_of_data, parts_of_text
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.tables import COLUMN, EXACT_NAME
from jupyter_guard.scrub.views import characters

_SHORT = 2_048
"""Characters that are not worth a scan of their own for their end."""

_BEFORE = 2
"""So many characters may that be."""

_END = TAIL + _BEFORE
"""What is read of the end of a long text."""

_SWEEP = 256
"""Keywords that come closer to each other than this are looked for in one go."""

_MOST_SETS = 200
"""Of so many sets of patterns that texts end in the middle of, the keywords are kept: they come again and again."""


def _back(reach: int, end: int, stop: int) -> int:
    """How far before ``end``, where one is reported in a text up to ``stop``, its keyword may end."""
    if not reach:
        return end
    # At the end it may be one that goes on, of which any part can be long.
    return reach if end < stop or reach == 1 else max(reach, TAIL)


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


class ByHyperscan:
    """The fast engine, once its databases are there: ``whole`` gives the first, which only long texts need."""

    def __init__(self, expressions: Expressions, ends: Any, words: Any, whole: Callable[[], Any]) -> None:
        import hyperscan

        self._stopped = hyperscan.ScanTerminated
        self._in_use = hyperscan.ScratchInUseError
        self._scratch = hyperscan.Scratch
        patterns = expressions.patterns
        self._keywords = expressions.keywords
        self._overlap = expressions.keywords.longest - 1 + _BEFORE
        self.overlap = self._overlap + 1
        self.beginnings = Beginnings(patterns)
        self._patterns = patterns
        self._seen: dict[int, tuple[Pattern, int]] = {}
        self._by_word: dict[tuple[Pattern, ...], dict[str, list[Pattern]]] = {}
        self._column = next((number for number, pattern in enumerate(patterns) if pattern is COLUMN), -1)
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

    def hits_in_all(self, data: bytes, text: Callable[[], str]) -> Sequence[Hit]:
        """Keywords in a text, long or short, which nothing follows, that have a match behind them."""
        if len(data) > 2 * SLICE:
            return self._in_data(data, text)
        # A short one is no reason to load the database for the long.
        database = self._ends if len(data) <= _SHORT else self._whole or self._loaded()
        found = self._found(database, data)
        if not found:
            return ()
        plain = text()
        return self._named(found, data, plain, 0, len(plain), 0)

    def _in_data(self, data: bytes, text: Callable[[], str]) -> list[Hit]:
        database = self._whole or self._loaded()
        hits: list[Hit] = []
        read = at = 0
        for part, first, stop in parts_of_data(data):
            found = self._found(database, part)
            if found:
                at += characters(data, read, first) if read < first else -characters(data, first, read)
                read, end = stop, at + characters(data, first, stop)
                hits += self._named(found, part, text(), at, end, 0)
                at = end
        return _distinct(hits)

    def hits(self, text: str, start: int, final: bool, begin: int = -1, data: bytes | None = None) -> Sequence[Hit]:
        """Keywords that end after ``start`` and have a match behind them, or may still get one."""
        if begin < 0:
            begin = start - self._overlap if start > self._overlap else 0
        size = len(text)
        if size - begin > 2 * SLICE:
            hits = self._in_parts(text, begin, start)
            return _distinct(hits if final else hits + self._in_end(text[-_END:], text, size, start))
        piece = text[begin:] if begin else text
        if data is None:
            data = piece.encode("utf-8", "surrogatepass")
        elif begin < start:
            data = text[begin:start].encode("utf-8", "surrogatepass") + data
        if size - begin > _SHORT:
            return self._in_long(text, piece, data, begin, start, final)
        found: list[tuple[int, int]] = []
        # Called without names, which by themselves take as long as reading 80 bytes; and nothing stops this scan.
        try:
            self._scan_ends(data, _note, 0, found, self._ends_scratch)
        except self._in_use:
            found = self._found(self._ends, data)
        return self._named(found, data, text, begin, size, start) if found else ()

    def _in_long(self, text: str, piece: str, data: bytes, begin: int, start: int, final: bool) -> Sequence[Hit]:
        found: list[tuple[int, int]] = []
        scan, scratch = whole = self._whole or self._loaded()
        try:
            scan(data, _note, 0, found, scratch)
        except self._in_use:
            found = self._found(whole, data)
        size = len(text)
        hits = self._named(found, data, text, begin, size, start) if found else []
        if final:
            return hits
        # Of ASCII the end is there already.
        ended = self._in_end(piece[-_END:], text, size, start, data[-_END:] if len(data) == len(piece) else None)
        return _distinct(hits + ended) if ended else hits

    def _in_end(self, end: str, text: str, size: int, start: int, data: bytes | None = None) -> list[Hit]:
        """The keywords of what is reported at the very end of ``text``."""
        data = end.encode("utf-8", "surrogatepass") if data is None else data
        found = self._at_end(data)
        return self._named(found, data, text, size - len(end), size, start) if found else []

    def _in_parts(self, text: str, begin: int, start: int) -> list[Hit]:
        """The keywords in ``text`` from ``begin`` on. What is reported once a scan is looked for in its part only."""
        database = self._whole or self._loaded()
        hits: list[Hit] = []
        for part, at, end in parts_of_text(text, begin):
            found = self._found(database, part)
            if found:
                hits += self._named(found, part, text, at, end, start)
        return hits

    def _at_end(self, data: bytes) -> list[tuple[int, int]]:
        """What is reported at the very end of ``data``: all else the other database has reported too."""
        found: list[tuple[int, int]] = []
        try:
            self._scan_ends(data, _note, 0, found, self._ends_scratch)
        except self._in_use:
            found = self._found(self._ends, data)
        size = len(data)
        return [one for one in found if one[1] == size] if found else found

    def _loaded(self) -> _Scan:
        database = self._load_whole()
        # What matches at ends too says the same and more.
        self._whole = (database.scan, self._scratch(database)) if database is not None else self._ends
        return self._whole

    def _named(
        self, found: list[tuple[int, int]], data: bytes | memoryview, text: str, begin: int, stop: int, start: int
    ) -> list[Hit]:
        """The keywords of the patterns ``found`` in ``data``, which is ``text[begin:stop]``."""
        matched = in_characters(found, data, len(data) != stop - begin)
        hits: list[Hit] = []
        start = max(start, begin)
        if len(matched) > 1 and len(data) <= _SHORT:
            # At the end of a text there are often several: their keywords are found at once.
            hits = self._with_words(matched, data, text, begin, stop, start)
            column = matched.get(self._column)
            matched = {self._column: column} if column else {}
        for number, ends in matched.items():
            pattern, reach = self._seen.get(number) or self._look_up(number)
            if pattern is COLUMN:
                hits.extend(self._in_lines(text, begin, (begin + at for at in ends)))
                continue
            if not reach:
                hits.extend(hits_of(pattern, text, start, stop))
                continue
            # Of keywords alone there is none between those that are reported.
            apart = _SWEEP if reach == 1 else 0
            since, done = start, start
            for place in ends:
                end = begin + place
                first = end - _back(reach, end, stop)
                if first > done + apart:
                    if done > since:
                        hits.extend(hits_of(pattern, text, since, done))
                    since = first
                done = max(done, end)
            hits.extend(hits_of(pattern, text, since, done))
        return hits

    def _with_words(
        self,
        matched: dict[int, list[int]],
        data: bytes | memoryview,
        text: str,
        begin: int,
        stop: int,
        start: int,
    ) -> list[Hit]:
        """What ``_named`` says of a short piece, but for columns."""
        wanted: dict[Pattern, tuple[int, int]] = {}
        for number, ends in matched.items():
            pattern, reach = self._seen.get(number) or self._look_up(number)
            if pattern is not COLUMN:
                ends = [begin + at for at in ends]
                # What is reported once a scan may be anywhere behind that too.
                last = ends[-1] if reach else stop
                wanted[pattern] = min(end - _back(reach, end, stop) for end in ends), last
        hits: list[Hit] = []
        of_word = self._spelled(tuple(wanted))
        for place, word in self._words_in(data, len(data) != stop - begin, of_word):
            end = begin + place
            if end <= start:
                continue
            at = end - len(word)
            for pattern in of_word[word]:
                first, last = wanted[pattern]
                if (
                    first <= end <= last
                    and (pattern.ignore_case or text[at:end] in pattern.keywords)
                    and pattern.may_begin(text, at, end)
                ):
                    hits.append((at, end, pattern))
        return hits

    def _spelled(self, patterns: tuple[Pattern, ...]) -> dict[str, list[Pattern]]:
        """The keywords of ``patterns`` in lower case, each with those of them that have it."""
        found = self._by_word.get(patterns)
        if found is None:
            found = {}
            for pattern in patterns:
                for word in dict.fromkeys(word.lower() for word in pattern.keywords):
                    found.setdefault(word, []).append(pattern)
            if len(self._by_word) < _MOST_SETS:
                self._by_word[patterns] = found
        return found

    @staticmethod
    def _in_lines(text: str, start: int, ends: Iterable[int]) -> Iterable[Hit]:
        """A column's name in each of the lines that end at ``ends``, or with the carriage return before.

        One will do: who asks reads all of the line. It may have been there before what makes the line a head.
        """
        for end in ends:
            stop = end - 1 if end and text[end - 1] == "\r" else end
            line = text.rfind("\n", start, stop) + 1 or start
            line = text.rfind("\r", line, stop) + 1 or line
            named = (hit for hit in hits_of(COLUMN, text, line, stop) if EXACT_NAME.match(text, hit[0]))
            first = next(named, None)
            if first is not None:
                yield first

    def _look_up(self, number: int) -> tuple[Pattern, int]:
        """A pattern, and how far before where it is reported its keyword may end."""
        pattern = self._patterns[number]
        self._seen[number] = pattern, reach_of(pattern)
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
        return next(self._at_keywords(text), None) is not None

    def _at_keywords(self, text: str) -> Iterator[Hit]:
        """Every keyword in ``text``."""
        data = text.encode("utf-8", "surrogatepass")
        for end, word in self._words_in(data, len(data) != len(text)):
            yield from self._keywords.at(text, end - len(word), word)

    def _words_in(
        self, data: bytes | memoryview, wide: bool, wanted: Container[str] | None = None
    ) -> Iterator[tuple[int, str]]:
        """Where keywords end in what ``data`` is in UTF-8, and which, in lower case; all, or the wanted."""
        found = self._found(self._words, data)
        if wanted is not None:
            lowered = self._lowered
            found = [one for one in found if lowered[one[0]] in wanted]
        read = at = 0
        seen: tuple[int, str] | None = None
        for number, to in sorted(found, key=by_end):
            if wide:
                at += characters(data, read, to)
                read = to
            one = (at if wide else to), self._lowered[number]
            if seen != one:
                seen = one
                yield one

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
