"""Patterns -> where in a text they may match, found by Hyperscan at hundreds of megabytes a second.

What is short is read with the database that matches also where a text ends in the middle of a pattern, and so is the
end of what is long and goes on. A scan says which patterns to look for at all, and ordinary text has next to none, at
its end neither. `re` then decides, as in the engine without Hyperscan: both name every place that matters, so both give
the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Any

from jupyter_guard.scrub.expressions import OVERLAP, TAIL, Expressions, reach_of
from jupyter_guard.scrub.keywords import Beginnings, Hit, hits_of
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.tables import COLUMN, EXACT_NAME

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

_SLICE = 131_072


def _back(reach: int, end: int, stop: int) -> int:
    """How far before ``end``, where one is reported in a text up to ``stop``, its keyword may end."""
    if not reach:
        return end
    # At the end it may be one that goes on, of which any part can be long.
    return reach if end < stop or reach == 1 else max(reach, TAIL)


def _in_characters(found: list[tuple[int, int]], data: bytes, text: str) -> dict[int, list[int]]:
    """Where in ``text``, which is ``data`` in UTF-8, each number is reported, in order; inside a character, after it.

    All at once: to read the text for each number anew would take longer than the scan.
    """
    matched: dict[int, list[int]] = {number: [] for number, _ in found}
    wide = len(data) != len(text)
    read = at = 0
    for number, to in sorted(found, key=_by_end):
        place = to
        if wide:
            while place < len(data) and data[place] & 0xC0 == 0x80:
                place += 1
            if place > read:
                at += len(data[read:place].decode("utf-8", "surrogatepass"))
                read = place
            place = at
        matched[number].append(place)
    return matched


def _beginning(data: bytes, place: int) -> int:
    """``place`` in UTF-8, or where the character begins that it is inside of."""
    while place < len(data) and data[place] & 0xC0 == 0x80:
        place -= 1
    return place


def _slices(data: bytes) -> Iterator[tuple[int, int]]:
    """Parts that stay in the processor's cache, each from where to where, and overlapping the next."""
    # So many characters, each of which may be four bytes.
    overlap = OVERLAP if data.isascii() else 4 * OVERLAP
    for place in range(0, len(data), _SLICE):
        yield _beginning(data, place), _beginning(data, min(len(data), place + _SLICE + overlap))


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
        if len(data) > 2 * _SLICE:
            return _distinct(self._in_slices(data, text, 0, 0))
        # A short one is no reason to load the database for the long.
        database = self._ends if len(data) <= _SHORT else self._whole or self._loaded()
        found = self._found(database, data)
        if not found:
            return ()
        plain = text()
        return self._named(found, data, plain, plain, 0, len(plain), 0)

    def hits(self, text: str, start: int, final: bool, begin: int = -1, data: bytes | None = None) -> Sequence[Hit]:
        """Keywords that end after ``start`` and have a match behind them, or may still get one."""
        if begin < 0:
            begin = start - self._overlap if start > self._overlap else 0
        size = len(text)
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
        return self._named(found, data, piece, text, begin, size, start) if found else ()

    def _in_long(self, text: str, piece: str, data: bytes, begin: int, start: int, final: bool) -> Sequence[Hit]:
        size = len(text)
        if len(data) > 2 * _SLICE:
            # Patterns are reported once a scan, and then looked for from its start to its end: not all of a long text.
            hits = self._in_slices(data, lambda: text, begin, start)
        else:
            whole = self._whole or self._loaded()
            found: list[tuple[int, int]] = []
            scan, scratch = whole
            try:
                scan(data, _note, 0, found, scratch)
            except self._in_use:
                found = self._found(whole, data)
            hits = self._named(found, data, piece, text, begin, size, start) if found else []
            if final:
                return hits
        if not final:
            # Of ASCII the end is there already.
            end = piece[-_END:]
            data = data[-_END:] if len(data) == len(piece) else end.encode("utf-8", "surrogatepass")
            found = self._at_end(data)
            if found:
                hits = hits + self._named(found, data, end, text, size - _END, size, start)
        return _distinct(hits) if hits else hits

    def _in_slices(self, data: bytes, text: Callable[[], str], begin: int, start: int) -> list[Hit]:
        """The keywords in ``data``, ``text`` from ``begin`` on, read in parts that stay in the processor's cache."""
        database = self._whole or self._loaded()
        hits: list[Hit] = []
        view = memoryview(data)
        read, at = 0, begin
        for first, stop in _slices(data):
            found = self._found(database, view[first:stop])
            if not found:
                continue
            at += len(data[read:first].decode("utf-8", "surrogatepass"))
            read = first
            part = data[first:stop]
            shown = part.decode("utf-8", "surrogatepass")
            hits += self._named(found, part, shown, text(), at, at + len(shown), start)
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
        self, found: list[tuple[int, int]], data: bytes, piece: str, text: str, begin: int, stop: int, start: int
    ) -> list[Hit]:
        """The keywords of the patterns ``found`` in ``data``, which is ``piece``, which is ``text[begin:stop]``."""
        matched = _in_characters(found, data, piece)
        hits: list[Hit] = []
        start = max(start, begin)
        if len(matched) > 1 and len(data) <= _SHORT:
            # At the end of a text there are often several: their keywords are found at once.
            hits = self._with_words(matched, data, piece, text, begin, stop, start)
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
        data: bytes,
        piece: str,
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
        for place, word in self._words_in(data, piece, of_word):
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
            line = max(text.rfind("\n", 0, stop), text.rfind("\r", 0, stop), start - 1) + 1
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
        for end, word in self._words_in(text.encode("utf-8", "surrogatepass"), text):
            yield from self._keywords.at(text, end - len(word), word)

    def _words_in(self, data: bytes, text: str, wanted: Container[str] | None = None) -> Iterator[tuple[int, str]]:
        """Where keywords end in ``text``, which is ``data`` in UTF-8, and which, in lower case; all, or the wanted."""
        found = self._found(self._words, data)
        if wanted is not None:
            lowered = self._lowered
            found = [one for one in found if lowered[one[0]] in wanted]
        wide = len(data) != len(text)
        read = at = 0
        seen: tuple[int, str] | None = None
        for number, to in sorted(found, key=_by_end):
            if wide:
                at += len(data[read:to].decode("utf-8", "surrogatepass"))
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
