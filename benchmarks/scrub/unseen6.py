"""A fourth set of contexts to scrub and texts to leave alone, whose writer had not seen the patterns.

The form is that of ``unseen5.py``: ``=== name``, then lines with one placeholder (``CONTEXTS``), any number (``BENIGN_CONTEXTS``)
or one shape, or the name of an issuer, between ``<<`` and ``>>`` (``PROVIDERS``). The texts stand in ``tests/scrub/unseen6``. A rule
bent to one of them makes the number worthless.

``python -m benchmarks.scrub.unseen6`` prints how many are gone and which are not; ``--show`` prints what came out of each of those.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from benchmarks.scrub.unseen3 import ALNUM, PLACEHOLDER, SEED, SHAPE, drawn, load, once, shaped, value
from benchmarks.scrub.unseen5 import BASE32, armoured, report, urlsafe

FOLDER = Path(__file__).parents[2] / "tests" / "scrub" / "unseen6"

CONTEXTS = load("files", "printed", folder=FOLDER)
BENIGN_CONTEXTS = load("benign", folder=FOLDER)
PROVIDERS = load("providers", folder=FOLDER)


def mapbox(rng: Random) -> str:
    """A secret token: its user and a name as JSON in base64, and a signature.

    Source: https://docs.mapbox.com/api/accounts/tokens/
    """
    claims = json.dumps({"u": "ada", "a": "c" + drawn(rng, ALNUM.lower(), 24)}, separators=(",", ":"))
    return ".".join(("sk", urlsafe(claims.encode()), urlsafe(rng.randbytes(16))))


def onepassword(rng: Random) -> str:
    """A service account's token: what it signs in with, as JSON in base64.

    Source: https://developer.1password.com/docs/service-accounts/security/
    """
    held = {
        "signInAddress": "acme.1password.com",
        "userAuth": {
            "method": "SRPg-4096",
            "alg": "PBES2g-HS256",
            "iterations": 650000,
            "salt": urlsafe(rng.randbytes(16)),
        },
        "email": "svc@1passwordserviceaccounts.com",
        "srpX": rng.randbytes(32).hex(),
        "muk": {"alg": "A256GCM", "ext": True, "k": urlsafe(rng.randbytes(32)), "key_ops": ["encrypt", "decrypt"]},
    }
    return "ops_" + urlsafe(json.dumps(held, separators=(",", ":")).encode())


def crc24(data: bytes) -> int:
    """The checksum of an armoured key: RFC 4880, section 6.1."""
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc


def pgp(rng: Random) -> str:
    """The lines of a secret key packet between its header's empty line and its END."""
    body = armoured(b"\x95\x03\x98\x04", 920, 64, rng)
    end = crc24(base64.b64decode(body)).to_bytes(3, "big")
    return f"{body}\n={base64.b64encode(end).decode()}"


ISSUERS: dict[str, Callable[[Random], str]] = {
    "aws-temporary": lambda rng: "ASIA" + drawn(rng, BASE32, 16),
    "aws-session": lambda rng: base64.b64encode(b"\x17\x0a\x16" + rng.randbytes(261)).decode(),
    "mapbox": mapbox,
    "onepassword": onepassword,
    "pgp": pgp,
    "ec": partial(armoured, b"\x30\x77\x02\x01\x01\x04\x20", 114, 64),
}


def issued(shape: re.Match[str], rng: Random) -> str:
    return ISSUERS[shape[1]](rng) if shape[1] in ISSUERS else shaped(shape, rng)


def unseen6(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every context with as many secrets as there are rounds."""
    for turn in range(rounds):
        for name, template in CONTEXTS:
            yield name, *once(name, template, PLACEHOLDER, value, Random(f"{seed}/{turn}/{name}"))


def providers6(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every provider with as many tokens as there are rounds."""
    for turn in range(rounds):
        for name, template in PROVIDERS:
            yield name, *once(name, template, SHAPE, issued, Random(f"{seed}/{turn}/{name}"))


def benign6(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """``(context, text)``: every look-alike; one without a placeholder comes in the first round only."""
    for turn in range(rounds):
        for name, template in BENIGN_CONTEXTS:
            text = PLACEHOLDER.sub(partial(value, rng=Random(f"{seed}/{turn}/{name}")), template)
            if turn == 0 or text != template:
                yield name, text


if __name__ == "__main__":
    report("unseen6", {"contexts": unseen6(), "providers": providers6()}, benign6(), __doc__)
