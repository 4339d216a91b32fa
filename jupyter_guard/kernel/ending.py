"""The child's end: how it is seen, what the child sent before it, and what its cells are told."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import zmq

from jupyter_guard.kernel import boxed, signals

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay

LOOK_EVERY = 0.25
"""Seconds between two looks where the system has no descriptor of a process."""


class Ending:
    """Sees the child's end for the relay. ``is_seen`` is false where the loop has to look by itself."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        # Whether what the kernel runs in was ended, and only with that the kernel.
        self.was_the_box = False
        try:
            self._ended: int | None = os.pidfd_open(relay.child.pid)
        except (AttributeError, OSError):
            self._ended = None

    @property
    def is_seen(self) -> bool:
        """Whether the poller wakes up at the end."""
        return self._ended is not None

    def watch(self, poller: zmq.Poller) -> None:
        """Have ``poller`` wake up at the end, where it can."""
        if self._ended is not None:
            poller.register(self._ended, zmq.POLLIN)

    def has_come(self, ready: list[Any]) -> bool:
        """Whether the child has ended; ``ready`` is what the poller woke up for."""
        child = self._relay.child
        if self._ended is not None:
            return self._ended in ready
        if child.process is not None:
            return child.process.poll() is not None
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def reap(self, abandoned: bool) -> int:
        """The exit code of the child that has ended; what it sent is passed on, unless nobody is left to read it."""
        relay, child = self._relay, self._relay.child
        if child.process is not None:
            code = int(child.process.wait())
        else:
            # What it had started, while its number is still its own.
            signals.send(child.pid, signals.KILL)
            code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
            # bubblewrap tells of a signal to the kernel by its own exit status; one to itself ends it as any program.
            self.was_the_box = code < 0 and boxed.native(128 - code, child.achieved()) == code
            code = boxed.native(code, child.achieved())
        if relay.limits is not None:
            relay.limits.end_leftovers(code)
        if not abandoned:
            self._take_what_it_sent()
        relay.logged.last_words()
        return code

    def _take_what_it_sent(self) -> None:
        """What the child sent before it died is on its way still."""
        relay = self._relay
        front, back = relay.front, relay.back
        poller = zmq.Poller()
        poller.register(back.iopub, zmq.POLLIN)
        for sock in back.owner:
            poller.register(sock, zmq.POLLIN)
        quiet, deadline = 0, time.monotonic() + 5
        while quiet < 2 and time.monotonic() < deadline:
            events = dict(poller.poll(10))
            quiet = 0 if events or front.backlog else quiet + 1
            front.publish_backlog()
            if back.iopub in events:
                relay.drain_some_iopub()
            for sock in events:
                if sock in back.owner:
                    relay.drain_client(sock)

    def last_words(self, reason: str) -> None:
        """Put the reason for the child's death on the cells that it was running."""
        relay = self._relay
        for about in list(relay.outgoing.open_streams()):
            relay.outgoing.release(about)
        relay.outgoing.unsaid.say_all()
        if relay.shutting_down:
            return
        for request in relay.dispatch.running():
            content = {"ename": "KernelDied", "evalue": reason, "traceback": [f"KernelDied: {reason}"]}
            relay.publish("error", content, request.parent)
            relay.keeping.ended(request.msg_id, "died", reason)
