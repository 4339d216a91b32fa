"""Patterns -> where in a text they may match; by `re` at once, by Hyperscan as soon as it is ready."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from jupyter_guard.scrub.keywords import Beginnings, Hit, Keywords
from jupyter_guard.scrub.patterns import Pattern, builtin
from jupyter_guard.scrub.tables import COLUMN

_COMPILE_SECONDS = 120


class Engine(Protocol):
    """Says where to look. It may name places in vain, but leaves out none where a pattern matches or still may."""

    @property
    def beginnings(self) -> Beginnings:
        """Where a text may end in the middle of a keyword that goes with its secret."""

    def hits(self, text: str, start: int, final: bool, begin: int = -1, data: bytes | None = None) -> Iterable[Hit]:
        """Keywords in ``text`` that end after ``start`` and may have a secret behind them.

        Lines are read from ``begin`` on, if that is given, and it must not be near ``start`` otherwise. ``data`` is the
        text after ``start`` in UTF-8, where that is known.
        """

    @property
    def overlap(self) -> int:
        """So many bytes before a text can hold the beginning of a keyword that goes on in it; at least 1."""

    def nothing_in(self, data: bytes) -> bool:
        """Whether nothing matches in a text in UTF-8, and it does not end in the middle; it need not say yes."""

    def hits_in_all(self, data: bytes, text: Callable[[], str]) -> Sequence[Hit]:
        """The same in a text that is all there is, in UTF-8. It is asked for as text only where something is found."""

    def any_keyword(self, text: str) -> bool:
        """Whether there is any keyword in ``text``."""

    def may_match(self, data: bytes | memoryview) -> bool:
        """Whether a token may be in ``data``, which is no text in particular."""


class ByKeyword:
    """Looks at every keyword; needs nothing but `re`."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._keywords = Keywords(patterns)
        self.beginnings = Beginnings(patterns)
        self.overlap = self._keywords.longest

    def nothing_in(self, data: bytes) -> bool:
        """Never: looking at the keywords that there are takes as long."""
        return False

    def hits(self, text: str, start: int, final: bool, begin: int = -1, data: bytes | None = None) -> Iterable[Hit]:
        """Every keyword that ends after ``start``."""
        return self._keywords.hits(text, start)

    def hits_in_all(self, data: bytes, text: Callable[[], str]) -> Sequence[Hit]:
        """Every keyword."""
        return list(self._keywords.hits(text(), 0))

    def may_match(self, data: bytes | memoryview) -> bool:
        """Whether there is a keyword at all."""
        return self._keywords.any_in(bytes(data).decode("latin-1"))

    def any_keyword(self, text: str) -> bool:
        """Whether there is one at all."""
        return self._keywords.any_in(text)


class Together:
    """The built-in formats' engine, whichever is in use, and an organisation's."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._own = _Current(patterns)
        self.beginnings = Beginnings([*builtin(), *patterns])

    @property
    def overlap(self) -> int:
        """Of both."""
        return max(engine_for(None).overlap, self._own.engine.overlap)

    def nothing_in(self, data: bytes) -> bool:
        """Whether both say so."""
        return engine_for(None).nothing_in(data) and self._own.engine.nothing_in(data)

    def hits_in_all(self, data: bytes, text: Callable[[], str]) -> Sequence[Hit]:
        """The hits of both."""
        return [*engine_for(None).hits_in_all(data, text), *self._own.engine.hits_in_all(data, text)]

    def hits(self, text: str, start: int, final: bool, begin: int = -1, data: bytes | None = None) -> Iterable[Hit]:
        """The hits of both."""
        return [
            *engine_for(None).hits(text, start, final, begin, data),
            *self._own.engine.hits(text, start, final, begin, data),
        ]

    def may_match(self, data: bytes | memoryview) -> bool:
        """Whether one of both says so."""
        return engine_for(None).may_match(data) or self._own.engine.may_match(data)

    def any_keyword(self, text: str) -> bool:
        """Whether one of both finds one."""
        return engine_for(None).any_keyword(text) or self._own.engine.any_keyword(text)


class _Current:
    """An organisation's patterns: few, so that compiling them takes milliseconds, which still no output waits for."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.engine: Engine = ByKeyword(patterns)
        self._patterns = patterns
        threading.Thread(target=self._compile, name="jupyter_guard scrub patterns", daemon=True).start()

    def _compile(self) -> None:
        from jupyter_guard.scrub.expressions import Expressions
        from jupyter_guard.scrub.hyper import ByHyperscan

        def compiled() -> Engine:
            expressions = Expressions(self._patterns)
            whole, ends, words = expressions.compiled()
            return ByHyperscan(expressions, ends, words, lambda: whole)

        self.engine = _or_else(compiled) or self.engine


