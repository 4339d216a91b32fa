"""Many fixed texts -> where they stand in a text, and from where its end may be the beginning of one.

They are found by their first characters: by Hyperscan at gigabytes a second, however many there are, or by `re`.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jupyter_guard.scrub.encodings import SEPARATOR_BYTES, encoded, squeezed
from jupyter_guard.scrub.keywords import alternation

_ANCHOR = 8
_FEW = 24
_LEAST_BARE = 5
"""Fewer characters without separators are in every text."""

BARE_KEPT = 12
"""Bytes of what stands before a piece: of three characters, which may begin a needle, and maybe of more."""

_AT_ONCE = 2_000
"""So many are compiled in a tenth of a second; more in the background, while they are looked for without."""

_AS_THEY_ARE = bytes(range(256))

Place = tuple[int, str]
"""Where an anchor begins, and which."""


class Needles:
    """``needles`` maps each text to what it is called and whether it counts only as a whole word.

    ``inside`` are the characters after which one of their beginnings may go on.
    """

    def __init__(self, needles: Mapping[str, tuple[str, bool]]) -> None:
        self._needles = dict(needles)
        self.longest = max(map(len, needles), default=0)
        self._by_anchor: dict[str, list[str]] = {}
        for needle in needles:
            self._by_anchor.setdefault(needle[:_ANCHOR], []).append(needle)
        self._sorted = sorted(self._by_anchor)
        self.inside = frozenset(character for anchor in self._sorted for character in anchor[:-1])
        self._search: Callable[[str], list[Place]] | None = None

    def __bool__(self) -> bool:
        return bool(self._needles)

    def may_find(self, text: str) -> bool:
        """Whether one of the beginnings is in ``text``."""
        return bool(self._places(text, 0))

    def look(self, text: str, start: int) -> tuple[list[tuple[int, int, tuple[str, bool]]], list[int]]:
        """Every needle that begins in ``text[start:]``, and every place there from which the text may end in one.

        That is in the middle of a needle, or at the end of one that counts only as a whole word.
        """
        size = len(text)
        found = []
        unfinished = set()
        for at, anchor in self._places(text, start):
            for needle in self._by_anchor[anchor]:
                length = len(needle)
                if text.startswith(needle, at):
                    found.append((at, at + length, self._needles[needle]))
                    if at + length == size and self._needles[needle][1]:
                        unfinished.add(at)
                elif at + length > size and needle.startswith(text[at:]):
                    unfinished.add(at)
        unfinished.update(self.unfinished(text, start))
        return found, sorted(unfinished) if unfinished else []

    def unfinished(self, text: str, start: int) -> list[int]:
        """Where in ``text[start:]`` from the text ends in the middle of a needle's first characters."""
        if text[-1:] not in self.inside:
            return []
        size = len(text)
        ordered = self._sorted
        out = []
        for length in range(1, min(_ANCHOR, size - start + 1)):
            tail = text[size - length :]
            at = bisect_left(ordered, tail)
            if at < len(ordered) and ordered[at] == tail:
                at += 1
            if at < len(ordered) and ordered[at].startswith(tail):
                out.append(size - length)
        return out

    @property
    def anchors(self) -> list[str]:
        """The first characters of all, in order."""
        return self._sorted

    def _places(self, text: str, start: int) -> list[Place]:
        if not self._by_anchor:
            return []
        search = self._search or self._prepared()
        piece = text[start:] if start else text
        found = search(piece)
        return [(start + at, anchor) for at, anchor in found] if start and found else found

    def _prepared(self) -> Callable[[str], list[Place]]:
        ordered = sorted(self._by_anchor, key=len, reverse=True)
        if len(ordered) <= _AT_ONCE:
            self._search = _by_hyperscan(ordered) or _by_re(ordered)
        else:
            self._search = _by_sets(ordered)
            threading.Thread(target=self._compile, name="jupyter_guard known values", daemon=True).start()
        return self._search

    def _compile(self) -> None:
        self._search = _by_hyperscan(sorted(self._by_anchor)) or self._search


