"""Messages from front ends -> checked, and handed to whoever deals with their kind."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING

from jupyter_guard.guard.protocol import HeldSecret, to_text
from jupyter_guard.kernel.looking import LOOKS, comm_texts, debug_texts, looked_at
from jupyter_guard.kernel.request import EXECUTE, Execute, Request, parse_object
from jupyter_guard.kernel.wire import CONTENT, HEADER, MalformedError, parse_header

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.runs import Runs

log = logging.getLogger("jupyter_guard")

COMMS = frozenset({"comm_open", "comm_msg", "comm_close"})
GUARD = "guard_request"


class Incoming:
    """Takes what front ends send on shell, control and stdin."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        # Loaded with the first: most kernels run nobody's cells but their notebook's.
        self.runs: Runs | None = None

    def take(self, channel: str, frames: list[bytes]) -> None:
        """One message with its routing ids. Raises ``MalformedError`` for what must be dropped."""
        relay = self._relay
        at = relay.front.wire.check(frames, once=True)
        if at < 1:
            raise MalformedError("a message from nobody")
        header = parse_header(frames[at + HEADER])
        kind = header.msg_type
        if channel == "stdin":
            if not relay.asking.take_reply(frames[0], frames, at):
                relay.forward(Request(channel, frames, at, header))
            return
        if kind == EXECUTE:
            relay.dispatch.receive(Execute(channel, frames, at, header))
            return
        request = Request(channel, frames, at, header)
        if kind == GUARD:
            self._about_a_run(request)
            return
        if kind in COMMS and relay.panel.receive(request):
            return
        if kind == "comm_info_request" and relay.panel.views is not None:
            relay.panel.views.listing(header.msg_id, parse_object(frames[at + CONTENT]).get("target_name"))
        if kind == "debug_request":
            relay.dispatch.receive_judged(request, debug_texts(parse_object(frames[at + CONTENT])), "")
            return
        if kind in LOOKS:
            relay.dispatch.receive_judged(request, looked_at(kind, parse_object(frames[at + CONTENT])), "look")
            return
        if kind in COMMS and (texts := comm_texts(frames[at + CONTENT])):
            relay.dispatch.receive_judged(request, texts, "comm")
            return
        if kind == "shutdown_request":
            relay.shutting_down = True
        elif kind == "interrupt_request" and relay.dispatch.interrupted():
            relay.publish_status("busy", request.parent)
            relay.reply(request, "interrupt_reply", {"status": "ok"})
            relay.publish_status("idle", request.parent)
            return
        relay.dispatch.receive(request)

    def _about_a_run(self, request: Request) -> None:
        if self.runs is None:
            from jupyter_guard.kernel.runs import Runs

            self.runs = Runs(self._relay)
        self.runs.answer(request)

    def learn_from(self, secrets: tuple[HeldSecret, ...], patterns: bytes) -> None:
        """Take out of all output what the policy's sources (``env``, ``netrc`` ...) hold or its patterns match."""
        from jupyter_guard.scrub import KnownValues, MessageScrubber, with_own

        known = KnownValues.told(os.environ)
        for held, kind, name in secrets:
            known.learn(to_text(held), kind, registered=False, name=to_text(name))
        for about in self._relay.outgoing.open_streams():
            self._relay.outgoing.release(about)
        fields = self._relay.outgoing.scrubber.fields
        self._relay.outgoing.scrubber = MessageScrubber(known, with_own(json.loads(patterns)), fields)
        for value, kind in self._relay.outgoing.learned:
            self._relay.outgoing.scrubber.learn(value, kind)
