"""The guard's comms -> which of them is a page's own, and by whom what comes over each is.

A page opens one before any program in it can, and is known by its public key from then on: whoever repeats that key
cannot speak in its name (see `jupyter_guard.guard.seal`), and whoever comes with another one is not the page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from jupyter_guard.guard.seal import Seal

COMMS_KEPT = 100
# Of one page, which has one open, and those whose end it could not tell.
PAGES_COMMS_KEPT = 3
CLIENTS_KEPT = 1000
# How long a page has from opening its comm until it proves by its first message that it has the key.
OPENING_SECONDS = 2.0


class Comm(msgspec.Struct, frozen=True):
    """``is_pages``: whether it is the page's own, which may say ``human`` and answer, and none that came after it.

    ``speaker`` is by whom its claims are: a page, or whatever else opened comms on the same connection.
    """

    seal: Seal
    client: bytes
    is_pages: bool
    speaker: bytes
    opened: float


class Pages:
    """Every open comm, by its id."""

    def __init__(self) -> None:
        self._comms: dict[str, Comm] = {}
        # Whose page a client is, by its key, also while it has no comm: a program could close the page's.
        self._keys: dict[bytes, str] = {}

    def __len__(self) -> int:
        return len(self._comms)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._comms))

    def __contains__(self, comm_id: object) -> bool:
        return comm_id in self._comms

    def __getitem__(self, comm_id: str) -> Comm:
        return self._comms[comm_id]

    def open(self, comm_id: str, data: Any, client: bytes) -> Comm | None:
        """A front end opens a comm; ``None`` for an id that is another's."""
        if comm_id in self._comms:
            return None
        key = data.get("key") if isinstance(data, dict) else None
        seal = Seal(key)
        is_pages = bool(seal.public) and self._keys.get(client, key) == key
        if is_pages:
            self._keys.setdefault(client, str(key))
            self._forget_clients()
            self._drop_surplus(self.of(client), PAGES_COMMS_KEPT)
        self._drop_surplus(list(self._comms), COMMS_KEPT)
        # A page that connects anew may be another client, and goes by its own name.
        speaker = f"page {key}".encode() if is_pages else b"beside " + client
        self._comms[comm_id] = Comm(seal, client, is_pages, speaker, time.monotonic())
        return self._comms[comm_id]

    def close(self, comm_id: str, data: Any) -> None:
        """A front end closes a comm; a page's is closed by the page alone."""
        comm = self._comms[comm_id]
        if not comm.is_pages or (isinstance(data, dict) and comm.seal.opened(data) is not None):
            del self._comms[comm_id]

    def of(self, client: bytes) -> list[str]:
        """The comms of the page behind a client."""
        return [comm_id for comm_id, one in self._comms.items() if one.is_pages and one.client == client]

    def speaker(self, client: bytes) -> bytes:
        """By whom the claims of the page behind a client are; empty where it has no comm open."""
        return next((self._comms[one].speaker for one in self.of(client)), b"")

    def left_to_open(self, client: bytes) -> float:
        """For how many seconds the page behind a client may still be about to prove itself."""
        own = [self._comms[one] for one in self.of(client)]
        if any(one.seal.is_proven for one in own):
            return 0.0
        return max((one.opened + OPENING_SECONDS - time.monotonic() for one in own), default=0.0)

    def _drop_surplus(self, comms: list[str], most: int) -> None:
        """Make room for one more: closed tabs do not always say so. Those that nobody proved to hold go first."""
        by_worth = sorted(comms, key=lambda one: self._comms[one].seal.is_proven)
        for comm_id in by_worth[: max(len(comms) - most + 1, 0)]:
            del self._comms[comm_id]

    def _forget_clients(self) -> None:
        for client in [one for one in self._keys if not self.of(one)][: max(len(self._keys) - CLIENTS_KEPT, 0)]:
            del self._keys[client]
