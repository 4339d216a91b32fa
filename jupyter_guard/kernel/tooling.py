"""A call of a tool by the kernel's code -> asked about where that is due, run by the helper, on record; its answer.

The child's word decides nothing here: which tools there are, whom to ask and what came of it is the helper's to say.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_guard.guard.protocol import Call, Called
from jupyter_guard.origin import code_hash

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

log = logging.getLogger("jupyter_guard")

# What may be under way at once, and how many results wait to be fetched.
MOST = 8
LARGEST_ARGUMENTS = 4 * 2**20


class Pending:
    """A call that was begun: ``answer`` is what the child is told, once it is known."""

    def __init__(self, name: str, arguments: str, request: Execute | None, running: bool, origin: str) -> None:
        self.name, self.arguments, self.request, self.running = name, arguments, request, running
        self.origin = origin
        self.answer: dict[str, Any] | None = None
        self.asked = ""


class Tools:
    """The calls of one kernel's code."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._number = 0
        self._pending: dict[int, Pending] = {}

    def begin(
        self, message: dict[str, Any], request: Execute | None, running: bool, origin: str, answer: Callable[..., None]
    ) -> None:
        """Begin a call, or have the tools listed; the child is told a number, and asks for what came of it."""
        name, arguments = str(message.get("name") or "")[:100], message.get("arguments")
        packed = json.dumps(arguments) if isinstance(arguments, dict) else ""
        if len(self._pending) >= MOST:
            answer({"ok": False, "why": "refused", "text": f"{MOST} calls of tools are under way: wait for one"})
        elif message.get("op") == "tool" and (not packed or len(packed) > LARGEST_ARGUMENTS):
            text = f"a tool takes arguments by their names, of up to {LARGEST_ARGUMENTS} characters"
            answer({"ok": False, "why": "arguments", "text": text})
        elif why := self._relay.keeping.no_room():
            answer({"ok": False, "why": "refused", "text": f"{name} did not run: {why}"})
        else:
            self._number += 1
            self._pending[self._number] = Pending(name, packed, request, running, origin)
            self._send("call" if message.get("op") == "tool" else "list", self._number)
            answer({"ok": True, "call": self._number})

    def fetch(self, message: dict[str, Any], answer: Callable[..., None]) -> None:
        """What came of a call, ``pending`` while nobody knows."""
        number = message.get("call")
        pending = self._pending.get(number) if isinstance(number, int) else None
        if pending is None:
            answer({"ok": False, "why": "failed", "text": "there is no such call"})
        elif pending.answer is None:
            answer({"ok": True, "pending": True})
        else:
            del self._pending[int(str(number))]
            answer(pending.answer)

    def stop(self, message: dict[str, Any], answer: Callable[..., None]) -> None:
        """Whoever called it was interrupted."""
        number = message.get("call")
        if isinstance(number, int) and number in self._pending:
            self._send("stop", number)
            pending = self._pending[number]
            if pending.answer is not None or pending.asked == "open":
                del self._pending[number]
        answer({"ok": True})

    def called(self, answer: Called) -> None:
        """The helper's answer."""
        pending = self._pending.get(answer.id)
        if pending is None:
            return
        relay, request = self._relay, pending.request
        if answer.judged is None:
            self._done(pending, answer)
            return
        judged = answer.judged
        digest = code_hash(f"{pending.name}({pending.arguments})")
        if request is None:
            self._refused(pending, answer, "nobody could be asked: the call belongs to no cell")
        elif relay.approvals.allow(digest, judged.effects):
            self._allowed(answer, pending)
        else:
            pending.asked = "open"
            relay.asking.ask(
                request,
                judged,
                lambda: self._allowed(answer, pending),
                lambda key: self._refused(
                    pending, answer, "it was not allowed" if key == "declined" else "nobody could be asked"
                ),
                digest,
                by_stdin=pending.running,
            )

    def lost(self, reason: str) -> None:
        """The helper ended, and with it every tool that it ran."""
        for pending in self._pending.values():
            if pending.answer is None and pending.asked != "open":
                self._done(pending, Called(0, why="died", text=f"{pending.name} failed: {reason}"))

    def _allowed(self, answer: Called, pending: Pending) -> None:
        pending.asked = "yes"
        assert pending.request is not None
        assert answer.judged is not None
        self._relay.dispatch.decided(pending.request, answer.judged, "confirmed")
        if self._pending.get(answer.id) is pending:
            self._send("call", answer.id, allowed=True)

    def _refused(self, pending: Pending, answer: Called, why: str) -> None:
        pending.asked = "no"
        if pending.request is not None and answer.judged is not None:
            self._relay.dispatch.decided(pending.request, answer.judged, "declined")
        text = f"{pending.name} did not run: {why}"
        self._done(pending, Called(answer.id, why="refused", text=text, sentence=answer.sentence))

    def _done(self, pending: Pending, answer: Called) -> None:
        if answer.why:
            pending.answer = {"ok": False, "why": answer.why, "text": answer.text}
        else:
            pending.answer = {"ok": True, "result": json.loads(answer.body)}
        if pending.name:
            self._relay.keeping.called(pending.request, pending.origin, answer, pending.name)

    def _send(self, what: str, number: int, allowed: bool = False) -> None:
        pending = self._pending[number]
        self._relay.judging.call(
            Call(
                id=number,
                what=what,
                name=pending.name,
                arguments=pending.arguments.encode(),
                origin=pending.origin,
                number=pending.request.count if pending.request is not None else 0,
                allowed=allowed,
            )
        )
