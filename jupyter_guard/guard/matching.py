"""An organisation's own rules by shape: libcst matchers, and a cell's Python -> findings.

A matcher is text in a policy, and is read, not run: names of libcst's matchers, with texts and numbers. libcst is
loaded only where a rule has one, and a cell is parsed by it only where all names that one asks for stand in its text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from jupyter_guard.judge.own import finding
from jupyter_guard.policy.layer import PolicyError, PolicyProblem
from jupyter_guard.read.python.source import Unreadable, parse
from jupyter_guard.read.segments import Segment, segments
from jupyter_guard.terms import Finding, Observation, Reading, Span
from jupyter_guard.terms.own import OwnRule

_FUNCTIONS: Final = frozenset({"DoNotCare", "ZeroOrMore", "ZeroOrOne", "AtLeastN", "AtMostN", "MatchRegex"})
_CHOICES: Final = frozenset({"OneOf", "AllOf", "DoesNotMatch"})


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
                self._compiled.append(_compiled(rule))
            except ValueError as error:
                key = f"own.{rule.id}.match"
                problems.append(PolicyProblem(file, lines.get(key, 0), key, f"expected a libcst matcher: {error}"))
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


def _compiled(rule: OwnRule) -> _Compiled:
    """The matcher of a rule. Raises ``ValueError`` that says what it is not."""
    try:
        tree = ast.parse(rule.match.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"it does not parse ({error})") from None
    if not isinstance(tree, ast.Call):
        raise ValueError('such as Call(func=Name("eval"))')
    words: set[str] = set()
    matcher = _built(tree, words)
    return _Compiled(rule, matcher, frozenset(words))


def _built(node: ast.expr, words: set[str] | None) -> Any:
    """A node's value. ``words`` collects the names without which nothing matches; ``None`` where there is a choice."""
    from libcst import matchers

    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_built(one, words) for one in node.elts]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd):
        sides = [_built(node.left, None), _built(node.right, None)]
        return (matchers.OneOf if isinstance(node.op, ast.BitOr) else matchers.AllOf)(*sides)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return matchers.DoesNotMatch(_built(node.operand, None))
    if not isinstance(node, ast.Call):
        raise ValueError(
            f"no {ast.unparse(node)[:60]!r} in a matcher: names of matchers, texts, numbers, lists, | and ~"
        )
    name = _name(node.func)
    found = getattr(matchers, name, None)
    is_node = isinstance(found, type) and issubclass(found, matchers.BaseMatcherNode)
    if found is None or (not is_node and name not in _FUNCTIONS | _CHOICES):
        raise ValueError(f"libcst.matchers has no matcher {(name or ast.unparse(node.func))[:60]!r}")
    below = None if name in _FUNCTIONS | _CHOICES else words
    arguments = [_built(one, below) for one in node.args]
    named = {one.arg: _built(one.value, below) for one in node.keywords if one.arg is not None}
    if len(named) < len(node.keywords):
        raise ValueError("no ** in a matcher")
    if name == "Name" and words is not None:
        words.update(one for one in (*arguments[:1], named.get("value")) if isinstance(one, str))
    try:
        return found(*arguments, **named)
    except Exception as error:
        raise ValueError(f"{name}: {error}") from None


def _name(node: ast.expr) -> str:
    """``Call``, ``m.Call`` and ``matchers.Call`` are the same."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("m", "matchers"):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
