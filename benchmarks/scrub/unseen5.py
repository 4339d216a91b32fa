"""A third set of contexts to scrub and texts to leave alone, whose writer had not seen the patterns.

The form is that of ``unseen3.py``: ``=== name``, then lines with one placeholder (``CONTEXTS``), any number (``BENIGN_CONTEXTS``)
or one shape between ``<<`` and ``>>`` (``PROVIDERS``). Here the shapes are those of real providers' documentation; what a shape
cannot say, such as a published checksum, is issued by ``ISSUERS``. The texts stand in ``tests/scrub/unseen5``. A rule bent to one of
them makes the number worthless.

``python -m benchmarks.scrub.unseen5`` prints how many are gone and which are not; ``--show`` prints what came out of each of those.
"""

import argparse
import base64
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from benchmarks.scrub.unseen3 import ALNUM, PLACEHOLDER, SEED, SHAPE, SIZED, URLSAFE, drawn, load, once, shaped, value
from jupyter_guard.scrub import scrub

FOLDER = Path(__file__).parents[2] / "tests" / "scrub" / "unseen5"

CONTEXTS = load("code", "said", folder=FOLDER)
BENIGN_CONTEXTS = load("benign", folder=FOLDER)
PROVIDERS = load("providers", folder=FOLDER)

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"


def base62_crc(text: str) -> str:
    """The six characters that end GitHub's and npm's tokens: the CRC-32 of the random part, in base 62.

    Source: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    """
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = BASE62[rest] + digits
    return digits


def checked(prefix: str, rng: Random) -> str:
    body = drawn(rng, ALNUM, 30)
    return prefix + body + base62_crc(body)


def urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(rng: Random) -> str:
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": drawn(rng, SIZED["digits"], 10), "name": "ada", "exp": rng.randrange(1_800_000_000, 1_900_000_000)}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    return ".".join(urlsafe(part) for part in (*parts, rng.randbytes(32)))


def discord(rng: Random) -> str:
    """A bot's token: its numeric id in base64, a time, a signature.

    Source: https://discord.com/developers/docs/reference#authentication
    """
    number = str(rng.randrange(10**17, 10**18))
    return ".".join((urlsafe(number.encode()), "G" + drawn(rng, URLSAFE, 5), drawn(rng, URLSAFE, 38)))


def armoured(start: bytes, size: int, width: int, rng: Random) -> str:
    """The lines of a key between its BEGIN and its END."""
    text = base64.b64encode(start + rng.randbytes(size)).decode()
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


ISSUERS: dict[str, Callable[[Random], str]] = {
    "aws-id": lambda rng: "AKIA" + drawn(rng, BASE32, 16),
    "aws-secret": lambda rng: drawn(rng, SIZED["b64chars"], 40),
    "github:ghp_": partial(checked, "ghp_"),
    "github:ghs_": partial(checked, "ghs_"),
    "discord": discord,
    "npm": partial(checked, "npm_"),
    "jwt": jwt,
    "age": lambda rng: "AGE-SECRET-KEY-1" + drawn(rng, BECH32, 58),
    "pem": partial(armoured, b"\x30\x82\x04\xa4\x02\x01\x00\x02\x82\x01\x01\x00", 1180, 64),
    "openssh": partial(armoured, b"openssh-key-v1\x00\x00\x00\x00\x04none\x00\x00\x00\x04none", 230, 70),
    "base64:48": lambda rng: base64.b64encode(rng.randbytes(36)).decode(),
    "base64:64": lambda rng: base64.b64encode(rng.randbytes(64)).decode(),
}


def issued(shape: re.Match[str], rng: Random) -> str:
    return ISSUERS[shape[1]](rng) if shape[1] in ISSUERS else shaped(shape, rng)


def unseen5(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every context with as many secrets as there are rounds."""
    for turn in range(rounds):
        for name, template in CONTEXTS:
            yield name, *once(name, template, PLACEHOLDER, value, Random(f"{seed}/{turn}/{name}"))


def providers5(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """``(context, text, secret)``: every provider with as many tokens as there are rounds."""
    for turn in range(rounds):
        for name, template in PROVIDERS:
            yield name, *once(name, template, SHAPE, issued, Random(f"{seed}/{turn}/{name}"))


def benign5(rounds: int = 5, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """``(context, text)``: every look-alike; one without a placeholder comes in the first round only."""
    for turn in range(rounds):
        for name, template in BENIGN_CONTEXTS:
            text = PLACEHOLDER.sub(partial(value, rng=Random(f"{seed}/{turn}/{name}")), template)
            if turn == 0 or text != template:
                yield name, text


def left(secret: str, text: str) -> bool:
    """Whether the secret, or a half of one that is long enough for its halves to be no accident, is still in the text."""
    half = len(secret) // 2
    return secret in text or (half >= 8 and (secret[:half] in text or secret[-half:] in text))


def report(
    name: str,
    secrets: dict[str, Iterable[tuple[str, str, str]]],
    benign: Iterable[tuple[str, str]],
    about: str | None,
) -> None:
    """Print the shares, and what is left or was changed in vain, with the number of rounds in which it was."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.scrub.{name}", description=about)
    parser.add_argument("--show", action="store_true", help="print what came out of each miss, once a context")
    show = parser.parse_args().show
    for title, rows in secrets.items():
        out = [(context, scrub(text), secret) for context, text, secret in rows]
        whole = [(context, text) for context, text, secret in out if secret in text]
        _print(f"{name}, {title}", "gone", len(out), whole, show)
        halves = [(context, text) for context, text, secret in out if secret not in text and left(secret, text)]
        _print(f"{name}, {title}, in part", "without a half left", len(out), halves, show)
    same = [(context, text, scrub(text)) for context, text in benign]
    changed = [(context, new) for context, text, new in same if new != text]
    _print(f"{name}, look-alikes", "unchanged", len(same), changed, show)


def _print(title: str, good: str, total: int, missed: list[tuple[str, str]], show: bool) -> None:
    print(f"{title}: {100 * (1 - len(missed) / total):.1f}% of {total} {good}")
    texts = dict(reversed(missed))
    for name in sorted(texts):
        print(f"  {sum(one == name for one, _ in missed)} {name}" + (f": {texts[name]!r}" if show else ""))


if __name__ == "__main__":
    report("unseen5", {"contexts": unseen5(), "providers": providers5()}, benign5(), __doc__)
