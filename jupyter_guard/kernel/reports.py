"""How judged cells went on -> what a panel that opens is told: the latest report of each cell."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import msgspec

CELLS_KEPT = 5000
# Of runs that name no cell (a console, a program) each is its own.
RUNS_KEPT = 500
BYTES_KEPT = 16 << 20


class Report(msgspec.Struct):
    """One judged run. ``when`` is in seconds since 1970; ``judged`` is the helper's part of the panel's JSON."""

    msg_id: str
    cell_id: str
    sha256: str
    state: str
    when: float
    judged: bytes
    number: int = 0

    def item(self) -> dict[str, Any]:
        """It as the panel's JSON has it."""
        return {
            "msg_id": self.msg_id,
            "cell_id": self.cell_id,
            "sha256": self.sha256,
            "state": self.state,
            "time": datetime.fromtimestamp(self.when, UTC).isoformat(),
            **json.loads(self.judged),
        }


class Reports:
    """The latest report of each of at most ``cells`` cells, of ``runs`` without one, and of ``size`` bytes in all."""

    def __init__(self, cells: int = CELLS_KEPT, runs: int = RUNS_KEPT, size: int = BYTES_KEPT) -> None:
        self._most = (cells, runs)
        self._size, self._used = size, 0
        # Of each, the oldest first.
        self._of_cells: dict[str, Report] = {}
        self._of_runs: dict[str, Report] = {}
        self._numbers = itertools.count()

    def keep(self, report: Report) -> None:
        """Put a report in the place of the one before about the same cell."""
        report.number = next(self._numbers)
        kept, key = (self._of_cells, report.cell_id) if report.cell_id else (self._of_runs, report.msg_id)
        self._drop(kept, key)
        kept[key] = report
        self._used += len(report.judged)
        for reports, most in zip((self._of_cells, self._of_runs), self._most, strict=True):
            while len(reports) > most:
                self._drop(reports, next(iter(reports)))
        while self._used > self._size and len(self._of_cells) + len(self._of_runs) > 1:
            oldest = min(
                (one for one in (self._of_cells, self._of_runs) if one),
                key=lambda reports: next(iter(reports.values())).number,
            )
            self._drop(oldest, next(iter(oldest)))

    def change(self, msg_id: str, judged: bytes) -> None:
        """Say something else of a run that is the latest of its cell."""
        report = self.of(msg_id)
        if report is not None:
            self._used += len(judged) - len(report.judged)
            report.judged = judged

    def of(self, msg_id: str) -> Report | None:
        """The report of a run, unless its cell has a later one."""
        both = itertools.chain(reversed(self._of_runs.values()), reversed(self._of_cells.values()))
        return next((one for one in both if one.msg_id == msg_id), None)

    def items(self, latest: int | None = None) -> list[dict[str, Any]]:
        """The kept reports as the panel's JSON has them, the latest last; all of them or the ``latest``."""
        reports = sorted([*self._of_cells.values(), *self._of_runs.values()], key=lambda one: one.number)
        return [one.item() for one in (reports if latest is None else reports[-latest:])]

    def _drop(self, reports: dict[str, Report], key: str) -> None:
        gone = reports.pop(key, None)
        if gone is not None:
            self._used -= len(gone.judged)
