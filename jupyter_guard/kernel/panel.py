"""What the wrapper knows -> guard panels, over the comm that a front end opens; and their claims and answers back.

The wrapper answers by itself, so a panel is served while the kernel is busy, and nothing of it reaches the child.
"""

from __future__ import annotations

import hmac
import json
import logging
import time
from collections import Counter, deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_guard.guard.protocol import Judged, Standing
from jupyter_guard.kernel.request import Execute, Request, parse_object
from jupyter_guard.kernel.wire import CONTENT
from jupyter_guard.origin import Claim, Claims, read_claim
from jupyter_guard.scrub import Redaction

if TYPE_CHECKING:
    from jupyter_guard.guard.protocol import Told
    from jupyter_guard.kernel.drafts import Drafts
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.views import Views

log = logging.getLogger("jupyter_guard")

TARGET = "jupyter_guard"
VERSION = 1
ITEMS_KEPT = 500
COMMS_KEPT = 100
CELLS_KEPT = 1000
# Answers with such a number are about drafts; those about cells count from 1.
FIRST_DRAFT = 1 << 32


# A report's message id, cell id, code hash, state and time (seconds).
_Facts = tuple[str, str, str, str, float]


class _Comm(msgspec.Struct, frozen=True):
    key: str
    client: bytes


