"""A text -> where the patterns' keywords stand in it: one expression for all, so that `re` reads the text once."""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache, cached_property

from jupyter_guard.scrub.named import LOOK_BEHIND
from jupyter_guard.scrub.patterns import Pattern, stands_free

_MAY_BEGIN = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf]))[A-Za-z](?=[\w.$+-]*\Z)", re.ASCII)

_WITHIN = frozenset(string.ascii_letters + string.digits)
"""Characters after which no beginning stands free."""

Hit = tuple[int, int, Pattern]
"""Start and end of a keyword, and a pattern that may follow it."""

Trie = dict[str, "Trie"]


def lowered(text: str) -> str:
    """``text`` in lower case, each character in its place."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


class Keywords:
    """Finds every keyword of ``patterns``, overlapping ones too."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        # Kept by every kernel as long as it runs: what can be shared is.
        self.by_word: dict[str, tuple[Pattern, ...]] = {}
        for pattern in patterns:
            alone = (pattern,)
            for word in pattern.keywords:
                low = word.lower()
                others = self.by_word.get(low, ())
                if not others:
                    self.by_word[word if low == word else low] = alone
                elif pattern not in others:
                    self.by_word[low] = others + alone
        self.longest = max(map(len, self.by_word), default=1)
        self._likely: dict[str, _Likely] = {}

    # Made when they are needed: another engine finds the keywords by itself, and these are a megabyte.

    @cached_property
    def _beginnings(self) -> dict[str, list[str]]:
        return {
            word: [other for other in (word[:size] for size in range(1, len(word) + 1)) if other in self.by_word]
            for word in self.by_word
        }

    @cached_property
    def _any(self) -> re.Pattern[str] | None:
        return re.compile(alternation(self.by_word)) if self.by_word else None

    def hits(self, text: str, start: int) -> Iterator[Hit]:
        """Keywords that end after ``start``, with the patterns that may follow them there.

        Without those where what follows in ``text`` is none of what a pattern has before its secret, nor begins so.
        """
        if self._any is None:
            return
        begin = max(0, start - self.longest + 1)
        low = lowered(text[begin:])
        search = self._any.search
        found = search(low)
        while found is not None:
            at = begin + found.start()
            for word in self._beginnings[found[0]]:
                end = at + len(word)
                if end > start:
                    likely = self._likely.get(word) or self._look_up(word)
                    yield from self._of(likely.there(text, end), text, at, end)
            found = search(low, found.start() + 1)

    def any_in(self, text: str) -> bool:
        """Whether a keyword is in ``text``, in any case."""
        return self._any is not None and self._any.search(lowered(text)) is not None

    def at(self, text: str, at: int, word: str) -> Iterator[Hit]:
        """The patterns of the lower-case keyword ``word``, which stands at ``at`` in some case."""
        return self._of(self.by_word[word], text, at, at + len(word))

    @staticmethod
    def _of(patterns: Iterable[Pattern], text: str, at: int, end: int) -> Iterator[Hit]:
        spelled = text[at:end]
        for pattern in patterns:
            if (pattern.ignore_case or spelled in pattern.keywords) and pattern.may_begin(text, at, end):
                yield at, end, pattern

    def _look_up(self, word: str) -> _Likely:
        self._likely[word] = _Likely(self.by_word[word])
        return self._likely[word]


class _Likely:
    """The patterns of one word, and what each has before its secret."""

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        self._patterns = patterns
        # Of one alone it is no less work to say.
        begun = [pattern.shape.before_begun for pattern in patterns] if len(patterns) > 1 else []
        self._before = [re.compile(before, re.ASCII) if before else None for before in begun] if any(begun) else []

    def there(self, text: str, end: int) -> Iterable[Pattern]:
        """Those that what follows the keyword, which ends at ``end``, does not rule out at once."""
        if not self._before:
            return self._patterns
        pairs = zip(self._patterns, self._before, strict=True)
        return [pattern for pattern, before in pairs if before is None or before.match(text, end)]


def hits_of(pattern: Pattern, text: str, start: int, stop: int) -> Iterator[Hit]:
    """Keywords of one pattern in ``text[:stop]`` that end after ``start``."""
    # What a keyword stands free after is at most two characters.
    shift = max(0, start - LOOK_BEHIND - 2)
    read = text[shift:stop]
    if pattern.ignore_case:
        read = lowered(read)
    first = start - shift + 1
    for word in pattern.keywords:
        if word not in read:
            # Most are not, and this says so in half the time.
            continue
        size = len(word)
        at = read.find(word, max(0, first - size))
        if pattern.edge and pattern.lead is None and word[0].isalnum():
            search = _standing_free(word).search
            found = search(read, at) if at >= 0 else None
            while found is not None:
                at = found.start()
                if not pattern.ignore_case or stands_free(text, at + shift):
                    yield at + shift, at + shift + size, pattern
                found = search(read, at + 1)
            continue
        while at >= 0:
            end = at + size
            if pattern.may_begin(text, at + shift, end + shift):
                yield at + shift, end + shift, pattern
            at = read.find(word, at + 1)


@cache
def _standing_free(word: str) -> re.Pattern[str]:
    """Where ``word`` stands as ``stands_free`` says: said after it, so that `re` looks for its first characters."""
    literal = re.escape(word)
    return re.compile(rf"{literal}(?:(?<![A-Za-z0-9]{literal})|(?<=\\[nrtbf]{literal}))")


class Beginnings:
    """The beginnings of the keywords that go with their secrets: a text that ends in one is not passed on yet.

    ``last`` are the characters that such a beginning can end in.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._words = sorted({word for p in patterns if p.goes_with_secret for word in p.keywords})
        begun = [word[:-1] for word in self._words]
        self.last = frozenset(character for word in begun for character in word)
        # Two characters at the end, and three, tell most text from a beginning.
        self._first_two = frozenset(word[:2] for word in begun)
        self._three = frozenset(word[at : at + 3] for word in begun for at in range(len(word) - 2))
        self._longest = max((len(word) - 1 for word in self._words), default=0)

    def held(self, text: str) -> int:
        """From where the end of ``text`` may be such a keyword's beginning; its length when nowhere."""
        size = len(text)
        if text[-1:] not in self.last:
            return size
        end = text[-3:]
        if (
            end[1:2] in _WITHIN
            and end[0] != "\\"
            and end not in self._three
            and end[1:] not in self._first_two
            and size > 2
        ):
            return size
        # One character more, which says whether the first stands free, and what that takes.
        start = max(0, size - self._longest - 2)
        tail = text[start:]
        for found in _MAY_BEGIN.finditer(tail):
            at = found.start()
            if self._has(tail[at:]) and stands_free(text, start + at):
                return start + at
        return size

    def _has(self, beginning: str) -> bool:
        """Whether some keyword goes on after ``beginning``."""
        after = bisect_right(self._words, beginning)
        return after < len(self._words) and self._words[after].startswith(beginning)


def alternation(words: Iterable[str]) -> str:
    """An expression that matches the longest of ``words`` at a place, sharing their beginnings."""
    root: Trie = {}
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}
    return _branches(root)


def _branches(node: Trie) -> str:
    ends = "" in node
    parts = [re.escape(character) + _branches(below) for character, below in node.items() if character]
    if not parts:
        return ""
    joined = parts[0] if len(parts) == 1 and not ends else f"(?:{'|'.join(parts)})"
    return f"{joined}?" if ends else joined
