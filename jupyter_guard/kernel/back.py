"""The child's four channels as a front end would use them: one connection per client, under that client's own id.

A shared connection would break ``_parent_ident`` in the child, by which input requests find the client that ran a cell.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
import zmq

from jupyter_guard.kernel.frames import send
from jupyter_guard.kernel.wire import Wire, endpoint

KEPT_CLIENTS = 32
IDLE_SECONDS = 600.0
# How many of the child's messages zmq may read ahead of us. A flood of prints makes messages of some megabytes each.
# Never changed later: zmq would tell the child's side by the old number when there is room again, and wait for ever.
READ_AHEAD = 64


class Client(msgspec.Struct, eq=False):
    """One front-end client: its routing id there, its sockets here, the requests that have no reply yet."""

    identity: bytes
    sockets: dict[str, Any] = {}
    unanswered: set[str] = set()
    used: float = 0.0


class Back:
    """The sockets towards the child. ``owner`` says for each of them the channel and the client that it serves."""

    def __init__(self, config: dict[str, Any], context: zmq.Context[Any], poller: zmq.Poller) -> None:
        self.wire = Wire.of(config)
        self._config = config
        self._context = context
        self._poller = poller
        self.clients: dict[bytes, Client] = {}
        self.owner: dict[Any, tuple[str, Client]] = {}
        self.iopub = self._socket(zmq.SUB, "iopub")
        self.iopub.subscribe(b"")
        self.iopub.connect(endpoint(config, "iopub"))

    def _socket(self, kind: int, channel: str) -> Any:
        made = self._context.socket(kind)
        made.linger = 0
        made.sndhwm = 0
        made.rcvhwm = READ_AHEAD if channel == "iopub" else 0
        # The child binds while we wait for it, and its start is what people wait for.
        made.reconnect_ivl = 2
        return made

    def client(self, identity: bytes) -> Client:
        """The client with this routing id, connected on shell and stdin as the child expects."""
        found = self.clients.get(identity)
        if found is None:
            self._evict()
            found = self.clients[identity] = Client(identity)
            self._connect(found, "shell")
            self._connect(found, "stdin")
        found.used = time.monotonic()
        return found

    def _connect(self, client: Client, channel: str) -> Any:
        made = self._socket(zmq.DEALER, channel)
        # Ids that begin with zero are zmq's own; nobody chose them, and they cannot be set.
        identity = client.identity
        made.routing_id = b"jg-" + identity.hex().encode() if identity[:1] in (b"\0", b"") else identity
        made.connect(endpoint(self._config, channel))
        client.sockets[channel] = made
        self.owner[made] = (channel, client)
        self._poller.register(made, zmq.POLLIN)
        return made

    def send(self, channel: str, identity: bytes, frames: list[bytes]) -> None:
        """Send a message that is signed for the child, from the delimiter on."""
        client = self.client(identity)
        made = client.sockets.get(channel) or self._connect(client, channel)
        send(made, frames)

    def _evict(self) -> None:
        """Let go of clients that are idle, the longest first, when there are many."""
        if len(self.clients) < KEPT_CLIENTS:
            return
        now = time.monotonic()
        for client in sorted(self.clients.values(), key=lambda one: one.used):
            if len(self.clients) < KEPT_CLIENTS:
                return
            if not client.unanswered and now - client.used > IDLE_SECONDS:
                self.forget(client)

    def forget(self, client: Client) -> None:
        """Close a client's connections; its next message makes new ones."""
        del self.clients[client.identity]
        for made in client.sockets.values():
            self._poller.unregister(made)
            del self.owner[made]
            made.close(0)

    def close(self) -> None:
        """Close everything."""
        for client in list(self.clients.values()):
            self.forget(client)
        self.iopub.close(0)
