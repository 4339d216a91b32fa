"""A client asks about a run of its own, or takes it back -> where it is, or what became of it.

Whoever runs a cell from outside the notebook may stop waiting: nothing of it must run later, with nobody there. The
request is one of the guard's own, on control: the wrapper answers at any time, and what it says shows that it is there.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from jupyter_guard.kernel import signals
from jupyter_guard.kernel.request import Request, parse_object
from jupyter_guard.kernel.wire import CONTENT

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay

log = logging.getLogger("jupyter_guard")

REPLY = "guard_reply"
REFUSED, ABORTED, INTERRUPTED = "refused", "aborted", "interrupted"
LONGEST_LEASE = 3600.0
MOST_LEASES = 1000
# Python drops an interrupt that hits where no exception can be raised, such as a callback of the garbage collector's.
AGAIN_SECONDS = 5.0
# A cell that is just being judged can be taken back in a moment.
MOMENT = 0.5


class Runs:
    """The runs that end unless their client asks about them again."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._until: dict[tuple[str, bytes], float] = {}
        # Of those that were interrupted, when it is time to do so again.
        self._again: dict[tuple[str, bytes], float] = {}

    def answer(self, request: Request) -> None:
        """Answer ``{"msg_id", "withdraw": bool, "lease": seconds}``; each may be left out. Raises ``MalformedError``.

        ``state`` of the run is ``queued``, ``judging``, ``asking`` or ``running``, empty where it is done or not this
        client's; ``withdrawn`` is ``refused``, ``aborted`` or ``interrupted``, empty where nothing was taken back. With
        a lease the run is taken back when its client has not asked again by then; also one that comes only after this
        request, which has another channel.
        """
        relay = self._relay
        content = parse_object(request.frames[request.at + CONTENT])
        standing = relay.panel.standing
        said: dict[str, Any] = {
            "status": "ok",
            "mode": standing.mode,
            "policy": standing.policy,
            "problems": list(standing.problems),
            "state": "",
            "withdrawn": "",
        }
        msg_id, lease = content.get("msg_id"), content.get("lease")
        if isinstance(msg_id, str) and msg_id:
            run = msg_id, request.client
            if content.get("withdraw") is True:
                said["withdrawn"] = self._withdraw(*run)
            said["state"] = self._state(*run)
            self._until.pop(run, None)
            if isinstance(lease, int | float) and lease > 0:
                while len(self._until) >= MOST_LEASES:
                    del self._until[next(iter(self._until))]
                self._until[run] = time.monotonic() + min(lease, LONGEST_LEASE)
        # Without busy and idle: front ends show the kernel's own, whoever asked.
        relay.reply(request, REPLY, said)

    def check(self) -> float:
        """Take back what nobody waits for; the seconds until there is something to check again."""
        if not self._until and not self._again:
            return 3600.0
        now = time.monotonic()
        for run, until in list(self._until.items()):
            if until <= now:
                del self._until[run]
                if self._state(*run):
                    log.warning("nobody waits for %s any more", run[0])
                    if not self._withdraw(*run):
                        self._until[run] = now + MOMENT
        for run, until in list(self._again.items()):
            if until <= now and not self._interrupt(*run):
                del self._again[run]
        return max(0.0, min((*self._until.values(), *self._again.values()), default=now + 3600.0) - now)

    def _state(self, msg_id: str, client: bytes) -> str:
        relay = self._relay
        return "asking" if relay.asking.asks_about(msg_id, client) else relay.dispatch.state(msg_id, client)

    def _withdraw(self, msg_id: str, client: bytes) -> str:
        if self._relay.asking.withdrawn(msg_id, client):
            how = REFUSED
        elif self._relay.dispatch.withdraw_waiting(msg_id, client):
            how = ABORTED
        elif self._interrupt(msg_id, client):
            how = INTERRUPTED
        else:
            # Done, or being judged: then it is asked about or runs in a moment.
            return ""
        log.info("%s was taken back by who sent it: %s", msg_id, how)
        return how

    def _interrupt(self, msg_id: str, client: bytes) -> bool:
        """Interrupt the child where it runs exactly this, and again until it has ended; whether it runs."""
        running = self._relay.dispatch.running()
        request = next((one for one in running if one.msg_id == msg_id and one.client == client), None)
        # A signal reaches the main shell only.
        if request is None or request.channel != "shell" or request.header.subshell_id is not None:
            return False
        now, run = time.monotonic(), (msg_id, client)
        is_due = self._again.get(run, now + AGAIN_SECONDS) <= now
        if is_due or run not in self._again:
            self._again[run] = now + AGAIN_SECONDS
        if is_due or not request.was_interrupted:
            request.was_interrupted = True
            signals.send(self._relay.child.pid, signals.INTERRUPT)
        return True
