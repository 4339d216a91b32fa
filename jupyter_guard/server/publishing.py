"""Records that kernels add to their journals -> Jupyter Events, for whoever listens to the server."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_guard.audit.follow import Follower
from jupyter_guard.audit.query import moment
from jupyter_guard.audit.record import Record

if TYPE_CHECKING:
    from jupyter_guard.server.metrics import Metrics

_ID = "https://schema.jupyter.org/jupyter_guard/{}/v1"
_KINDS = ("decision", "outcome", "opening", "tool")
SCHEMAS: Final = {name: Path(__file__).with_name("events") / name / "v1.yaml" for name in _KINDS}
# What a schema's version 1 has of a record, beside the sequence.
FIELDS: Final = {
    "decision": (
        "kernel", "msg_id", "time", "state", "verdict", "would_be", "origin", "evidence", "sentence", "sha256",
        "policy", "isolation", "user", "server", "notebook", "cell_id", "about", "findings", "approvals",
    ),
    "outcome": (
        "kernel", "msg_id", "time", "state", "sentence", "redactions", "limits", "user", "server", "notebook",
    ),
    "opening": ("kernel", "time", "state", "opened", "policy", "user", "server", "notebook"),
    "tool": (
        "kernel", "msg_id", "time", "state", "about", "sentence", "origin", "policy", "isolation", "user", "server",
        "notebook",
    ),
}  # fmt: skip
# Of these nobody but the guard says anything.
OWN_SCHEMAS: Final = frozenset(_ID.format(name) for name in _KINDS)
LOOK_SECONDS = 1.0


def event_of(sequence: int, record: Record) -> tuple[str, dict[str, Any]] | None:
    """The schema's id and the event's data, or ``None`` for a record of which there is no event."""
    name = "opening" if record.event == "closing" else record.event
    fields = FIELDS.get(name)
    if fields is None:
        return None
    # Through JSON: a schema takes no tuple for an array.
    data = msgspec.json.decode(msgspec.json.encode({field: getattr(record, field) for field in fields}))
    return _ID.format(name), {"sequence": sequence, **data}


def is_published(event_logger: Any) -> bool:
    """Whether somebody publishes on this ``event_logger`` already."""
    return all(_ID.format(name) in event_logger.schemas for name in SCHEMAS)


class Publisher:
    """Emits what is added to the journals in ``directory`` to a server's ``event_logger``."""

    def __init__(self, directory: Path, event_logger: Any, log: logging.Logger) -> None:
        self._directory, self._events, self._log = directory, event_logger, log
        self.metrics: Metrics | None = None
        for schema in SCHEMAS.values():
            event_logger.register_event_schema(schema)

    async def run(self) -> None:
        """Look once a second, beside the server's loop: the journals may lie on a slow disk."""
        follower = await asyncio.to_thread(Follower, self._directory)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for sequence, record in await asyncio.to_thread(follower.new):
                self._emit(sequence, record)

    def _emit(self, sequence: int, record: Record) -> None:
        if self.metrics is not None:
            self.metrics.count(record)
        event = event_of(sequence, record)
        if event is None:
            return
        schema, data = event
        try:
            when = moment(record) or datetime.now(UTC)
            self._events.emit(schema_id=schema, data=data, timestamp_override=when)
        except Exception as problem:  # a listener of somebody's: the next record is not to wait for it
            self._log.warning("jupyter_guard: no event for record %d of %s: %s", sequence, record.kernel, problem)