_ENGINES: dict[int, tuple[Sequence[Pattern], Engine]] = {}
_fast: list[Engine] = []
"""The engine for the built-in formats, once there is one that is fast."""

_preparing = threading.Lock()
_prepared = threading.Event()


def engine_for(patterns: Sequence[Pattern] | None) -> Engine:
    """The engine for ``patterns``, or for the built-in ones: for these a faster one takes over when it is ready."""
    if patterns is None and _fast:
        return _fast[0]
    chosen = builtin() if patterns is None else patterns
    found = _ENGINES.get(id(chosen))
    if found is not None and found[0] is chosen:
        return found[1]
    inside = builtin()
    engine: Engine
    if chosen is inside:
        # What was compiled before is there in milliseconds; only compiling takes a while.
        ready = _or_else(_stored)
        if ready is not None:
            _ENGINES[id(chosen)] = (chosen, ready)
            _fast.append(ready)
            return ready
        engine = ByKeyword((*chosen, COLUMN))
        threading.Thread(target=prepare, name="jupyter_guard scrub engine", daemon=True).start()
    elif len(chosen) > len(inside) and all(one is other for one, other in zip(chosen, inside, strict=False)):
        engine = Together(chosen[len(inside) :])
    else:
        engine = ByKeyword(chosen)
    _ENGINES[id(chosen)] = (chosen, engine)
    return engine


def prepare() -> bool:
    """Load the fast engine, compiling it first where that was never done; returns whether it is in use."""
    with _preparing:
        if not _prepared.is_set():
            engine = _or_else(_stored) or _or_else(_compiled)
            if engine is not None:
                _ENGINES[id(builtin())] = (builtin(), engine)
                _fast[:] = [engine]
            _prepared.set()
    return not isinstance(engine_for(None), ByKeyword)


def _or_else(make: Callable[[], Engine | None]) -> Engine | None:
    try:
        import hyperscan  # noqa: F401

        return make()
    except ImportError:
        return None
    except Exception:
        # The engine that needs nothing goes on serving, with the same results.
        import logging

        logging.getLogger("jupyter_guard").info("scrubbing without Hyperscan", exc_info=True)
        return None


def _stored() -> Engine | None:
    from jupyter_guard.scrub.cache import cache_directory, stored
    from jupyter_guard.scrub.expressions import Expressions
    from jupyter_guard.scrub.hyper import ByHyperscan

    expressions = Expressions((*builtin(), COLUMN))
    directory = cache_directory(os.environ, os.path.expanduser("~"))
    ends, words = (stored(directory, f"{expressions.name}-{part}") for part in ("ends", "words"))
    if ends is None or words is None:
        return None
    name = f"{expressions.name}-whole"
    return ByHyperscan(expressions, ends, words, lambda: stored(directory, name))


def _compiled() -> Engine | None:
    import subprocess

    from jupyter_guard.scrub.cache import cache_directory

    # -P: a package of our name in the working directory must not be what runs here.
    directory = cache_directory(os.environ, os.path.expanduser("~"))
    command = [sys.executable, "-P", "-m", "jupyter_guard.scrub.compile", directory, str(os.getpid())]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_COMPILE_SECONDS, check=False)
    return _stored() if done.returncode == 0 else None
