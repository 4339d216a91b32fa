"""The messages of a comm -> those that the page which opened it sent itself, each once.

Every program in a page can read what its kernel connection sends and receives, so nothing that crosses it may be a
secret: both ends send a public key, and agree on one that neither sends (X25519). Each message then carries a number
that only grows and an HMAC, so that what was overheard can be neither changed nor sent again.

X25519 is RFC 7748's own algorithm, 1 ms: the library with it costs the wrapper 8 MB and 27 ms. Its time tells something
of the key to who can measure it, and each key is for one comm.
"""

from __future__ import annotations

import hmac
import json
import os
import re
from hashlib import sha256
from typing import Any

P = 2**255 - 19
BASE = 9
BYTES = 32
LABEL = b"jupyter_guard:comm:1"
# As the JSON of the longest message that a page sends: cells are shorter, those above a cell too.
LONGEST = 4 << 20
_PUBLIC = re.compile("[0-9a-f]{64}")


def x25519(scalar: bytes, point: bytes) -> bytes:
    """RFC 7748, section 5: the Montgomery ladder on curve25519, of 32 bytes and 32 bytes."""
    k = int.from_bytes(scalar, "little") & ((1 << 255) - 8) | 1 << 254
    u = int.from_bytes(point, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for at in range(254, -1, -1):
        bit = k >> at & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = x2 + z2, x2 - z2
        aa, bb = a * a % P, b * b % P
        da, cb = (x3 - z3) * a, (x3 + z3) * b
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        e = aa - bb
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(BYTES, "little")


class Seal:
    """One end of a comm.

    ``public`` is what the other end has to know, in hex; empty where that one sent no key of its own.
    """

    def __init__(self, theirs: object, secret: bytes | None = None, *, is_page: bool = False) -> None:
        """``theirs`` is what the other end sent as its key; anything that is none makes a seal that opens nothing."""
        self.public, self.is_proven = "", False
        self._key, self._last = b"", 0
        self._own, self._other = (b"page:", b"guard:") if is_page else (b"guard:", b"page:")
        if not isinstance(theirs, str) or not _PUBLIC.fullmatch(theirs):
            return
        secret = os.urandom(BYTES) if secret is None else secret
        shared = x25519(secret, bytes.fromhex(theirs))
        if not any(shared):
            # A point of small order: the key would be no secret (RFC 7748, section 6.1).
            return
        self.public = x25519(secret, BASE.to_bytes(BYTES, "little")).hex()
        ends = (self.public, theirs) if is_page else (theirs, self.public)
        self._key = hmac.digest(shared, LABEL + "".join(ends).encode(), sha256)

    def proof(self, text: str) -> str:
        """What proves that ``text`` is this end's."""
        return self._proof(self._own, text)

    def sealed(self, data: dict[str, Any]) -> dict[str, str]:
        """``data`` as the other end opens it, once."""
        self._last += 1
        text = json.dumps({**data, "n": self._last})
        return {"sealed": text, "proof": self.proof(text)}

    def is_theirs(self, text: object, proof: object) -> bool:
        """Whether the other end sent this text."""
        if not self._key or not isinstance(text, str) or not isinstance(proof, str) or len(text) > LONGEST:
            return False
        return hmac.compare_digest(self._proof(self._other, text).encode(), proof.encode("utf-8", "surrogatepass"))

    def opened(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """What the other end sealed; ``None`` for what it did not, and for what was opened before."""
        text = data.get("sealed")
        if not isinstance(text, str) or not self.is_theirs(text, data.get("proof")):
            return None
        said = json.loads(text)
        number = said.get("n") if isinstance(said, dict) else None
        if type(number) is not int or number <= self._last:
            return None
        self._last, self.is_proven = number, True
        return dict(said)

    def _proof(self, end: bytes, text: str) -> str:
        return hmac.digest(self._key, end + text.encode("utf-8", "surrogatepass"), sha256).hex()
