"""Patterns -> where in a text they may match; by `re` at once, by Hyperscan as soon as it is ready."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from jupyter_guard.scrub.keywords import Hit, Keywords
from jupyter_guard.scrub.patterns import Pattern, builtin

_COMPILE_SECONDS = 120


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
_preparing = threading.Lock()
_prepared = threading.Event()


def engine_for(patterns: Sequence[Pattern] | None) -> Engine:
    """The engine for ``patterns``, or for the built-in ones: for these a faster one takes over when it is ready."""
    chosen = builtin() if patterns is None else patterns
    found = _ENGINES.get(id(chosen))
    if found is None or found[0] is not chosen:
        found = _ENGINES[id(chosen)] = (chosen, ByKeyword(chosen))
        if patterns is None:
            threading.Thread(target=prepare, name="jupyter_guard scrub engine", daemon=True).start()
    return found[1]


def prepare() -> bool:
    """Load the fast engine, compiling it first where that was never done; returns whether it is in use."""
    with _preparing:
        if not _prepared.is_set():
            try:
                _use_hyperscan()
            except Exception:
                # The engine that needs nothing goes on serving, with the same results.
                import logging

                logging.getLogger("jupyter_guard").info("scrubbing without Hyperscan", exc_info=True)
            _prepared.set()
    return not isinstance(engine_for(None), ByKeyword)


def _use_hyperscan() -> None:
    try:
        import hyperscan  # noqa: F401
    except ImportError:
        return
    import subprocess

    from jupyter_guard.scrub.cache import cache_directory, stored
    from jupyter_guard.scrub.hyper import ByHyperscan, Expressions

    patterns = builtin()
    expressions = Expressions(patterns)
    directory = cache_directory(os.environ, Path.home())
    databases = stored(directory, expressions.name)
    if databases is None:
        # -P: a package of our name in the working directory must not be what runs here.
        command = [sys.executable, "-P", "-m", "jupyter_guard.scrub.compile", str(directory)]
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_COMPILE_SECONDS, check=False
        )
        databases = stored(directory, expressions.name) if done.returncode == 0 else None
    if databases is not None:
        _ENGINES[id(patterns)] = (patterns, ByHyperscan(patterns, expressions, *databases))
