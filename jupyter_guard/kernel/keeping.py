"""Decisions and what came of them -> the helper, which keeps them; whatever it did not acknowledge is said again.

A decision is on its way to the journal before its cell is on its way to the child. Only cells that look at things and
do nothing (`df`, `pass`), which need no helper when they come again, wait a moment for others: waking it for each costs
more than all the rest.

While nothing can be written (a full disk, an account without room) decisions wait here, and nothing is thrown away:
when as many wait as may, nothing runs until some are kept.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_guard.guard.protocol import Called, Decided, Judged, Kept, Vet
from jupyter_guard.kernel.happened import in_words
from jupyter_guard.scrub import Redaction

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

log = logging.getLogger("jupyter_guard")

MOST_WAITING = 10_000
MOST_WAITING_BYTES = 64 * 1024 * 1024
MAKE_ROOM = "Make room on the disk that holds the audit's journals, or in your share of it: then cells run again."
MOST_COUNTED = 1_000
# Characters of a cell that are kept where the policy keeps them; its hash is over all of it.
MOST_CODE = 100_000
LONGEST_WAIT = 0.2
MOST_AT_ONCE = 64


class Keeping:
    """What is to be kept of one kernel. ``kernel`` names its journal: no two wrappers share one."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.kernel = os.urandom(12).hex()
        self._number = 0
        self._waiting: deque[Decided] = deque()
        self._unsent: list[Decided] = []
        self._deadline = 0.0
        self._redactions: dict[str, Counter[str]] = {}
        self._waiting_bytes = 0
        # Of what was refused since there is no room: how many, and the last of them.
        self._refused, self._last_refused = 0, ""

    def decided(self, request: Execute, answer: Judged, state: str) -> None:
        """A cell, or code within it, is to run or not."""
        if state in ("blocked", "declined") and self.no_room():
            # It does not run; what there was no room for is told as a number, with the first record that has room.
            self._refused, self._last_refused = self._refused + 1, request.msg_id
            return
        item = answer.item
        if answer.would_be != "allow" or b'"findings": []' not in item:
            # It quotes the user's code, and the wrapper alone knows every value that is secret.
            item = self._relay.outgoing.own("comm_msg", item, "")
        facts: dict[str, Any] = {"state": state, "evidence": request.evidence, "sha256": request.hash()}
        if request.cell_id:
            facts["cell_id"] = request.cell_id
        standing = self._relay.panel.standing
        if standing.opened:
            facts["opened"] = standing.opened
        if standing.keeps_code:
            kept = json.dumps({"code": request.code[:MOST_CODE]}).encode()
            facts["code"] = str(json.loads(self._relay.outgoing.own("comm_msg", kept, ""))["code"])
        if state in ("confirmed", "declined"):
            # Without an answer: it was allowed before for good, or nobody could be asked.
            choice, channel = request.approval or ("before" if state == "confirmed" else "refuse", "none")
            facts["approvals"] = [{"choice": choice, "channel": channel}]
            request.approval = None
        self._keep(request.msg_id, facts, item, waits=answer.repeatable)

    def no_room(self) -> str:
        """Why nothing may run now: its decision could not be kept. Empty while there is room."""
        if len(self._waiting) < MOST_WAITING and self._waiting_bytes < MOST_WAITING_BYTES:
            return ""
        return f"no decision can be kept any more: {len(self._waiting)} wait to be written to the audit journal"

    def judge(self, request: Vet) -> None:
        """Have code judged that is to run, or say no at once where nothing could be kept of it."""
        if why := self.no_room():
            self._relay.failed(request, why, MAKE_ROOM)
        else:
            self._relay.judging.ask(request)

    def redacted(self, redactions: Iterable[Redaction], msg_id: str) -> None:
        """Secrets were taken out of a message about ``msg_id``."""
        counts = self._redactions.setdefault(msg_id, Counter())
        for one in redactions:
            counts[one.kind] += one.count
        while len(self._redactions) > MOST_COUNTED:
            # Of cells that ended long ago: threads of theirs still print.
            oldest = next(iter(self._redactions))
            self.ended(oldest, "ok")

    def ended(self, msg_id: str, status: str, why: str = "") -> None:
        """A cell is done: its ``status``, and why where that is ``died``."""
        counts = self._redactions.pop(msg_id, None)
        if not counts and status == "ok":
            return
        facts: dict[str, Any] = {"event": "outcome", "state": status, "sha256": "", "origin": "unknown"}
        facts |= {"verdict": "allow", "would_be": "allow", "sentence": why}
        if counts:
            facts["redactions"] = dict(counts)
        self._keep(msg_id, facts, b"")

    def limited(self, msg_id: str, what: str) -> None:
        """A cell reached a limit: ``what`` is the key and what was done, perhaps with a command line of the user's."""
        content = json.dumps({"name": "stderr", "text": what}).encode()
        what = str(json.loads(self._relay.outgoing.own("stream", content, msg_id))["text"])
        facts: dict[str, Any] = {"event": "outcome", "state": "limited", "sha256": "", "origin": "unknown"}
        facts |= {"verdict": "allow", "would_be": "allow", "sentence": what, "limits": [what]}
        self._keep(msg_id, facts, b"")

    def happened(self, request: Execute, told: dict[str, list[str]]) -> None:
        """What a cell did, beside what was read in it."""
        content = json.dumps({"name": "stderr", "text": json.dumps(told)}).encode()
        clean = json.loads(json.loads(self._relay.outgoing.own("stream", content, request.msg_id))["text"])
        facts: dict[str, Any] = {"event": "happened", "state": "seen" if clean["seen"] else "foreseen"}
        facts |= {"sha256": request.hash(), "origin": request.origin, "cell_id": request.cell_id}
        facts |= {"verdict": "allow", "would_be": "allow", "sentence": in_words(clean), "happened": clean}
        self._keep(request.msg_id, facts, b"")

    def called(self, request: Execute | None, origin: str, answer: Called, name: str) -> None:
        """A tool was called, and this came of it; its arguments may hold what the wrapper alone knows to be secret."""
        came = answer.text if answer.why else f"ok, {len(answer.body)} bytes in {answer.seconds:.2f} s"
        came += f" (isolation: {answer.backend})" if answer.seconds else ""
        told = f"{answer.sentence or f'calls the tool `{name}`'}: {came}"
        msg_id = request.msg_id if request is not None else ""
        content = json.dumps({"name": "stderr", "text": told}).encode()
        told = str(json.loads(self._relay.outgoing.own("stream", content, msg_id))["text"])
        facts: dict[str, Any] = {"event": "tool", "state": answer.why or "ok", "sha256": "", "origin": origin}
        facts |= {"verdict": "allow", "would_be": "allow", "sentence": told, "about": name}
        self._keep(msg_id, facts, b"")

    def last_words(self) -> None:
        """The kernel ends: what late output was cleaned of is kept too."""
        for msg_id in list(self._redactions):
            self.ended(msg_id, "ok")
        self.send()

    def kept(self, message: Kept) -> None:
        """The helper has it in the journal."""
        while self._waiting and self._waiting[0].id <= message.id:
            self._waiting_bytes -= _size(self._waiting.popleft())
        if self._refused and not self.no_room():
            count, self._refused = self._refused, 0
            facts: dict[str, Any] = {"event": "outcome", "state": "refused", "sha256": "", "origin": "unknown"}
            words = f"{count} cells, or parts of them, did not run, this one the last, while no decision could be kept"
            facts |= {"verdict": "block", "would_be": "block", "sentence": words}
            self._keep(self._last_refused, facts, b"")

    def again(self) -> Iterable[Decided]:
        """What a new helper has to be told."""
        self._unsent.clear()
        return tuple(self._waiting)

    def check(self) -> float:
        """Send what has waited long enough; the seconds until there is something to check again."""
        if not self._unsent:
            return 3600.0
        left = self._deadline - time.monotonic()
        if left <= 0:
            self.send()
            return 3600.0
        return left

    def send(self) -> None:
        """Send all that waits for others."""
        unsent, self._unsent = self._unsent, []
        if unsent:
            self._relay.judging.keep(unsent)

    def _keep(self, msg_id: str, facts: dict[str, Any], item: bytes, waits: bool = False) -> None:
        self._number += 1
        facts |= {
            "number": self._number,
            "kernel": self.kernel,
            "msg_id": msg_id,
            "policy": self._relay.panel.standing.policy,
            "time": datetime.fromtimestamp(time.time(), UTC).isoformat(),
            "uptime": round(_uptime(), 3),
            "isolation": self._relay.panel.standing.backend,
        }
        message = Decided(self._number, json.dumps(facts).encode(), item)
        had_room = not self.no_room()
        self._waiting.append(message)
        self._waiting_bytes += _size(message)
        if had_room and (why := self.no_room()):
            log.error("nothing runs any more: %s", why)
        if not self._unsent:
            self._deadline = time.monotonic() + LONGEST_WAIT
        self._unsent.append(message)
        if not waits or len(self._unsent) >= MOST_AT_ONCE:
            self.send()


def _size(message: Decided) -> int:
    return len(message.facts) + len(message.item)


def _uptime() -> float:
    """Seconds that nobody can set, sleep included where the system counts it: a clock that jumps shows beside them."""
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if clock is None else time.clock_gettime(clock)
