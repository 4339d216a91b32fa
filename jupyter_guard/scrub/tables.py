"""Tables that show a data frame -> the cells of columns that are called exactly `password`, `secret` and the like.

HTML is read whole. Text comes line by line: a head, then rows until a blank line or until three lines in a row are
none. Columns are aligned, as pandas and psql print them, or stand between bars, commas, semicolons, tabs, or LaTeX's
`&`. What a frame's index is called stands at the margin, in a line of its own below the columns' names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.shape import Shape
from jupyter_guard.scrub.spans import Found

NAMES = (
    "password",
    "passwd",
    "api_key",
    "secret",
    "api_secret",
    "client_secret",
    "secret_key",
    "access_token",
    "passphrase",
    "passcode",
)
KIND = "secret-column"
LONGEST_HEAD = 4_096
LONGEST_ROW = 16_384
"""A row of more characters is not read but taken out whole."""

ABOVE = 1_024
"""Characters before a head that are read to know what it is."""

_IN_LATEX = tuple(name.replace("_", r"\_") for name in NAMES if "_" in name)
COLUMN = Pattern(KIND, (*NAMES, *_IN_LATEX), Shape("(?P<secret>[ ])"), ignore_case=True)
"""Not a token format: engines report with it where such a name stands, and whoever asked reads the line around it."""

_SPACES = r" \t\x0b\x0c\x1c-\x1f"
"""What `str.strip` takes away, without ends of lines. What is not ASCII may be such a space too, a bar, a letter."""
COLUMN_EXPRESSION = (
    r"(?:^|\r)(?:"
    r"(?:[{spaces}{other}]{words}{name}|{words}[{spaces}{other}]{2}{name}|{words}{name}[{spaces}{other}]{2}){words}\\?[{spaces}{other}]*"
    r"|(?:{fields}{bar}[{spaces}{other}\"]*{name}|{fields}{name}[{spaces}{other}\"]*{bar}){fields}"
    r"|(?:{values}[,;]\"?{name}|{values}{name}\"?[,;]){values}"
    r"|{words}{name}{words}[{spaces}{other}]{2}"
    r"|(?:{cells}&{cells}{name}|{cells}{name}{cells}&){cells}\\\\[{spaces}{other}]*"
    r")(?:\r|$)"
)
"""Every line that `Table` takes for such a head matches, and few others; for engines of bytes, case-insensitively and
line by line. Five kinds: between spaces, between bars or tabs, between commas or semicolons, what an index is called,
LaTeX."""
for _part, _expression in {
    "{name}": rf"\b(?:{'|'.join(NAMES)}|{'|'.join(map(re.escape, _IN_LATEX))})\b",
    "{cells}": r"[\w#.%&\\{}{spaces}{other}-]*",
    "{words}": r"[\w#.%{spaces}{other}-]*",
    "{fields}": r"[\w#.%|\"{spaces}{other}-]*",
    "{bar}": r"[|\t{other}]",
    "{values}": r"[\w.,;\"{other}-]*",
    "{spaces}": _SPACES,
    "{other}": r"\x80-\xff",
}.items():
    COLUMN_EXPRESSION = COLUMN_EXPRESSION.replace(_part, _expression)

EXACT_NAME = re.compile(
    rf"(?<![\w.-])(?:{'|'.join(NAMES)}|{'|'.join(map(re.escape, _IN_LATEX))})(?![\w.-])", re.IGNORECASE | re.ASCII
)
EMPTY = frozenset(
    "nan none null <na> &lt;na&gt; nat ... \u2026 - true false yes no str string object text varchar bytes bool "
    "boolean int int64 integer float float64 number category datetime64[ns] required optional".split()
) | {""}
"""What stands in a cell that holds nothing, or says only of which type it is."""

_BARS = "|\u2502\u2503\u2506\u2551"
_BAR = re.compile(f"[{_BARS}]")
_HEAD = re.compile(r"\s*[\w#%][\w#.%-]*(?:\s+[\w#%][\w#.%-]*)*\s*\\?\s*")
_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"[-+]?\d[\d.,]*%?")
_RUN = re.compile(r"\S+(?: \S+)*")
_FIELD = re.compile(r'"?[\w.-]+"?')
_RULE = re.compile(r"[\s|+\-=:.\u2500-\u257f]*|\s*\\(?:(?:top|mid|bottom|h|c)[a-z]{0,12}|\w{1,4}line)[^&]*")
_AMPERSAND = re.compile(r"(?<!\\)&")
_LATEX_NAME = re.compile(r"(?:\\(?:textbf|textit|emph|text|texttt)\{)?([\w#.% -]*)\}?")
_LINE_END = re.compile(r"\r\n|\r|\n")
_MOST_MISSES = 2
_MOST_WORDS = 4
_SENTENCE = 4
"""So many single blanks in a row, in a line that has gaps, are between words and not between columns."""


class Columns(msgspec.Struct, frozen=True):
    """Where the cells are: below the names at ``places``, or the ``numbers`` of ``width`` fields at a ``delimiter``.

    A place is where the word before ends, where the name starts and ends, and where the next word starts. Of what an
    ``index`` is called, where it starts and where the next name does. ``below``: the line stands below a head.
    """

    places: tuple[tuple[int, int, int, int], ...] = ()
    index: tuple[tuple[int, int], ...] = ()
    delimiter: str = ""
    numbers: tuple[int, ...] = ()
    width: int = 0
    below: bool = False


class Table:
    """Reads lines; between a head and the end of its table it is ``open``."""

    def __init__(self) -> None:
        self.open = False
        self._columns: Columns | None = None
        self._misses = 0

    def cells(self, line: str, above: str = "") -> list[tuple[int, int]]:
        """What of ``line``, which has no end of line in it, is to be taken out.

        ``above`` is the text before it, of which ``ABOVE`` characters are enough.
        """
        found = self._read(line, above)
        self.open = self._columns is not None
        return found

    def _read(self, line: str, above: str) -> list[tuple[int, int]]:
        if len(line) > LONGEST_ROW:
            return [(0, len(line))] if self._columns is not None else []
        head = _head(line, above) if len(line) <= LONGEST_HEAD and EXACT_NAME.search(line) else None
        if head is not None:
            if self._columns is not None and head.below and head.delimiter == self._columns.delimiter:
                # The columns are still those that were named above.
                head = msgspec.structs.replace(
                    head,
                    places=self._columns.places,
                    numbers=tuple(sorted({*self._columns.numbers, *head.numbers})),
                )
            self._columns, self._misses = head, 0
            return []
        if self._columns is None or not line.strip():
            self._columns = None
            return []
        found = list(_cells(self._columns, line))
        if found:
            self._misses = 0
        elif not _RULE.fullmatch(line):
            self._misses += 1
            if self._misses > _MOST_MISSES:
                self._columns = None
        return [(start, end) for start, end in found if line[start:end].strip("\"'").lower() not in EMPTY]


def text_cells(text: str, names: Iterable[int]) -> list[Found]:
    """The cells in the tables of a whole text, in which a name that may be a column's stands at each of ``names``."""
    found: list[Found] = []
    table = Table()
    at = 0
    for name in names:
        if name < at:
            continue
        at = max(text.rfind("\n", 0, name), text.rfind("\r", 0, name)) + 1
        ended = line_end(text, at, final=True)
        while ended is not None:
            cells = table.cells(text[at : ended[0]], text[max(0, at - ABOVE) : at])
            found.extend(Found(at + a, at + b, KIND, 1) for a, b in cells)
            at = ended[1]
            ended = line_end(text, at, final=True) if table.open else None
    return found


