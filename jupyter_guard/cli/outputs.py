"""A notebook's file -> the same without secrets in outputs and, when asked, in code; every other byte stays."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence

from jupyter_guard.cli.literals import literals_replaced
from jupyter_guard.cli.notebooks import NotebookError, language, parse_notebook
from jupyter_guard.cli.splice import spliced
from jupyter_guard.guard.saved import as_saved, cells_of, clean_saved, source_of
from jupyter_guard.scrub import KnownValues, Redaction
from jupyter_guard.scrub.content import Cleaner
from jupyter_guard.scrub.patterns import Pattern


def scrub_notebook(
    data: bytes, known: KnownValues, patterns: Sequence[Pattern] | None = None, sources: bool = False
) -> tuple[bytes, list[tuple[int, Redaction]]]:
    """The file's bytes without secrets in outputs and widget states, and what was taken out of which cell.

    With ``sources``, literals in Python cells that hold a secret become ``os.environ[...]``. Cells count from 1; 0 is
    the notebook's own metadata. Raises ``NotebookError``.
    """
    notebook = parse_notebook(data)
    before = copy.deepcopy(notebook)
    taken = clean_saved(notebook, known, patterns)
    if sources and language(notebook) == "python":
        for number, cell in enumerate(cells_of(notebook), 1):
            if cell.get("cell_type") != "code":
                continue
            text, replaced = literals_replaced(source_of(cell), known, patterns)
            if replaced:
                key = "source" if "source" in cell else "input"
                cell[key] = as_saved(cell[key], text)
                taken += [(number, Redaction(kind)) for kind in replaced]
    text = data.decode("utf-8-sig")
    if notebook == before and not _has_a_key_twice(text):
        return data, taken
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        return mark + spliced(text, notebook).encode("utf-8"), taken
    except RecursionError:
        raise NotebookError("nested too deeply for a notebook") from None


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


def secrets_in_code(
    data: bytes, known: KnownValues, patterns: Sequence[Pattern] | None = None
) -> list[tuple[int, Redaction]]:
    """Secrets that stand in cells' own texts. Raises ``NotebookError``."""
    taken: list[tuple[int, Redaction]] = []
    for number, cell in enumerate(cells_of(parse_notebook(data)), 1):
        found: list[Redaction] = []
        Cleaner(known, found, patterns).text(source_of(cell))
        taken += [(number, one) for one in found]
    return taken
