"""A cell as the guard receives it, and a place in its text."""

from __future__ import annotations

import msgspec

from jupyter_guard.terms.origin import Origin


class Span(msgspec.Struct, frozen=True):
    """A place in a cell's text.

    Lines count from 1 and columns from 0, in characters (code points); the end is exclusive. ``ast`` counts
    columns in UTF-8 bytes: readers convert.
    """

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def whole(cls, code: str) -> Span:
        """The span of all of ``code``."""
        return cls(1, 0, code.count("\n") + 1, len(code) - code.rfind("\n") - 1)


class Cell(msgspec.Struct, frozen=True):
    """One unit of code on its way to a kernel.

    ``language`` is ``"python"`` (IPython syntax allowed), ``"bash"`` or ``"sql"``; ``cell_id`` is the notebook
    format's id where there is one; ``number`` is the position in the notebook or run, from 1, or 0. ``executed`` is
    the execution count that its file says it ran with, or 0.
    """

    code: str
    origin: Origin = Origin.UNKNOWN
    language: str = "python"
    cell_id: str = ""
    number: int = 0
    executed: int = 0