def line_end(text: str, at: int, final: bool) -> tuple[int, int] | None:
    """Where the line from ``at`` on ends and the next begins; ``None`` when that is still to come."""
    size = len(text)
    feed = text.find("\n", at)
    carriage = text.find("\r", at, feed if feed >= 0 else size)
    if carriage >= 0:
        if feed == carriage + 1:
            return carriage, feed + 1
        # A line feed may follow, and would belong to it.
        return (carriage, carriage + 1) if final or carriage + 1 < size else None
    if feed >= 0:
        return feed, feed + 1
    return (size, size) if final and at < size else None


def _head(line: str, above: str) -> Columns | None:
    """The columns with such names, when ``line`` is the head of a table: nothing but names, in columns."""
    delimited = _delimited_head(line) or _latex_head(line) or _index_head(line, above)
    if delimited is not None and delimited.delimiter == _BARS and _below_rule(above):
        # a row that is called so, or has such a word in it
        return None
    if delimited is not None or not _HEAD.fullmatch(line):
        return delimited
    words = [(word.start(), word.end()) for word in _WORD.finditer(line)]
    if any(_NUMBER.fullmatch(line[start:end]) for start, end in words):
        # a row that is called so, as of counts and types of columns
        return None
    gaps = any(after - before > 1 for (_, before), (after, _) in pairwise(words))
    if gaps and any(run[0].count(" ") >= _SENTENCE for run in _RUN.finditer(line)):
        # a name and what it means, as manuals list them
        return None
    places = []
    for number, (start, end) in enumerate(words):
        if line[start:end].lower() not in NAMES:
            continue
        if start == 0:
            # What stands at the margin is what a row is called: a data frame has its index there.
            continue
        before = words[number - 1][1] if number else 0
        after = words[number + 1][0] if number + 1 < len(words) else 0
        beside_gap = (number > 0 and start - before > 1) or after - end > 1
        # Indented words with nothing but single blanks between them are mostly prose, and a single one is in a list:
        # there, only what ends below the name, as numbers and data frames do, is its cell.
        indented = line[:1].isspace() and (len(words) <= _MOST_WORDS or gaps) and (len(words) > 1 or start >= 2)
        if (beside_gap and len(words) > 1) or indented:
            places.append((before, start if beside_gap else -1, end, after or LONGEST_ROW))
    return Columns(places=tuple(places)) if places else None


