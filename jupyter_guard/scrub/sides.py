"""A frame on its side, or one row of it, as plain text -> the cells of what would be its secret columns.

`df.T` and `df.iloc[0]` print a column as a row that is called so. It is known by the lines around it, which are as long
and end at the right; so this is for a whole text, and no stream.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_guard.scrub.spans import Found
from jupyter_guard.scrub.tables import EMPTY, KIND, NAMES

_ROW = re.compile(rf"({'|'.join(NAMES)}) {{2,}}(\S.*)", re.IGNORECASE)
_CELL = re.compile(r"\S+(?: \S+)*")
_LABELLED = re.compile(r"\S+(?: \S+)* {2,}\S|\S+(?: \S+)* *\Z")
_NUMBERED = re.compile(r" +\d+(?: +\d+)*")
_COUNTED = re.compile(
    r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?%?|(?:u?int|float|complex)\d+|(?:datetime|timedelta)64\[.*\]|(?:string|period)\[.*\]",
    re.IGNORECASE,
)


def side_cells(text: str) -> list[Found]:
    """Where such cells stand in ``text``."""
    found: list[Found] = []
    lines = text.split("\n")
    at = 0
    for number, line in enumerate(lines):
        row = _ROW.fullmatch(line)
        if row is not None and _is_aside(lines, number):
            found.extend(
                Found(at + cell.start(), at + cell.end(), KIND, 1)
                for cell in _CELL.finditer(line, row.start(2))
                if cell[0].lower() not in EMPTY and not _COUNTED.fullmatch(cell[0]) and "[REDACTED:" not in cell[0]
            )
        at += len(line) + 1
    return found


def _is_aside(lines: Sequence[str], number: int) -> bool:
    """Whether the line is one of a frame's rows: those around it end where it ends, and begin elsewhere."""
    size = len(lines[number])
    first, last = number, number
    while first and len(lines[first - 1]) == size and not lines[first - 1][-1:].isspace():
        first -= 1
    while last + 1 < len(lines) and len(lines[last + 1]) == size and not lines[last + 1][-1:].isspace():
        last += 1
    head, rows = lines[first], lines[first : last + 1]
    if first < number and _NUMBERED.fullmatch(head):
        return True
    if head[:1].isspace():
        rows = rows[1:]
    if last == first or not all(map(_LABELLED.match, rows)):
        return False
    own = [cell.span() for cell in _CELL.finditer(lines[number])]
    for one in rows:
        cells = [cell.span() for cell in _CELL.finditer(one)]
        # Cells of several widths that end at the right: words below each other begin at the left.
        ends = zip(own[1:], cells[1:], strict=False)
        if len(cells) == len(own) and any(a[1] == b[1] and a[0] != b[0] for a, b in ends):
            return True
    return False
