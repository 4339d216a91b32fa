"""The front end's five ports: bound as a kernel binds them, and written to without losing a message."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from typing import Any

import zmq

from jupyter_guard.kernel.frames import offer, send
from jupyter_guard.kernel.memory import Flood
from jupyter_guard.kernel.wire import Wire, endpoint

log = logging.getLogger("jupyter_guard")

# Messages that zmq may keep for each front end. Beyond it we keep no more either: the child's output waits in
# the child until the slowest front end has read.
KEPT_PER_FRONT_END = 64
# A front end that has read nothing for so long is suspended or gone: from then on it alone loses messages.
STALLED_SECONDS = 60.0
RETRY_SECONDS = 0.002
# Larger parts are handed to zmq as they are.
COPIED = 65_536


class CannotBindError(Exception):
    """A port that is not free; the text is one sentence."""


class Front:
    """The sockets towards front ends. ``backlog`` holds what cannot be published yet, in order."""

    def __init__(self, config: dict[str, Any], context: zmq.Context[Any]) -> None:
        self.wire = Wire.of(config)
        self._config = config
        self._context = context
        self.shell = self._bind("shell", zmq.ROUTER)
        self.control = self._bind("control", zmq.ROUTER)
        self.stdin = self._bind("stdin", zmq.ROUTER)
        self.iopub = self._bind("iopub", zmq.XPUB)
        self._routers = {"shell": self.shell, "control": self.control, "stdin": self.stdin}
        self.backlog: deque[list[bytes]] = deque()
        self._stalled_since = 0.0
        self.flood = Flood()
        self._start_heartbeat()

    def _bind(self, channel: str, kind: int) -> Any:
        made = self._context.socket(kind)
        made.linger = 1000
        made.rcvhwm = 0
        if kind == zmq.XPUB:
            made.sndhwm = KEPT_PER_FRONT_END
            made.setsockopt(zmq.XPUB_NODROP, 1)
        else:
            made.sndhwm = 0
            made.router_handover = 1
        self._secure(made)
        try:
            made.bind(endpoint(self._config, channel))
        except zmq.ZMQError as error:
            raise CannotBindError(
                f"the {channel} port {endpoint(self._config, channel)} is not free: {error}"
            ) from None
        return made

    def _secure(self, made: Any) -> None:
        if self._config.get("curve_secretkey"):
            made.curve_secretkey = str(self._config["curve_secretkey"]).encode()
            made.curve_publickey = str(self._config["curve_publickey"]).encode()
            made.curve_server = True

    def _start_heartbeat(self) -> None:
        # In compiled code on a thread of its own: it answers whatever the relay is busy with.
        heart = self._bind("hb", zmq.ROUTER)

        def beat() -> None:
            with contextlib.suppress(zmq.ZMQError):
                zmq.proxy(heart, heart)
            heart.close(0)

        threading.Thread(target=beat, name="heartbeat", daemon=True).start()

    def send(self, channel: str, frames: list[bytes]) -> None:
        """Send a signed message, with its routing ids, on shell, control or stdin."""
        send(self._routers[channel], frames)

    def publish(self, frames: list[bytes]) -> None:
        """Send a signed message, with its topic, to every front end, now or when the slowest has room."""
        self.flood.passed += len(frames[-1])
        if self.backlog:
            self.backlog.append(frames)
            return
        try:
            offer(self.iopub, frames, len(frames[-1]) < COPIED)
        except zmq.Again:
            self._stalled_since = time.monotonic()
            self.backlog.append(frames)

    def publish_backlog(self) -> None:
        """Send what fits now."""
        backlog = self.backlog
        while backlog:
            try:
                offer(self.iopub, backlog[0])
            except zmq.Again:
                if time.monotonic() - self._stalled_since < STALLED_SECONDS:
                    return
                log.warning("a front end has read nothing for %.0f s: it loses output from now on", STALLED_SECONDS)
                self.iopub.setsockopt(zmq.XPUB_NODROP, 0)
                while backlog:
                    send(self.iopub, backlog.popleft())
                self.iopub.setsockopt(zmq.XPUB_NODROP, 1)
                return
            backlog.popleft()
            self._stalled_since = time.monotonic()

    def welcome(self) -> None:
        """Answer new subscriptions as ipykernel does: the front end knows then that it misses nothing."""
        while True:
            try:
                event = self.iopub.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            if event[:1] == b"\x01":
                topic = event[1:]
                frames = self.wire.message("iopub_welcome", {"subscription": topic.decode("utf-8", "replace")})
                self.publish([topic, *frames] if topic else frames)

    def close(self) -> None:
        """Close every port once what was sent has had a second to leave."""
        deadline = time.monotonic() + 2
        while self.backlog and time.monotonic() < deadline:
            self.publish_backlog()
            time.sleep(RETRY_SECONDS)
        for one in (self.shell, self.control, self.stdin, self.iopub):
            one.close(1000)