def _below_rule(above: str) -> bool:
    """Whether what follows ``above`` goes on with a table between bars, below the rule under its head."""
    is_ruled = False
    # The first may be cut off.
    for row in reversed(_LINE_END.split(above)[len(above) >= ABOVE : -1]):
        if _RULE.fullmatch(row) and row.strip():
            is_ruled = True
        elif not _BAR.search(row):
            return False
        elif is_ruled:
            return True
    return False


def _index_head(line: str, above: str) -> Columns | None:
    """What a frame's index is called: as wide as the head above it, and below none of its names."""
    bare = line.rstrip()
    if len(line) - len(bare) < 2 or not bare or line[0].isspace() or not _HEAD.fullmatch(line):
        return None
    head = _LINE_END.split(above)[-2:-1]
    if not head or len(head[0]) != len(line) or not head[0][len(bare) :].strip():
        return None
    words = [(word.start(), word.end()) for word in _WORD.finditer(line)]
    after = [start for start, _ in words[1:]] + [0]
    named = [(start, then) for (start, end), then in zip(words, after, strict=True) if line[start:end].lower() in NAMES]
    return Columns(index=tuple(named), below=True) if named else None


def _latex_head(line: str) -> Columns | None:
    cells = _latex_cells(line)
    names = [_LATEX_NAME.fullmatch(line[start:end].replace("\\_", "_")) for start, end in cells]
    if len(cells) < 2 or not all(names):
        return None
    called = [name[1].strip().lower() for name in names if name is not None]
    numbers = tuple(number for number, name in enumerate(called) if name in NAMES)
    if not numbers:
        return None
    return Columns(delimiter="&", numbers=numbers, width=len(cells), below=not any(called[1:]))


