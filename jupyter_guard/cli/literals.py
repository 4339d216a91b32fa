"""A Python cell -> the same with literals that hold a secret read from the environment (``os.environ["NAME"]``)."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Sequence

import msgspec

from jupyter_guard.scrub import KnownValues
from jupyter_guard.scrub.find import secrets_in
from jupyter_guard.scrub.patterns import Pattern

# IPython's own lines are no Python; as comments of the same length they move nothing.
_OWN_LINE = re.compile(r"^([ \t]*)[%!?](?=[^\n]{2})", re.MULTILINE)
_LITERAL = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")", re.DOTALL)
_NAME_BEFORE = re.compile(r"""([A-Za-z_]\w*)\s*(?:["']\s*\]?)?\s*(?::\s*[\w.\[\] |]+)?[=:,(]\s*[({\[]?\s*\Z""")
_IMPORTS_OS = re.compile(r"^import os\b(?!\.)|^import [\w, ]*\bos\b(?!\.)", re.MULTILINE)


class _Literal(msgspec.Struct, frozen=True):
    start: int
    end: int
    prefix: str
    quote: str


def literals_replaced(
    code: str, known: KnownValues, patterns: Sequence[Pattern] | None = None
) -> tuple[str, tuple[str, ...]]:
    """``code`` with literals that hold a secret replaced, and the secrets' kinds.

    What stays: cells of another language (``%%``), comments, f-strings, byte strings with more than the secret, and
    whatever would not be Python any more. ``secrets_in_code`` names those.
    """
    spans = secrets_in(code, known, patterns=patterns)
    if not spans or code.lstrip().startswith("%%"):
        return code, ()
    literals = _literals(code)
    parts: list[str] = []
    kinds: list[str] = []
    names: dict[str, str] = {}
    at = 0
    for literal in literals:
        inside = [span for span in spans if literal.start < span.start + 1 and span.end <= literal.end]
        if not inside or "f" in literal.prefix:
            continue
        body = literal.start + len(literal.prefix) + len(literal.quote), literal.end - len(literal.quote)
        written = _written(code, literal, body, [(max(s.start, body[0]), min(s.end, body[1])) for s in inside], names)
        if written:
            parts += [code[at : literal.start], written]
            at = literal.end
            kinds += [span.kind for span in inside]
    if not kinds:
        return code, ()
    changed = "".join(parts) + code[at:]
    if not _IMPORTS_OS.search(code):
        changed = f"import os\n{changed}"
    return (changed, tuple(kinds)) if _reads_as_python(changed) else (code, ())


def _written(
    code: str, literal: _Literal, body: tuple[int, int], secrets: list[tuple[int, int]], names: dict[str, str]
) -> str:
    """The expression in the literal's place; empty where there is none."""
    name = _variable(code, literal.start)
    parts = []
    at = body[0]
    for number, (start, end) in enumerate(secrets):
        secret = code[start:end]
        variable = names.setdefault(secret, _free(names, f"{name}_{number + 1}" if number else name))
        if at < start:
            parts.append(f"{literal.prefix}{literal.quote}{code[at:start]}{literal.quote}")
        parts.append(f'os.environ["{variable}"]')
        at = end
    if at < body[1]:
        parts.append(f"{literal.prefix}{literal.quote}{code[at : body[1]]}{literal.quote}")
    if "b" in literal.prefix:
        return f"{parts[0]}.encode()" if len(parts) == 1 else ""
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"


def _free(names: dict[str, str], wanted: str) -> str:
    taken = set(names.values())
    number = 1
    name = wanted
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _variable(code: str, at: int) -> str:
    """What the variable is called: as the name, the key or the argument before the literal."""
    line = code[code.rfind("\n", 0, at) + 1 : at]
    match = _NAME_BEFORE.search(line)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", match[1] if match else "")
    name = re.sub(r"\W+", "_", words).strip("_").upper()
    return name if name and name not in ("B", "R", "U") else "SECRET"


def _literals(code: str) -> list[_Literal]:
    """The string literals of ``code``, in order; none where it cannot be read."""
    lines = [0]
    for line in code.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(_plain(code)).readline):
            if token.type != tokenize.STRING:
                continue
            match = _LITERAL.match(token.string)
            if match:
                start, end = (lines[row - 1] + column for row, column in (token.start, token.end))
                found.append(_Literal(start, end, match[1].lower(), match[2]))
    except (tokenize.TokenError, SyntaxError, IndexError):
        return []
    return found


def _plain(code: str) -> str:
    return _OWN_LINE.sub(r"\1#", code)


def _reads_as_python(code: str) -> bool:
    try:
        ast.parse(_plain(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
