"""A statement in a database that somebody is to be asked about -> done first in a transaction that waits, and counted.

The kernel's code says that it can hold one, does it when it is told to, and comes again with the rows that it touched.
What it says loosens nothing: it is asked about as before, with one number more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_guard.guard.protocol import Judged
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

CELLS_KEPT = 20
STACK_KEPT = 20


class Holding:
    """Which effects of a cell were allowed by somebody who saw how many rows they touch."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._counted: dict[str, set[str]] = {}

    def begins(self, request: Execute | None, message: dict[str, Any], answer: Judged) -> bool:
        """Whether the kernel is to do a statement now and to ask with the number of rows."""
        if request is None or rows_of(message) is not None or not _beside(message).get("holds"):
            return False
        relay = self._relay
        can_be_asked = (request.allow_stdin or relay.panel.is_open) and not relay.loops.is_settled(answer)
        return can_be_asked and not self._has(request, answer)

    def is_news(self, request: Execute, message: dict[str, Any], answer: Judged) -> bool:
        """Whether it was not allowed yet, or by somebody who had not seen the number."""
        rows = rows_of(message)
        return rows is not None and rows != 0 and not self._has(request, answer)

    def allowed(self, request: Execute, message: dict[str, Any], answer: Judged) -> None:
        """Somebody who saw the number said yes; the same in this cell is not asked about again."""
        if rows_of(message) is not None:
            while len(self._counted) >= CELLS_KEPT and request.msg_id not in self._counted:
                del self._counted[next(iter(self._counted))]
            self._counted.setdefault(request.msg_id, set()).update(answer.shown)

    def _has(self, request: Execute, answer: Judged) -> bool:
        return bool(answer.shown) and set(answer.shown) <= self._counted.get(request.msg_id, set())


def _beside(message: dict[str, Any]) -> dict[str, Any]:
    found = message.get("beside")
    return found if isinstance(found, dict) else {}


def rows_of(message: dict[str, Any]) -> int | None:
    """The rows that a statement touches, -1 for an unknown number; ``None`` where it was not counted."""
    rows = _beside(message).get("rows")
    return max(-1, min(rows, 2**62)) if type(rows) is int else None


def folder_of(message: dict[str, Any]) -> str:
    """The folder that an act's relative paths are in, as the kernel's code says; empty for the workspace."""
    folder = _beside(message).get("folder")
    return folder[:4096] if isinstance(folder, str) else ""


def paths_of(message: dict[str, Any]) -> tuple[str, ...]:
    """What the kernel's code is about to change; no act changes more than two."""
    found = message.get("paths")
    return tuple(one[:4096] for one in found[:2] if isinstance(one, str) and one) if isinstance(found, list) else ()


def cells_of(message: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    """The cells on the stack: pairs of execution count and line."""
    found = message.get("cells")
    pairs = found[:STACK_KEPT] if isinstance(found, list) else []
    lists = [one for one in pairs if isinstance(one, list) and len(one) == 2]
    return tuple((one[0], one[1]) for one in lists if all(type(part) is int and 0 <= part < 10**9 for part in one))


def is_held(message: dict[str, Any]) -> bool:
    """Whether the statement was done in a transaction that waits."""
    return _beside(message).get("waits") is True
