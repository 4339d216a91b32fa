"""A value from a policy file -> the same as the policy has it, or an error that says what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from jupyter_guard.terms.host import parsed

STORES: Final = '"local", "postgresql://HOST/DATABASE" or "unix:/PATH"'
SYSLOGS: Final = '"off", a socket such as "/dev/log", or "udp://HOST:PORT"'
UNITS: Final = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
UNITS_BINARY: Final = {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def size(value: Any) -> int:
    """Bytes from ``"4 GiB"``, ``"500 MB"`` or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", value.strip()) if isinstance(value, str) else None
    unit = found and {**UNITS, **UNITS_BINARY}.get(found[2].lower())
    if not found or not unit or float(found[1]) <= 0:
        raise ValueError('a size such as "4 GiB", "500 MB" or a number of bytes')
    return int(float(found[1]) * unit)


def count(value: Any) -> int:
    """A whole number above 0. Raises ``ValueError``."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError("a whole number above 0")
    return value


def at_least(check: Callable[[Any], int], least: int, shown: str) -> Callable[[Any], int]:
    """``check``, and no less than an idle kernel needs: with less, none would ever run a cell."""

    def checked(value: Any) -> int:
        found = check(value)
        if found < least:
            raise ValueError(f"at least {shown}, which a kernel needs before it does anything")
        return found

    return checked


def flag(value: Any) -> bool:
    """``true`` or ``false``. Raises ``ValueError``."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError("a text")
    return value


def store(value: Any) -> str:
    """Where an audit is kept: ``STORES``. Raises ``ValueError``."""
    if not isinstance(value, str) or not (value == "local" or value.startswith(("postgresql://", "unix:/"))):
        raise ValueError(STORES)
    return value


def syslog(value: Any) -> str:
    """Where decisions are also told: ``SYSLOGS``. Raises ``ValueError``."""
    if value == "off" or (isinstance(value, str) and re.fullmatch(r"/\S+|udp://[^\s/]+:\d{1,5}", value)):
        return str(value)
    raise ValueError(SYSLOGS)


def choice(*words: str) -> Callable[[Any], str]:
    """A check that takes one of ``words`` and raises ``ValueError`` for all else."""

    def check(value: Any) -> str:
        if value not in words or not isinstance(value, str):
            raise ValueError(" or ".join(f'"{word}"' for word in words))
        return value

    return check


def texts(*words: str) -> Callable[[Any], tuple[str, ...]]:
    """A check for a list of texts, which is sorted; where ``words`` are given, of these only."""

    def check(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise ValueError("a list of texts")
        strange = [one for one in value if words and one not in words]
        if strange:
            raise ValueError(f"a list of {', '.join(words)}; not {', '.join(map(repr, strange))}")
        return tuple(sorted(set(value)))

    return check


def hosts(value: Any) -> tuple[str, ...]:
    """``"*"``, or hosts with ports as isolation and reading know them. Raises ``ValueError``."""
    entries = texts()(value)
    for one in entries:
        if one != "*":
            try:
                parsed(one)
            except ValueError as error:
                raise ValueError(f'"*" or a list of host, host:port or *.host ({one!r}: {error})') from None
    return entries


def keywords(value: Any) -> list[str]:
    """What a token format is looked for by. Raises ``ValueError``."""
    good = isinstance(value, list) and value and all(isinstance(one, str) for one in value)
    if not good or not all(one.isascii() and one.isprintable() and 2 <= len(one) <= 64 for one in value):
        raise ValueError("a list of texts, each of 2 to 64 plain characters")
    return list(value)


def shape(value: Any) -> str:
    """A regular expression, as text. Raises ``ValueError``."""
    try:
        re.compile(text(value))
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    return str(value)


def selectors(value: Any) -> tuple[str, ...]:
    """Rules of ruff's, or the letters that they begin with. Raises ``ValueError``."""
    entries = texts()(value)
    if not all(re.fullmatch(r"[A-Z]{1,5}\d{0,4}", one) for one in entries):
        raise ValueError('a list of ruff\'s rules or their beginnings, such as "F", "B006" or "ALL"')
    return entries


def positive(value: Any) -> float:
    """A number, 0 or more. Raises ``ValueError``."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError("a number, 0 or more")
    return float(value)


def version(value: Any) -> int:
    """The version of the format, which is 1. Raises ``ValueError``."""
    if value != 1 or isinstance(value, bool):
        raise ValueError("1, the only version there is")
    return 1
