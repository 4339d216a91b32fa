"""A limit that was reached, or nearly -> said on the cell, in the panel and in the audit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_guard.kernel.limit_words import Limit, Reached, bundle, finding, warning

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

CELLS_KEPT = 100


class Telling:
    """Says everything that the limits of one kernel have to say."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        # What panels list beside a cell, by its message id.
        self._told: dict[str, list[dict[str, Any]]] = {}

    def tell(self, reached: Reached, request: Execute) -> None:
        """Show a card on a cell."""
        self._in_order(request)
        self._relay.show_card(request, json.dumps(bundle(reached)).encode())
        self._keep(reached.limit, reached.what, reached.text, request.msg_id, request)

    def tell_in_line(self, reached: Reached, about: str, parent: bytes, request: Execute | None) -> None:
        """Print it behind what was published last; ``request`` is the cell where that still runs."""
        self._say(about, parent, f"\njupyter_guard: {reached.text}\n")
        self._keep(reached.limit, reached.what, reached.text, about, request)

    def warn(self, limit: Limit, used: float, then: str, request: Execute) -> None:
        """Say that a limit is near."""
        if limit.name != "output":
            self._in_order(request)
        text = warning(limit, used, then)
        self._say(request.msg_id, request.parent, text)
        self._panel(request, finding(limit, text.partition(": ")[2].strip(), reached=False))

    def died(self, limit: Limit, what: str, why: str, request: Execute, shown: bool) -> None:
        """The kernel is ended; ``shown`` says that no cell runs on which the relay would show ``why``."""
        self._keep(limit, what, why, request.msg_id, request)
        if shown:
            self._say(request.msg_id, request.parent, f"jupyter_guard: {why}\n")

    def _in_order(self, request: Execute) -> None:
        # What the cell printed before belongs above.
        self._relay.drain_iopub()
        self._relay.outgoing.release(request.msg_id)

    def _say(self, about: str, parent: bytes, text: str) -> None:
        content = json.dumps({"name": "stderr", "text": text}).encode()
        self._relay.publish("stream", self._relay.outgoing.own("stream", content, about), parent)

    def _keep(self, limit: Limit, what: str, text: str, about: str, request: Execute | None) -> None:
        self._relay.keeping.limited(about, f"limits.{limit.name} = {limit.shown}: {what}")
        if request is not None:
            self._panel(request, finding(limit, text, reached=True))

    def _panel(self, request: Execute, item: dict[str, Any]) -> None:
        while len(self._told) > CELLS_KEPT:
            del self._told[next(iter(self._told))]
        told = self._told.setdefault(request.msg_id, [])
        told.append(item)
        self._relay.panel.limited(request, told)