class Panel:
    """Every open panel of this kernel, and what they are told when they open."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._comms: dict[str, _Comm] = {}
        self._reports: deque[tuple[_Facts, bytes]] = deque(maxlen=ITEMS_KEPT)
        self._redactions: deque[dict[str, Any]] = deque(maxlen=ITEMS_KEPT)
        self._pending: dict[str, dict[str, Any]] = {}
        self._claims = Claims()
        self._cells: dict[str, str] = {}
        self._drafts: Drafts | None = None
        self._views: Views | None = None
        self.standing = Standing()
        # How judged cells, and code within them, went on; and how many secrets of each kind left outputs.
        self.counts: Counter[str] = Counter()
        self.redaction_counts: Counter[str] = Counter()

    @property
    def is_open(self) -> bool:
        """Whether anybody looks at a panel."""
        return bool(self._comms)

    @property
    def has_comms(self) -> bool:
        """Whether there is any comm of ours, a panel's or a view's widget."""
        return bool(self._comms) or self._views is not None

    def owns(self, comm_id: Any) -> bool:
        """Whether a comm is one of ours."""
        return isinstance(comm_id, str) and (
            comm_id in self._comms or (self._views is not None and self._views.owns(comm_id))
        )

    @property
    def pending(self) -> dict[str, dict[str, Any]]:
        """The open questions by their numbers, the oldest first."""
        return self._pending

    def items(self) -> list[dict[str, Any]]:
        """The kept reports as the panel's JSON has them."""
        return [_item(*one) for one in self._reports]

    @property
    def views(self) -> Views | None:
        """The views of ``%guard panel``, once there are any."""
        return self._views

    def show_view(self, request: Execute) -> None:
        """Show what a panel would, on a cell, for front ends that have none."""
        if self._views is None:
            from jupyter_guard.kernel.views import Views

            self._views = Views(self._relay)
        self._views.show(request)

    def claim(self, request: Execute) -> Claim | None:
        """The live claim by which a request may be judged."""
        found = self._claims.about(request.hash(), request.cell_id)
        if found is not None:
            self._claims.used(request.hash())
        return found

    def receive(self, request: Request) -> bool:
        """Take a comm message from a front end, if it is for us. Raises ``MalformedError``."""
        content = parse_object(request.frames[request.at + CONTENT])
        comm_id = content.get("comm_id")
        if not isinstance(comm_id, str):
            return False
        kind = request.header.msg_type
        if kind == "comm_open":
            if content.get("target_name") != TARGET:
                return False
            self._open(comm_id, content.get("data"), request.client)
        elif self._views is not None and self._views.owns(comm_id):
            self._views.receive(kind, comm_id, content.get("data"), request.parent)
        elif comm_id not in self._comms:
            return False
        elif kind == "comm_close":
            del self._comms[comm_id]
        else:
            self._told(comm_id, content.get("data"))
        return True

    def _open(self, comm_id: str, data: Any, client: bytes) -> None:
        key = data.get("key") if isinstance(data, dict) else None
        while len(self._comms) >= COMMS_KEPT:
            # Closed tabs do not always say so.
            del self._comms[next(iter(self._comms))]
        self._comms[comm_id] = _Comm(key if isinstance(key, str) else "", client)
        self.send(comm_id, self._snapshot())

    def _told(self, comm_id: str, data: Any) -> None:
        if not isinstance(data, dict):
            return
        kind = data.get("type")
        if kind == "snapshot":
            self.send(comm_id, self._snapshot())
            return
        own, key = self._comms[comm_id].key, data.get("key")
        if not own or not isinstance(key, str) or not hmac.compare_digest(own.encode(), key.encode("utf-8", "replace")):
            log.warning("a message on the guard's comm came without its key; ignored")
        elif kind in ("vet", "policy", "audit", "fix"):
            self._draft(comm_id, data)
        elif kind == "claim":
            claim = read_claim(data)
            if claim is not None:
                self._claims.keep(claim)
        elif kind == "answer" and data.get("id") in self._pending:
            self._relay.asking.answered_by_panel(str(data["id"]), str(data.get("choice", "")))

    def _draft(self, comm_id: str, data: dict[str, Any]) -> None:
        if self._drafts is None:
            # Loaded at the first: most kernels run without anybody who looks at what is being written.
            from jupyter_guard.kernel.drafts import Drafts

            self._drafts = Drafts(self._relay)
        self._drafts.ask(comm_id, data)

    def drafted(self, answer: Judged | Told) -> None:
        """The helper's answer about what a panel asked."""
        if self._drafts is not None:
            self._drafts.answered(answer)

    def follow(self, standing: Standing) -> None:
        """Take up the policy in force, and say so to panels that are open already."""
        self.standing = standing
        for comm_id in list(self._comms):
            self.send(comm_id, self._snapshot())

    def item(self, request: Execute, answer: Judged, state: str) -> dict[str, Any]:
        """A judged cell as the panel's JSON has it."""
        return _item((request.msg_id, request.cell_id, request.hash(), state, time.time()), answer.item)

    def report(self, request: Execute, answer: Judged, state: str) -> None:
        """Keep how a judged cell went on, and tell the panels."""
        facts = (request.msg_id, request.cell_id, request.hash(), state, time.time())
        self.counts[state] += 1
        self.counts["warned"] += state == "ran" and answer.verdict == "warn"
        if answer.would_be != answer.verdict:
            self.counts["would have asked"] += answer.would_be == "confirm"
            self.counts["would have blocked"] += answer.would_be == "block"
        # Most cells are never looked at here: what a panel is told is made when there is one.
        self._reports.append((facts, answer.item))
        self.note_cell(request)
        if self.has_comms:
            self._tell({"type": "report", "item": _item(facts, answer.item)})

    def limited(self, request: Execute, told: list[dict[str, Any]]) -> None:
        """Put what a cell's limits have said, all of it so far, beside what was found in it."""
        for number in range(len(self._reports) - 1, -1, -1):
            facts, judged = self._reports[number]
            if facts[0] == request.msg_id:
                item = json.loads(judged)
                own = [one for one in item["findings"] if ": limits." not in one["decided_by"]]
                item["findings"] = own + told
                self._reports[number] = facts, json.dumps(item).encode()
                if self._comms:
                    self._tell({"type": "report", "item": _item(*self._reports[number])})
                return

    def note_cell(self, request: Execute) -> None:
        """Remember which cell a request is about, for redactions in its output."""
        if request.cell_id:
            self._cells[request.msg_id] = request.cell_id
            while len(self._cells) > CELLS_KEPT:
                del self._cells[next(iter(self._cells))]

    def redacted(self, redactions: Iterable[Redaction], channel: str, msg_id: str) -> None:
        """Tell the panels of secrets that were taken out of a message."""
        for one in redactions:
            item = {
                "msg_id": msg_id,
                "cell_id": self._cells.get(msg_id, ""),
                "kind": one.kind,
                "channel": channel,
                "count": one.count,
            }
            self.redaction_counts[one.kind] += one.count
            self._redactions.append(item)
            self._tell({"type": "redaction", "item": item})

    def asks(self, number: str, item: dict[str, Any]) -> None:
        """Put a question to the panels."""
        self._pending[number] = item
        self._tell({"type": "pending", "item": item})

    def answered(self, number: str, choice: str) -> None:
        """The question has its answer, from wherever."""
        if self._pending.pop(number, None) is not None:
            self._tell({"type": "answered", "id": number, "choice": choice})

    def _tell(self, data: dict[str, Any]) -> None:
        for comm_id in self._comms:
            self.send(comm_id, data)
        if self._views is not None:
            self._views.refresh()

    def send(self, comm_id: str, data: dict[str, Any]) -> None:
        """Tell one panel something."""
        content = self._relay.outgoing.own("comm_msg", json.dumps({"comm_id": comm_id, "data": data}).encode(), "")
        self._relay.publish("comm_msg", content, b"{}", topic=b"comm-" + comm_id.encode("utf-8", "replace"))

    def _snapshot(self) -> dict[str, Any]:
        standing = self.standing
        return {
            "type": "snapshot",
            "version": VERSION,
            "guard": {
                "mode": standing.mode,
                "policy": standing.policy,
                "preset": standing.preset,
                "locked": standing.locked,
                "isolation": {"backend": standing.backend, "missing": list(standing.missing)},
                "enforced": True,
                "privileges": list(standing.privileges),
                "limits": [list(one) for one in standing.limits],
                "problems": [*standing.problems, *filter(None, [self._relay.lost_before])],
            },
            "reports": self.items(),
            "redactions": list(self._redactions),
            "pending": list(self._pending.values()),
        }


def _item(facts: _Facts, judged: bytes) -> dict[str, Any]:
    msg_id, cell_id, sha256, state, when = facts
    return {
        "msg_id": msg_id,
        "cell_id": cell_id,
        "sha256": sha256,
        "state": state,
        "time": datetime.fromtimestamp(when, UTC).isoformat(),
        **json.loads(judged),
    }
