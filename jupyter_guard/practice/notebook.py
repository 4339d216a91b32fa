"""The reports of a notebook's cells, in order -> findings of the rules that are asked apart (JG907 to JG913)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from jupyter_guard.judge.registry import RULES
from jupyter_guard.practice.complexity import FUNCTIONS, ways
from jupyter_guard.practice.names import NOTHING, UNREADABLE, Above, CellNames, cell_names, left_by_later
from jupyter_guard.practice.timeouts import DEFAULT, waits_for_ever
from jupyter_guard.read.python.source import Source, Unreadable, parse
from jupyter_guard.read.segments import segments
from jupyter_guard.terms import Cell, Confidence, Effect, Finding, Kind, Report, Span
from jupyter_guard.terms.sentence import shown

# A person's own folder, and a drive of one machine.
_OWN_PLACE: Final = re.compile(r"(?:/home/[\w.-]+|/Users/[\w.-]+|/root)(?=/\S)|[A-Za-z]:(?:\\|/(?!/))(?=\w)")
# What only the other cells of a notebook show.
BETWEEN_CELLS: Final = frozenset({"JG910", "JG911"})
_LONGEST_PATH: Final = 1000
_FILES: Final = frozenset({Kind.FILE_READ, Kind.FILE_WRITE, Kind.FILE_DELETE})


class Python(msgspec.Struct, frozen=True):
    """A cell's Python: its source with the tree, and the names that it binds and uses."""

    source: Source
    names: CellNames


def python_of(cell: Cell) -> Python | None:
    """The Python of a cell; ``None`` where there is none that can be read at its own place."""
    if cell.language != "python":
        return None
    parts = segments(cell.code)
    first = parts[0]
    if first.language != "python" or first.joined:
        return None
    try:
        tree = parse(first.text)
    except Unreadable:
        return None
    names = cell_names(first.text, parts)
    return None if names is UNREADABLE else Python(Source(first.text, tree, cell.origin, cut=first.cut), names)


class Notebook:
    """Looks at the cells of one notebook, run from its first cell, one after the other.

    ``complexity`` is how many ways through a function, or through a cell, are not yet too many.
    """

    def __init__(self, complexity: int) -> None:
        self._complexity = complexity
        self._above = Above()
        self._has_default = False

    def look(
        self,
        report: Report,
        python: Python | None,
        later: frozenset[str] = frozenset(),
        left: frozenset[str] = frozenset(),
    ) -> list[Finding]:
        """What there is to say of the next cell; ``later`` are those of its names that cells below it bind.

        ``left`` are those that one of them had bound last when the cell ran.
        """
        found = list(self._installs(report))
        if python is None:
            if report.cell.language == "python":
                self._above.missing(UNREADABLE)
            return [*found, *_places(report, ())]
        self._has_default = self._has_default or DEFAULT in python.source.text
        nodes = list(ast.walk(python.source.tree))
        found += _stars(report, python, nodes)
        found += self._waits(report, python, nodes)
        found += self._names(report, python, nodes, later)
        for name in sorted(left):
            found += _used(report, python, nodes, "JG911", name, "which a cell below had changed before it ran")
        found += _places(report, [(python.source.span(node), text) for node, text in _texts(nodes)])
        found += self._ways(report, python)
        return sorted(found, key=lambda one: (one.span.line, one.span.column, one.rule))

    @staticmethod
    def _installs(report: Report) -> Iterator[Finding]:
        for effect in report.effects:
            if effect.kind is Kind.PACKAGE_INSTALL and "unpinned" in effect.tags and "removes" not in effect.tags:
                said = f"installs `{shown(effect.target)}` without a version"
                yield finding("JG909", report, effect.span, said, effect)

    def _waits(self, report: Report, python: Python, nodes: Sequence[ast.AST]) -> Iterator[Finding]:
        reaching = {one.span: one for one in report.effects if one.kind is Kind.NETWORK_CONNECT}
        if not reaching:
            return
        for node in nodes:
            if not isinstance(node, ast.Call):
                continue
            effect = reaching.get(python.source.span(node))
            if effect is not None and waits_for_ever(effect.via, node, self._has_default):
                yield finding("JG908", report, effect.span, f"`{shown(effect.via)}` waits without an end", effect)

    def _names(
        self, report: Report, python: Python, nodes: Sequence[ast.AST], later: frozenset[str]
    ) -> Iterator[Finding]:
        missing = self._above.missing(python.names)
        for name in sorted(missing):
            # What only a function's body uses is looked up when somebody calls it.
            out_of_order = name in later and name in python.names.at_once
            if name in later and not out_of_order:
                continue
            said = "which only a cell below defines" if out_of_order else "which no cell above defines"
            yield from _used(report, python, nodes, "JG911" if out_of_order else "JG910", name, said)

    def _ways(self, report: Report, python: Python) -> Iterator[Finding]:
        for node, count in ways(python.source.tree):
            if count <= self._complexity:
                continue
            name = getattr(node, "name", "")
            what = f"`{shown(name)}`" if name else "a lambda" if isinstance(node, FUNCTIONS) else "the cell"
            first = node if isinstance(node, FUNCTIONS) else python.source.tree.body[0]
            span = python.source.span(first)
            line = report.cell.code.split("\n")[span.line - 1]
            head = span if span.end_line == span.line else Span(span.line, span.column, span.line, len(line))
            yield finding("JG913", report, head, f"{what} has {count} ways through it, more than {self._complexity}")


