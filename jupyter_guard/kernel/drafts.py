"""Cells that are being written, or were opened and not run -> what they would do, for the panel that asked.

One at a time goes to the helper, so that a cell that is to run waits for at most one of them. What is found here
counts for nothing when the cell runs: it is judged again then.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from jupyter_guard.guard.protocol import Judged, Tell, Told, Vet, to_bytes
from jupyter_guard.kernel.panel import FIRST_DRAFT
from jupyter_guard.origin import code_hash, decide_origin, is_id, read_claim

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay

WAITING_KEPT = 50
LONGEST = 200_000
CELLS_KEPT = 200
TOO_LONG = f"the cell is longer than {LONGEST:,} characters, and is judged when it runs"
TOO_MANY = "newer cells took its place"
RECORDS_SHOWN = 100
RECORDS_SOUGHT = 1 << 31
# What else a panel may ask of the helper; answered with a text.
TOLD = ("policy", "audit", "fix")
NO_READER = "cells of this language are not judged"


class Drafts:
    """The cells that panels asked about and the one that is judged now."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        # By comm and cell: a newer text of a cell takes the place of the older one.
        self._waiting: dict[tuple[str, str, bool, str], dict[str, Any]] = {}
        self._current: tuple[int, str, dict[str, Any]] | None = None
        self._numbers = itertools.count(FIRST_DRAFT)

    def ask(self, comm_id: str, data: dict[str, Any]) -> None:
        """A panel wants to know what a cell would do or, with another type, one of ``TOLD``."""
        data = _checked(data)
        place = (comm_id, data["cell_id"], bool(data.get("number")), str(data["type"]))
        before = self._waiting.pop(place, None)
        if before is not None:
            self._answer(comm_id, before, problem=TOO_MANY)
        self._waiting[place] = data
        while len(self._waiting) > WAITING_KEPT:
            oldest = next(iter(self._waiting))
            self._answer(oldest[0], self._waiting.pop(oldest), problem=TOO_MANY)
        self._next()

    def answered(self, answer: Judged | Told) -> None:
        """The helper's answer."""
        if self._current is None or self._current[0] != answer.id:
            return
        _, comm_id, data = self._current
        self._current = None
        if isinstance(answer, Told):
            self._send(comm_id, {"type": data.get("type"), "id": data.get("id"), "text": answer.text})
        else:
            self._answer(comm_id, data, item=answer.item)
        self._next()

    def _next(self) -> None:
        while self._waiting and self._current is None:
            place = next(iter(self._waiting))
            comm_id, data = place[0], self._waiting.pop(place)
            if not self._relay.panel.owns(comm_id):
                continue
            code, language = data.get("code"), self._relay.language
            if data.get("type") in TOLD:
                number = next(self._numbers)
                self._current = (number, comm_id, data)
                self._relay.judging.ask_words(Tell(number, str(data["type"]), self._rest(data)))
            elif not isinstance(code, str) or len(code) > LONGEST:
                self._answer(comm_id, data, problem=TOO_LONG)
            elif language not in ("python", "bash", "sql"):
                self._answer(comm_id, data, problem=NO_READER)
            else:
                self._judge(comm_id, data, code, language)

    def _rest(self, data: dict[str, Any]) -> str:
        """What the helper needs to know for one of ``TOLD``."""
        if data["type"] == "audit":
            # What still waits for others belongs to it.
            self._relay.keeping.send()
            last = data.get("last")
            wanted = last if type(last) is int and 0 < last < RECORDS_SOUGHT else RECORDS_SHOWN
            return json.dumps({"kernel": self._relay.keeping.kernel, "last": wanted})
        if data["type"] == "fix":
            code = data.get("code")
            known = isinstance(code, str) and len(code) <= LONGEST
            about = {key: data.get(key) for key in ("rule", "span", "via")}
            try:
                packed = json.dumps(about)
            except (ValueError, RecursionError):
                packed = ""
            if not 0 < len(packed) <= LONGEST:
                about = dict.fromkeys(about)
            return json.dumps({**about, "code": code if known else "", "above": _nearest(data.get("above"))})
        return ""

    def _judge(self, comm_id: str, data: dict[str, Any], code: str, language: str) -> None:
        relay = self._relay
        number = next(self._numbers)
        self._current = (number, comm_id, data)
        claim = read_claim({**data, "sha256": code_hash(code)})
        stored = data.get("metadata")
        metadata = stored if isinstance(stored, dict) else {}
        evidence = decide_origin(code, metadata, claim, from_program=relay.ledger.has(code))
        place = data.get("number")
        is_run = isinstance(place, int) and not isinstance(place, bool) and 0 < place < 1 << 31
        relay.judging.ask(
            Vet(
                id=number,
                code=to_bytes(code),
                origin=str(evidence.origin),
                language=language,
                cell_id=data["cell_id"],
                number=place if is_run and isinstance(place, int) else 0,
                how="notebook" if is_run else "draft",
                path=comm_id,
            )
        )

    def _answer(self, comm_id: str, data: dict[str, Any], item: bytes = b"", problem: str = "") -> None:
        if data.get("type") in TOLD:
            self._send(comm_id, {"type": data["type"], "id": data.get("id"), "text": ""})
            return
        code = data.get("code")
        told = {
            "type": "vetted",
            "id": data.get("id"),
            "cell_id": data["cell_id"],
            "sha256": code_hash(code) if isinstance(code, str) else "",
            "problem": problem,
            "item": json.loads(item) if item else None,
        }
        self._send(comm_id, told)

    def _send(self, comm_id: str, told: dict[str, Any]) -> None:
        if self._relay.panel.owns(comm_id):
            self._relay.panel.send(comm_id, told)


def _checked(data: dict[str, Any]) -> dict[str, Any]:
    """What a panel asks, with ids that can be told back to it as they are."""
    number, cell_id = data.get("id"), data.get("cell_id")
    is_number = type(number) is int and abs(number) < 1 << 53
    return {**data, "id": number if is_number or is_id(number) else None, "cell_id": cell_id if is_id(cell_id) else ""}


def _nearest(cells: Any) -> list[str]:
    """The texts of the cells above one, in their order; of very many or long ones those that are nearest to it."""
    kept: list[str] = []
    left = LONGEST
    for cell in reversed(cells if isinstance(cells, list) else []):
        if not isinstance(cell, str) or len(cell) > left or len(kept) == CELLS_KEPT:
            break
        left -= len(cell)
        kept.append(cell)
    return kept[::-1]
