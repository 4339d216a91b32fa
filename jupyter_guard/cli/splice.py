"""JSON text and another value -> the text with only the parts that differ written anew; every other byte stays."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

import msgspec

from jupyter_guard.scrub.changes import changes

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^\s,\]}]+")
# One character of a string: two escapes for those beyond U+FFFF.
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)


class _Node(msgspec.Struct):
    """A value, where it stands, and the values in it: a list's by place, a table's by key."""

    start: int
    end: int
    value: Any
    inside: list[_Node] | dict[str, _Node] | None = None
    twice: bool = False
    """It, or a value in it, is a table that has a key twice."""
    keys: list[tuple[int, int]] = []
    """Where a table's keys stand."""


def spliced(text: str, after: Any) -> str:
    """``text`` (valid JSON) with what differs from ``after`` replaced: within a string only what became something else.

    A table that has a key twice, or more or fewer keys than before, is written as a whole.
    """
    node, _ = _read(text, _SPACE.match(text, 1 if text.startswith("\ufeff") else 0).end())  # type: ignore[union-attr]
    changed: list[tuple[int, int, str]] = []
    _compare(text, node, after, changed)
    parts = []
    at = 0
    for start, end, new in changed:
        parts += [text[at:start], new]
        at = end
    return "".join(parts) + text[at:]


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _read(text: str, at: int) -> tuple[_Node, int]:
    first = text[at]
    if first == '"':
        value, end = scanstring(text, at + 1)
        return _Node(at, end, value), end
    if first == "[":
        return _read_list(text, at)
    if first == "{":
        return _read_table(text, at)
    match = _SCALAR.match(text, at)
    end = match.end() if match else at + 1
    return _Node(at, end, json.loads(text[at:end])), end


def _read_list(text: str, start: int) -> tuple[_Node, int]:
    items: list[_Node] = []
    at = _skip(text, start + 1)
    while text[at] != "]":
        item, at = _read(text, at)
        items.append(item)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return _Node(start, at + 1, [item.value for item in items], items, any(item.twice for item in items)), at + 1


def _read_table(text: str, start: int) -> tuple[_Node, int]:
    items: dict[str, _Node] = {}
    keys: list[tuple[int, int]] = []
    twice = False
    at = _skip(text, start + 1)
    while text[at] != "}":
        first = at
        key, at = scanstring(text, at + 1)
        keys.append((first, at))
        at = _skip(text, _skip(text, at) + 1)
        item, at = _read(text, at)
        twice = twice or key in items
        items[key] = item
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    value = {key: item.value for key, item in items.items()}
    below = any(item.twice for item in items.values())
    return _Node(start, at + 1, value, None if twice else items, twice or below, keys), at + 1


def _compare(text: str, node: _Node, after: Any, changed: list[tuple[int, int, str]]) -> None:
    if _same(node.value, after) and not node.twice:
        return
    inside = node.inside
    if isinstance(inside, dict) and isinstance(after, dict) and len(inside) == len(after):
        for (start, end), (key, item), (new_key, new) in zip(node.keys, inside.items(), after.items(), strict=True):
            if key != new_key:
                changed.append((start, end, _string(text[start:end], key, new_key)))
            _compare(text, item, new, changed)
    elif isinstance(inside, list) and isinstance(after, list) and len(inside) == len(after):
        for item, new in zip(inside, after, strict=True):
            _compare(text, item, new, changed)
    elif isinstance(inside, list) and inside and isinstance(after, list) and after and not node.twice:
        _compare_lists(text, inside, after, changed)
    elif isinstance(node.value, str) and isinstance(after, str):
        changed.append((node.start, node.end, _string(text[node.start : node.end], node.value, after)))
    else:
        changed.append((node.start, node.end, _json(after, _is_ascii(text[node.start : node.end]))))


def _compare_lists(text: str, items: list[_Node], after: list[Any], changed: list[tuple[int, int, str]]) -> None:
    """Lists of different lengths, neither of them empty: what they begin and end with alike stays."""
    shorter = min(len(items), len(after))
    head = next((i for i in range(shorter) if not _same(items[i].value, after[i])), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if not _same(items[-1 - i].value, after[-1 - i])), rest)
    old, new = items[head : len(items) - tail], after[head : len(after) - tail]
    between = text[items[0].end : items[1].start] if len(items) > 1 else f",{_space_before(text, items[0].start)}"
    ascii_only = _is_ascii(text[items[0].start : items[-1].end])
    written = between.join(_json(item, ascii_only) for item in new)
    if old and new:
        changed.append((old[0].start, old[-1].end, written))
    elif new and head:
        changed.append((items[head - 1].end, items[head - 1].end, between + written))
    elif new:
        changed.append((items[0].start, items[0].start, written + between))
    elif tail:
        changed.append((old[0].start, items[len(items) - tail].start, ""))
    else:
        changed.append((items[head - 1].end, old[-1].end, ""))


def _space_before(text: str, at: int) -> str:
    """What stands between the bracket before and ``at``; a space where a list is in one line."""
    start = at
    while text[start - 1] in " \t\r\n":
        start -= 1
    return text[start:at] if "\n" in text[start:at] else " "


def _same(before: Any, after: Any) -> bool:
    # 1, 1.0 and true are equal in Python.
    return type(before) is type(after) and bool(before == after)


def _string(was: str, before: str, after: str) -> str:
    """``after`` as the JSON string ``was``, which says ``before``, says it: what stayed keeps its escapes."""
    ascii_only = _is_ascii(was)
    body = was[1:-1]
    places = [one.end() for one in _CHARACTER.finditer(body)] if "\\" in body else range(1, len(body) + 1)
    parts = []
    at = 0
    for change in changes(before, after):
        start, end = (places[place - 1] if place else 0 for place in (change.start, change.end))
        parts += [body[at:start], _json(change.written, ascii_only)[1:-1]]
        at = end
    return f'"{"".join(parts)}{body[at:]}"'


def _is_ascii(was: str) -> bool:
    """Whether whoever wrote this writes other characters as escapes."""
    return was.isascii() and "\\u" in was


def _json(value: Any, ascii_only: bool) -> str:
    written = json.dumps(value, ensure_ascii=ascii_only)
    # A lone surrogate has no other form than its escape.
    return re.sub("[\ud800-\udfff]", lambda one: f"\\u{ord(one[0]):04x}", written)
