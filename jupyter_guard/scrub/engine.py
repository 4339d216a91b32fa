"""Patterns -> where in a text they may match; by `re` at once, by Hyperscan as soon as it is ready."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from jupyter_guard.scrub.keywords import Hit, Keywords
from jupyter_guard.scrub.patterns import Pattern, builtin


class Engine(Protocol):
    """Says where to look. It may name places in vain, but leaves out none where a pattern matches or still may."""

    def hits(self, text: str, start: int, final: bool) -> Iterable[Hit]:
        """Keywords in ``text`` that end after ``start`` and may have a secret behind them."""

    def any_keyword(self, text: str) -> bool:
        """Whether there is any keyword in ``text``."""


class ByKeyword:
    """Looks at every keyword; needs nothing but `re`."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._keywords = Keywords(patterns)

    def hits(self, text: str, start: int, final: bool) -> Iterable[Hit]:
        """Every keyword that ends after ``start``."""
        return self._keywords.hits(text, start)

    def any_keyword(self, text: str) -> bool:
        """Whether there is one at all."""
        return self._keywords.any_in(text)


_ENGINES: dict[int, tuple[Sequence[Pattern], Engine]] = {}


def engine_for(patterns: Sequence[Pattern] | None) -> Engine:
    """The engine for ``patterns``, or for the built-in ones."""
    chosen = builtin() if patterns is None else patterns
    found = _ENGINES.get(id(chosen))
    if found is None or found[0] is not chosen:
        found = _ENGINES[id(chosen)] = (chosen, ByKeyword(chosen))
    return found[1]
