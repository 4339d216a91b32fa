"""Live claims, as they come -> the one that a run may be judged by."""

from __future__ import annotations

from typing import TypeVar

from jupyter_guard.origin.claim import Claim
from jupyter_guard.terms import Origin

Key = TypeVar("Key")


class Claims:
    """What each speaker, a front end's connection, has claimed: about each code, and each cell with that code.

    At most ``kept`` of either from each of the latest ``speakers``.
    """

    def __init__(self, kept: int = 2000, speakers: int = 200) -> None:
        self._kept, self._speakers = kept, speakers
        self._said: dict[bytes, _Said] = {}
        self._used: set[str] = set()
        self._count = 0

    def keep(self, claim: Claim, speaker: bytes = b"", may_lower: bool = True) -> None:
        """Take a claim; it replaces what its speaker claimed before about the same code in the same cell.

        Without ``may_lower`` it does so only where it is as strict: many speak by that name.
        """
        said = self._said.pop(speaker, None) or _Said(self._kept)
        self._said[speaker] = said
        while len(self._said) > self._speakers:
            del self._said[next(iter(self._said))]
        self._count += 1
        said.keep(claim, may_lower, self._count)
        self._used.discard(claim.sha256)

    def about(
        self, sha256: str, cell_id: str = "", runner: bytes = b"", beside: bytes = b"", *, last: bool = False
    ) -> Claim | None:
        """The claim for a run of the code with this hash; ``cell_id`` is empty where the request names no cell.

        By the word of the page that runs it, ``runner``, if there is one, and of what speaks ``beside`` it on the same
        connection: it saw how the text arrived there, which for another page of the same document came from somebody
        else. Else by the strictest of what the speakers say, because any program can open a connection of its own:
        nobody lowers what another one said; nor has a page that was reloaded seen who wrote what it found there. With
        ``last``, by who spoke of the code last: where a server executes, that is the page that had it executed.
        """
        is_used = sha256 in self._used
        said = {name: one for name, words in self._said.items() if (one := words.about(sha256, cell_id, is_used))}
        strictest = max(said.values(), key=lambda one: one.author.rank, default=None)
        if runner in said:
            own = max((said[name] for name in (runner, beside) if name in said), key=lambda one: one.author.rank)
            return strictest if own.author is Origin.IMPORTED else own
        if last and said:
            return said[max(said, key=lambda name: self._said[name].last_of(sha256))]
        return strictest

    def used(self, sha256: str) -> None:
        """A run was judged by the claim about this code: it is no word about another run that names no cell.

        A person says it anew each time they run; a program that runs the same text after them says nothing.
        """
        self._used.add(sha256)
        if len(self._used) > self._kept:
            self._used = {one for one in self._used if any(said.knows(one) for said in self._said.values())}


class _Said:
    """The latest claims of one speaker."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._of_code: dict[str, Claim] = {}
        self._of_cell: dict[tuple[str, str], Claim] = {}
        self._last: dict[str, int] = {}

    def keep(self, claim: Claim, may_lower: bool, number: int) -> None:
        self._last.pop(claim.sha256, None)
        self._last[claim.sha256] = number
        while len(self._last) > self._kept:
            del self._last[next(iter(self._last))]
        self._put(self._of_code, claim.sha256, claim, may_lower)
        if claim.cell_id:
            self._put(self._of_cell, (claim.sha256, claim.cell_id), claim, may_lower)

    def last_of(self, sha256: str) -> int:
        """Which of all claims was the last about this code; 0 where that is long ago."""
        return self._last.get(sha256, 0)

    def knows(self, sha256: str) -> bool:
        return sha256 in self._of_code

    def about(self, sha256: str, cell_id: str, is_used: bool) -> Claim | None:
        """A run that names its cell is a person's only by a claim about that cell.

        That somebody typed the same text into another one, perhaps on another page, says nothing of this one. What
        raises scrutiny counts wherever it was said.
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
        return None if is_used and strictest.author is Origin.HUMAN else strictest

    def _put(self, claims: dict[Key, Claim], key: Key, claim: Claim, may_lower: bool) -> None:
        before = claims.pop(key, None)
        if before is not None and before.author > claim.author and not may_lower:
            claim = before
        claims[key] = claim
        while len(claims) > self._kept:
            del claims[next(iter(claims))]
