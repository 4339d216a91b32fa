"""What the readers make of one cell: its effects, and observations about its shape."""

from __future__ import annotations

import msgspec

from jupyter_guard.terms.cell import Cell, Span
from jupyter_guard.terms.effect import Effect
from jupyter_guard.terms.origin import Origin


class Observation(msgspec.Struct, frozen=True):
    """A fact about the code's shape that is no effect by itself.

    ``what`` is a short name that rules look for (``import``, ``call``, ``hard-coded-secret``,
    ``pickle-of-known-file`` ...), ``detail`` its subject (a module, a qualified name).
    """

    what: str
    detail: str = ""
    span: Span = Span(1, 0, 1, 0)
    origin: Origin = Origin.UNKNOWN


class Reading(msgspec.Struct, frozen=True):
    """A cell as the readers understood it.

    ``problems`` says, a sentence each, what could not be read; each has an ``unread`` effect beside it. A reading that
    is not ``lasting`` left the session's memory as it was: the same text read again at once is read the same.
    """

    cell: Cell
    effects: tuple[Effect, ...] = ()
    observations: tuple[Observation, ...] = ()
    problems: tuple[str, ...] = ()
    lasting: bool = True
