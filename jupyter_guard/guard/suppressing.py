"""Comments ``# guard: allow JG301 because ...`` in a cell -> the findings that they are about, each with its reason.

Whether that counts is the policy's decision, by who wrote the cell: ``suppress.origins``. One that does not count is
said with the finding that it was meant for, and why.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_guard.read.segments import segments
from jupyter_guard.terms import Cell, Finding

if TYPE_CHECKING:
    from jupyter_guard.policy import Policy

_HINT: Final = "guard:"
_WORD: Final = re.compile(r"guard\b", re.IGNORECASE)
_MARK: Final = re.compile(
    r"#\s*guard:\s*allow\s+(?P<rules>[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)\s+because\s+(?P<reason>\S.*\S)\s*$"
)
# What was meant as one: whoever writes of a guard in other words names no rule and gives no reason.
_MEANT: Final = re.compile(
    r"(?:#|--)\s*guard\s*:?\s*(?:(?:allow|ignore|disable|suppress|skip)\b(?:\s*$|.*\bbecause\b|.*\b[A-Z]{2,}\d)|[A-Z]{2,}\d)",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"\b[A-Z]{2,}\d+\b")
_WRITTEN: Final = "`# guard: allow RULE because REASON`"
_NOT_PYTHON: Final = "only comments in Python count"


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


def explained(cell: Cell, decided: Iterable[Finding], policy: Policy) -> tuple[Finding, ...]:
    """The decided findings; each that is shown although a comment was meant to allow it says why that did not count."""
    found = tuple(decided)
    if _WORD.search(cell.code) is None or all(one.suppressed for one in found):
        return found
    marks = list(_meant(cell))
    return tuple(_with_why(one, marks, found, cell, policy) for one in found) if marks else found


class _Mark(msgspec.Struct, frozen=True):
    """``line`` is the one that it is about. ``wrong`` says why it is about nothing."""

    line: int
    rules: frozenset[str]
    reason: str = ""
    wrong: str = ""
    written_on: int = 0

    def is_about(self, finding: Finding) -> bool:
        """Whether it stands at what was found."""
        return finding.span.line <= self.line <= finding.span.end_line


def _with_why(finding: Finding, marks: list[_Mark], found: tuple[Finding, ...], cell: Cell, policy: Policy) -> Finding:
    if finding.suppressed:
        return finding
    here = [one for one in marks if one.is_about(finding)]
    named = [one for one in here if finding.rule in one.rules and not one.wrong]
    wrong = [one.wrong for one in here if one.wrong]
    others = sorted({rule for one in here for rule in one.rules if not one.wrong})
    if named:
        why = policy.why_not_suppressed(finding, cell.origin)
    elif wrong:
        why = wrong[0]
    elif others:
        why = f"it allows {', '.join(others)}, not {finding.rule}"
    else:
        astray = [
            one
            for one in marks
            if finding.rule in one.rules
            and not one.wrong
            and not any(other.rule == finding.rule and one.is_about(other) for other in found)
            and _nearest(one, finding.rule, found) is finding
        ]
        why = f"it is on line {astray[0].written_on}, neither at its end nor alone on the line above" if astray else ""
    return msgspec.structs.replace(finding, not_counted=why) if why else finding


def _nearest(mark: _Mark, rule: str, found: Iterable[Finding]) -> Finding | None:
    """What a comment that stands beside nothing was most likely meant for: the first of the nearest, by lines."""

    def lines(finding: Finding) -> int:
        return max(finding.span.line - mark.written_on, mark.written_on - finding.span.end_line)

    return min((one for one in found if one.rule == rule and not one.suppressed), key=lines, default=None)


def _meant(cell: Cell) -> Iterator[_Mark]:
    """The comments that were meant to allow something, also those that are about nothing."""
    python = next((one for one in segments(cell.code) if one.language == "python"), None)
    readable = cell.language == "python" and python is not None and not python.joined
    text = python.text.split("\n") if readable and python is not None else []
    tokens = dict(_comments(python.text)) if readable and python is not None else {}
    for row, line in enumerate(cell.code.split("\n"), 1):
        found = _MEANT.search(line)
        if found is None:
            continue
        comment = tokens.get(row, "")
        about = row + line.lstrip().startswith(("#", "--"))
        if not comment:
            # A line of Python without a comment holds a text that looks like one.
            if row > len(text) or text[row - 1] != line:
                yield _Mark(about, frozenset(), wrong=_NOT_PYTHON, written_on=row)
        elif mark := _MARK.match(comment):
            yield _Mark(about, frozenset(re.split(r"\s*,\s*", mark["rules"])), mark["reason"], written_on=row)
        elif _MEANT.match(comment):
            yield _Mark(about, frozenset(), wrong=_mistake(comment), written_on=row)


def _mistake(comment: str) -> str:
    if _RULE.search(comment) is None:
        return f"it names no rule: {_WRITTEN}"
    if re.search(r"\bbecause\s+\S", comment) is None:
        return f"it gives no reason: {_WRITTEN}"
    return f"it is not written as {_WRITTEN}"


def _comments(python: str) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(python).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):
        # What was read so far stands; a text that does not end is unread anyway.
        return


def _with_reason(finding: Finding, marks: list[_Mark]) -> Finding:
    for mark in marks:
        if finding.rule in mark.rules and mark.is_about(finding):
            return msgspec.structs.replace(finding, suppressed=mark.reason)
    return finding


def _marks(code: str) -> Iterator[_Mark]:
    python = segments(code)[0]
    if python.language != "python" or python.joined:
        return
    lines = python.text.split("\n")
    for row, comment in _comments(python.text):
        if (mark := _MARK.match(comment)) is None:
            continue
        own_line = lines[row - 1].lstrip().startswith("#")
        rules = frozenset(re.split(r"\s*,\s*", mark["rules"]))
        yield _Mark(row + own_line, rules, mark["reason"])
