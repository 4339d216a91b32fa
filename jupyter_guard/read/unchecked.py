"""A name and its value -> whether it stops checking who the far side is, from ``knowledge/verification.toml``."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import NamedTuple

EVERY_HOST = "every host"


class Words(NamedTuple):
    """Names with what their values look like: for whatever takes them, for what connects, in the environment.

    ``libraries`` are further ones by library, ``connection`` is what a connection's own text may hold, ``flags``
    and ``command`` what a command's words may be.
    """

    anywhere: Mapping[str, re.Pattern[str]]
    clients: Mapping[str, re.Pattern[str]]
    variables: Mapping[str, re.Pattern[str]]
    libraries: Mapping[str, Mapping[str, re.Pattern[str]]]
    connection: re.Pattern[str]
    flags: re.Pattern[str]
    command: re.Pattern[str]


@functools.cache
def words() -> Words:
    """What the package ships, read when it is first asked for."""
    text = resources.files("jupyter_guard.knowledge").joinpath("verification.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    anywhere, clients, variables = map(_compiled, (tables["anywhere"], tables["clients"], tables["variables"]))
    libraries = {name: _compiled(table) for name, table in tables["libraries"].items()}
    texts = (tables["connections"]["text"], tables["commands"]["flags"], tables["commands"]["text"])
    return Words(anywhere, clients, variables, libraries, *map(re.compile, texts))


def _compiled(table: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for name, pattern in table.items()}


def is_switch(name: str, value: str, client: bool, library: str = "") -> bool:
    """Whether the argument or attribute ``name`` with ``value`` says so; ``client``: of something that connects."""
    known = words()
    pattern = known.anywhere.get(name) or (known.clients.get(name) if client else None)
    if pattern is None and library in known.libraries:
        pattern = known.libraries[library].get(name)
    return pattern is not None and pattern.fullmatch(value) is not None


def is_command(text: str, flags: Iterable[tuple[str, str | None]]) -> bool:
    """Whether a command's words (joined, and those that are flags with their values) say so."""
    known = words()
    if any(len(name) > 2 and known.flags.fullmatch(name) and value not in _OFF for name, value in flags):
        return True
    return known.command.search(text) is not None


_OFF = ("false", "no", "0")


def is_variable(name: str, value: str) -> bool:
    """Whether programs that see the variable ``name`` with ``value`` check nobody."""
    pattern = words().variables.get(name)
    return pattern is not None and pattern.fullmatch(value) is not None
