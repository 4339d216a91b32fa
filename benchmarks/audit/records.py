"""A number -> a record as a kernel's are: of a thousand bytes, some of them with a finding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from jupyter_guard.audit import Judged, Record
from jupyter_guard.terms import Origin, Severity, Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)
FINDING = Judged("JG301", Severity.HIGH, Verdict.CONFIRM, "deletes table `sales` in `shop.db`", "team preset")


def record(number: int, kernel: str = "k") -> Record:
    """The record of a cell; every tenth was stopped."""
    stopped = number % 10 == 0
    return Record(
        time=(START + timedelta(seconds=number)).isoformat(),
        kernel=kernel,
        msg_id=f"{kernel}-m{number}",
        sha256=sha256(str(number).encode()).hexdigest(),
        verdict=Verdict.CONFIRM if stopped else Verdict.ALLOW,
        would_be=Verdict.CONFIRM if stopped else Verdict.ALLOW,
        state="declined" if stopped else "ran",
        sentence="deletes table `sales` in `shop.db`" if stopped else "reads `a.csv`; writes 2 files in `out/`",
        origin=Origin.ASSISTANT if stopped else Origin.HUMAN,
        policy="0" * 64,
        user=f"user{number % 20}",
        notebook=f"/home/user{number % 20}/work/sales-{number % 7}.ipynb",
        cell_id=sha256(kernel.encode()).hexdigest()[:8],
        evidence=("the panel saw it being written: typed",),
        findings=(FINDING,) if stopped else (),
        number=number,
        isolation="bubblewrap",
        uptime=float(number + 1),
    )