def _latex_cells(line: str) -> list[tuple[int, int]]:
    """Where the cells of a row stand, without the blanks around them; none, if it is none."""
    if "&" not in line or not line.rstrip().endswith("\\\\"):
        return []
    body = line.rstrip()[:-2]
    cells = []
    at = 0
    for end in [*(found.start() for found in _AMPERSAND.finditer(body)), len(body)]:
        text = body[at:end]
        start = at + len(text) - len(text.lstrip())
        cells.append((start, max(start, at + len(text.rstrip()))))
        at = end + 1
    return cells


def _delimited_head(line: str) -> Columns | None:
    for delimiter in (_BARS, ",", ";", "\t"):
        fields = _BAR.split(line.strip().strip(_BARS)) if delimiter is _BARS else line.split(delimiter)
        if len(fields) < 2:
            continue
        if delimiter is not _BARS and not all(_FIELD.fullmatch(field.strip() or "-") for field in fields):
            continue
        if delimiter in ",;" and any(field != field.strip() for field in fields):
            continue
        names = [field.strip().strip('"').lower() for field in fields]
        numbers = tuple(number for number, name in enumerate(names) if name in NAMES)
        if numbers and all(re.fullmatch(r"[\w#.% -]*", name) for name in names):
            return Columns(delimiter=delimiter, numbers=numbers, width=len(names))
    return None


def _cells(columns: Columns, line: str) -> Iterable[tuple[int, int]]:
    if columns.delimiter:
        yield from _delimited_cells(columns, line)
        return
    for start, after in columns.index:
        run = _RUN.match(line, start) if start == 0 or line[start - 1 : start].isspace() else None
        if run is not None:
            yield start, min(run.end(), after - 1) if after else run.end()
    for before, start, end, after in columns.places:
        for run in _RUN.finditer(line):
            if run.end() == end and (start >= 0 or run.start() > 0 or " " in run[0]):
                # Where columns are one blank apart, a run goes on from the one before.
                yield max(run.start(), before + 1 if before else _after_index(line, run.start(), start)), end
                break
            if run.start() == start:
                yield start, min(run.end(), max(after - 1, end))
                break


def _after_index(line: str, at: int, start: int) -> int:
    """The first column has only the index before it."""
    if at or start >= 0:
        return at
    index = _WORD.match(line)
    return index.end() + 1 if index is not None else at


def _delimited_cells(columns: Columns, line: str) -> Iterable[tuple[int, int]]:
    at = 0
    spans = []
    if columns.delimiter == "&":
        cells = _latex_cells(line)
        yield from (cells[number] for number in columns.numbers if len(cells) == columns.width)
        return
    if columns.delimiter == _BARS:
        inner = line.strip()
        at = len(line) - len(line.lstrip()) + (inner[:1] in _BARS)
        stop = len(line.rstrip()) - (len(inner) > 1 and inner[-1] in _BARS)
        fields = _BAR.split(line[at:stop])
    else:
        fields = _separated(line, columns.delimiter)
    if len(fields) != columns.width:
        return
    for field in fields:
        start = at + len(field) - len(field.lstrip())
        spans.append((start, max(start, at + len(field.rstrip()))))
        at += len(field) + 1
    for number in columns.numbers:
        if spans[number][0] < spans[number][1] and not _RULE.fullmatch(line[slice(*spans[number])]):
            yield spans[number]


def _separated(line: str, delimiter: str) -> list[str]:
    """Fields of a line of CSV; a quoted one may hold the delimiter."""
    if '"' not in line:
        return line.split(delimiter)
    return re.findall(rf'(?:(?<=\A)|(?<={re.escape(delimiter)}))("(?:[^"]|"")*"|[^{re.escape(delimiter)}]*)', line)
