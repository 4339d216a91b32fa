"""A call of a tool outside of a guarded kernel -> a record in this account's audit journals.

In a guarded kernel the wrapper says what became of a call, as of any cell, and this is not needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from jupyter_guard.audit import Journal, Record
from jupyter_guard.audit.place import account_of, audit_directory, journal_name
from jupyter_guard.scrub import scrub
from jupyter_guard.terms import Origin, Verdict
from jupyter_guard.tools.approved import Call


def recorder(host: str, directory: Path | None = None) -> Callable[[Call], None]:
    """What writes each call that it is told of into a journal of its own. ``host`` (``"mcp"``) is who calls.

    Raises ``OSError``, with the first call, where the journal cannot be written: a call that is not on record has none.
    """
    kernel = f"{host}{token_hex(10)}"
    place = directory or audit_directory(os.environ, Path.home())
    opened: list[Journal] = []

    def record(call: Call) -> None:
        if not opened:
            opened.append(Journal(place / journal_name(datetime.now(UTC).date().isoformat(), kernel)))
        opened[0].append(record_of(call, kernel))

    return record


def record_of(call: Call, kernel: str) -> Record:
    """A call as the journal has it: without secrets, an event of its own."""
    return Record(
        time=datetime.now(UTC).isoformat(),
        kernel=kernel,
        msg_id="",
        sha256="",
        verdict=Verdict.ALLOW,
        would_be=Verdict.ALLOW,
        state=call.why or "ok",
        sentence=scrub(said(call)),
        origin=Origin.ASSISTANT,
        policy="",
        event="tool",
        isolation=call.backend,
        about=call.tool,
        user=account_of(os.environ),
        server=os.environ.get("JUPYTERHUB_SERVER_NAME", ""),
    )


def said(call: Call) -> str:
    """What was called and what came of it, in one sentence."""
    asked = {"yes": ", which was allowed", "no": ""}.get(call.approval, "")
    came = f"{call.why}: {call.text}" if call.why else f"ok, {call.size} bytes in {call.seconds:.2f} s"
    return f"{call.sentence}{asked}: {came}"
