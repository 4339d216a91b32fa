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
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_guard.guard.protocol import Judged, Standing
from jupyter_guard.kernel.allowed import AllowedTexts
from jupyter_guard.kernel.reports import Report, Reports
from jupyter_guard.kernel.request import Execute, Request, parse_object
from jupyter_guard.kernel.wire import CONTENT, MalformedError
from jupyter_guard.origin import Claim, Claims, is_id, read_claim
from jupyter_guard.scrub import Redaction
from jupyter_guard.terms import Origin

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
# A page that is there says so sooner.
PATIENCE_SECONDS = 1.5
# Answers with such a number are about drafts; those about cells count from 1.
FIRST_DRAFT = 1 << 32


class _Comm(msgspec.Struct, frozen=True):
    """``is_pages``: whether it is the page's own, which may say ``human`` and answer, and none that came after it.

    ``speaker`` is by whom its claims are: a page, or whatever else opened comms on the same connection.
    """

    key: str
    client: bytes
    is_pages: bool
    speaker: bytes


class Panel:
    """Every open panel of this kernel, and what they are told when they open."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._comms: dict[str, _Comm] = {}
        self._reports = Reports()
        self._redactions: deque[dict[str, Any]] = deque(maxlen=ITEMS_KEPT)
        self._pending: dict[str, dict[str, Any]] = {}
        # Since when the page that ran a cell has not said that it is there, by question.
        self._seeking: dict[str, float] = {}
        self._claims = Claims()
        # By whom the claims over the pages' latest comms were, by the comms' keys.
        self._speakers: dict[str, bytes] = {}
        self._allowed = AllowedTexts()
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

    def items(self, latest: int | None = None) -> list[dict[str, Any]]:
        """The kept reports as the panel's JSON has them, the latest last: all of them or the ``latest``."""
        return self._reports.items(latest)

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
        pages = (one.speaker for one in self._comms.values() if one.is_pages and one.client == request.client)
        beside = b"beside " + request.client
        found = self._claims.about(request.hash(), request.cell_id, next(pages, b""), beside, last=True)
        if found is not None:
            self._claims.used(request.hash())
        return found

    def may_yet_speak_of(self, request: Execute) -> bool:
        """Whether a run came by another way than the claims of an open page, which has said nothing of it so far."""
        is_watched = any(one.is_pages for one in self._comms.values()) and not self.answers_for(request.client)
        return is_watched and self._claims.about(request.hash(), request.cell_id) is None

    def receive(self, request: Request) -> bool:
        """Take a comm message from a front end, if it is for us. Raises ``MalformedError``."""
        content = parse_object(request.frames[request.at + CONTENT])
        comm_id, kind = content.get("comm_id"), request.header.msg_type
        is_ours = content.get("target_name") == TARGET if kind == "comm_open" else self.owns(comm_id)
        if not is_ours:
            return False
        if not is_id(comm_id):
            raise MalformedError("a comm of the guard's with an id that is none")
        try:
            self._take(kind, comm_id, content.get("data"), request)
        except Exception:
            # What a page says must not end the kernel; dropped, it neither allows nor lowers anything.
            log.exception("a message on the guard's comm could not be dealt with, and is dropped")
        return True

    def _take(self, kind: str, comm_id: str, data: Any, request: Request) -> None:
        if kind == "comm_open":
            self._open(comm_id, data, request.client)
        elif self._views is not None and self._views.owns(comm_id):
            self._views.receive(kind, comm_id, data, request.parent)
        elif kind == "comm_close":
            del self._comms[comm_id]
        else:
            self._told(comm_id, data)

    def answers_for(self, client: bytes) -> bool:
        """Whether the page behind a client has a panel, which tells a person's answers from a program's."""
        return any(one.is_pages and one.client == client for one in self._comms.values())

    def _open(self, comm_id: str, data: Any, client: bytes) -> None:
        data = data if isinstance(data, dict) else {}
        key, previous = data.get("key"), data.get("previous")
        key = key if isinstance(key, str) else ""
        # A page opens one, before any program in it can; it proves by the key of the last that the next is its own.
        for known, one in list(self._comms.items()):
            if one.is_pages and one.client == client and _is_same(one.key, previous):
                del self._comms[known]
        is_pages = bool(key) and not self.answers_for(client)
        while len(self._comms) >= COMMS_KEPT:
            # Closed tabs do not always say so.
            del self._comms[next(iter(self._comms))]
        speaker = self._page(key, previous, client) if is_pages else b"beside " + client
        self._comms[comm_id] = _Comm(key, client, is_pages, speaker)
        self.send(comm_id, self._snapshot())
        if is_pages:
            self._seek(client)

    def _page(self, key: str, previous: Any, client: bytes) -> bytes:
        """By whom a page's claims are: a page that connects anew may be another client, and still goes by its own."""
        known = [speaker for own, speaker in self._speakers.items() if _is_same(own, previous)]
        self._speakers[key] = known[0] if known else b"page " + client
        while len(self._speakers) > COMMS_KEPT:
            del self._speakers[next(iter(self._speakers))]
        return self._speakers[key]

    def _seek(self, client: bytes) -> None:
        """A page that was reloaded is another client: the one that was asked shows now whether it is still there."""
        for number in self._pending:
            asked = self._relay.asking.client_of(number)
            if asked != client:
                self._is_asked_there(number, asked)

    def _told(self, comm_id: str, data: Any) -> None:
        if not isinstance(data, dict):
            return
        kind = data.get("type")
        if kind == "snapshot":
            self.send(comm_id, self._snapshot())
            return
        comm, number = self._comms[comm_id], data.get("id")
        if not _is_same(comm.key, data.get("key")):
            log.warning("a message on the guard's comm came without its key; ignored")
        elif kind in ("vet", "policy", "audit", "fix"):
            self._draft(comm_id, data)
        elif kind == "claim":
            claim = read_claim(data)
            # Anybody may raise scrutiny; that a person wrote something, the page alone says.
            if claim is not None and (comm.is_pages or claim.author > Origin.HUMAN):
                self._claims.keep(claim, comm.speaker, may_lower=comm.is_pages)
                self._relay.dispatch.claiming.claimed(claim.sha256)
        elif not isinstance(number, str):
            return
        elif kind == "here" and comm.is_pages and self._relay.asking.client_of(number) == comm.client:
            self._seeking.pop(number, None)
        elif kind in ("answer", "typed") and number in self._pending:
            self._answer(comm_id, comm, number, kind, data.get("choice" if kind == "answer" else "value"))

    def _answer(self, comm_id: str, comm: _Comm, number: str, kind: str, said: Any) -> None:
        asking = self._relay.asking
        # What is no text allows nothing.
        said = said if isinstance(said, str) else ""
        asked = asking.client_of(number)
        if not comm.is_pages:
            log.warning("an answer came over a comm that is not the page's own; ignored")
        elif asked != comm.client and self._is_asked_there(number, asked):
            # A program may open a connection of its own: the page that ran the cell is the one that is asked.
            self.send(comm_id, {"type": "elsewhere", "id": number})
        elif kind == "typed":
            asking.typed_in_page(number, said)
        else:
            asking.answered_by_panel(number, said)

    def _is_asked_there(self, number: str, client: bytes) -> bool:
        """Whether the page that ran a cell may still be there, which it is asked; closed tabs do not say so."""
        owners = [comm_id for comm_id, one in self._comms.items() if one.is_pages and one.client == client]
        since = self._seeking.get(number)
        if owners and (since is None or time.monotonic() - since < PATIENCE_SECONDS):
            self._seeking.setdefault(number, time.monotonic())
            for comm_id in owners:
                self.send(comm_id, {"type": "asked", "id": number})
            return True
        return False

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
        return _report(request, answer, state).item()

    def report(self, request: Execute, answer: Judged, state: str) -> None:
        """Keep how a judged cell went on, and tell the panels."""
        self.counts[state] += 1
        self.counts["warned"] += state == "ran" and answer.verdict == "warn"
        if answer.would_be != answer.verdict:
            self.counts["would have asked"] += answer.would_be == "confirm"
            self.counts["would have blocked"] += answer.would_be == "block"
        # Most cells are never looked at here: what a panel is told is made when there is one.
        report = _report(request, answer, state)
        self._reports.keep(report)
        self.note_cell(request)
        if state in ("ran", "confirmed"):
            self._allowed.keep(request.cell_id, request.code)
        if self.has_comms:
            self._tell({"type": "report", "item": report.item()})

    def limited(self, request: Execute, told: list[dict[str, Any]]) -> None:
        """Put what a cell's limits have said, all of it so far, beside what was found in it."""
        report = self._reports.of(request.msg_id)
        if report is None:
            return
        item = json.loads(report.judged)
        own = [one for one in item["findings"] if ": limits." not in one["decided_by"]]
        item["findings"] = own + told
        self._reports.change(request.msg_id, json.dumps(item).encode())
        if self._comms:
            self._tell({"type": "report", "item": report.item()})

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

    def asks(self, number: str, request: Execute, answer: Judged) -> None:
        """Put a question to the panels, with the cell's text and the one that was allowed before, if it is another."""
        item = {**self.item(request, answer, "asked"), "id": number, "prompt": answer.prompt}
        before = self._allowed.changed(request.cell_id, request.code)
        if before is not None:
            item |= {"before": before, "code": request.code}
        self._pending[number] = item
        self._tell({"type": "pending", "item": item})

    def answered(self, number: str, choice: str) -> None:
        """The question has its answer, from wherever."""
        self._seeking.pop(number, None)
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
        self._relay.publish("comm_msg", content, b"{}", topic=b"comm-" + comm_id.encode())

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


def _is_same(own: str, key: Any) -> bool:
    if not own or not isinstance(key, str):
        return False
    return hmac.compare_digest(own.encode("utf-8", "surrogatepass"), key.encode("utf-8", "surrogatepass"))


def _report(request: Execute, answer: Judged, state: str) -> Report:
    return Report(request.msg_id, request.cell_id, request.hash(), state, time.time(), answer.item)
