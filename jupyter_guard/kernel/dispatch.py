"""Requests in -> one execute request at a time per shell, judged with the effects of the earlier ones known.

Everything that has to stay in order behind a cell waits here, so stopping the queue after an error is done here too,
with the same messages in the same order as ipykernel's own.
"""

from __future__ import annotations

import base64
import itertools
import json
import logging
import time
import zlib
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_guard.guard.protocol import Judged, Learn, Vet, to_bytes, to_text
from jupyter_guard.kernel.claiming import Claiming
from jupyter_guard.kernel.looking import LOOKS, not_evaluated, not_found, not_passed_on, sentence_of
from jupyter_guard.kernel.request import Execute, Request, State, parse_object
from jupyter_guard.kernel.wire import CONTENT
from jupyter_guard.origin import decide_origin

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay

log = logging.getLogger("jupyter_guard")

# Messages for widgets and the like reach a cell that awaits them, past what is queued behind it.
PASSING = frozenset({"comm_msg", "comm_close"})
# A page asks for it when it is loaded again. While a cell waits for an answer the child has nothing to do, and tells.
ASKED_FIRST = "kernel_info_request"
REPLY_SECONDS = 1.0
REFUSE = "__import__('sys').modules['_jupyter_guard_refusal'].refuse('%s')"
NO_REPLY = "The kernel could not take this request: its log says why. Text with lone surrogates is one reason."


class Lane:
    """One shell, subshell or the control channel: the cell under way and what waits behind it."""

    def __init__(self) -> None:
        self.current: Execute | None = None
        self.waiting: deque[Request] = deque()
        # What an error stopped, until the error itself has been told.
        self.stopped: deque[Request] = deque()


