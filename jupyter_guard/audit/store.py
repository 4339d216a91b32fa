"""The ``audit.store`` of a policy -> where the lines of journals are kept beside the journals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self

import msgspec

from jupyter_guard.audit.chain import Link


class StoreError(OSError):
    """The store cannot be reached, or refuses; the text says which, without a password."""


class RefusedError(StoreError):
    """The store was reached, and this account may not do that there."""


class Row(msgspec.Struct, frozen=True):
    """A line of the journal of ``kernel``; ``text`` is its record as it is written there, ``""`` where erased."""

    kernel: str
    link: Link
    text: str

    @classmethod
    def of(cls, kernel: str, line: bytes) -> Row:
        """The row of a line. Raises ``msgspec.DecodeError`` for what is none."""
        return cls(kernel, _LINKS.decode(line), bytes(_RAW.decode(line).record).decode())


class _Raw(msgspec.Struct):
    record: msgspec.Raw = msgspec.Raw(b"")


# Made once, here: see ``place``.
_LINKS, _RAW = msgspec.json.Decoder(Link), msgspec.json.Decoder(_Raw)


class Store(Protocol):
    """What a store does. Every method raises ``StoreError`` when it cannot be reached."""

    name: str

    def positions(self, kernels: Iterable[str]) -> dict[str, tuple[int, str]]:
        """The last sequence and hash that it has of each kernel."""
        ...

    def add(self, rows: Sequence[Row]) -> dict[str, int]:
        """Keep all of them or none; one that is there already stays as it is.

        Where another one stands in its place: the first such sequence of each kernel.
        """
        ...

    def erase(self, kernel: str, sequences: Iterable[int]) -> None:
        """Forget what these records say."""
        ...

    def __enter__(self) -> Self:
        """Nothing is reached yet."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None, /
    ) -> None:
        """Let go of what is held."""
        ...


def store_of(url: str) -> Store:
    """The store that ``url`` names. Raises ``StoreError`` where there is none of that kind."""
    if url.startswith("postgresql"):
        try:
            from jupyter_guard.audit.fleet import Fleet
        except ImportError as problem:
            raise StoreError(f"{problem}: pip install 'jupyter_guard[fleet]'") from None
        return Fleet(url)
    if url.startswith("unix:/"):
        from jupyter_guard.audit.collected import Collected

        return Collected(url.removeprefix("unix:"))
    raise StoreError(f"no store is called {url.split(':')[0]!r}: expected postgresql://HOST/DATABASE or unix:/PATH")
