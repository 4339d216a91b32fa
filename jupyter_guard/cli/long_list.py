"""A JSON document with one list that is too long for memory -> the bytes that ``json.dumps(..., indent=1)`` gives."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jupyter_guard.cli.console import plain


class LongList:
    """Values that JSON has, added one by one to a temporary file, and read from it as often as somebody likes."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this does
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        at = 0
        while True:
            self._file.seek(at)
            line = self._file.readline()
            if not line:
                return
            at += len(line)
            yield json.loads(line)

    def add(self, value: Any) -> None:
        """Add one at the end."""
        self._file.seek(0, 2)
        self._file.write(json.dumps(value).encode() + b"\n")
        self._count += 1


def write_document(document: Mapping[str, Any], long: str) -> None:
    """Print a document whose entry ``long`` is any iterable, one item at a time."""
    keys = list(document)
    plain("{")
    for key in keys:
        end = "" if key == keys[-1] else ","
        if key == long:
            _write_list(key, document[key], end)
        else:
            plain(f" {json.dumps(key)}: {_indented(document[key], 1)}{end}")
    plain("}")


def _write_list(key: str, items: Iterable[Any], end: str) -> None:
    before = ""
    for item in items:
        plain(f"{before}," if before else f" {json.dumps(key)}: [")
        before = f"  {_indented(item, 2)}"
    if before:
        plain(before)
    plain(f" ]{end}" if before else f" {json.dumps(key)}: []{end}")


def _indented(value: Any, depth: int) -> str:
    # No text holds a newline of its own: JSON spells it out.
    return json.dumps(value, indent=1, ensure_ascii=False).replace("\n", "\n" + " " * depth)
