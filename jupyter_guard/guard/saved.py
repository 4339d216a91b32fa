"""A notebook's content, as it is saved -> the same without secrets in all but the cells' own texts, in place."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_guard.scrub import KnownValues, Redaction, Scrubber
from jupyter_guard.scrub.changes import cut_alike
from jupyter_guard.scrub.content import Cleaner
from jupyter_guard.scrub.patterns import Pattern

OWN_TEXT = ("source", "input")
"""Where a cell keeps its own text, in formats 4 and 3."""


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
    """Take secrets out of ``notebook``: outputs, metadata, attachments, all but the cells' own texts.

    Says what was taken out of which cell. Cells count from 1; 0 is the notebook's own metadata. Parts without a secret
    stay the objects they are.
    """
    taken: list[tuple[int, Redaction]] = []
    for number, cell in enumerate(cells_of(notebook), 1):
        if isinstance(cell, dict):
            found: list[Redaction] = []
            _clean_cell(cell, number, Cleaner(known, found, patterns), known, patterns, found)
            taken += [(number, one) for one in found]
    sheets = notebook.get("worksheets")
    found = []
    cleaner = Cleaner(known, found, patterns)
    for table in (notebook, *(sheets if isinstance(sheets, list) else ())):
        if isinstance(table, dict):
            _clean_values(table, cleaner, ("cells", "worksheets"))
    return taken + [(0, one) for one in found]


def _clean_cell(
    cell: dict[str, Any],
    number: int,
    cleaner: Cleaner,
    known: KnownValues,
    patterns: Sequence[Pattern] | None,
    found: list[Redaction],
) -> None:
    outputs, attachments, name = cell.get("outputs"), cell.get("attachments"), cell.get("id")
    if isinstance(outputs, list):
        cleaned = clean_outputs(outputs, known, patterns, found)
        if cleaned != outputs:
            cell["outputs"] = cleaned
    if isinstance(attachments, dict):
        cleaned_files = {cleaner.text(file): _attachment(value, cleaner) for file, value in attachments.items()}
        if cleaned_files != attachments:
            cell["attachments"] = cleaned_files
    if isinstance(name, str) and cleaner.text(name) != name:
        # Nothing but letters, digits, `-` and `_` may be in it.
        cell["id"] = f"redacted-{number}"
    _clean_values(cell, cleaner, (*OWN_TEXT, "outputs", "attachments", "id"))


def _clean_values(table: dict[str, Any], cleaner: Cleaner, but: Sequence[str]) -> None:
    items: list[tuple[str, Any]] = []
    for key, value in table.items():
        cleaned = {key: value} if key in but else cleaner.value({key: value})
        items += [(key, value)] if cleaned == {key: value} else cleaned.items()
    if items != list(table.items()):
        table.clear()
        table.update(items)


def _attachment(value: Any, cleaner: Cleaner) -> Any:
    """One attachment, by its types. Front ends keep all of them in base64, texts too."""
    if not isinstance(value, dict):
        return cleaner.value(value)
    texts = {mime: text for mime, item in value.items() if _is_text(mime) and (text := _decoded(_text(item)))}
    cleaned = _bundle({"data": {mime: item for mime, item in value.items() if mime not in texts}}, cleaner)["data"]
    for mime, text in texts.items():
        shown = cleaner.text(text)
        cleaned[mime] = value[mime] if shown == text else _as(value[mime], base64.b64encode(shown.encode()).decode())
    return {mime: cleaned[mime] for mime in value if mime in cleaned} | cleaned


def _is_text(mime: str) -> bool:
    return mime.startswith("text/") or mime.endswith(("json", "xml"))


def _decoded(text: str) -> str:
    """The text that ``text`` is in base64; ``""`` where it is none."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's own text."""
    return _text(next((cell[key] for key in OWN_TEXT if key in cell), ""))


def as_saved(before: Any, text: str) -> Any:
    """``text`` in the form of ``before``: a list of lines, or one text."""
    return _as(before, text)


def clean_outputs(
    outputs: Sequence[Any], known: KnownValues, patterns: Sequence[Pattern] | None, found: list[Redaction]
) -> list[Any]:
    """A cell's saved outputs without secrets, streams as the one text that they are; ``found`` takes what was taken."""
    cleaner = Cleaner(known, found, patterns)
    streams: dict[str, list[int]] = {}
    cleaned: list[Any] = []
    for output in outputs:
        if not isinstance(output, dict):
            cleaned.append(cleaner.value(output))
            continue
        kind = output.get("output_type")
        if kind == "stream" and (isinstance(output.get("text"), str) or _is_lines(output.get("text"))):
            name = str(output.get("name", output.get("stream", "")))
            streams.setdefault(name, []).append(len(cleaned))
            rest = cleaner.value({key: value for key, value in output.items() if key != "text"})
            cleaned.append({**output, **rest})
        elif kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
            cleaned.append(_bundle(output, cleaner))
        elif kind == "error":
            cleaned.append(cleaner.error(output))
        else:
            cleaned.append({key: _by_lines(value, cleaner) for key, value in output.items()})
    for places in streams.values():
        # Several outputs of one stream are one text, which may have been cut anywhere.
        texts = [_text(outputs[place]["text"]) for place in places]
        scrubber = Scrubber(known, patterns)
        shown = scrubber.feed("".join(texts)) + scrubber.flush()
        found.extend(scrubber.redactions)
        for place, text, now in zip(places, texts, cut_alike(texts, shown), strict=True):
            if now != text:
                cleaned[place]["text"] = _as(outputs[place]["text"], now)
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
    if _is_lines(before) and before != _lines("".join(before)):
        return [piece for piece, was in zip(cut_alike(before, text), before, strict=True) if piece or not was]
    return _lines(text)


def _lines(text: str) -> list[str]:
    # Only the newline ends a line in a notebook's file.
    return [line for line in re.split(r"(?<=\n)", text) if line]
