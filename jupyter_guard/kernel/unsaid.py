"""The child's `idle` of a cell that has a card -> front ends, when what the cell did stands on it.

Who saves executed notebooks (nbclient, papermill) stops listening to a cell at its `idle`: what is put on its card
later is not in the file. The next cell waits for the same answer of the helper's anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay

# A large workspace takes longer to compare; then its card says it later, and to pages only.
SECONDS = 2.0


class Unsaid:
    """What has not been said yet."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._waiting: dict[str, tuple[float, Callable[[], None]]] = {}

    def idle(self, msg_id: str, publish: Callable[[], None]) -> None:
        """The child said that it is done with a request; ``publish`` says so to front ends."""
        dispatch = self._relay.dispatch
        found = dispatch.under_way.get(msg_id)
        if found is None or not found[0].shown[0]:
            publish()
            dispatch.idle(msg_id)
            return
        self._waiting[msg_id] = (time.monotonic() + SECONDS, publish)

        def known() -> None:
            self._say(msg_id)
            dispatch.idle(msg_id)

        self._relay.undoing.finished(found[0], known)

    def check(self) -> float:
        """Say what has waited long enough; the seconds until there is something to check again."""
        left = 10.0
        for msg_id, (deadline, _) in list(self._waiting.items()):
            if deadline <= time.monotonic():
                self._say(msg_id)
            else:
                left = min(left, deadline - time.monotonic())
        return left

    def say_all(self) -> None:
        """Nobody will know any more what cells did."""
        for msg_id in list(self._waiting):
            self._say(msg_id)

    def _say(self, msg_id: str) -> None:
        _, publish = self._waiting.pop(msg_id, (0.0, None))
        if publish is not None:
            publish()
