"""Python that does not parse (a fragment, Python 2, half a cell) -> the same lines, repaired as far as it goes."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from typing import NamedTuple

MAX_REPAIRS = 40
MAX_LINES = 3000
MAX_TEXT = 200_000


class Salvaged(NamedTuple):
    """``text`` parses; its line ``n`` is line ``n - shift`` of the original. ``lost`` are original lines left out."""

    text: str
    shift: int
    lost: tuple[int, ...]


# Python 2 statements that are mistakes today, each as what it means now.
_TODAY = (
    (re.compile(r"^(\s*)print\s*>>\s*[\w.]+\s*,?(.*)$"), r"\1print(\2)"),
    (re.compile(r"^(\s*)print\s+(?![=(.\[])(.+?),?\s*;?$"), r"\1print(\2)"),
    (re.compile(r"^(\s*)print\s*$"), r"\1print()"),
    (re.compile(r"^(\s*)exec\s+(?!\()(.+?)\s+in\s+(.+)$"), r"\1exec(\2, \3)"),
    (re.compile(r"^(\s*)exec\s+(?!\()(.+)$"), r"\1exec(\2)"),
    (re.compile(r"^(\s*)except\s+(.+?)\s*,\s*(\w+)\s*:"), r"\1except \2 as \3:"),
    (re.compile(r"^(\s*)raise\s+([\w.]+)\s*,\s*([^,]+)$"), r"\1raise \2(\3)"),
    (re.compile(r"<>"), "!="),
    (re.compile(r"\bur(?=['\"])"), "r"),
    (re.compile(r"(?<![\w.])0(\d{2,})(?![\w.])"), r"0o\1"),
    (re.compile(r"(?<![\w.])(\d+)L\b"), r"\1"),
    (re.compile(r"`([^`]+)`"), r"repr(\1)"),
)
# A branch whose beginning was cut off: its body is still code.
_ORPHAN = re.compile(r"^(\s*)(?:else|finally|except\b[^:]*|elif\b.*)\s*:\s*(#.*)?$")


def salvage(text: str) -> Salvaged | None:
    """The most of ``text`` that parses after repairs that keep every line in its place; ``None``: nothing of it.

    The work is bounded: at most ``MAX_REPAIRS`` repairs, and nothing beyond ``MAX_LINES`` lines or
    ``MAX_TEXT`` characters.
    """
    if len(text) > MAX_TEXT or text.count("\n") >= MAX_LINES or "\0" in text:
        return None
    lines = [line.expandtabs(8) for line in text.split("\n")]
    lines = textwrap.dedent("\n".join(lines)).split("\n")
    header = _header(lines)
    lines = [*header, *lines]
    lost: set[int] = set()
    modern = False
    for _ in range(MAX_REPAIRS):
        error = _mistake(lines)
        if error is None:
            kept = [line for line in lines[len(header) :] if line.strip() not in ("", "pass")]
            return Salvaged("\n".join(lines), len(header), tuple(sorted(lost))) if kept else None
        if not modern:
            modern = True
            changed = [_today(line) for line in lines]
            if changed != lines:
                lines = changed
                continue
        place = min(max((error.lineno or 1) - 1, len(header)), len(lines) - 1)
        _repair(lines, place, error, len(header), lost)
    return None


def _mistake(lines: list[str]) -> SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\n".join(lines))
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error))
    return None


def _header(lines: list[str]) -> list[str]:
    """``if 1:`` lines that make the indentation of a fragment's first lines legal, a line a level it later falls to."""
    levels: list[int] = []
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if not levels or indent < levels[-1]:
            levels.append(indent)
    return [" " * level + "if 1:" for level in reversed(levels[1:])] if len(levels) > 1 else []


def _today(line: str) -> str:
    for pattern, replacement in _TODAY:
        line = pattern.sub(replacement, line)
    return line


def _repair(lines: list[str], place: int, error: SyntaxError, first: int, lost: set[int]) -> None:
    """Change one line so that the mistake goes away, at worst by emptying it."""
    message = error.msg or ""
    line = lines[place]
    indent = len(line) - len(line.lstrip())
    if message.startswith("expected an indented block"):
        opener = _opener(lines, place, message)
        if opener is not None:
            lines[opener] = lines[opener].rstrip() + " pass" if lines[opener].rstrip().endswith(":") else ""
            return
    if "expected 'except' or 'finally' block" in message:
        for above in range(place, first - 1, -1):
            if re.match(r"\s*try\s*:", lines[above]):
                lines[above] = re.sub(r"try\s*:", "if 1:", lines[above])
                return
    if _ORPHAN.match(line):
        lines[place] = " " * indent + "if 1:"
        return
    if "unexpected indent" in message or "unindent does not match" in message:
        wanted = _indent_above(lines, place)
        if indent != wanted:
            _shift(lines, place, wanted)
            return
    _lose(lines, place, first, lost)


def _opener(lines: list[str], place: int, message: str) -> int | None:
    found = re.search(r"on line (\d+)", message)
    if found and int(found[1]) - 1 < len(lines):
        return int(found[1]) - 1
    return next((above for above in range(place - 1, -1, -1) if lines[above].strip()), None)


def _indent_above(lines: list[str], place: int) -> int:
    for above in range(place - 1, -1, -1):
        line = lines[above]
        if line.strip() and not line.lstrip().startswith("#"):
            return len(line) - len(line.lstrip())
    return 0


def _shift(lines: list[str], place: int, wanted: int) -> None:
    """Move the block that begins at ``place`` so that it stands at ``wanted`` columns."""
    old = len(lines[place]) - len(lines[place].lstrip())
    for number in range(place, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if indent < old:
            break
        lines[number] = " " * (wanted + indent - old) + line.lstrip()


def _lose(lines: list[str], place: int, first: int, lost: set[int]) -> None:
    """Empty the line at ``place``; a line that opens a block leaves an open block behind."""
    line = lines[place]
    if not line.strip():
        # The mistake is the end of the text: what is open began above.
        place = next((above for above in range(place, first - 1, -1) if lines[above].strip()), place)
        line = lines[place]
    indent = len(line) - len(line.lstrip())
    opens = line.rstrip().endswith(":") and line.strip() != "if 1:"
    lines[place] = " " * indent + "if 1:" if opens else ""
    lost.add(place + 1 - first)
