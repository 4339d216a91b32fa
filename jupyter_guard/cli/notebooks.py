"""The bytes of a notebook file -> its cells, or one sentence about what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from jupyter_guard.guard.saved import cells_of as cells_of


class NotebookError(ValueError):
    """A file that is no notebook that can be read, with what was expected."""


class CodeCell(msgspec.Struct, frozen=True):
    """A code cell: its place among all cells from 1, its text, and what the file says about it (0: it never ran)."""

    number: int
    code: str
    cell_id: str
    metadata: Mapping[str, Any]
    language: str
    executed: int = 0


def parse_notebook(data: bytes) -> dict[str, Any]:
    """The notebook's content. Raises ``NotebookError``."""
    if not data.strip():
        raise NotebookError("the file is empty: expected a notebook (JSON)")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotebookError(f"not UTF-8 (byte {error.start}): expected a notebook (JSON)") from None
    except json.JSONDecodeError as error:
        conflict = " There are merge conflict marks in it: resolve them first." if b"\n<<<<<<< " in data else ""
        raise NotebookError(
            f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}: expected a notebook.{conflict}"
        ) from None
    except RecursionError:
        raise NotebookError("nested too deeply for a notebook") from None
    if not isinstance(notebook, dict) or not ({"cells", "worksheets"} & set(notebook)):
        raise NotebookError('JSON, but no notebook: there is no "cells"')
    version = notebook.get("nbformat")
    if version not in (3, 4):
        raise NotebookError(f"notebook format {version!r}: expected 4 (or 3); open it in Jupyter and save it again")
    for cell in cells_of(notebook):
        if not isinstance(cell, dict):
            raise NotebookError("a cell is no table: the notebook is damaged")
    return notebook


def code_cells(notebook: Mapping[str, Any]) -> Iterator[CodeCell]:
    """The code cells. Raises ``NotebookError`` for a cell whose source is no text."""
    for number, cell in enumerate(cells_of(notebook), 1):
        if cell.get("cell_type") != "code":
            continue
        metadata = cell.get("metadata")
        yield CodeCell(
            number=number,
            code=joined(cell.get("source", cell.get("input", "")), f"the source of cell {number}"),
            cell_id=str(cell.get("id", "")),
            metadata=metadata if isinstance(metadata, dict) else {},
            language=str(cell.get("language", "")),
            executed=_count(cell.get("execution_count", cell.get("prompt_number"))),
        )


def _count(said: Any) -> int:
    return said if type(said) is int and 0 < said < 1 << 31 else 0


def language(notebook: Mapping[str, Any]) -> str:
    """The language that the notebook's kernel speaks, in lower case; ``python`` where it says nothing."""
    metadata = notebook.get("metadata")
    for table, key in (("language_info", "name"), ("kernelspec", "language")):
        found = metadata.get(table) if isinstance(metadata, dict) else None
        if isinstance(found, dict) and isinstance(found.get(key), str) and found[key]:
            name = str(found[key]).lower()
            return {"ipython": "python", "python3": "python", "sh": "bash"}.get(name, name)
    return "python"


def joined(text: Any, what: str) -> str:
    """A text that may be kept as a list of lines. Raises ``NotebookError``."""
    if isinstance(text, str):
        return text
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    raise NotebookError(f"{what} is no text: the notebook is damaged")


def lines_in_file(data: bytes, cells: list[CodeCell]) -> list[int]:
    """The line of the file on which each cell's first line stands, from 1; 0 where it cannot be told.

    ``json`` keeps no positions; notebooks keep a line of source on a line of its own, so they are looked for in order.
    """
    text = data.decode("utf-8", "replace")
    places, at = [], 0
    for cell in cells:
        first = cell.code.split("\n", 1)[0]
        found = -1
        for ascii_only in (False, True):
            found = text.find(json.dumps(first, ensure_ascii=ascii_only)[:-1], at) if first else -1
            if found >= 0:
                break
        places.append(text.count("\n", 0, found) + 1 if found >= 0 else 0)
        at = max(at, found)
    return places
