"""Five channels between front ends and the child: who may read what when, and one loop that does it all.

The loop waits for nothing: not for the helper, not for a slow front end, not for an answer.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import zmq

from jupyter_guard.guard.approvals import Approvals
from jupyter_guard.guard.ledger import Ledger
from jupyter_guard.guard.protocol import HeldSecret, Judged, Standing, Tell, Told, Vet
from jupyter_guard.kernel import signals
from jupyter_guard.kernel.asking import Asking
from jupyter_guard.kernel.back import Back
from jupyter_guard.kernel.child import Child
from jupyter_guard.kernel.death import seconds_to_start
from jupyter_guard.kernel.dispatch import Dispatch, refused
from jupyter_guard.kernel.ending import LOOK_EVERY, Ending
from jupyter_guard.kernel.frames import messages, poll
from jupyter_guard.kernel.front import RETRY_SECONDS, Front
from jupyter_guard.kernel.happened import Happened
from jupyter_guard.kernel.incoming import Incoming
from jupyter_guard.kernel.judging import Judging
from jupyter_guard.kernel.keeping import Keeping
from jupyter_guard.kernel.link import Link
from jupyter_guard.kernel.logged import Logged
from jupyter_guard.kernel.looping import Loops
from jupyter_guard.kernel.masks import Masks
from jupyter_guard.kernel.memory import QUIET_SECONDS
from jupyter_guard.kernel.outgoing import Outgoing
from jupyter_guard.kernel.panel import FIRST_DRAFT, Panel
from jupyter_guard.kernel.request import Execute, Request
from jupyter_guard.kernel.tooling import Tools
from jupyter_guard.kernel.undoing import Undoing
from jupyter_guard.kernel.wire import Header, MalformedError
from jupyter_guard.scrub import KnownValues, MessageScrubber
from jupyter_guard.scrub.engine import engine_for

if TYPE_CHECKING:
    from jupyter_guard.kernel.limits import Limits

log = logging.getLogger("jupyter_guard")

# What is read from one socket before the others have their turn.
BATCH = 128
BATCH_BYTES = 1 << 20
# An iopub welcome comes within this time from an ipykernel that sends one; other kernels are nudged.
NUDGE_AFTER, NUDGE_EVERY = 1.5, 0.5
PARENT_SECONDS = 1.0


class Relay:
    """The guarded kernel's moving parts and the loop that drives them until the child ends."""

    def __init__(self, child: Child, front: Front, context: zmq.Context[Any], caught: signals.Signals) -> None:
        self.child = child
        self.front = front
        self.has_inside = child.wrapped.is_ipykernel
        self.language = child.wrapped.language
        self._signals = caught
        self._poller = zmq.Poller()
        self.back = Back(child.config, context, self._poller)
        self.approvals, self.ledger, self.loops = Approvals(), Ledger(), Loops()
        self.panel, self.asking, self.dispatch = Panel(self), Asking(self), Dispatch(self)
        self.incoming = Incoming(self)
        self.outgoing = Outgoing(self, MessageScrubber(KnownValues()))
        self.keeping = keeping = Keeping(self)
        self.undoing = undoing = Undoing(self)
        self.happened = Happened(self)
        self.tools = tools = Tools(self)
        self.judging = Judging(
            child.directory,
            self._answered,
            self.failed,
            self._follow,
            child.pid,
            keeping.kept,
            keeping.again,
            child.achieved,
            undoing.answered,
            self._helper_lost,
            tools.called,
        )
        self.link = Link(self, child.link, self._poller)
        self.logged = Logged(self, child.log, self._poller)
        self.masks = Masks(self, self._poller)
        # Processes of the guard's own that were started here: no limit of the kernel's is theirs.
        self.beside: set[int] = set()
        # Loaded with the first policy that has any.
        self.limits: Limits | None = None
        self.last_card = ""
        self.ready = False
        self.nudged = False
        self.shutting_down = False
        self.gave_up = self._abandoned = False
        # What the kernel before this one took with it: for panels, and until a cell has said it.
        self.lost_before = self.untold = ""
        self.topic = b""
        self.kernel_id = ""
        self._helper_link: Any = None
        self._helper_fd = -1
        self._helper_writes = False
        self._stopped_reading = False
        self._next_nudge = time.monotonic() + (NUDGE_AFTER if self.has_inside else 0.0)
        self._gives_up = time.monotonic() + seconds_to_start()
        self._parent = signals.starter()
        self._next_parent_check = 0.0
        self.ending = Ending(self)
        self._hidden: tuple[tuple[HeldSecret, ...], bytes] = ((), b"{}")

    # --- what the other parts need

    def forward(self, request: Request) -> None:
        """Send a request on to the child."""
        at = request.at
        frames = request.frames[at:]
        self.back.wire.sign(frames, 0)
        self.back.send(request.channel, request.client, frames)
        if request.header.msg_type.endswith("_request"):
            self.back.clients[request.client].unanswered.add(request.msg_id)

    def answered(self, identity: bytes, msg_id: str) -> None:
        """A reply went out to a client."""
        # Not earlier: it would take the processor from the child, whose start people wait for.
        self.judging.start()
        self.masks.follow()
        client = self.back.clients.get(identity)
        if client is not None:
            client.unanswered.discard(msg_id)

    def publish(self, kind: str, content: Any, parent: bytes, topic: bytes | None = None, metadata: Any = None) -> None:
        """Publish a message of the wrapper's own."""
        about = self.topic + kind.encode() if topic is None else topic
        self.front.publish([about, *self.front.wire.message(kind, content, parent, metadata)])

    def publish_status(self, state: str, parent: bytes) -> None:
        """Say busy or idle where the child has no say."""
        self.publish("status", {"execution_state": state}, parent)

    def publish_card(self, request: Execute) -> None:
        """Show the card that waits for a cell's input to be echoed, and what is to be shown with it."""
        cards, request.card, request.also = (request.card, *request.also), b"", ()
        # Nobody else can know the name: who does could show something else in the card's place.
        request.shown = cards[0], (name := f"jupyter_guard-{os.urandom(8).hex()}")
        self.last_card = "\n\n".join([self.show_card(request, one, name if one is cards[0] else "") for one in cards])

    def show_card(self, request: Execute, card: bytes, name: str = "", kind: str = "display_data") -> str:
        """Show a card on a cell, by a ``name`` so that it can be shown anew (``update_display_data``); its text."""
        transient = json.dumps({"display_id": name} if name else {}).encode()
        shown = b'{"data": ' + card + b', "metadata": {}, "transient": ' + transient + b"}"
        content = self.outgoing.own(kind, shown, request.msg_id)
        self.last_card = str(json.loads(content)["data"].get("text/plain", ""))
        self.publish(kind, content, request.parent)
        return self.last_card

    def tell_lost(self, parent: bytes) -> None:
        """Say on a cell, once, what the kernel before this one took with it."""
        text, self.untold = self.untold, ""
        self.publish("stream", {"name": "stderr", "text": text + "\n"}, parent)

    def reply(self, request: Request, kind: str, content: Any, metadata: Any = None) -> None:
        """Answer a request in the child's place."""
        message = self.front.wire.message(kind, content, request.parent, metadata)
        self.front.send(request.channel, [*request.frames[: request.at], *message])

    def learn_topic(self, topic: bytes) -> None:
        """How the child names itself in topics: ``kernel.ID.status``."""
        head, _, _ = topic.rpartition(b".")
        self.topic = head + b"." if head else b""
        self.kernel_id = head.decode("utf-8", "replace").removeprefix("kernel.")

    def _follow(self, standing: Standing) -> None:
        if (standing.secrets, standing.patterns) != self._hidden:
            self._hidden = (standing.secrets, standing.patterns)
            self.incoming.learn_from(*self._hidden)
        self.logged.follow()
        self.panel.follow(standing)
        if standing.limits and self.limits is None:
            from jupyter_guard.kernel.limits import Limits

            self.limits = Limits(self)
        if self.limits is not None:
            self.limits.follow(standing.limits)

    def _helper_lost(self, reason: str) -> None:
        self.undoing.lost(reason)
        self.tools.lost(reason)

    def _answered(self, answer: Judged | Told) -> None:
        if answer.id >= FIRST_DRAFT:
            self.panel.drafted(answer)
        elif isinstance(answer, Told):
            self.link.told(answer)
        elif answer.id < 0:
            self.link.judged(answer)
        else:
            self.dispatch.judged(answer)

    def failed(self, request: Vet | Tell, reason: str, instead: str = "") -> None:
        """There is no answer of the helper's, and that is the answer; ``instead`` is what to do about it."""
        if isinstance(request, Tell) and request.id < FIRST_DRAFT:
            self.link.failed(request, reason)
        else:
            self._answered(Told(request.id, reason) if isinstance(request, Tell) else refused(request, reason, instead))

    # --- the child's start

    def child_is_connected(self) -> None:
        """The child publishes to us from here on: front ends may be let in."""
        if not self.ready:
            self.ready = True
            self._poller.register(self.front.control, zmq.POLLIN)
            self._poller.register(self.front.shell, zmq.POLLIN)

    def _nudge(self) -> None:
        now = time.monotonic()
        if (self.ready and (self.has_inside or self.nudged)) or now < self._next_nudge:
            return
        self._next_nudge = now + NUDGE_EVERY
        if now > self._gives_up and not self.ready:
            self.gave_up = True
            signals.send(self.child.pid, signals.KILL)
            return
        header = self.front.wire.header("kernel_info_request")
        message = self.back.wire.message("kernel_info_request", {}, header=header)
        self.back.send("shell", b"jupyter-guard", message)

    def nudge_answered(self, header: Header, content: bytes) -> None:
        """Something came back that we asked for, not a front end."""
        if header.msg_type == "status" and b"idle" in content:
            self.nudged = True
            self.child_is_connected()

    # --- the loop

    def run(self) -> int:
        """Relay until the child ends; its exit code as ``os.waitstatus_to_exitcode`` gives it."""
        poller, front, back = self._poller, self.front, self.back
        poller.register(self._signals.reader.fileno(), zmq.POLLIN)
        poller.register(front.iopub, zmq.POLLIN)
        poller.register(front.stdin, zmq.POLLIN)
        poller.register(back.iopub, zmq.POLLIN)
        self.ending.watch(poller)
        # In this order when several are ready: output goes before the replies that end it.
        handlers: dict[Any, Callable[[Any], None]] = {
            self._signals.reader.fileno(): self._signalled,
            front.iopub: self._welcome,
            back.iopub: lambda _sock: self.drain_some_iopub(),
        }
        later: dict[Any, Callable[[Any], None]] = {
            front.control: lambda sock: self._drain(sock, "control"),
            front.stdin: lambda sock: self._drain(sock, "stdin"),
            front.shell: lambda sock: self._drain(sock, "shell"),
        }
        if self.logged.fd >= 0:
            poller.register(self.logged.fd, zmq.POLLIN)
            later[self.logged.fd] = self.logged.ready
        order = {sock: number for number, sock in enumerate([*handlers, None, *later])}
        middle = order[None]
        handlers |= later
        # While the child starts there is nothing else to do.
        engine_for(None)
        while True:
            self._watch_helper()
            ready = [sock for sock, _ in poll(poller.sockets, self._patience())]
            if not ready and front.flood.is_over:
                front.flood.give_back()
            if len(ready) > 1:
                ready.sort(key=lambda sock: order.get(sock, middle))
            if front.backlog:
                front.publish_backlog()
            for sock in ready:
                handle = handlers.get(sock)
                if handle is not None:
                    handle(sock)
                elif sock == self.link.fd:
                    self.link.ready()
                elif sock == self.masks.fd:
                    self.masks.ready()
                elif sock == self._helper_fd:
                    self.judging.write()
                    self.judging.receive()
                elif sock in back.owner:
                    self.drain_client(sock)
            if self.ending.has_come(ready):
                return self.ending.reap(self._abandoned)

    def _patience(self) -> int:
        """How long to wait for anything to happen, in milliseconds."""
        seconds = min(self.judging.check(), self.dispatch.check(), self.keeping.check(), self.outgoing.unsaid.check())
        if self.limits is not None:
            seconds = min(seconds, self.limits.check())
        if self.incoming.runs is not None:
            seconds = min(seconds, self.incoming.runs.check())
        if self.front.backlog:
            seconds = min(seconds, RETRY_SECONDS)
        elif self.front.flood.is_over:
            seconds = min(seconds, QUIET_SECONDS)
        if self._stopped_reading != bool(self.front.backlog):
            # Output that nobody takes waits in the child, not here.
            self._stopped_reading = bool(self.front.backlog)
            if self._stopped_reading:
                self._poller.unregister(self.back.iopub)
            else:
                self._poller.register(self.back.iopub, zmq.POLLIN)
        if not self.ready or not (self.has_inside or self.nudged):
            self._nudge()
            seconds = min(seconds, 0.25)
        if self._parent:
            self._check_parent()
            seconds = min(seconds, PARENT_SECONDS)
        if not self.ending.is_seen:
            seconds = min(seconds, LOOK_EVERY)
        return max(1, int(seconds * 1000)) if seconds > 0 else 0

    def _watch_helper(self) -> None:
        link = self.judging.link
        if link is not self._helper_link:
            if self._helper_link is not None:
                self._poller.unregister(self._helper_fd)
            self._helper_link = link
            if link is None:
                return
            self._helper_fd = link.fileno()
            self._poller.register(self._helper_fd, zmq.POLLIN)
            self._helper_writes = False
        if link is not None and self.judging.wants_to_write != self._helper_writes:
            self._helper_writes = self.judging.wants_to_write
            self._poller.register(self._helper_fd, zmq.POLLIN | (zmq.POLLOUT if self._helper_writes else 0))

    def _check_parent(self) -> None:
        now = time.monotonic()
        if now >= self._next_parent_check:
            self._next_parent_check = now + PARENT_SECONDS
            if os.getppid() != self._parent:
                log.warning("the process that started this kernel is gone: it ends as well")
                self.shutting_down = self._abandoned = True
                self._parent = 0
                signals.send(self.child.pid, signals.KILL)

    def _welcome(self, _sock: Any) -> None:
        self.front.welcome()

    def _signalled(self, _reader: Any) -> None:
        numbers = self._signals.take()
        if self.limits is not None and signals.CHILD in numbers:
            self.limits.reap()
        for number in numbers:
            if number == signals.INTERRUPT:
                # Before it is ready an interrupt would end the child instead of a cell; and a cell that has not reached
                # the child yet is interrupted here.
                ready = self.ready and (self.has_inside or self.nudged)
                if not self.dispatch.interrupted() and ready:
                    signals.send(self.child.pid, number)
            elif number == signals.TERMINATE:
                self.shutting_down = True
                signals.send(self.child.pid, number)

    def read_ahead(self) -> None:
        """Take what front ends have sent on shell by now."""
        self._drain(self.front.shell, "shell", limit=100_000)

    def _drain(self, sock: Any, channel: str, limit: int = BATCH) -> None:
        for frames in messages(sock, limit):
            try:
                self.incoming.take(channel, frames)
            except MalformedError as problem:
                log.warning("dropped a message on %s: %s", channel, problem)

    def drain_some_iopub(self) -> None:
        """Take some of what the child has published, and leave the others their turn."""
        self.drain_iopub(BATCH, BATCH_BYTES)

    def drain_iopub(self, limit: int = 10_000, most_bytes: int = 1 << 40) -> None:
        """Take what the child has published, until a front end is full."""
        if not self.front.backlog:
            for frames in messages(self.back.iopub, limit, most_bytes):
                self._take_from_child("iopub", b"", frames)
                if self.front.backlog:
                    return

    def drain_client(self, sock: Any) -> None:
        """Take some of what the child has answered to one client."""
        channel, client = self.back.owner[sock]
        for frames in messages(sock, BATCH):
            self._take_from_child(channel, client.identity, frames)

    def _take_from_child(self, channel: str, identity: bytes, frames: list[bytes]) -> None:
        try:
            self.outgoing.take(channel, identity, frames)
        except MalformedError as problem:
            log.warning("dropped a message from the kernel on %s: %s", channel, problem)
