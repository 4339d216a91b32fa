"""Values that must never appear -> where they stand in a text, also encoded, cut up or joined by separators."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from jupyter_guard.scrub.encodings import encoded, forms, places_of, squeezed
from jupyter_guard.scrub.needles import BARE_KEPT, Anchors, Needles
from jupyter_guard.scrub.spans import Found

if TYPE_CHECKING:
    from pathlib import Path

SHORTEST = 4
SHORTEST_INSIDE = 8
"""Shorter values count only at word boundaries, and only when somebody registered or typed them."""

_PUBLIC_WHEN_CUT_UP = 3
_SHORTEST_NUMBER = 20
"""Shorter ones of digits alone are in any column of numbers that is read without its blanks and points."""

_LONGEST_CUT_UP = 512
_BARE_NEAR = 256
CUT_UP_WINDOW = 3 * _LONGEST_CUT_UP + 16
"""So far apart may the first and the last character of a value be that is cut up by separators."""

_STOP = frozenset(
    "true false none null test testing localhost default example password username undefined production development "
    "staging disabled enabled required optional info debug warning error unknown anonymous public private internal "
    "administrator postgres postgresql mysql sqlite mongodb redis admin root user guest jupyter notebook python "
    "changeme 127.0.0.1 0.0.0.0 utf-8 en_us.utf-8 c.utf-8 xterm-256color".split()
)


class Skipped(msgspec.Struct, frozen=True):
    """A value that is not looked for, by the name of where it came from; never the value.

    ``unread``: a file, whose values nobody knows.
    """

    name: str
    reason: str
    unread: bool = False


class KnownValues:
    """The values of one session. ``skipped`` says what was not taken up and why."""

    def __init__(self) -> None:
        self.skipped: list[Skipped] = []
        self._needles: dict[str, tuple[str, bool]] = {}
        self._values: set[str] = set()
        self._refused: set[str] = set()
        self._matcher: Matcher | None = None
        self._changed = False

    def __bool__(self) -> bool:
        return bool(self._needles)

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> list[str]:
        """The values themselves, in order: for whoever may hold them."""
        return sorted(self._values)

    @classmethod
    def of(cls, values: Iterable[str]) -> KnownValues:
        """Known values that somebody registered."""
        known = cls()
        for value in values:
            known.learn(value, "known-value")
        return known

    @classmethod
    def from_sources(cls, names: Iterable[str], env: Mapping[str, str], home: Path) -> KnownValues:
        """What the sources of these ``names`` hold (``env``, ``aws``, ``netrc`` ...; see ``sources.SOURCES``)."""
        from jupyter_guard.scrub.sources import read_sources

        known = cls.told(env)
        for secret in read_sources(names, env, home, known.skipped.append):
            known.learn(secret.value, secret.kind, registered=False, name=secret.name)
        return known

    @classmethod
    def told(cls, env: Mapping[str, str]) -> KnownValues:
        """None yet; those that are learnt without being registered may not be names of this user or host."""
        known = cls()
        refuse = {env.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "HOSTNAME", "HOME", "SHELL", "PWD")}
        known._refused = {value.lower() for value in refuse if value}
        return known

    def learn(self, value: str, kind: str, registered: bool = True, name: str = "") -> bool:
        """Look for ``value`` from now on, under the name ``kind``; returns whether it is looked for.

        ``registered`` values were masked or typed by a person: for them 4 to 7 characters are enough, at word
        boundaries. ``name`` says where the value comes from, for the note when it is not taken up.
        """
        text = value.strip("\r\n")
        if not text.strip():
            return False
        reason = self._reason_against(text, registered)
        if reason:
            self.skipped.append(Skipped(name or kind, reason))
            return False
        if text in self._values:
            return True
        self._values.add(text)
        label = re.sub(r"[^A-Za-z0-9._-]+", "-", kind).strip("-").lower() or "known-value"
        for form in forms(text):
            self._needles.setdefault(form, (label, False))
            if not form.isascii():
                # As buffers are read, and as a wrong codec shows it.
                misread = form.encode("utf-8", "surrogatepass").decode("latin-1")
                self._needles.setdefault(misread, (label, False))
        if len(text) < SHORTEST_INSIDE:
            self._needles[text] = (label, True)
        self._changed = True
        return True

    def _reason_against(self, text: str, registered: bool) -> str:
        if len(text) < SHORTEST:
            return f"shorter than {SHORTEST} characters"
        if len(text) < SHORTEST_INSIDE and not registered:
            return f"shorter than {SHORTEST_INSIDE} characters"
        if registered:
            return ""
        low = text.lower()
        if low in _STOP or low in self._refused:
            return "an ordinary word, user or host name"
        if re.fullmatch(r"(?:/|~/|\.{1,2}/|[A-Za-z]:\\)[\w./\\ ~-]*", text) or re.fullmatch(r"\d{1,9}", text):
            return "a path or a small number"
        return ""

    def matcher(self) -> Matcher | None:
        """What finds the values, or ``None`` when there are none."""
        if self._changed:
            self._matcher = Matcher(self._needles)
            self._changed = False
        return self._matcher


class Matcher:
    """Finds every one of ``needles`` (text -> name, whether only as a word) in texts that arrive in pieces."""

    def __init__(self, needles: Mapping[str, tuple[str, bool]]) -> None:
        self._needles = dict(needles)
        self._plain = Needles(needles)
        self.longest = self._plain.longest
        cut_up: dict[str, tuple[str, bool]] = {}
        self._spread: dict[str, int] = {}  # how far apart the ends of one may be, by what is left without separators
        for needle, (kind, word) in needles.items():
            bare = squeezed(needle)
            shortest = _SHORTEST_NUMBER if bare.isdigit() else SHORTEST_INSIDE
            if not word and shortest <= len(bare) <= _LONGEST_CUT_UP:
                cut_up.setdefault(bare, (kind, False))
                # A list of characters has five for each: quotes, a comma, a space.
                spread = min(5 * len(needle) + 16, CUT_UP_WINDOW)
                self._spread[bare] = max(spread, self._spread.get(bare, 0))
        self._cut_up = Needles(cut_up)
        self._in_json: Needles | None = None

    def spans(self, text: str) -> list[Found]:
        """Values in a whole ``text``, as they are or cut up, also by line ends that are written as in code."""
        found = self.look(text, 0, 0, final=True, shown=0)[0]
        if self._cut_up and "\\n" in text:
            # As wide as before, so that places are the same.
            blank = text.replace("\\r", "  ").replace("\\n", "  ")
            found += self.look(blank, 0, 0, final=True, shown=0)[0]
        return found

    def look(
        self, text: str, start: int, scanned: int, final: bool, shown: int = _PUBLIC_WHEN_CUT_UP
    ) -> tuple[list[Found], int]:
        """Values in ``text[start:]`` that end after ``scanned``, and from where its end may be the beginning of one.

        ``start`` is what the last look said of the text up to ``scanned``; the second answer is the text's length when
        there is no such beginning, or nothing comes any more. ``shown`` characters of a value that is cut up count as
        public: a stream that held each character which a value may begin with would stand still.
        """
        size = len(text)
        found, unfinished = self._plain.look(text, start)
        spans = [
            Found(at, end, kind, 0)
            for at, end, (kind, word) in found
            if not word or self._is_word(text, at, end, final)
        ]
        held = unfinished[0] if unfinished else size
        if self._cut_up:
            held = min(held, self._look_for_cut_up(text, scanned, spans, shown))
        return spans, size if final else held

    @cached_property
    def anchors(self) -> Anchors:
        """What says of a piece that no value begins, goes on or ends in it, as it is or cut up."""
        return Anchors(self._plain, self._cut_up, _PUBLIC_WHEN_CUT_UP + 1)

    @staticmethod
    def bare_end(text: str) -> bytes | None:
        """The end of ``text`` without separators, should it be near."""
        bare = encoded(squeezed(text[-_BARE_NEAR:]))
        return bare[-BARE_KEPT:] if len(bare) >= BARE_KEPT or len(text) <= _BARE_NEAR else None

    def _is_word(self, text: str, at: int, end: int, final: bool) -> bool:
        before = text[at - 1] if at else " "
        if before.isalnum() or before == "_":
            return False
        if end == len(text):
            return final
        return not (text[end].isalnum() or text[end] == "_")

    def _look_for_cut_up(self, text: str, scanned: int, spans: list[Found], shown: int) -> int:
        size = len(text)
        start = max(0, scanned - CUT_UP_WINDOW)
        bare = squeezed(text[start:])
        found, unfinished = self._cut_up.look(bare, 0)
        last = len(bare) - _PUBLIC_WHEN_CUT_UP
        unfinished = [at for at in unfinished if at < last]
        if len(bare) == size - start:
            found = []
        if not found and not unfinished:
            return size
        wanted = [place for at, end, _ in found for place in (at, at + shown, end - 1)]
        wanted += [place for at in unfinished for place in (at, at + _PUBLIC_WHEN_CUT_UP)]
        places = places_of(text, start, wanted)
        for at, end, (kind, _word) in found:
            first, after = places[at], places[end - 1] + 1
            if after > scanned and end - at < after - first <= self._spread[bare[at:end]]:
                spans.append(Found(places[at + shown], after, kind, 0))
        near = (at for at in unfinished if size - places[at] <= CUT_UP_WINDOW)
        return next((places[at + _PUBLIC_WHEN_CUT_UP] for at in near), size)

    def may_be_in_json(self, raw: str) -> bool:
        """Whether a value may be in a text that is ``raw`` as JSON."""
        if self._in_json is None:
            escaped = {json.dumps(needle, ensure_ascii=False)[1:-1]: what for needle, what in self._needles.items()}
            self._in_json = Needles({needle: what for needle, what in escaped.items() if needle not in self._needles})
        if self._plain.may_find(raw) or self._in_json.may_find(raw):
            return True
        if not self._cut_up:
            return False
        return self._cut_up.may_find(squeezed(raw.replace("\\n", " ").replace("\\t", " ").replace("\\r", " ")))
