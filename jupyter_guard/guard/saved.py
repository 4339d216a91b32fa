"""A notebook's content, as it is saved -> the same without secrets in its outputs, in place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_guard.scrub import KnownValues, Redaction, Scrubber
from jupyter_guard.scrub.content import Cleaner
from jupyter_guard.scrub.patterns import Pattern


def cells_of(notebook: Mapping[str, Any]) -> list[Any]:
    """All cells, of formats 3 and 4, as they stand in the file."""
    if "cells" in notebook:
        cells = notebook["cells"]
        return cells if isinstance(cells, list) else []
    sheets = notebook.get("worksheets")
    return [
        cell
        for sheet in (sheets if isinstance(sheets, list) else [])
        for cell in (sheet.get("cells", []) if isinstance(sheet, dict) else [])
    ]


def clean_saved(
    notebook: dict[str, Any], known: KnownValues, patterns: Sequence[Pattern] | None = None
) -> list[tuple[int, Redaction]]:
    """Take secrets out of outputs and widget states of ``notebook``; what was taken out of which cell.

    Cells count from 1; 0 is the notebook's own metadata. Parts without a secret stay the objects they are.
    """
    taken: list[tuple[int, Redaction]] = []
    for number, cell in enumerate(cells_of(notebook), 1):
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        if isinstance(outputs, list):
            found: list[Redaction] = []
            cleaned = clean_outputs(outputs, known, patterns, found)
            taken += [(number, one) for one in found]
            if cleaned != outputs:
                cell["outputs"] = cleaned
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict) and "widgets" in metadata:
        found = []
        widgets = Cleaner(known, found, patterns).value(metadata["widgets"])
        taken += [(0, one) for one in found]
        if widgets != metadata["widgets"]:
            metadata["widgets"] = widgets
    return taken


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's own text."""
    return _text(cell.get("source", cell.get("input", "")))


def as_saved(before: Any, text: str) -> Any:
    """``text`` in the form of ``before``: a list of lines, or one text."""
    return _as(before, text)


def clean_outputs(
    outputs: Sequence[Any], known: KnownValues, patterns: Sequence[Pattern] | None, found: list[Redaction]
) -> list[Any]:
    cleaner = Cleaner(known, found, patterns)
    streams: dict[str, Scrubber] = {}
    last: dict[str, int] = {}
    cleaned: list[Any] = []
    for output in outputs:
        if not isinstance(output, dict):
            cleaned.append(cleaner.value(output))
            continue
        kind = output.get("output_type")
        if kind == "stream" and (isinstance(output.get("text"), str) or _is_lines(output.get("text"))):
            # Several outputs of one stream are one text, which may have been cut anywhere.
            name = str(output.get("name", output.get("stream", "")))
            scrubber = streams.setdefault(name, Scrubber(known, patterns))
            last[name] = len(cleaned)
            passed_on = scrubber.feed(_text(output["text"]))
            cleaned.append({**output, "text": _as(output["text"], passed_on)})
        elif kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
            cleaned.append(_bundle(output, cleaner))
        elif kind == "error":
            cleaned.append(cleaner.error(output))
        else:
            cleaned.append({key: _by_lines(value, cleaner) for key, value in output.items()})
    for name, scrubber in streams.items():
        rest = scrubber.flush()
        found.extend(scrubber.redactions)
        output = cleaned[last[name]]
        output["text"] = _as(output["text"], _text(output["text"]) + rest)
    for before, output in zip(outputs, cleaned, strict=True):
        # However its lines were cut: what reads the same stays as it was.
        if isinstance(before, dict) and "text" in before and _text(before["text"]) == _text(output["text"]) != "":
            output["text"] = before["text"]
    return cleaned


def _bundle(output: dict[str, Any], cleaner: Cleaner) -> dict[str, Any]:
    data: dict[str, Any] = output["data"]
    # Texts are kept as lists of lines: they are one text each.
    whole = {mime: _text(value) if _is_lines(value) else value for mime, value in data.items()}
    cleaned = cleaner.bundle({**output, "data": whole})
    cleaned["data"] = {
        mime: data[mime] if value == whole.get(mime) else _as(data.get(mime), value)
        for mime, value in cleaned["data"].items()
    }
    return cleaned


def _by_lines(value: Any, cleaner: Cleaner) -> Any:
    if not _is_lines(value):
        return cleaner.value(value)
    whole = "".join(value)
    cleaned = cleaner.text(whole)
    return value if cleaned == whole else _as(value, cleaned)


def _is_lines(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(line, str) for line in value)


def _text(value: Any) -> str:
    if _is_lines(value):
        return "".join(value)
    return value if isinstance(value, str) else ""


def _as(before: Any, text: Any) -> Any:
    """``text`` in the form of ``before``: a list of lines, or one text."""
    if not isinstance(before, list) or not isinstance(text, str):
        return text
    if not text:
        return [""]
    # Only the newline ends a line in a notebook's file.
    return [line for line in re.split(r"(?<=\n)", text) if line]
