"""An organisation's own rules by shape: libcst matchers, and a cell's Python -> findings.

libcst is loaded only where a rule has a matcher, and a cell is parsed by it only where all names that one asks for
stand in its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from jupyter_guard.judge.own import finding
from jupyter_guard.policy.layer import PolicyError, PolicyProblem
from jupyter_guard.policy.matcher import EXPECTED, matcher
from jupyter_guard.read.python.source import Unreadable, parse
from jupyter_guard.read.segments import Segment, segments
from jupyter_guard.terms import Finding, Observation, Reading, Span
from jupyter_guard.terms.own import OwnRule


class _Compiled(msgspec.Struct, frozen=True):
    rule: OwnRule
    matcher: Any
    words: frozenset[str]


class Matchers:
    """The rules that have a matcher. Raises ``PolicyError`` with every one that is none, at its place where known."""

    def __init__(
        self, rules: Mapping[str, OwnRule], file: str = "the policy", lines: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        problems = []
        self._compiled = []
        for rule in rules.values():
            if not rule.match:
                continue
            try:
                self._compiled.append(_Compiled(rule, *matcher(rule.match)))
            except ValueError as error:
                key = f"own.{rule.id}.match"
                problems.append(PolicyProblem(file, lines.get(key, 0), key, f"{EXPECTED}: {error}"))
        if problems:
            raise PolicyError(problems)

    def found(self, reading: Reading) -> Iterable[Finding]:
        """A finding for everything that matches, at its place in the cell."""
        cell = reading.cell
        asked = [one for one in self._compiled if all(word in cell.code for word in one.words)]
        if not asked or cell.language != "python":
            return
        python = segments(cell.code)[0]
        if python.language != "python":
            return
        try:
            # Also keeps what is nested too deeply from libcst's parser. What has no tree is unread, and said so.
            parse(python.text)
        except Unreadable:
            return
        import libcst
        from libcst import matchers
        from libcst.metadata import MetadataWrapper, PositionProvider

        try:
            module = libcst.parse_module(python.text)
        except libcst.ParserSyntaxError as error:
            # The interpreter read it and libcst does not: nothing may pass for that.
            raise ValueError(f"libcst cannot read what the rules of your organisation are about: {error}") from None
        matched = [(one, node) for one in asked for node in matchers.findall(module, one.matcher)]
        if matched:
            # Places cost as much as all the rest: most cells in which the names stand match nothing.
            places = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
            for one, node in matched:
                at = Observation("match", one.rule.id, _span(python, places[node]), cell.origin)
                yield finding(one.rule, reading, at)


def _span(python: Segment, place: Any) -> Span:
    if python.joined:
        return python.span
    start, end = place.start, place.end
    cut = python.cut or (0,) * max(start.line, end.line)
    first, last = (cut[min(line, len(cut)) - 1] for line in (start.line, end.line))
    return Span(start.line, start.column + first, end.line, end.column + last)
