"""A token format -> made-up tokens of that format, and texts in which one may stand.

Examples are generated, so that nothing that looks like a secret is kept anywhere; `chance` decides which.
"""

from __future__ import annotations

import base64
import json
import random
import string
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as sre  # type: ignore[attr-defined]
from typing import Any

from jupyter_guard.scrub.checks import crc32_base62
from jupyter_guard.scrub.patterns import Pattern

_TRIES = 400


def example(pattern: Pattern, chance: random.Random) -> tuple[str, str]:
    """A text with a token of this format in it, and the part of the text that must go.

    Raises ``ValueError`` when no token that passes the format's checks was found: the format is wrong.
    """
    for _ in range(_TRIES):
        keyword = chance.choice(pattern.keywords)
        lead = _sampled(pattern.lead.pattern, chance) if pattern.lead is not None else ""
        before, secret, after = (_sampled(part, chance) for part in pattern.shape.parts)
        secret = _as_checked(pattern, keyword, secret, chance)
        text = f"{pattern.context}{lead}{keyword}{before}{secret}{after}"
        at = len(pattern.context) + len(lead)
        place = pattern.secret(text, at, at + len(keyword))
        if place is not None and pattern.may_begin(text, at, at + len(keyword)):
            return text, text[place[0] : place[1]]
    raise ValueError(f"no example of {pattern.kind} passes its own checks")


def near_miss(pattern: Pattern, chance: random.Random) -> str:
    """A text that is almost such a token: one character repeated in its place."""
    keyword = chance.choice(pattern.keywords)
    lead = _sampled(pattern.lead.pattern, chance) if pattern.lead is not None else ""
    before, secret, after = (_sampled(part, chance) for part in pattern.shape.parts)
    return f"{pattern.context}{lead}{keyword}{before}{'x' * len(secret)}{after}"


def _as_checked(pattern: Pattern, keyword: str, secret: str, chance: random.Random) -> str:
    """A secret as the format's checks want it, where chance alone would never make one."""
    if "base64-login" in pattern.checks or "base64-text" in pattern.checks:
        login = f"{_sampled('[a-z]{3,9}', chance)}:{_sampled('[a-zA-Z0-9!#]{8,20}', chance)}"
        return base64.b64encode(login.encode()).decode()
    if "symbols" in pattern.checks:
        return f"{secret[:9]}{chance.choice('#!@^*?~&+')}{secret[9:]}"
    if "generated-quoted" in pattern.checks:
        return f"{_sampled('[A-Z][0-9][a-z][&;,][A-Z][0-9][a-z]', chance)}{secret}"
    if "config-password" in pattern.checks:
        return (
            f"{_sampled('[b-df-h][aeiou][b-df-h][aeiou][b-df-h]', chance)}_{_sampled('[b-d][aeiou][k-n]{3,9}', chance)}"
        )
    if "crc32-base62" in pattern.checks:
        body = secret[:-6]
        return body + crc32_base62((keyword if pattern.joined else "") + body)
    if "base64-json" in pattern.checks and "." in secret:
        head = {"alg": chance.choice(("HS256", "RS256")), "typ": "JWT", "kid": _sampled("[a-z0-9]{8}", chance)}
        encoded = base64.urlsafe_b64encode(json.dumps(head).encode()).decode().rstrip("=")
        whole = encoded + secret[secret.index(".") :]
        return whole[len(keyword) :] if whole.startswith(keyword) else secret
    return secret


def _sampled(source: str, chance: random.Random) -> str:
    return "".join(_sample(node, chance) for node in sre.parse(source))


def _sample(node: tuple[Any, Any], chance: random.Random) -> str:
    kind, value = node
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.NOT_LITERAL:
        return chance.choice([c for c in string.ascii_letters + string.digits if ord(c) != value])
    if kind is op.ANY:
        return chance.choice(string.ascii_letters)
    if kind is op.IN:
        return chance.choice(_members(value))
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, sub = value
        most = low + 12 if high is op.MAXREPEAT else min(high, low + 12)
        return "".join(_sample(part, chance) for _ in range(chance.randint(low, most)) for part in sub)
    if kind is op.SUBPATTERN:
        return "".join(_sample(part, chance) for part in value[3])
    if kind is op.BRANCH:
        return "".join(_sample(part, chance) for part in chance.choice(value[1]))
    return ""


def _members(items: list[tuple[Any, Any]]) -> str:
    named = {
        op.CATEGORY_DIGIT: string.digits,
        op.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
        op.CATEGORY_SPACE: " ",
        op.CATEGORY_NOT_SPACE: string.ascii_letters + string.digits,
    }
    inside: set[str] = set()
    for kind, value in items:
        if kind is op.LITERAL:
            inside.add(chr(value))
        elif kind is op.RANGE:
            inside.update(chr(code) for code in range(value[0], value[1] + 1))
        elif kind is op.CATEGORY:
            inside.update(named[value])
    if items[0][0] is op.NEGATE:
        words = "".join(c for c in string.ascii_letters + string.digits + "_" if c not in inside)
        return words or "".join(c for c in string.punctuation if c not in inside)
    return "".join(sorted(inside))
