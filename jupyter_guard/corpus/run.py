"""Pieces and a crew -> results in the order of the pieces, with no more in memory than is being worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from typing import Any, Final, TypeVar

from jupyter_guard.corpus.crew import Answer, Crew, CrewError
from jupyter_guard.corpus.journal import Journal
from jupyter_guard.corpus.piece import Done, Lost, Piece

About = TypeVar("About")
# A result waits for those before it; so many may, and so much may wait to be worked on.
MOST_WAITING: Final = 512
MOST_BYTES: Final = 256 << 20
# One piece may be too much for any worker; so many one after the other are not to blame.
MOST_LOST_IN_A_ROW: Final = 8
SECONDS_BETWEEN_CHECKS: Final = 30.0


class _Slot:
    """A place in the order; ``result`` is ``None`` until it is there."""

    def __init__(self, piece: Piece[Any]) -> None:
        self.piece = piece
        self.result: Done | Lost | None = None

    @property
    def is_there(self) -> bool:
        return self.result is not None or self.piece.given is None


def results(
    pieces: Iterable[Piece[About]], crew: Crew, journal: Journal | None = None
) -> Iterator[tuple[About, Done | Lost | None]]:
    """What the pieces are about and their results, in their order; ``None`` where there was nothing to do.

    A piece whose worker died is tried once more, by itself where that can be told, and then comes back ``Lost``. Raises
    what the job lets through, ``CrewError`` and ``JournalError``.
    """
    return _Run(crew, journal).results(iter(pieces))


class _Run:
    def __init__(self, crew: Crew, journal: Journal | None) -> None:
        self._crew = crew
        self._journal = journal
        self._waiting: deque[_Slot] = deque()
        self._asked: dict[Answer, _Slot] = {}
        self._bytes = 0
        self._lost_in_a_row = 0

    def results(self, pieces: Iterator[Piece[About]]) -> Iterator[tuple[About, Done | Lost | None]]:
        ended = False
        try:
            while True:
                while not ended and self._has_room():
                    piece = next(pieces, None)
                    if piece is None:
                        ended = True
                    else:
                        self._take(piece)
                while self._waiting and self._waiting[0].is_there:
                    slot = self._waiting.popleft()
                    yield slot.piece.about, slot.result
                if ended and not self._waiting:
                    return
                if self._waiting:
                    self._settle(self._wait(self._asked))
        finally:
            for answer in self._asked:
                answer.cancel()

    def _has_room(self) -> bool:
        if not self._waiting:
            return True
        # One that is there goes out before more is taken in.
        if self._waiting[0].is_there or len(self._waiting) >= MOST_WAITING:
            return False
        return len(self._asked) < self._crew.ahead and self._bytes < MOST_BYTES

    def _take(self, piece: Piece[Any]) -> None:
        slot = _Slot(piece)
        self._waiting.append(slot)
        if slot.is_there:
            return
        kept = self._journal.recall(piece.key) if self._journal is not None else None
        if kept is not None:
            slot.result = Done(kept)
            return
        self._bytes += piece.size
        self._asked[self._crew.ask(piece.given)] = slot

    def _wait(self, answers: Iterable[Answer]) -> Iterable[Answer]:
        while not (done := wait(answers, SECONDS_BETWEEN_CHECKS, FIRST_COMPLETED).done):
            self._crew.check()
        return done

    def _settle(self, answers: Iterable[Answer]) -> None:
        gone = []
        for answer in answers:
            slot = self._asked.pop(answer)
            try:
                self._keep(slot, answer.result())
            except self._crew.gone:
                gone.append(slot)
        if not gone:
            return
        self._crew.mend()
        # Those that worked beside the one that died may be without a result too, by now.
        self._settle([one for one in self._asked if one.done()])
        for slot in (one for one in self._waiting if one in gone):
            self._again(slot)

    def _again(self, slot: _Slot) -> None:
        """Try once more: some piece was too much for its worker, and which one is not known."""
        try:
            (answer,) = self._wait([self._crew.ask(slot.piece.given)])
            self._keep(slot, answer.result())
        except self._crew.gone:
            self._crew.mend()
            self._lost_in_a_row += 1
            if self._lost_in_a_row >= MOST_LOST_IN_A_ROW:
                raise CrewError(
                    f"{self._lost_in_a_row} in a row were lost: whatever process works dies. Does this machine have "
                    "memory left? What is done is in the journal, if there is one."
                ) from None
            self._keep(slot, Lost("the process that worked on it died, twice: did it run out of memory?"))

    def _keep(self, slot: _Slot, result: Done | Lost) -> None:
        if isinstance(result, Done):
            self._lost_in_a_row = 0
        piece = slot.piece
        slot.result = result
        self._bytes -= piece.size
        if self._journal is not None and piece.key and isinstance(result, Done) and result.lasting:
            self._journal.keep(piece.key, result.value)
