"""Rows -> the collector of this machine, over its unix socket; and the messages that both speak.

A message is its length (four bytes, the largest first) and JSON: a request, and for each one answer.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Sequence
from typing import Self

import msgspec

from jupyter_guard.audit.chain import Link
from jupyter_guard.audit.store import RefusedError, Row, StoreError

LARGEST = 16 * 1024 * 1024
_PART = 1024 * 1024
_SECONDS = 30.0


class Positions(msgspec.Struct, frozen=True, tag=True):
    """How far is it with these kernels?"""

    kernels: list[str]


class Add(msgspec.Struct, frozen=True, tag=True):
    """Lines of one kernel's journal, in order."""

    kernel: str
    links: list[Link]


class Answer(msgspec.Struct, frozen=True):
    """``positions`` by kernel; ``error`` where something is wrong, ``refused`` where it will be the next time too."""

    positions: dict[str, tuple[int, str]] = {}
    error: str = ""
    refused: bool = False


# Made once, here: see ``place``.
_ANSWERS = msgspec.json.Decoder(Answer)


def send(link: socket.socket, message: msgspec.Struct) -> None:
    """Send one message."""
    body = msgspec.json.encode(message)
    link.sendall(len(body).to_bytes(4, "big") + body)


def receive(link: socket.socket) -> bytes:
    """One message, ``b""`` at the end. Raises ``ValueError`` for one that is too long, ``OSError`` when it is cut."""
    head = _exactly(link, 4)
    if not head:
        return b""
    length = int.from_bytes(head, "big")
    if not 0 < length <= LARGEST:
        raise ValueError(f"a message of {length} bytes; at most {LARGEST} are taken")
    body = _exactly(link, length)
    if not body:
        raise ConnectionResetError("the other side went in the middle of a message")
    return body


def _exactly(link: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = link.recv(min(length - len(parts), 1 << 20))
        if not part:
            if parts:
                raise ConnectionResetError("the other side went in the middle of a message")
            return b""
        parts += part
    return bytes(parts)


class Collected:
    """The store that the collector at ``path`` keeps."""

    def __init__(self, path: str) -> None:
        self.name = f"the collector at {path}"
        self._path = path
        self._link: socket.socket | None = None

    def positions(self, kernels: Iterable[str]) -> dict[str, tuple[int, str]]:
        """See ``Store``."""
        return self._ask(Positions(list(kernels))).positions

    def add(self, rows: Sequence[Row]) -> dict[str, int]:
        """See ``Store``; what was refused halfway is asked for again by its place.

        Nothing stands in another's place there: a line that contradicts one is kept beside it, and says so.
        """
        part: list[Link] = []
        size = 0
        for at, row in enumerate(rows):
            part.append(row.link)
            size += len(row.text)
            if at + 1 == len(rows) or rows[at + 1].kernel != row.kernel or size > _PART:
                self._ask(Add(row.kernel, part))
                part, size = [], 0
        return {}

    def erase(self, kernel: str, sequences: Iterable[int]) -> None:
        """Refused: who can erase there is who administers the collector."""
        raise RefusedError(f"{self.name} forgets nothing of {kernel} ({len(list(sequences))} records)")

    def _ask(self, request: msgspec.Struct) -> Answer:
        try:
            body = b""
            if self._link is not None:
                # One that was idle for long may be closed by now; to ask twice does no harm.
                with contextlib.suppress(ConnectionError):
                    send(self._link, request)
                    body = receive(self._link)
            if not body:
                self._drop()
                self._link = self._connected()
                send(self._link, request)
                body = receive(self._link)
            if not body:
                raise ConnectionResetError("it has closed the connection")
            answer = _ANSWERS.decode(body)
        except (OSError, ValueError, msgspec.DecodeError) as problem:
            self._drop()
            raise StoreError(f"{self.name}: {problem}") from None
        if answer.error:
            raise (RefusedError if answer.refused else StoreError)(f"{self.name}: {answer.error}")
        return answer

    def _connected(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.settimeout(_SECONDS)
            link.connect(self._path)
        except BaseException:
            link.close()
            raise
        return link

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()
