"""What is evaluated: one answer to one task by one model, as the cells that it consists of."""

from __future__ import annotations

import msgspec

from jupyter_guard.terms import Cell


class Sample(msgspec.Struct, frozen=True):
    """Cells that belong together and run one after the other in one session.

    ``task`` is what models have in common, so that they can be compared in pairs; ``number`` tells the samples of one
    model on one task apart, from 1. ``place`` is the file, or file and line, that it came from. A sample without cells
    is an answer without code: it counts, as one that does not parse.
    """

    model: str
    task: str
    number: int
    place: str
    cells: tuple[Cell, ...]


class LeftOut(msgspec.Struct, frozen=True):
    """Something that was not evaluated: where it stands, what kind of trouble it is, and a sentence about it."""

    place: str
    kind: str
    message: str
