"""Frames on a socket <-> checked messages: endpoints, signatures, headers.

The protocol is Jupyter's: ``[routing ids ...] <IDS|MSG> signature header parent metadata content [buffers ...]``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from datetime import UTC, datetime
from typing import Any

import msgspec

DELIMITER = b"<IDS|MSG>"
SIGNATURE, HEADER, PARENT, METADATA, CONTENT, BUFFERS = 1, 2, 3, 4, 5, 6
REPLAYS_KEPT = 65_536
LARGEST_HEADER = 64 * 1024


class Header(msgspec.Struct):
    """What the relay needs of a header or parent header; absent fields are empty."""

    msg_id: str = ""
    msg_type: str = ""
    session: str = ""
    subshell_id: str | None = None


_headers = msgspec.json.Decoder(Header)


class MalformedError(Exception):
    """Frames that are no message, or not one that the other side signed; the text says what is wrong."""


def parse_header(frame: bytes) -> Header:
    """Decode a header frame. Raises ``MalformedError``."""
    if len(frame) > LARGEST_HEADER:
        raise MalformedError("a header that is too large")
    try:
        return _headers.decode(frame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"a header that cannot be read ({error})") from None


def endpoint(config: dict[str, Any], channel: str) -> str:
    """The address of a channel in a connection file's terms."""
    separator = "-" if config["transport"] == "ipc" else ":"
    return f"{config['transport']}://{config['ip']}{separator}{config[channel + '_port']}"


def _prepared(key: bytes, digest: str) -> tuple[Any, Any]:
    """HMAC's two hashes (RFC 2104) with the key taken in: thirty signatures a cell begin with copies of these.

    ``hmac.digest`` looks its algorithm up each time, which takes OpenSSL 3 longer than the hashing.
    """
    inner, outer = hashlib.new(digest), hashlib.new(digest)
    if len(key) > inner.block_size:
        key = hashlib.new(digest, key).digest()
    key = key.ljust(inner.block_size, b"\0")
    inner.update(bytes(one ^ 0x36 for one in key))
    outer.update(bytes(one ^ 0x5C for one in key))
    return inner, outer


class Wire:
    """The signatures of one side of the relay, and the messages that the wrapper itself writes there."""

    def __init__(self, key: bytes, scheme: str = "hmac-sha256") -> None:
        self.key = key
        self._inner, self._outer = _prepared(key, scheme.partition("-")[2] or "sha256")
        self._seen: dict[bytes, None] = {}
        self._own = f"{os.urandom(16).hex()}_{os.getpid()}_"
        self._count = 0
        # The kernel's, once it has said something: JupyterLab drops what waits to be handled when a message of another
        # session follows, because that is what a restarted kernel's look like.
        self.session = ""

    @classmethod
    def of(cls, config: dict[str, Any]) -> Wire:
        """From a connection file's contents."""
        return cls(str(config.get("key", "")).encode(), str(config.get("signature_scheme") or "hmac-sha256"))

    def sign(self, frames: list[bytes], at: int) -> None:
        """Put the right signature into a message whose delimiter is at ``at``."""
        if self.key:
            frames[at + SIGNATURE] = self._signature(frames, at)
        else:
            frames[at + SIGNATURE] = b""

    def _signature(self, frames: list[bytes], at: int) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(b"".join(frames[at + HEADER : at + BUFFERS]))
        outer.update(inner.digest())
        return outer.hexdigest().encode()  # type: ignore[no-any-return]

    def check(self, frames: list[bytes], once: bool = False) -> int:
        """The position of the delimiter in a complete, signed message. Raises ``MalformedError``.

        ``once`` refuses a signature that was seen before (a replay).
        """
        try:
            at = frames.index(DELIMITER)
        except ValueError:
            raise MalformedError("frames without a delimiter") from None
        if len(frames) < at + BUFFERS:
            raise MalformedError("a message with parts missing")
        if self.key:
            signature = frames[at + SIGNATURE]
            if not hmac.compare_digest(self._signature(frames, at), signature):
                raise MalformedError("a message with a wrong signature")
            if once:
                self._note(signature)
        return at

    def _note(self, signature: bytes) -> None:
        seen = self._seen
        if signature in seen:
            raise MalformedError("a message that was sent before")
        seen[signature] = None
        if len(seen) > REPLAYS_KEPT:
            for old in list(seen)[: REPLAYS_KEPT // 2]:
                del seen[old]

    def header(self, kind: str) -> dict[str, Any]:
        """A fresh header for a message of the wrapper's own."""
        self._count += 1
        return {
            "msg_id": f"{self._own}{self._count}",
            "msg_type": kind,
            "username": "kernel",
            "session": self.session or self._own,
            "date": datetime.now(UTC).isoformat(),
            "version": "5.4",
        }

    def is_own(self, header: Header) -> bool:
        """Whether the wrapper wrote the message with this header."""
        return header.msg_id.startswith(self._own)

    def message(
        self, kind: str, content: Any, parent: bytes = b"{}", metadata: Any = None, header: dict[str, Any] | None = None
    ) -> list[bytes]:
        """A signed message, from the delimiter on; ``content`` may be JSON bytes."""
        frames = [
            DELIMITER,
            b"",
            json.dumps(header or self.header(kind)).encode(),
            parent,
            json.dumps(metadata or {}).encode(),
            content if isinstance(content, bytes) else json.dumps(content).encode(),
        ]
        self.sign(frames, 0)
        return frames
