"""Tables that show a data frame -> the cells of columns that are called exactly `password`, `secret` and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_guard.scrub.spans import Found

_NAMES = frozenset({"password", "passwd", "api_key", "secret"})
_NAME = re.compile(r"password|passwd|api_key|secret", re.IGNORECASE)
_ROW = re.compile(r"<tr\b[^>]{0,1000}>(.*?)</tr\s*>", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(r"<t([hd])\b[^>]{0,1000}>(.*?)</t[hd]\s*>", re.IGNORECASE | re.DOTALL)
_EMPTY = frozenset({"", "nan", "none", "null", "<na>", "&lt;na&gt;", "nat", "...", "\u2026", "true", "false"})
KIND = "secret-column"


def html_cells(source: str) -> list[Found]:
    """The contents of the cells below such a header in each table of ``source``."""
    if "<t" not in source or not _NAME.search(source):
        return []
    found: list[Found] = []
    columns: set[int] = set()
    width = 0
    for row in _ROW.finditer(source):
        cells = list(_CELL.finditer(source, row.start(1), row.end(1)))
        headers = all(cell[1] in "hH" for cell in cells)
        if headers and cells:
            named = {at for at, cell in enumerate(cells) if cell[2].strip().lower() in _NAMES}
            if named or len(cells) != width or any(cell[2].strip() for cell in cells[1:]):
                columns, width = named, len(cells)
            continue
        for at in columns & set(range(len(cells))):
            cell = cells[at + len(cells) - width if len(cells) < width else at]
            if cell[2].strip().lower() not in _EMPTY and "[REDACTED:" not in cell[2]:
                found.append(Found(cell.start(2), cell.end(2), KIND, 1))
    return found


def text_cells(text: str) -> list[Found]:
    """The same for tables in plain text: columns are aligned, at least two blanks or a bar apart."""
    if not _NAME.search(text) or "\n" not in text:
        return []
    found = []
    offset = 0
    columns: list[tuple[int, int]] = []
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        headers = list(_header(bare))
        if headers:
            columns = headers
        elif not bare.strip():
            columns = []
        else:
            for start, end in columns:
                cell = _cell(bare, start, end)
                if cell is not None and bare[cell[0] : cell[1]].lower() not in _EMPTY:
                    found.append(Found(offset + cell[0], offset + cell[1], KIND, 1))
        offset += len(line)
    return found


def _header(line: str) -> Iterator[tuple[int, int]]:
    """Places of such names in a line that is the head of a table: a column beside it, and nothing but names."""
    words = re.findall(r"[^\s|│]+", line)
    if len(words) < 2 and not line.startswith("  "):
        return
    if not re.fullmatch(r"[\s|│]*[\w#.%-]+(?:(?:\s{2,}|\s*[|│]\s*| (?=\S))[\w#.%-]+)*[\s|│]*", line):
        return
    for name in re.finditer(r"(?<![^\s|│])(?:password|passwd|api_key|secret)(?![^\s|│])", line, re.IGNORECASE):
        beside_gap = (
            line.startswith(" ")
            or line[: name.start()].endswith(("  ", "| ", "│ "))
            or line[name.end() :].startswith(("  ", " |", " │"))
        )
        if beside_gap:
            yield name.start(), name.end()


def _cell(line: str, start: int, end: int) -> tuple[int, int] | None:
    """What stands under a header: the text that ends where it ends, or begins where it begins."""
    for cell in re.finditer(r"[^\s|│]+(?: [^\s|│]+)*", line):
        if cell.end() == end or cell.start() == start:
            return cell.span()
    return None
