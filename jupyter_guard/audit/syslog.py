"""Records -> lines in the system's log, beside the journal, for whoever watches many machines.

A line that cannot be sent at once is dropped and counted: the journal is the record, and a cell waits for neither.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from contextlib import suppress

from jupyter_guard.audit.record import Record
from jupyter_guard.audit.trail import is_telling

log = logging.getLogger("jupyter_guard")

# https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1: what security tools say ("authpriv"), and how urgent it is.
_FACILITY = 10
_ALERT, _WARNING, _NOTICE, _INFO = 1, 4, 5, 6
_URGENCY = {"opened": _ALERT, "closed": _ALERT, "died": _WARNING, "blocked": _WARNING, "declined": _WARNING}
# What the smallest receivers take (https://www.rfc-editor.org/rfc/rfc3164#section-4.1).
_LONGEST = 1024
_FIELDS = (
    "user", "server", "notebook", "kernel", "msg_id", "cell_id", "event", "state", "verdict", "would_be", "origin",
    "policy", "sentence",
)  # fmt: skip


class Syslog:
    """The log at ``address``: the path of a datagram socket, or ``udp://HOST:PORT``. ``dropped`` counts lines."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.dropped = 0
        self._socket: socket.socket | None = None
        self._said = False

    def tell(self, record: Record) -> None:
        """Send a line about a record that says something; never raises, never waits."""
        if not is_telling(record):
            return
        try:
            if self._socket is None:
                self._socket = self._connected()
            self._socket.send(line(record).encode())
        except (OSError, ValueError) as problem:
            self.dropped += 1
            self.close()
            if not self._said:
                self._said = True
                log.warning("the system's log at %s is not told: %s", self.address, problem)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if not self.address.startswith("udp://"):
            made, where = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), self.address
            to: str | tuple[str, int] = where
        else:
            host, _, port = self.address.removeprefix("udp://").rpartition(":")
            family, kind, number, _, found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)[0]
            made, to = socket.socket(family, kind, number), (str(found[0]), int(found[1]))
        try:
            made.setblocking(False)
            made.connect(to)
        except BaseException:
            made.close()
            raise
        return made


def line(record: Record) -> str:
    """One line, as syslog's receivers take it: ``<priority>jupyter_guard[pid]: `` and JSON in at most 1024 bytes."""
    urgency = _URGENCY.get(record.state, _NOTICE if record.event == "decision" else _INFO)
    item: dict[str, object] = {name: str(value) for name in _FIELDS if (value := getattr(record, name))}
    rules = list(dict.fromkeys(one.rule for one in record.findings))
    item |= {"rules": rules} if rules else {}
    item |= (
        {"approvals": [f"{one.choice} by {one.by or one.channel}" for one in record.approvals]}
        if record.approvals
        else {}
    )
    item |= {"redactions": record.redactions} if record.redactions else {}
    item |= {"limits": [one[:100] for one in record.limits]} if record.limits else {}
    item |= {"opened": record.opened} if record.opened else {}
    head = f"<{_FACILITY * 8 + urgency}>jupyter_guard[{os.getpid()}]: "
    said = head + json.dumps(item)
    for name in ("sentence", "opened", "notebook"):
        over = len(said) - _LONGEST
        if over > 0 and name in item:
            # JSON is ASCII here, so that a character less is at least a byte less.
            text = str(item[name])
            item[name] = text[: max(0, len(text) - over - 3)] + "..."
            said = head + json.dumps(item)
    return said if len(said) <= _LONGEST else said[: _LONGEST - 3] + "..."
