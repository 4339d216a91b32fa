"""Comments ``# guard: allow JG301 because ...`` in a cell -> the findings that they are about, each with its reason.

Whether that counts is the policy's decision, by who wrote the cell: ``suppress.origins``.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from jupyter_guard.read.segments import segments
from jupyter_guard.terms import Cell, Finding

_HINT: Final = "guard:"
_MARK: Final = re.compile(
    r"#\s*guard:\s*allow\s+(?P<rules>[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)\s+because\s+(?P<reason>\S.*\S)\s*$"
)


def marked(cell: Cell, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings; those that a comment of the cell allows carry its reason.

    A comment is about what is found on its own line, on the lines of a call that it ends, or, on a line of its own, on
    the line below. A comment without a rule or without a reason is about nothing. Only Python's comments count.
    """
    found = tuple(findings)
    if not found or _HINT not in cell.code or cell.language != "python":
        return found
    marks = list(_marks(cell.code))
    return tuple(_with_reason(finding, marks) for finding in found)


class _Mark(msgspec.Struct, frozen=True):
    line: int
    rules: frozenset[str]
    reason: str


def _with_reason(finding: Finding, marks: list[_Mark]) -> Finding:
    for mark in marks:
        if finding.rule in mark.rules and finding.span.line <= mark.line <= finding.span.end_line:
            return msgspec.structs.replace(finding, suppressed=mark.reason)
    return finding


def _marks(code: str) -> Iterator[_Mark]:
    python = segments(code)[0]
    if python.language != "python" or python.joined:
        return
    lines = python.text.split("\n")
    try:
        for token in tokenize.generate_tokens(io.StringIO(python.text).readline):
            if token.type != tokenize.COMMENT or (mark := _MARK.match(token.string)) is None:
                continue
            row = token.start[0]
            own_line = lines[row - 1].lstrip().startswith("#")
            rules = frozenset(re.split(r"\s*,\s*", mark["rules"]))
            yield _Mark(row + own_line, rules, mark["reason"])
    except (tokenize.TokenError, SyntaxError):
        # What was read so far stands; a text that does not end is unread anyway.
        return
