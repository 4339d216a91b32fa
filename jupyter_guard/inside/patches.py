"""Attributes put in place of others -> the way back, exactly."""

from __future__ import annotations

from typing import Any

_ABSENT = object()


class Patches:
    """Replaces instance and module attributes and restores them in reverse order.

    An attribute that the object did not have itself (a method of its class) is deleted again, so that the object's
    ``__dict__`` ends as it began. One that somebody else replaced in the meantime is left alone.
    """

    def __init__(self) -> None:
        self._made: list[tuple[Any, str, Any, Any]] = []

    def put(self, owner: Any, name: str, value: Any) -> Any:
        """Set ``owner.name`` to ``value``; returns what the attribute gave before."""
        before = getattr(owner, name)
        own = vars(owner).get(name, _ABSENT)
        setattr(owner, name, value)
        self._made.append((owner, name, own, value))
        return before

    def restore(self) -> None:
        """Undo every replacement that still stands."""
        while self._made:
            owner, name, own, value = self._made.pop()
            if vars(owner).get(name, _ABSENT) is not value:
                continue
            if own is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, own)
