"""Live claims, as they come -> the one that a run may be judged by."""

from __future__ import annotations

from typing import TypeVar

from jupyter_guard.origin.claim import Claim
from jupyter_guard.terms import Origin

Key = TypeVar("Key")


class Claims:
    """The latest live claims about each code, and about each cell with that code. At most ``kept`` of either."""

    def __init__(self, kept: int = 2000) -> None:
        self._kept = kept
        self._of_code: dict[str, Claim] = {}
        self._of_cell: dict[tuple[str, str], Claim] = {}
        self._used: set[str] = set()

    def keep(self, claim: Claim) -> None:
        """Take a claim; it replaces what was claimed before about the same code in the same cell."""
        self._put(self._of_code, claim.sha256, claim)
        self._used.discard(claim.sha256)
        if claim.cell_id:
            self._put(self._of_cell, (claim.sha256, claim.cell_id), claim)

    def about(self, sha256: str, cell_id: str = "") -> Claim | None:
        """The claim for a run of the code with this hash; ``cell_id`` is empty where the request names no cell.

        A run that names its cell is a person's only by a claim about that cell: that somebody typed the same text into
        another one, perhaps on another page, says nothing of this one. What raises scrutiny counts wherever it was
        said.
        """
        found = self._of_cell.get((sha256, cell_id)) if cell_id else None
        if found is not None:
            return found
        latest = self._of_code.get(sha256)
        if latest is None or latest.author > Origin.HUMAN:
            return latest
        if cell_id:
            return None if latest.cell_id else latest
        # Nothing tells which of the cells with this text it is.
        others = [one for (code, _), one in self._of_cell.items() if code == sha256]
        strictest = max([latest, *others], key=lambda one: one.author.rank)
        return None if sha256 in self._used and strictest.author is Origin.HUMAN else strictest

    def used(self, sha256: str) -> None:
        """A run was judged by the claim about this code: it is no word about another run that names no cell.

        A person says it anew each time they run; a program that runs the same text after them says nothing.
        """
        self._used.add(sha256)
        if len(self._used) > self._kept:
            self._used.intersection_update(self._of_code)

    def _put(self, claims: dict[Key, Claim], key: Key, claim: Claim) -> None:
        claims.pop(key, None)
        claims[key] = claim
        while len(claims) > self._kept:
            del claims[next(iter(claims))]
