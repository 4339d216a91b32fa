"""A notebook's file -> the same without secrets, in the cells' own texts only when asked; every other byte stays."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from jupyter_guard.cli.literals import hidden_in_strings, literals_replaced, without_reads
from jupyter_guard.cli.notebooks import NotebookError, language, parse_notebook
from jupyter_guard.cli.splice import spliced
from jupyter_guard.cli.variables import Variables
from jupyter_guard.guard.saved import OWN_TEXT, as_saved, cells_of, clean_saved, source_of
from jupyter_guard.scrub import KnownValues, Redaction
from jupyter_guard.scrub.changes import changes, kinds_in
from jupyter_guard.scrub.content import Cleaner
from jupyter_guard.scrub.patterns import Pattern


class InText(msgspec.Struct, frozen=True):
    """A secret that stands in a cell's own text; cells and lines count from 1."""

    cell: int
    line: int
    kind: str


def scrub_notebook(
    data: bytes, known: KnownValues, patterns: Sequence[Pattern] | None = None, sources: bool | Variables = False
) -> tuple[bytes, list[tuple[int, Redaction]]]:
    """The file's bytes without secrets in outputs, metadata and attachments, and what was taken out of which cell.

    With ``sources`` also cells' own texts: code reads secrets from the environment where it can, Markdown and raw cells
    have markers in their place; as ``Variables`` it is told which ones. Cells count from 1; 0 is the notebook's own
    metadata. Raises ``NotebookError``.
    """
    notebook = parse_notebook(data)
    before = copy.deepcopy(notebook)
    taken = clean_saved(notebook, known, patterns)
    if sources:
        variables = sources if isinstance(sources, Variables) else Variables()
        taken += _clean_sources(notebook, known, patterns, variables)
    text = data.decode("utf-8-sig")
    if notebook == before and not _has_a_key_twice(text):
        return data, taken
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        return mark + spliced(text, notebook).encode("utf-8"), taken
    except RecursionError:
        raise NotebookError("nested too deeply for a notebook") from None


def _clean_sources(
    notebook: dict[str, Any], known: KnownValues, patterns: Sequence[Pattern] | None, variables: Variables
) -> list[tuple[int, Redaction]]:
    taken: list[tuple[int, Redaction]] = []
    cells = cells_of(notebook)
    spoken = language(notebook)
    variables.avoid(map(source_of, cells))
    for number, cell in enumerate(cells, 1):
        before = source_of(cell)
        if cell.get("cell_type") == "code":
            text, kinds = literals_replaced(before, known, patterns, variables, cell.get("language") or spoken)
            taken += [(number, Redaction(kind)) for kind in kinds]
        else:
            found: list[Redaction] = []
            text = Cleaner(known, found, patterns).text(before)
            taken += [(number, one) for one in found]
        if text != before:
            key = next(key for key in OWN_TEXT if key in cell)
            cell[key] = as_saved(cell[key], text)
    return taken


def _has_a_key_twice(text: str) -> bool:
    """Then only the last one is read, and the others might hold a secret that nobody sees: they are not kept."""
    twice = False

    def table(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal twice
        made = dict(pairs)
        twice = twice or len(made) < len(pairs)
        return made

    json.loads(text, object_pairs_hook=table)
    return twice


def secrets_in_text(data: bytes, known: KnownValues, patterns: Sequence[Pattern] | None = None) -> list[InText]:
    """Secrets that stand in cells' own texts. Raises ``NotebookError``."""
    notebook = parse_notebook(data)
    spoken = language(notebook)
    found: list[InText] = []
    for number, cell in enumerate(cells_of(notebook), 1):
        text = source_of(cell)
        is_code = cell.get("cell_type") == "code"
        places = _places(without_reads(text) if is_code else text, Cleaner(known, [], patterns))
        if is_code:
            lines = {line for line, _ in places}
            for at, kind in hidden_in_strings(text, known, patterns, cell.get("language") or spoken):
                line = text.count("\n", 0, at) + 1
                places += [] if line in lines else [(line, kind)]
        found += [InText(number, line, kind) for line, kind in sorted(places)]
    return found


def _places(text: str, cleaner: Cleaner) -> list[tuple[int, str]]:
    """The lines with secrets in them, and the secrets' kinds."""
    cleaned = cleaner.text(text)
    return [
        (text.count("\n", 0, change.start) + 1, kind)
        for change in changes(text, cleaned)
        for kind in ([change.kind] if change.kind else kinds_in(change.written))
    ]
