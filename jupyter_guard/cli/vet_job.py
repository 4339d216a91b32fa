"""Cases to vet as pieces of work, and what a worker does with one.

A report goes back and into a journal without the code that it is about, which whoever asked has.
"""

from __future__ import annotations

import json
import pickle
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from jupyter_guard.cli.cases import BadInput, Case
from jupyter_guard.cli.identity import made_with
from jupyter_guard.cli.judging import Judge, Outcome, Place, has_failed
from jupyter_guard.corpus import Done, Piece, key_of
from jupyter_guard.policy import Policy
from jupyter_guard.terms import Cell, Report
from jupyter_guard.tools.sources import texts as texts_of_tools


class Answer(msgspec.Struct, frozen=True):
    """What comes back of a case: a report a cell, and why a part of practice could not be looked at."""

    reports: tuple[Report, ...]
    troubles: tuple[str, ...] = ()

    def outcome(self, case: Case) -> Outcome:
        """The outcome of the case that it was made of. Raises ``ValueError`` for another one."""
        pairs = zip(self.reports, case.cells, strict=True)
        return Outcome(case, tuple(msgspec.structs.replace(report, cell=cell) for report, cell in pairs))


_decoder = msgspec.json.Decoder(Answer)


class VetJob:
    """Judges cases. ``practice`` is a ``Judge``'s."""

    is_secret = False
    made_with = staticmethod(made_with)
    through: tuple[type[Exception], ...] = ()

    def __init__(self, practice: bool | None) -> None:
        self._practice = practice

    def prepare(self) -> None:
        """Load what reading takes."""
        import jupyter_guard.guard.practising
        import jupyter_guard.practice.ruff
        import jupyter_guard.read.shell  # noqa: F401

    def __call__(self, given: tuple[Case, Place, bytes]) -> Done:
        """The ``Answer`` for a case."""
        case, place, policy = given
        judge = Judge(_policy(policy), self._practice)
        outcome = judge.review(case, place)
        bare = tuple(msgspec.structs.replace(report, cell=Cell("")) for report in outcome.reports)
        value, whole = _encoded(Answer(bare, tuple(judge.troubles)))
        # A failure may be gone the next time.
        return Done(value, lasting=whole and not judge.troubles and not has_failed(outcome.reports))


class Pieces:
    """Makes a case a piece of work, with the policy that holds for it."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._pickled: dict[str, bytes] = {}
        self._tools: dict[str, tuple[str, ...]] = {}
        self._places: dict[Path, tuple[Policy, Place]] = {}

    def __call__(self, case: Case) -> Piece[Case | BadInput]:
        """The piece. Raises ``PolicyError``."""
        # A folder's files share them, and finding them takes longer than a short notebook's reading.
        folder = Path(case.path).parent
        if folder not in self._places:
            self._places[folder] = self._judge.policy(case), Place.of(case)
        policy, place = self._places[folder]
        sent = self._pickled.setdefault(policy.hash, b"") or pickle.dumps(policy)
        self._pickled[policy.hash] = sent
        if policy.hash not in self._tools:
            self._tools[policy.hash] = texts_of_tools(policy.tools.sources)
        texts = [
            part for one in case.cells for part in (one.origin, one.language, one.cell_id, str(one.number), one.code)
        ]
        about = ("vet", made_with(), policy.hash, str(self._judge.practice), place.workspace, place.home)
        key = key_of(*about, *self._tools[policy.hash], case.id, case.form, *texts)
        return Piece(case, (case, place, sent), key, sum(map(len, texts)) + len(sent))


def answered(value: bytes) -> Answer:
    """What a job's result holds."""
    try:
        return _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeError):
        # Half a character, which JSON may spell out.
        return msgspec.convert(json.loads(value), Answer, str_keys=True)


def _encoded(answer: Answer) -> tuple[bytes, bool]:
    """The answer as JSON, and whether a journal can hold it."""
    plain: Any = msgspec.to_builtins(answer, str_keys=True)
    try:
        return msgspec.json.encode(plain), True
    except UnicodeError:
        return json.dumps(plain).encode(), False


# A corpus has few policies, one for each folder that has its own.
@lru_cache(maxsize=64)
def _policy(pickled: bytes) -> Policy:
    found = pickle.loads(pickled)  # noqa: S301 - from whoever gave the job
    assert isinstance(found, Policy)
    return found