class Anchors:
    """Whether needles are in a piece of text: ``plain`` ones as it is, ``bare`` ones without separators; in one scan.

    What is in the piece as it is stands in it without separators too, without its own. Of a bare needle fewer than
    ``least`` characters at the end do not count.
    """

    def __init__(self, plain: Needles, bare: Needles, least: int) -> None:
        without = {squeezed(anchor) for anchor in plain.anchors}
        self._as_it_is = any(len(anchor) < _LEAST_BARE for anchor in without)
        words = {encoded(word) for word in (*bare.anchors, *(plain.anchors if self._as_it_is else without))}
        self._plain, self._inside = plain, plain.inside
        begun = [encoded(anchor) for anchor in bare.anchors]
        self._least = -least
        self._begun = frozenset(anchor[at - least : at] for anchor in begun for at in range(least, len(anchor)))
        self._scan: Callable[..., None] | None = None
        self._scratch: Any = None
        self._errors: tuple[type[BaseException], ...] = ()
        if len(words) <= _AT_ONCE:
            self._compile(sorted(words))
        else:
            threading.Thread(
                target=self._compile, args=(sorted(words),), name="jupyter_guard known values", daemon=True
            ).start()

    def none_in(self, piece: str, raw: bytes, before: bytes) -> bytes | None:
        """What stands before the next piece, if no needle begins, goes on or ends in this one.

        ``raw`` is the piece encoded, ``before`` the end of what stands before it, without separators, where no needle
        is unfinished but for fewer characters than ``least``. ``None``: there is one, or nothing is known.
        """
        scan = self._scan
        if scan is None or (piece[-1:] in self._inside and self._plain.unfinished(piece, 0)):
            return None
        bare = before + (raw.translate(_AS_THEY_ARE, SEPARATOR_BYTES) if piece.isascii() else encoded(squeezed(piece)))
        try:
            scan(raw + bare if self._as_it_is else bare, _stop, 0, None, self._scratch)
        except self._errors:
            # Something is there, or another thread is looking.
            return None
        kept = bare[-BARE_KEPT:]
        return None if kept[self._least :] in self._begun else kept

    def _compile(self, words: list[bytes]) -> None:
        try:
            import hyperscan

            database = hyperscan.Database()
            flags = [hyperscan.HS_FLAG_SINGLEMATCH] * len(words)
            database.compile(expressions=words, ids=list(range(len(words))), flags=flags, literal=True)
            self._scratch = hyperscan.Scratch(database)
            self._errors = hyperscan.ScanTerminated, hyperscan.ScratchInUseError
        except Exception:
            # Missing, or too old to know literals: the needles are looked for one kind after the other.
            return
        self._scan = database.scan


def _stop(*_: object) -> bool:
    return True


def _by_re(anchors: list[str]) -> Callable[[str], list[Place]]:
    if len(anchors) <= _FEW:
        return lambda text: sorted((at, anchor) for anchor in anchors for at in _all(text, anchor))
    pattern = re.compile(alternation(anchors))
    known = set(anchors)
    sizes = sorted({len(anchor) for anchor in anchors})

    def search(text: str) -> list[Place]:
        out = []
        found = pattern.search(text)
        while found is not None:
            at = found.start()
            left = len(text) - at
            out += [(at, text[at : at + size]) for size in sizes if size <= left and text[at : at + size] in known]
            found = pattern.search(text, at + 1)
        return out

    return search


def _by_sets(anchors: list[str]) -> Callable[[str], list[Place]]:
    """For very many: there at once, where `re` takes seconds to put them into one expression."""
    by_size: dict[int, set[str]] = {}
    for anchor in anchors:
        by_size.setdefault(len(anchor), set()).add(anchor)

    def search(text: str) -> list[Place]:
        return sorted(
            (at, text[at : at + size])
            for size, known in by_size.items()
            for at in range(len(text) - size + 1)
            if text[at : at + size] in known
        )

    return search


def _all(text: str, anchor: str) -> Iterable[int]:
    at = text.find(anchor)
    while at >= 0:
        yield at
        at = text.find(anchor, at + 1)


def _by_hyperscan(anchors: list[str]) -> Callable[[str], list[Place]] | None:
    if any("\0" in anchor for anchor in anchors):
        # Its binding ends a literal there, and reports what is none.
        return None
    try:
        import hyperscan

        encoded = [anchor.encode("utf-8", "surrogatepass") for anchor in anchors]
        database = hyperscan.Database()
        database.compile(expressions=encoded, ids=list(range(len(encoded))), flags=[0] * len(encoded), literal=True)
        local = threading.local()
    except Exception:
        # Missing, or too old to know literals: `re` finds the same.
        return None

    def search(text: str) -> list[Place]:
        scratch = getattr(local, "scratch", None)
        if scratch is None:
            scratch = local.scratch = hyperscan.Scratch(database)
        data = text.encode("utf-8", "surrogatepass")
        found: list[tuple[int, int]] = []

        def on_match(number: int, _from: int, to: int, *_: Any) -> None:
            found.append((to - len(encoded[number]), number))

        database.scan(data, match_event_handler=on_match, scratch=scratch)
        if not found:
            return []
        if len(data) == len(text):
            return [(at, anchors[number]) for at, number in sorted(found)]
        out = []
        read = place = 0
        for at, number in sorted(found):
            place += len(data[read:at].decode("utf-8", "surrogatepass"))
            read = at
            out.append((place, anchors[number]))
        return out

    return search
