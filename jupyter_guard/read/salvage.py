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
    (re.compile(r"^([^'\"`]*)`([^`'\"]+)`"), r"\1repr(\2)"),
)
# A branch whose beginning was cut off: its body is still code.
_ORPHAN = re.compile(r"^(\s*)(?:else|finally|except\b[^:]*|elif\b.*)\s*:\s*(#.*)?$")


def salvage(text: str) -> Salvaged | None:
    """The most of ``text`` that parses after repairs that keep every line in its place; ``None``: nothing of it.

    A fragment may begin inside a string whose opening was cut off: of both readings, the one that loses less is taken.
    The work is bounded: at most ``MAX_REPAIRS`` repairs a reading, and nothing beyond ``MAX_LINES`` lines or
    ``MAX_TEXT`` characters.
    """
    if len(text) > MAX_TEXT or text.count("\n") >= MAX_LINES or "\0" in text:
        return None
    lines = [line.expandtabs(8) for line in text.split("\n")]
    best = _salvaged(lines)
    for quotes in ('"""', "'''") if best is None or best[1] else ():
        end = next((number for number, line in enumerate(lines) if quotes in line), None)
        if end is None or _is_code(lines[:end]):
            continue
        rest = lines[end].split(quotes, 1)[1]
        other = _salvaged([*[""] * end, rest, *lines[end + 1 :]])
        if other is not None and (best is None or other[1] < best[1]):
            best = other
    return best[0] if best is not None else None


def _is_code(lines: list[str]) -> bool:
    text = textwrap.dedent("\n".join(lines))
    return bool(text.strip()) and _mistake([text]) is None


def _salvaged(lines: list[str]) -> tuple[Salvaged, int] | None:
    """The repaired lines, and how many are not read: left out, or, as code, in a string that nothing ends."""
    lines = textwrap.dedent("\n".join(lines)).split("\n")
    header = _header(lines)
    lines = [*header, *lines]
    lost: set[int] = set()
    swallowed = 0
    modern = False
    for _ in range(MAX_REPAIRS):
        error = _mistake(lines)
        if error is None:
            kept = [line for line in lines[len(header) :] if line.strip() not in ("", "pass")]
            found = Salvaged("\n".join(lines), len(header), tuple(sorted(lost)))
            return (found, len(lost) + swallowed) if kept else None
        if not modern:
            modern = True
            changed = [_today(line) for line in lines]
            if changed != lines:
                lines = changed
                continue
        closed = _closed(lines, error, len(header))
        if closed is not None:
            lines = closed
            if "string" in (error.msg or ""):
                swallowed += sum(bool(_CODE.search(line)) for line in lines[error.lineno or 1 :])
            continue
        place = min(max((error.lineno or 1) - 1, len(header)), len(lines) - 1)
        _repair(lines, place, error, len(header), lost)
    return None


# What prose has little of.
_CODE = re.compile(r"[=(]")


def _closed(lines: list[str], error: SyntaxError, first: int) -> list[str] | None:
    """The lines with what is still open at their end closed there: a completion that was cut off. ``None``: no help."""
    message = error.msg or ""
    opened = re.match(r"'([(\[{])' was never closed", message)
    string = re.match(r"unterminated .*string", message)
    if opened is None and string is None:
        return None
    last = next((number for number in range(len(lines) - 1, first - 1, -1) if lines[number].strip()), first)
    place = (error.lineno or 1) - 1
    tried = list(lines)
    if string is not None:
        quotes = re.findall(r"\"{3}|'{3}|[\"']", lines[min(place, len(lines) - 1)])
        if not quotes or (len(quotes[-1]) == 1 and place != last):
            return None
        tried[last] += quotes[-1]
    for _ in range(12):
        left = _mistake(tried)
        if left is None or (string is not None and not _same(left, error) and _is_open(left) is None):
            return tried
        bracket = _is_open(left)
        if bracket is None:
            return tried if opened is None and not _same(left, error) else None
        tried[last] = tried[last].rstrip().rstrip("+-*/%=.\\ ") + _CLOSES[bracket]
    return None


_CLOSES = {"(": ")", "[": "]", "{": "}"}


def _is_open(error: SyntaxError) -> str | None:
    found = re.match(r"'([(\[{])' was never closed", error.msg or "")
    return found[1] if found else None


def _same(one: SyntaxError, other: SyntaxError) -> bool:
    return one.lineno == other.lineno and one.msg == other.msg


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
