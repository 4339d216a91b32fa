"""Messages of widgets, in their order -> which of them carry what was typed into a field for secrets.

An update names its widget by the comm's id only; what the widget is was said when the comm was opened. An echo, which
tells a front end what it said itself, stays as it was typed: changed here, the front end would take up the change. What
was typed is a known secret from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jupyter_guard.scrub.fields import is_secret_field, typed_values

if TYPE_CHECKING:
    from jupyter_guard.scrub.content import Cleaner

MOST_FIELDS = 1_000
"""Of more widgets that take secrets, those that were opened first are forgotten."""

SHORTEST_TYPED = 8
"""Every key that is pressed sends what is there so far: fewer characters may be any word's beginning."""


class SecretFields:
    """One kernel's widgets that take secrets.

    ``typed`` is what was typed into each, by the comm's id, and is not known yet; ``known`` what was made known.
    """

    def __init__(self) -> None:
        self._ids: dict[str, bytes] = {}
        self.typed: dict[str, str] = {}
        self.known: list[str] = []

    def may_be_in(self, content: bytes) -> bool:
        """Whether a message may be about one of them."""
        return any(name in content for name in self._ids.values())

    def seen(self, content: Any, cleaner: Cleaner) -> Any:
        """A message's content, with markers in place of what one of the fields has; an echo as it came."""
        data = content.get("data") if isinstance(content, dict) else None
        comm = content.get("comm_id") if isinstance(content, dict) else None
        if not isinstance(data, dict):
            return content
        states = data.get("states")
        for name, one in states.items() if isinstance(states, dict) else ():
            self._note(name, one)
        self._note(comm, data)
        state = data.get("state")
        if comm not in self._ids or not isinstance(state, dict):
            return content
        values = dict(typed_values(state))
        if is_echo(content):
            self.typed.update((comm, value) for value in values.values() if len(value) >= SHORTEST_TYPED)
            return content
        return {**content, "data": {**data, "state": cleaner.typed(state, values)}} if values else content

    def newly_typed(self) -> Iterator[str]:
        """What was typed since; whoever asks makes it known."""
        while self.typed:
            value = self.typed.popitem()[1]
            self.known.append(value)
            yield value

    def _note(self, comm: Any, value: Any) -> None:
        if not isinstance(comm, str) or not comm or comm in self._ids or not isinstance(value, dict):
            return
        state = value.get("state")
        if is_secret_field(value) or (isinstance(state, dict) and is_secret_field({"_model_name": "", **state})):
            while len(self._ids) >= MOST_FIELDS:
                del self._ids[next(iter(self._ids))]
            self._ids[comm] = comm.encode("utf-8", "surrogatepass")


def is_echo(content: Any) -> bool:
    """Whether a widget's state is on its way back to whoever set it."""
    data = content.get("data") if isinstance(content, dict) else None
    return isinstance(data, dict) and data.get("method") == "echo_update"