class Dispatch:
    """Judges, runs, asks about or refuses each execute request; passes on all others in their order."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.claiming = Claiming(relay)
        self._lanes: dict[tuple[str, str | None], Lane] = {}
        self._judging: dict[int, tuple[Execute, Lane]] = {}
        # Requests that are no cells and evaluate something all the same.
        self._others: dict[int, Request] = {}
        self._numbers = itertools.count(1)
        # Execute requests that reached the child, until both their reply and their `idle` were seen: they race.
        self.under_way: dict[str, tuple[Execute, Lane]] = {}
        self.executed = 0
        # Cells that are done and have no reply: it is on its way, or the child failed on the request itself.
        self._overdue: dict[str, float] = {}

    def receive(self, request: Request) -> None:
        """Take a request from shell or control."""
        lane = self._lanes.setdefault((request.channel, request.header.subshell_id), Lane())
        if request.header.msg_type in PASSING or self._is_asked_first(lane, request):
            self._relay.forward(request)
        elif self._must_wait(lane, request):
            lane.waiting.append(request)
        else:
            self._begin(lane, request)

    def _is_asked_first(self, lane: Lane, request: Request) -> bool:
        is_asking = lane.current is not None and lane.current.state is State.ASKING
        return is_asking and request.header.msg_type == ASKED_FIRST

    def _must_wait(self, lane: Lane, request: Request) -> bool:
        current = lane.current
        if current is None:
            return bool(lane.waiting)
        # What is no cell follows the running one in the child's own queue, unless something waits here already.
        return bool(lane.waiting) or isinstance(request, Execute) or current.state is not State.SENT or current.stops

    def _begin(self, lane: Lane, request: Request) -> None:
        if not isinstance(request, Execute):
            self._relay.forward(request)
            return
        lane.current = request
        if request.is_empty or self._relay.language not in ("python", "bash", "sql"):
            self._send(request, lane)
            return
        request.state = State.JUDGING
        self.claiming.hold(request, lambda: self._judge(request, lane))

    def _judge(self, request: Execute, lane: Lane) -> None:
        number = next(self._numbers)
        self._judging[number] = (request, lane)
        relay = self._relay
        evidence = decide_origin(
            request.code,
            request.metadata,
            relay.panel.claim(request),
            from_program=relay.ledger.has(request.code),
        )
        request.origin, request.evidence = str(evidence.origin), evidence.reasons
        relay.link.note_origin(request.origin)
        relay.keeping.judge(
            Vet(
                id=number,
                code=to_bytes(request.code),
                origin=request.origin,
                language=relay.language,
                cell_id=request.cell_id,
                number=self.executed + 1 if request.store_history else 0,
                expressions=tuple(to_bytes(one) for one in request.expressions),
            )
        )

    def _advance(self, lane: Lane) -> None:
        while lane.waiting and lane.current is None:
            self._begin(lane, lane.waiting.popleft())

    def judged(self, answer: Judged) -> None:
        """The helper's answer about the cell that a lane waits for."""
        other = self._others.pop(answer.id, None)
        if other is not None:
            self._judged_other(other, answer)
        found = self._judging.pop(answer.id, None)
        if found is None:
            return
        request, lane = found
        relay = self._relay
        if answer.verdict == "block":
            self.refuse(request, lane, answer, "blocked")
        elif answer.verdict == "confirm":
            if relay.approvals.allow(request.hash(), answer.effects):
                self.run_confirmed(request, lane, answer)
            else:
                request.state = State.ASKING
                relay.asking.ask(
                    request,
                    answer,
                    lambda: self.run_confirmed(request, lane, answer),
                    lambda key: self.refuse(request, lane, answer, key),
                )
        else:
            if answer.verdict == "warn" and not request.silent:
                request.card = answer.cards.get("warned", b"")
            if answer.shown:
                relay.link.note_foreseen(request.msg_id, answer.shown)
                relay.happened.foresaw(request.msg_id, answer.shown)
            self.decided(request, answer, "ran")
            relay.undoing.begin(request, lane, answer, lambda: self._send(request, lane))

    def run_confirmed(self, request: Execute, lane: Lane, answer: Judged) -> None:
        """Run a cell that somebody allowed."""
        relay = self._relay
        relay.judging.learn(Learn(to_bytes(request.code), request.origin, relay.language))
        relay.link.note_shown(request.msg_id, answer.shown)
        relay.happened.foresaw(request.msg_id, answer.shown)
        self.decided(request, answer, "confirmed")
        relay.undoing.begin(request, lane, answer, lambda: self._send(request, lane))

    def refuse(self, request: Execute, lane: Lane, answer: Judged, key: str) -> None:
        """Make an ordinary failed cell of one that may not run; ``key`` picks the card and the error."""
        answer = self._relay.loops.refused(answer)
        relay = self._relay
        state = "blocked" if key == "blocked" else "declined"
        self.decided(request, answer, state)
        if not request.silent:
            request.card = answer.cards.get(key, b"")
        request.refused = True
        error = json.loads(answer.errors[key])
        if not relay.has_inside:
            self._reply_ourselves(request, lane, error)
            return
        content = {**request.content, "code": substitute(request.code, error), "user_expressions": {}}
        request.frames[request.at + CONTENT] = json.dumps(content).encode()
        self._send(request, lane)

    def decided(self, request: Execute, answer: Judged, state: str) -> None:
        """A cell, or code within it, is to run or not: panels are told, and it is kept."""
        self._relay.keeping.decided(request, answer, state)
        self._relay.panel.report(request, answer, state)

    def _send(self, request: Execute, lane: Lane) -> None:
        request.state = State.SENT
        self.under_way[request.msg_id] = (request, lane)
        if self._relay.limits is not None:
            self._relay.limits.begins(request)
        self._relay.forward(request)

    def replying(self, msg_id: str, status: str) -> None:
        """An ``execute_reply`` is about to go out: what has arrived before an error is behind it in the queue."""
        found = self.under_way.get(msg_id)
        if found is None:
            return
        request, lane = found
        request.status = status
        request.stops = status == "error" and not request.silent and request.stop_on_error
        if request.stops and lane.current is request:
            self._relay.read_ahead()
            lane.stopped, lane.waiting = lane.waiting, deque()

    def replied(self, msg_id: str) -> None:
        """The ``execute_reply`` went out."""
        found = self.under_way.get(msg_id)
        if found is None:
            return
        self._overdue.pop(msg_id, None)
        request, lane = found
        request.replied = True
        if not request.stops and not self._relay.undoing.has(request):
            self._free(request, lane)
        if request.is_idle:
            self._finish(request, lane)

    def idle(self, msg_id: str) -> None:
        """The child said that it is done with a request."""
        found = self.under_way.get(msg_id)
        if found is None:
            return
        request, lane = found
        request.is_idle = True
        if request.replied:
            self._finish(request, lane)
        else:
            self._overdue[msg_id] = time.monotonic() + REPLY_SECONDS

    def check(self) -> float:
        """Reply in place of a child that did not; the seconds until there is something to check again."""
        left = self.claiming.check()
        if not self._overdue:
            return left
        for msg_id, deadline in list(self._overdue.items()):
            left = min(left, deadline - time.monotonic())
            if deadline <= time.monotonic():
                request, _ = self.under_way[msg_id]
                # An interrupt that hits ipykernel just before or after the cell's own code ends the handling of it.
                name = "KeyboardInterrupt" if request.was_interrupted else "KernelDidNotReply"
                text = "" if request.was_interrupted else NO_REPLY
                error = {"ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}
                self.replying(msg_id, "error")
                self._relay.reply(
                    request, "execute_reply", {"status": "error", "execution_count": self.executed, **error}
                )
                self.replied(msg_id)
        return left

    def _finish(self, request: Execute, lane: Lane) -> None:
        del self.under_way[request.msg_id]
        if self._relay.limits is not None:
            self._relay.limits.ended(request.msg_id)
        # A refusal's error is the guard's own, and on record already.
        self._relay.keeping.ended(request.msg_id, "ok" if request.refused else request.status)
        # What the next cell changes is not this one's.
        self._relay.undoing.finished(request, lambda: self._free(request, lane))

    def _free(self, request: Execute, lane: Lane) -> None:
        if lane.current is request:
            lane.current = None
            self._abort(lane)
            self._advance(lane)

    def _abort(self, lane: Lane) -> None:
        stopped, lane.stopped = lane.stopped, deque()
        for request in stopped:
            if not isinstance(request, Execute):
                self._relay.forward(request)
                continue
            self._aborted(request)

    def _aborted(self, request: Execute) -> None:
        relay = self._relay
        relay.publish_status("busy", request.parent)
        metadata = {
            "started": datetime.now(UTC).isoformat(),
            "dependencies_met": True,
            "engine": relay.kernel_id,
            "status": "aborted",
        }
        relay.reply(request, "execute_reply", {"status": "aborted"}, metadata)
        relay.publish_status("idle", request.parent)

    def state(self, msg_id: str, client: bytes) -> str:
        """Where a cell of a client's is: ``queued``, ``judging``, ``asking``, ``running``, or done (empty)."""
        for lane in self._lanes.values():
            for request in (*filter(None, [lane.current]), *lane.waiting):
                if request.msg_id == msg_id and request.client == client:
                    return "running" if request.state is State.SENT else request.state.value
        return ""

    def withdraw_waiting(self, msg_id: str, client: bytes) -> bool:
        """Abort a cell of a client's that waits behind others; whether it did."""
        for lane in self._lanes.values():
            for request in lane.waiting:
                if isinstance(request, Execute) and request.msg_id == msg_id and request.client == client:
                    lane.waiting.remove(request)
                    self._aborted(request)
                    return True
        return False

    def interrupted(self) -> bool:
        """An interrupt came: a cell that is judged or asked about is refused. Whether there was one."""
        had_one = self._relay.asking.interrupted()
        had_one = self._relay.undoing.interrupted() or had_one
        self.claiming.give_up()
        if self._judging:
            had_one = self._relay.judging.give_up() or had_one
        if not had_one:
            for request, _ in self.under_way.values():
                request.was_interrupted = True
        return had_one

    def running(self) -> list[Execute]:
        """The cells that the child has not finished."""
        return [request for request, _ in self.under_way.values() if not request.replied]

    def receive_judged(self, request: Request, texts: tuple[str, ...], how: str) -> None:
        """A request that is no cell; ``texts`` are what the child would evaluate for it, judged before it passes.

        ``how`` is as in ``Vet``.
        """
        relay = self._relay
        if not texts or relay.language != "python":
            self.receive(request)
            return
        number = next(self._numbers)
        self._others[number] = request
        code, *others = (to_bytes(one) for one in texts)
        relay.judging.ask(Vet(id=number, code=code, origin="unknown", expressions=tuple(others), how=how))

    def _judged_other(self, request: Request, answer: Judged) -> None:
        kind = request.header.msg_type
        if answer.verdict in ("allow", "warn"):
            if kind == "debug_request":
                self._relay.forward(request)
            else:
                self.receive(request)
            return
        relay = self._relay
        sentence = sentence_of(answer.item)
        log.info("a %s was not passed on: it %s", kind, sentence)
        asked = parse_object(request.frames[request.at + CONTENT])
        relay.publish_status("busy", request.parent)
        if kind == "debug_request":
            relay.reply(request, "debug_reply", not_evaluated(asked, sentence))
        elif kind in LOOKS:
            relay.reply(request, kind.replace("request", "reply"), not_found(kind, asked))
        else:
            content = relay.outgoing.own("stream", json.dumps(not_passed_on(sentence)).encode(), "")
            relay.publish("stream", content, request.parent)
        relay.publish_status("idle", request.parent)

    def _reply_ourselves(self, request: Execute, lane: Lane, error: dict[str, Any]) -> None:
        """Answer for a kernel that has no inside package, as far as the protocol goes."""
        relay = self._relay
        request.state = State.SENT
        self.under_way[request.msg_id] = (request, lane)
        count = self.executed + (not request.silent)
        relay.publish_status("busy", request.parent)
        if not request.silent:
            relay.publish("execute_input", {"code": request.code, "execution_count": count}, request.parent)
            if request.card:
                relay.publish_card(request)
            relay.publish("error", error, request.parent)
        self.replying(request.msg_id, "error")
        content = {"status": "error", "execution_count": count, **error, "user_expressions": {}, "payload": []}
        relay.reply(request, "execute_reply", content, {"started": datetime.now(UTC).isoformat(), "status": "error"})
        relay.publish_status("idle", request.parent)
        self.idle(request.msg_id)
        self.replied(request.msg_id)


def substitute(code: str, error: dict[str, Any]) -> str:
    """What runs in a refused cell's place: one call that raises the error and keeps the user's text."""
    packed = zlib.compress(json.dumps({**error, "code": code}).encode(), 1)
    return REFUSE % base64.b64encode(packed).decode()


def refused(request: Vet, reason: str, instead: str = "") -> Judged:
    """The answer in place of the helper's when there is none: a block, with the reason and what to do about it."""
    from jupyter_guard.guard.pipeline import answer
    from jupyter_guard.guard.session import failed
    from jupyter_guard.terms import Cell, Origin

    code = to_text(request.code[:10_000])
    cell = Cell(code, Origin(request.origin), request.language, request.cell_id, request.number)
    return answer(request.id, failed(cell, reason, instead=instead))
