"""What goes to a worker and what comes back: plain values that can be sent to another machine."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Generic, Protocol, TypeVar

import msgspec

About = TypeVar("About")


class Piece(msgspec.Struct, Generic[About], frozen=True):
    """One piece of work.

    ``about`` stays with whoever asked, and ``given`` is sent to the worker; ``None`` where there is nothing to do.
    ``key`` names in a journal this piece, this job and everything else that the result depends on; ``""`` is never
    kept. ``size`` is how much memory it holds, in bytes, near enough.
    """

    about: About
    given: Any = None
    key: str = ""
    size: int = 0


class Done(msgspec.Struct, frozen=True):
    """A result: JSON, so that a journal can keep it. ``lasting``: another run may take it instead of working again."""

    value: bytes
    lasting: bool = True


class Lost(msgspec.Struct, frozen=True):
    """A piece that nothing came back of, and why. Never kept: another run tries again."""

    reason: str


class Job(Protocol):
    """What is done with each piece. It is pickled and sent to every worker once; the worker keeps it."""

    # Whether what the job itself holds may travel over a network in clear.
    is_secret: bool

    def made_with(self) -> str:
        """In words everything of the place where it is asked that results depend on: a release, a Python."""

    def prepare(self) -> None:
        """Load what takes long, once in a worker."""

    def __call__(self, given: Any) -> Done:
        """The result for one piece. What it raises of ``through`` ends the run; any other error loses the piece."""

    @property
    def through(self) -> tuple[type[Exception], ...]:
        """Errors that are not about the piece: all the others would end the same way."""


def key_of(*parts: str) -> str:
    """A journal's key for everything that a result depends on: 64 hex digits that hold nothing of it."""
    # Lengths stand before the parts, so that none can be taken for two.
    data = b"".join(b"%d:%b" % (len(one), one) for one in (part.encode("utf-8", "surrogatepass") for part in parts))
    return sha256(data).hexdigest()