def whole(reports: Sequence[Report], complexity: int, counts: Sequence[int] = ()) -> list[list[Finding]]:
    """The findings of each cell of a notebook that is known to its end; ``counts``: as the file says that they ran."""
    read = [python_of(report.cell) for report in reports]
    left = left_by_later(
        [
            one.names if one is not None else UNREADABLE if report.cell.language == "python" else NOTHING
            for one, report in zip(read, reports, strict=True)
        ],
        counts or [0] * len(reports),
    )
    last = {name: at for at, one in enumerate(read) if one is not None for name in one.names.bound}
    later = [
        frozenset[str]() if one is None else frozenset(name for name in one.names.used if last.get(name, at) > at)
        for at, one in enumerate(read)
    ]
    notebook = Notebook(complexity)
    return [notebook.look(*one) for one in zip(reports, read, later, left, strict=True)]


def finding(rule: str, report: Report, span: Span, message: str, effect: Effect | None = None) -> Finding:
    """What a rule that is asked apart says at a place of a cell, before the policy decides."""
    known = RULES[rule]
    assert known.severity is not None
    return Finding(
        rule=rule,
        family=known.family,
        severity=known.severity,
        confidence=Confidence.MEDIUM,
        message=message,
        span=span,
        effects=() if effect is None else (effect,),
        why=known.why,
        instead=known.instead,
        origin=report.cell.origin,
    )


def _used(
    report: Report, python: Python, nodes: Sequence[ast.AST], rule: str, name: str, said: str
) -> Iterator[Finding]:
    node = next((one for one in nodes if isinstance(one, ast.Name) and one.id == name), None)
    if node is not None:
        yield finding(rule, report, python.source.span(node), f"uses `{shown(name)}`, {said}")


def _stars(report: Report, python: Python, nodes: Sequence[ast.AST]) -> Iterator[Finding]:
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names):
            module = "." * node.level + (node.module or "")
            yield finding("JG907", report, python.source.span(node), f"imports all names of `{shown(module)}`")


def _texts(nodes: Sequence[ast.AST]) -> Iterator[tuple[ast.AST, str]]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def _places(report: Report, texts: Sequence[tuple[Span, str]]) -> Iterator[Finding]:
    """Paths that one machine has: of Python the texts, of other languages what the effects touch."""
    told: set[tuple[int, str]] = set()
    touched = [
        (one.span, one.target) for one in report.effects if one.kind in _FILES and one.target in report.cell.code
    ]
    for span, text in (*texts, *touched):
        named = _OWN_PLACE.match(text) if len(text) <= _LONGEST_PATH and "\n" not in text else None
        if named is not None and (span.line, text) not in told:
            told.add((span.line, text))
            yield finding("JG912", report, span, f"names `{shown(text)}`, which only one machine has")
