"""A run that did not come from the page -> held for a moment, until the page has said who wrote it.

Where a server executes cells, the run and the page's claim about it take two ways to the kernel, and either may come
first. A run on the page's own connection follows its claim; it is held only while the page and the guard agree on the
comm's key, before which the page cannot say anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

# A claim that comes later counts when the cell runs again.
HELD_SECONDS = 0.25


class Claiming:
    """The runs that are held, each with what goes on with it."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._held: list[tuple[Execute, Callable[[], None], float]] = []

    def hold(self, request: Execute, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` now, or when a page has spoken of the run, or has not in time."""
        seconds = self._relay.panel.may_yet_speak_of(request)
        if seconds > 0:
            self._held.append((request, go_on, time.monotonic() + seconds))
        else:
            go_on()

    def claimed(self, sha256: str) -> None:
        """A page has spoken of the code with this hash."""
        self._release(lambda request, _: request.hash() == sha256)

    def opened(self, client: bytes) -> None:
        """The page behind a client has said all that it had to while its comm opened."""
        self._release(lambda request, _: request.client == client)

    def give_up(self) -> None:
        """Go on with all that is held."""
        self._release(lambda *_: True)

    def check(self) -> float:
        """Go on with what was held long enough; the seconds until there is something to check again."""
        if not self._held:
            return 3600.0
        now = time.monotonic()
        self._release(lambda _, deadline: deadline <= now)
        return min((deadline - now for _, _, deadline in self._held), default=3600.0)

    def _release(self, is_ready: Callable[[Execute, float], bool]) -> None:
        ready = [one for one in self._held if is_ready(one[0], one[2])]
        self._held = [one for one in self._held if one not in ready]
        for _, go_on, _ in ready:
            go_on()
