"""What the session could do beyond an ordinary account, as plain values that the judge and the panel can use."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Power(StrEnum):
    """What a privilege is over."""

    MACHINE = "machine"
    CLOUD = "cloud"
    CLUSTER = "cluster"
    DATABASE = "database"


class Privilege(msgspec.Struct, frozen=True):
    """One thing that the session may do.

    ``what`` is for people and holds no secret; ``source`` is where it is known from.
    """

    power: Power
    what: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.source})" if self.source else self.what
