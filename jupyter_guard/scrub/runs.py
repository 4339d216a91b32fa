r"""A secret that was found -> how far it goes on: to what closes its quotes, tag or braces, or its characters end.

A shape reads so many characters and none that ordinary values lack; that is enough to know a secret, and not to see all
of it. Once one is known, everything up to the end of its run belongs to it, however long that is. A run is read from
left to right with a few numbers for state, so a stream neither holds it nor reads it twice, wherever it is cut.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Protocol

from jupyter_guard.scrub.rewrite import CAP
from jupyter_guard.scrub.spans import Found

if TYPE_CHECKING:
    from jupyter_guard.scrub.patterns import Pattern

_QUOTES = "\"'`"
_MOST_SLASHES = 15
_MOST_AT_ONCE = 64
"""Of backslashes or quotes in a row at the end of a text only the last wait for what follows them."""

_NEAR = 8
"""Several patterns know the same secret, one after the other; looking further would take long where there are many."""

_ENTITY = re.compile(r"&(?:quot|#39|#34|apos);\Z")
_ENTITY_BEGUN = re.compile(r"&[#a-z0-9]{0,4}\Z")
_TAG = re.compile(r"<[A-Za-z][\w:.-]{0,60}(?:\s[^<>]{0,120})?>\s{0,20}\Z", re.ASCII)
_WORD = re.compile(r"""(?:\A|[\s=,(\[])\\{0,3}(["'])[^\s"']{0,160}\Z""")
_LOOK_BEHIND = 240


class _Rule(Protocol):
    """What ends a run; equal ones end it at the same place."""

    def read(self, text: str, at: int, begun: int, final: bool) -> tuple[int, bool]:
        """How far ``text`` from ``at`` on belongs to a run that began at ``begun``, and whether it ended there.

        Where it has not ended and more than that is there, the rest waits for what follows.
        """


class Run:
    """How one secret goes on that began at ``begun`` and is known up to ``stop``. ``kind`` and ``rank`` are its own.

    ``at`` is how far it was read.
    """

    __slots__ = ("_begun", "_from", "_rule", "at", "ended", "kind", "rank")

    def __init__(self, rule: _Rule, begun: int, stop: int, kind: str, rank: int) -> None:
        self._rule = rule
        self._begun = begun
        self._from = stop
        self.at = begun
        self.ended = False
        self.kind = kind
        self.rank = rank

    def read(self, text: str, final: bool) -> Found | None:
        """What of ``text`` belongs to it beyond what was read before; ``ended`` says whether more can."""
        start = max(self.at, self._from)
        self.at, self.ended = self._rule.read(text, self.at, self._begun, final)
        # One character back, so that it is one with what it goes on from.
        return Found(start - 1, self.at, self.kind, self.rank, goes_on=True) if self.at > start else None

    def moved(self, by: int) -> None:
        """The text begins ``by`` characters earlier."""
        self.at += by
        self._from += by
        self._begun += by

    def same_as(self, other: Run) -> bool:
        """Whether both go on alike; of two such one is enough."""
        return (self.at, self._begun, self._rule) == (other.at, other._begun, other._rule)


class _Characters:
    """Goes on with characters of one class; only where a shape's bound has ended it, which the first one shows."""

    def __init__(self, first: re.Pattern[str], rest: re.Pattern[str]) -> None:
        self._first = first
        self._rest = rest

    def read(self, text: str, at: int, begun: int, final: bool) -> tuple[int, bool]:
        if at >= len(text):
            return at, False
        if at == begun and self._first.match(text, at) is None:
            return at, True
        found = self._rest.match(text, at)
        end = found.end() if found is not None else at
        return end, end < len(text)


class _Closed:
    """Goes on to ``close``, or to the end of the line; after ``CAP`` characters to the first blank.

    A quote with as many backslashes before it as the opening one had (``slashes``) closes, one with more is inside.
    With ``doubled`` two in a row are one that is inside, as in SQL, YAML and CSV; with ``escapes`` backslashes count.
    """

    def __init__(self, close: str, slashes: int = 0, doubled: bool = False, escapes: bool = False) -> None:
        self._close = close
        self._slashes = slashes
        self._doubled = doubled
        self._escapes = escapes
        quote = re.escape(close) if len(close) > 1 and close[0] == "&" else f"{re.escape(close[0])}+"
        event = rf"(?P<quote>{quote})|(?P<line>[\r\n])" + (r"|(?P<slashes>\\+)" if escapes else "")
        self._event = re.compile(event)
        self._long = re.compile(rf"{event}|(?P<blank>\s)")

    def read(self, text: str, at: int, begun: int, final: bool) -> tuple[int, bool]:
        size = len(text)
        slashes = 0
        while True:
            found = self._event.search(text, at)
            if begun + CAP < (found.start() if found is not None else size):
                found = self._long.search(text, max(at, begun + CAP))
            if found is None:
                begins = _ENTITY_BEGUN.search(text, max(at, size - 6)) if self._close[0] == "&" and not final else None
                return (begins.start() if begins is not None else size), False
            kind, place, end = found.lastgroup, found.start(), found.end()
            if kind in ("line", "blank"):
                return place, True
            many, waits = end - place, end == size and not final
            if kind == "slashes":
                if waits:
                    # An even number of those that stand for one says as much as none.
                    whole = 2 * (self._slashes + 1)
                    return place + max(0, many - _MOST_AT_ONCE) // whole * whole, False
                slashes, at = many if text.startswith(self._close[0], end) else 0, end
                continue
            if self._inside(slashes):
                slashes, at = 0, place + 1
                continue
            if self._doubled and not slashes:
                if waits:
                    return place + max(0, many - _MOST_AT_ONCE) // 2 * 2, False
                if many % 2:
                    return end - 1, True
                at = end
                continue
            if many < len(self._close) and self._close[0] != "&":
                if waits:
                    return place - slashes, False
                slashes, at = 0, end
                continue
            return place - min(slashes, self._slashes), True

    def _inside(self, slashes: int) -> bool:
        """Whether a quote after so many backslashes is one of the value's own."""
        if not self._escapes or slashes <= self._slashes:
            return False
        return (slashes - self._slashes) // (self._slashes + 1) % 2 == 1


@cache
def _closed(close: str, slashes: int = 0, doubled: bool = False, escapes: bool = False) -> _Closed:
    return _Closed(close, slashes, doubled, escapes)


@cache
def _characters(first: str, rest: str) -> _Characters:
    return _Characters(re.compile(first, re.ASCII), re.compile(f"{rest}*", re.ASCII))


_KEY = _Characters(re.compile(""), re.compile(r"[A-Za-z0-9+/=_\\\r\n]*"))
_ANYTHING = _Characters(re.compile(""), re.compile(r"[^\s\"'<>]*"))


def run_of(pattern: Pattern, text: str, start: int, stop: int) -> Run | None:
    """How the secret at ``text[start:stop]`` may go on, that ``pattern`` has found; ``None``: it does not."""
    rank = 2 if pattern.generic else 1
    if stop - start >= CAP:
        # Longer than any shape: what belongs to it is not known, so all of it goes.
        return Run(_ANYTHING, stop, stop, pattern.kind, rank)
    if not pattern.goes_with_secret:
        rule = _opened(text, start, pattern.word)
        if rule is not None and rule.read(text[start:stop], 0, 0, True) == (stop - start, False):
            return Run(rule, start, stop, pattern.kind, rank)
    tail = pattern.shape.tail
    return Run(_characters(*tail), stop, stop, pattern.kind, rank) if tail is not None else None


def overlong_run(kind: str, at: int) -> Run:
    """How a secret longer than any shape goes on from ``at``: over ends of lines too, as these stand in keys."""
    return Run(_KEY, at, at, kind, 1)


def _opened(text: str, start: int, word: bool) -> _Closed | None:
    """What closes what stands directly before ``text[start]``, or what opens the shell's word that it is in."""
    before = text[start - 1 : start]
    if before and before in _QUOTES:
        return _quoted(text, start)
    if before == "{":
        return _closed("}", doubled=True)
    if before == ";":
        entity = _ENTITY.search(text, max(0, start - 6), start)
        return _closed(entity[0]) if entity is not None else None
    if before == ">" or before.isspace():
        near = text[max(0, start - _LOOK_BEHIND) : start]
        if near.rstrip().endswith(">") and _TAG.search(near):
            return _closed("<")
    if word:
        found = _WORD.search(text[max(0, start - _LOOK_BEHIND) : start])
        if found is not None:
            return _quoted(text, max(0, start - _LOOK_BEHIND) + found.end(1))
    return None


def _quoted(text: str, start: int) -> _Closed:
    """What closes the quote that ends at ``start``."""
    quote = text[start - 1]
    many = 1
    while many < 3 and text[start - many - 1 : start - many] == quote:
        many += 1
    first = start - many
    bare = text[max(0, first - _MOST_SLASHES) : first].rstrip("\\")
    slashes = min(first, _MOST_SLASHES) - len(bare)
    if many == 3:
        return _closed(3 * quote, slashes, False, True)
    return _closed(quote, slashes, many == 1 and slashes == 0, True)


def read_runs(runs: list[Run], text: str, final: bool, found: list[Found]) -> int:
    """Reads all of ``runs`` on, drops those that have ended, and returns from where ``text`` waits for what follows."""
    hold = len(text)
    near = 2 * len(runs)
    for run in runs:
        more = run.read(text, final)
        if more is not None:
            _add(more, found, near)
        if not run.ended:
            hold = min(hold, run.at)
    runs[:] = [run for run in runs if not run.ended]
    return hold


def _add(more: Found, found: list[Found], near: int) -> None:
    """Adds ``more`` to ``found``, as one with what it goes on from if that is among the last ``near``.

    A secret that comes character by character would otherwise be as many places, which are put in order each time.
    """
    for at in range(len(found) - 1, max(-1, len(found) - 1 - near), -1):
        last = found[at]
        if last.goes_on and last.end == more.start + 1 and (last.kind, last.rank) == (more.kind, more.rank):
            found[at] = Found(last.start, more.end, more.kind, more.rank, True, last.named)
            return
    found.append(more)


def add_run(runs: list[Run], run: Run | None) -> None:
    """Adds ``run``, if there is one, unless one of the last of ``runs`` goes on alike."""
    if run is not None and not any(run.same_as(one) for one in runs[-_NEAR:]):
        runs.append(run)
