"""A string enumeration whose members are ordered by their place in the class, mildest first."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Self


class Ordered(StrEnum):
    """Members compare by definition order (mildest first) and serialise as their text."""

    rank: int

    def __init__(self, *_value: object) -> None:
        self.rank = len(type(self).__members__)

    def __lt__(self, other: str) -> bool:
        return self.rank < self._as_own(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= self._as_own(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > self._as_own(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= self._as_own(other).rank

    def _as_own(self, other: str) -> Self:
        # To ask the class for a member takes a microsecond; what is compared nearly always is one.
        kind = type(self)
        return other if isinstance(other, kind) else kind(other)

    @classmethod
    def strictest(cls, members: Iterable[Self], default: Self) -> Self:
        """The highest of ``members``, or ``default`` when there are none."""
        return max(members, key=lambda member: member.rank, default=default)
