"""What the wrapper knows -> guard panels, over the comm that a front end opens; and their claims and answers back.

The wrapper answers by itself, so a panel is served while the kernel is busy, and nothing of it reaches the child.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jupyter_guard.guard.approvals import Choice
from jupyter_guard.guard.pages import Comm, Pages
from jupyter_guard.guard.protocol import Judged, Standing
from jupyter_guard.kernel.allowed import AllowedTexts
from jupyter_guard.kernel.claiming import HELD_SECONDS
from jupyter_guard.kernel.reports import Report, Reports
from jupyter_guard.kernel.request import Execute, Request, parse_object
from jupyter_guard.kernel.wire import CONTENT, MalformedError
from jupyter_guard.origin import Claim, Claims, code_hash, is_id, read_claim
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
CELLS_KEPT = 1000
# A page that is there says so sooner.
PATIENCE_SECONDS = 1.5
# Answers with such a number are about drafts; those about cells count from 1.
FIRST_DRAFT = 1 << 32


class Panel:
    """Every open panel of this kernel, and what they are told when they open."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.pages = Pages()
        self._reports = Reports()
        self._redactions: deque[dict[str, Any]] = deque(maxlen=ITEMS_KEPT)
        self._pending: dict[str, dict[str, Any]] = {}
        # What pages were shown of each question, as `shown_hash` has it.
        self._shown: dict[str, set[str]] = {}
        # Since when the page that ran a cell has not said that it is there, by question.
        self._seeking: dict[str, float] = {}
        self._claims = Claims()
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
        return bool(self.pages)

    @property
    def has_comms(self) -> bool:
        """Whether there is any comm of ours, a panel's or a view's widget."""
        return bool(self.pages) or self._views is not None

    def owns(self, comm_id: Any) -> bool:
        """Whether a comm is one of ours."""
        return isinstance(comm_id, str) and (
            comm_id in self.pages or (self._views is not None and self._views.owns(comm_id))
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
        beside = b"beside " + request.client
        found = self._claims.about(
            request.hash(), request.cell_id, self.pages.speaker(request.client), beside, last=True
        )
        if found is not None:
            self._claims.used(request.hash())
        return found

    def may_yet_speak_of(self, request: Execute) -> float:
        """For how many seconds to wait for the word of a page about a run, of which it has said nothing so far.

        It comes late where the run came by another way than the claims of an open page, or that page opens just now.
        """
        if not self.pages or self._claims.about(request.hash(), request.cell_id) is not None:
            return 0.0
        if self.pages.of(request.client):
            return self.pages.left_to_open(request.client)
        return HELD_SECONDS if any(self.pages[one].is_pages for one in self.pages) else 0.0

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
            comm = self.pages.open(comm_id, data, request.client)
            if comm is not None:
                self.send(comm_id, self._snapshot(comm))
                if comm.is_pages:
                    self._seek(request.client)
        elif self._views is not None and self._views.owns(comm_id):
            self._views.receive(kind, comm_id, data, request.parent)
        elif kind == "comm_close":
            self.pages.close(comm_id, data)
        elif isinstance(data, dict):
            self._told(comm_id, data)

    def _seek(self, client: bytes) -> None:
        """A page that was reloaded is another client: the one that was asked shows now whether it is still there."""
        for number in self._pending:
            asked = self._relay.asking.client_of(number)
            if asked != client:
                self._is_asked_there(number, asked)

    def _told(self, comm_id: str, data: dict[str, Any]) -> None:
        comm = self.pages[comm_id]
        # What was judged is shown to whoever asks; all else needs a proof.
        said = data if data.get("type") == "snapshot" else comm.seal.opened(data)
        if said is None:
            log.warning("a message on the guard's comm came without its proof, or a second time; ignored")
            return
        kind, number = said.get("type"), said.get("id")
        if kind == "snapshot":
            self.send(comm_id, self._snapshot(comm))
        elif kind in ("vet", "policy", "audit", "fix"):
            self._draft(comm_id, said)
        elif kind == "humans" and comm.is_pages and type(number) is int:
            self.send(comm_id, {"type": kind, "id": number, "text": self._humans()})
        elif kind == "undo" and comm.is_pages and type(number) is int:
            self._undo(comm_id, number, said)
        elif kind == "ready" and comm.is_pages:
            self._relay.dispatch.claiming.opened(comm.client)
        elif kind == "claim":
            claim = read_claim(said)
            # Anybody may raise scrutiny; that a person wrote something, the page alone says.
            if claim is not None and (comm.is_pages or claim.author > Origin.HUMAN):
                self._claims.keep(claim, comm.speaker, may_lower=comm.is_pages)
                self._relay.dispatch.claiming.claimed(claim.sha256)
        elif not isinstance(number, str):
            return
        elif kind == "here" and comm.is_pages and self._relay.asking.client_of(number) == comm.client:
            self._seeking.pop(number, None)
        elif kind in ("answer", "typed") and number in self._pending:
            self._answer(comm_id, comm, number, said)

    def _undo(self, comm_id: str, number: int, said: dict[str, Any]) -> None:
        """What cells have changed, for a page, or a part of it brought back."""

        def answer(text: str) -> None:
            if self.owns(comm_id):
                self.send(comm_id, {"type": "undo", "id": number, "text": text})

        self._relay.undoing.for_page(said, answer)

    def _humans(self) -> str:
        """The cells whose latest run was judged as a person's, a line each: the code's hash and the cell's id."""
        items = self._reports.items()
        return "\n".join(f"{one['sha256']} {one['cell_id']}" for one in items if one.get("origin") == Origin.HUMAN)

    def _answer(self, comm_id: str, comm: Comm, number: str, said: dict[str, Any]) -> None:
        asking = self._relay.asking
        is_typed = said["type"] == "typed"
        # What is no text allows nothing.
        choice = said.get("value" if is_typed else "choice")
        choice = choice if isinstance(choice, str) else ""
        asked = asking.client_of(number)
        if not comm.is_pages:
            log.warning("an answer came over a comm that is not the page's own; ignored")
        elif asked != comm.client and self._is_asked_there(number, asked):
            # A program may open a connection of its own: the page that ran the cell is the one that is asked.
            self.send(comm_id, {"type": "elsewhere", "id": number})
        elif is_typed:
            asking.typed_in_page(number, choice)
        elif choice != Choice.REFUSE and said.get("shown") not in self._shown.get(number, ()):
            # A program may have put other words into the panel than the guard's: they are said again.
            log.warning("a yes about something else than what is asked; ignored")
            self.send(comm_id, {"type": "pending", "item": self._pending[number]})
        else:
            asking.answered_by_panel(number, choice)

    def _is_asked_there(self, number: str, client: bytes) -> bool:
        """Whether the page that ran a cell may still be there, which it is asked; closed tabs do not say so."""
        owners = self.pages.of(client)
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
        self._tell({"type": "standing", "guard": self._guard()})

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
        if self.has_comms:
            self._tell({"type": "report", "item": report.item()})

    def happened(self, request: Execute, told: dict[str, list[str]]) -> None:
        """Put what a cell did beside what was read in it."""
        report = self._reports.of(request.msg_id)
        if report is None:
            return
        self._reports.change(request.msg_id, json.dumps({**json.loads(report.judged), "happened": told}).encode())
        if self.has_comms:
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
        """Put a question to the panels, with the cell's text and the one that was allowed before, if it is another.

        What is in no cell nobody has seen: all of it is shown.
        """
        item = {**self.item(request, answer, "asked"), "id": number, "prompt": answer.prompt}
        before = self._allowed.changed(request.cell_id, request.code) if request.cell_id else ""
        if before is not None:
            item |= {"before": before, "code": request.code}
        self._pending[number] = item
        self._tell({"type": "pending", "item": item})

    def answered(self, number: str, choice: str) -> None:
        """The question has its answer, from wherever."""
        self._seeking.pop(number, None)
        self._shown.pop(number, None)
        if self._pending.pop(number, None) is not None:
            self._tell({"type": "answered", "id": number, "choice": choice})

    def _tell(self, data: dict[str, Any]) -> None:
        for comm_id in self.pages:
            self.send(comm_id, data)
        if self._views is not None:
            self._views.refresh()

    def send(self, comm_id: str, data: dict[str, Any]) -> None:
        """Tell one panel something."""
        content = self._relay.outgoing.own("comm_msg", json.dumps({"comm_id": comm_id, "data": data}).encode(), "")
        pending = data["pending"] if data["type"] == "snapshot" else data["type"] == "pending"
        if comm_id in self.pages and (pending or "text" in data):
            # Only what has passed the scrubber is what the page reads.
            told = json.loads(content)
            self._note_shown(told["data"])
            if "text" in data:
                text = f"{data['type']} {data.get('id')} {told['data']['text']}"
                told["data"]["proof"] = self.pages[comm_id].seal.proof(text)
                content = json.dumps(told).encode()
        self._relay.publish("comm_msg", content, b"{}", topic=b"comm-" + comm_id.encode())

    def _note_shown(self, data: dict[str, Any]) -> None:
        for item in data.get("pending", [data["item"]] if data["type"] == "pending" else []):
            self._shown.setdefault(item["id"], set()).add(shown_hash(item))

    def _snapshot(self, comm: Comm) -> dict[str, Any]:
        return {
            "type": "snapshot",
            "version": VERSION,
            "key": comm.seal.public,
            "page": comm.is_pages,
            "run": self._relay.keeping.kernel,
            "guard": self._guard(),
            "reports": self.items(),
            "redactions": list(self._redactions),
            "pending": list(self._pending.values()),
        }

    def _guard(self) -> dict[str, Any]:
        standing = self.standing
        return {
            "mode": standing.mode,
            "policy": standing.policy,
            "preset": standing.preset,
            "locked": standing.locked,
            "isolation": {"backend": standing.backend, "missing": list(standing.missing)},
            "enforced": True,
            "privileges": list(standing.privileges),
            "limits": [list(one) for one in standing.limits],
            "problems": [*standing.problems, *filter(None, [self._relay.lost_before])],
        }


def shown_hash(item: dict[str, Any]) -> str:
    """The hash of what a person reads of a question before they answer; the panel's `shownHash` is the same."""
    about = [item.get(key, "") for key in ("id", "cell_id", "sha256", "origin", "sentence", "prompt", "before", "code")]
    found = [f"{one.get('rule', '')} {one.get('message', '')}" for one in item.get("findings", ())]
    return code_hash("\n".join(map(str, [*about, *found])))


def _report(request: Execute, answer: Judged, state: str) -> Report:
    return Report(request.msg_id, request.cell_id, request.hash(), state, time.time(), answer.item)
