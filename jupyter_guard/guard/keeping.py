"""What the wrapper says became of a cell -> a record in this kernel's journal.

The journal is written by the helper: a cell can neither reach it nor wait for it. The wrapper keeps what was not
acknowledged, and says it again to the next helper; a record that is there already is not written twice. What cannot be
written now waits, in order, and nothing that comes later goes before it.
"""

from __future__ import annotations

import json
import logging
import os
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from jupyter_guard.audit import Journal, Judged, Record
from jupyter_guard.audit.place import SUFFIX, account_of, audit_directory, journal_name
from jupyter_guard.audit.syslog import Syslog
from jupyter_guard.guard.protocol import Decided
from jupyter_guard.isolate.filesystems import is_local

log = logging.getLogger("jupyter_guard")
_TURNED = {"opening": "opened", "closing": "closed"}


class Keeper:
    """The journal of one kernel, opened with its first record."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or audit_directory(os.environ, Path.home())
        self._journal: Journal | None = None
        # What there is no file for yet; lines that the file has no room for wait in the journal itself.
        self._held: deque[Record] = deque()
        self.newest = 0
        self._said = False
        self._opened = ""
        self._syslog: Syslog | None = None
        self._user = account_of(os.environ)
        self._server = os.environ.get("JUPYTERHUB_SERVER_NAME", "")
        self._notebook = os.environ.get("JPY_SESSION_NAME", "")

    def keep(self, message: Decided) -> bool:
        """Keep it; whether it is in the file now, with all before it. What is not waits in memory: ``write``."""
        self._held.append(self.record(json.loads(message.facts), json.loads(message.item or b"{}")))
        self.newest = message.id
        return self.write()

    @property
    def is_behind(self) -> bool:
        """Whether anything waits to be written."""
        return bool(self._held) or (self._journal is not None and self._journal.waiting > 0)

    def write(self) -> bool:
        """Try to write what waits; whether all of it is in the file now."""
        if not self._held:
            return self._journal is None or self._journal.flush()
        try:
            journal = self._journal = self._journal or self._open(self._held[0])
        except (OSError, msgspec.DecodeError) as problem:
            self._complain(f"decisions are not kept: {problem}")
            return False
        while self._held:
            record = self._held.popleft()
            if journal.last is None or record.number > journal.last.number:
                for one in (*self._turn(record, journal.last), record):
                    journal.append(one)
                    if self._syslog is not None:
                        self._syslog.tell(one)
                journal.last = record
        if journal.waiting:
            self._complain(f"{journal.waiting} decisions wait to be written to {journal.path}: is the disk full?")
        return not journal.waiting

    def tell(self, syslog: str) -> None:
        """From now on a line about each record that says something goes to ``syslog`` too; ``"off"``: none."""
        self._syslog = None if syslog == "off" else Syslog(syslog)

    def _turn(self, record: Record, last: Record | None) -> Iterator[Record]:
        """What is told before a record when an administrator opened this account, or that is over."""
        if record.event != "decision":
            return
        before = self._opened or (last.opened if last is not None else "")
        self._opened = record.opened
        if before == record.opened:
            return
        for event, text in (("closing", before), ("opening", record.opened)):
            if text:
                yield msgspec.structs.replace(
                    record,
                    event=event,
                    state=_TURNED[event],
                    sentence=text,
                    opened=text,
                    msg_id="",
                    sha256="",
                    cell_id="",
                    evidence=(),
                    code=None,
                    findings=(),
                    approvals=(),
                    about="",
                    # It has none of its own: what is sent twice is told by the wrapper's numbers.
                    number=last.number if last is not None else 0,
                )

    def record(self, facts: dict[str, Any], item: dict[str, Any]) -> Record:
        """The record of a decision or outcome. Raises ``msgspec.ValidationError`` for facts of another shape."""
        findings = [
            {key: one.get(key, "") for key in Judged.__struct_fields__}
            for one in item.get("findings", ())
            if isinstance(one, dict)
        ]
        names = ("verdict", "would_be", "sentence", "origin", "about")
        plain: dict[str, Any] = {key: item[key] for key in names if key in item}
        about: dict[str, Any] = {"user": self._user, "server": self._server, "notebook": self._notebook}
        if "approvals" in facts:
            # Whose session it is: nobody else can answer in it.
            given = [{"by": self._user if one["channel"] != "none" else "", **one} for one in facts["approvals"]]
            facts = {**facts, "approvals": given}
        return msgspec.convert({**about, **plain, "findings": findings, **facts}, Record)

    def close(self) -> None:
        """Write what waits, if it can be."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _open(self, record: Record) -> Journal:
        day = datetime.now(UTC).date().isoformat()
        known = sorted(self._directory.glob(f"*-{record.kernel}{SUFFIX}"))
        path = known[-1] if known else self._directory / journal_name(day, record.kernel)
        return Journal(path, resume=True, synced=not is_local(str(self._directory)))

    def _complain(self, text: str) -> None:
        if not self._said:
            self._said = True
            log.warning("%s", text)
