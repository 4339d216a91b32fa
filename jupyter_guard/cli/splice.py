"""JSON text and another value -> the text with only the parts that differ written anew; every other byte stays."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

import msgspec

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^\s,\]}]+")


class _Node(msgspec.Struct):
    """A value, where it stands, and the values in it: a list's by place, a table's by key."""

    start: int
    end: int
    value: Any
    inside: list[_Node] | dict[str, _Node] | None = None
    twice: bool = False
    """It, or a value in it, is a table that has a key twice."""


def spliced(text: str, after: Any) -> str:
    """``text`` (valid JSON) with what differs from ``after`` replaced.

    A table whose keys changed, or that has a key twice, is written as a whole, in the manner of its first line.
    """
    node, _ = _read(text, _SPACE.match(text, 1 if text.startswith("\ufeff") else 0).end())  # type: ignore[union-attr]
    changes: list[tuple[int, int, str]] = []
    _compare(text, node, after, changes)
    parts = []
    at = 0
    for start, end, new in changes:
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
    twice = False
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1)
        at = _skip(text, _skip(text, at) + 1)
        item, at = _read(text, at)
        twice = twice or key in items
        items[key] = item
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    value = {key: item.value for key, item in items.items()}
    below = any(item.twice for item in items.values())
    return _Node(start, at + 1, value, None if twice else items, twice or below), at + 1


def _compare(text: str, node: _Node, after: Any, changes: list[tuple[int, int, str]]) -> None:
    if _same(node.value, after) and not node.twice:
        return
    inside = node.inside
    if isinstance(inside, dict) and isinstance(after, dict) and list(inside) == list(after):
        for key, item in inside.items():
            _compare(text, item, after[key], changes)
    elif isinstance(inside, list) and isinstance(after, list) and len(inside) == len(after):
        for item, new in zip(inside, after, strict=True):
            _compare(text, item, new, changes)
    else:
        changes.append((node.start, node.end, _written(text[node.start : node.end], after)))


def _same(before: Any, after: Any) -> bool:
    # 1, 1.0 and true are equal in Python.
    return type(before) is type(after) and bool(before == after)


def _written(was: str, after: Any) -> str:
    """``after`` as JSON in the manner of the text that stood there."""
    ascii_only = was.isascii() and "\\u" in was
    lines = re.match(r"[\[{](\r?\n)([ \t]*)", was)
    if lines is None or not isinstance(after, list) or not after:
        return _json(after, ascii_only)
    newline, indent = lines[1], lines[2]
    last = re.search(r"\n([ \t]*)[\]}]\Z", was)
    items = [_json(item, ascii_only) for item in after]
    return f"[{newline}{indent}" + f",{newline}{indent}".join(items) + f"{newline}{last[1] if last else ''}]"


def _json(value: Any, ascii_only: bool) -> str:
    written = json.dumps(value, ensure_ascii=ascii_only)
    # A lone surrogate has no other form than its escape.
    return re.sub("[\ud800-\udfff]", lambda one: f"\\u{ord(one[0]):04x}", written)
