"""A TOML text -> the line of each key, for messages. ``tomllib`` keeps no positions."""

from __future__ import annotations

import re
import tomllib

_HEADER = re.compile(r"\s*\[\[?\s*(?P<name>(?:[^\]\"']|\"(?:[^\"\\]|\\.)*\"|'[^']*')+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"\s*(?P<name>(?:[A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*'))*)\s*=(?P<value>.*)$"
)
_MULTI = re.compile(r"\"\"\"|'''")


def lines_of_keys(text: str) -> dict[tuple[str, ...], int]:
    """The line, from 1, of each table header and key; keys in inline tables have their table's line."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            if closing in line:
                closing = ""
            continue
        header = _HEADER.match(line)
        if header and "=" not in line.split("]")[0].replace('"', ""):
            table = _parts(header["name"])
            found.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            found.setdefault((*table, *_parts(key["name"])), number)
            opened = _MULTI.search(key["value"])
            if opened and opened[0] not in key["value"][opened.end() :]:
                closing = opened[0]
    return found


def line_of(found: dict[tuple[str, ...], int], key: tuple[str, ...]) -> int:
    """The line of ``key``, or of the nearest table around it; 0 when neither stands in the text."""
    while key:
        if key in found:
            return found[key]
        key = key[:-1]
    return 0


def _parts(name: str) -> tuple[str, ...]:
    try:
        table = tomllib.loads(f"{name} = 0")
    except tomllib.TOMLDecodeError:
        return (name,)
    parts: list[str] = []
    while isinstance(table, dict):
        part, table = next(iter(table.items()))
        parts.append(part)
    return tuple(parts)
