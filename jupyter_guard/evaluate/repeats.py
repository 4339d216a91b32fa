"""The cells of one sample, in order -> how many statements of each stand in a run that was there before."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final

SHORTEST: Final = 3
"""Fewer statements in a row are alike by chance: two imports, a figure and its title."""


def repeated(trees: Sequence[ast.Module | None]) -> list[int]:
    """For each cell, its statements that lie in a run of at least ``SHORTEST`` that an earlier place had as well.

    Statements count as alike when they are the same but for layout and comments; a compound one counts with all that
    stands in it. Raises ``RecursionError`` for trees too deep to be written.
    """
    seen: set[tuple[str, ...]] = set()
    found = []
    for tree in trees:
        again: set[ast.stmt] = set()
        for body in _bodies(tree) if tree is not None else ():
            written = [ast.dump(statement) for statement in body]
            for start in range(len(body) - SHORTEST + 1):
                run = tuple(written[start : start + SHORTEST])
                if run in seen:
                    again.update(body[start : start + SHORTEST])
                seen.add(run)
        found.append(
            len({below for statement in again for below in ast.walk(statement) if isinstance(below, ast.stmt)})
        )
    return found


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and len(body) >= SHORTEST:
                yield body
