"""The cells of a session in the order in which they run -> what each would do, known from what ran before it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from jupyter_guard.knowledge import Entry, Knowledge
from jupyter_guard.read.context import HOLE, Budget, BudgetSpent, Context
from jupyter_guard.read.interpret.machine import Machine, Scope
from jupyter_guard.read.interpret.reader import (
    DEEPEST_NESTING,
    LONGEST,
    Unparsable,
    nesting,
    parse,
    run_module,
    run_text,
)
from jupyter_guard.read.interpret.values import UNKNOWN, Name, Value, name, text_of, texts
from jupyter_guard.read.salvage import salvage
from jupyter_guard.read.segments import PLACEHOLDER, Segment, segments
from jupyter_guard.terms import Cell, Effect, Kind, Reading, Span
from jupyter_guard.terms import Scope as Where

STEPS = 400_000
_EXPANSION = re.compile(r"\$\$|(?<!\$)\{([^{}\n]+)\}|(?<!\$)\$([A-Za-z_]\w*)")


class SessionReader:
    """Reads cells and remembers the names, values, taint and authors that they leave behind.

    ``workspace`` and ``home`` are directories as the session has them.
    """

    def __init__(self, knowledge: Knowledge | None = None, workspace: str = "", home: str = "") -> None:
        self.knowledge = knowledge if knowledge is not None else Knowledge.builtin()
        self.workspace = workspace or str(Path.cwd())
        self.home = home or os.path.expanduser("~")  # noqa: PTH111 - a missing HOME must not raise
        self._scope = Scope()
        self._before: dict[str, Value] = {}
        self._cells = 0

    def learn(self, entries: Mapping[str, Entry]) -> None:
        """Know more (or other) APIs from the next cell on."""
        self.knowledge = Knowledge.builtin().extended(entries)

    def forget_last(self) -> None:
        """Drop what the last cell defined: it did not run."""
        self._scope.names = dict(self._before)

    def read(self, cell: Cell) -> Reading:
        """What ``cell`` would do if it ran now; the reader then goes on as if it had. Never raises for any text."""
        self._before = dict(self._scope.names)
        self._cells += 1
        context = Context(
            knowledge=self.knowledge,
            workspace=self.workspace,
            home=self.home,
            origin=cell.origin,
            span=Span.whole(cell.code),
            budget=Budget(STEPS),
        )
        work = _Cell(cell, context, self._scope, self._cells)
        return work.read()


class _Cell:
    """One cell being read."""

    def __init__(self, cell: Cell, context: Context, scope: Scope, number: int) -> None:
        self.cell = cell
        self.context = context
        self.problems: list[str] = []
        self.parts: list[Segment] = []
        self.machine = Machine(scope, context, context.knowledge or Knowledge.builtin(), number, self._segment)
        self.machine.context = context.with_(lookup=self._lookup, python=self._python)
        self._done: set[int] = set()

    def read(self) -> Reading:
        try:
            self._read()
        except (BudgetSpent, RecursionError, MemoryError):
            self._unread("it takes more work to read than one cell is allowed")
        machine = self.machine
        effects = sorted(machine.effects.values(), key=lambda one: (one.span.line, one.span.column))
        return Reading(self.cell, tuple(effects), tuple(machine.observations.values()), tuple(self.problems))

    def _read(self) -> None:
        code = self.cell.code
        if self.cell.language == "bash":
            self._emit(self._shell(code, self.machine.context))
            return
        if self.cell.language == "sql":
            self._emit(self._sql(code, self.machine.context))
            return
        if not code.strip():
            return
        self.parts = segments(code, self.machine.top.names)
        python = next((part for part in self.parts if part.language == "python"), None)
        if python is not None and python.text.strip():
            try:
                tree = parse(python.text)
            except Unparsable as error:
                if not self._again_leniently(code):
                    self._unread(f"this Python does not parse: {error}", python.span)
            else:
                run_module(self.machine, tree, python.text)
        for number in range(len(self.parts)):
            if self.parts[number].language != "python" and number not in self._done:
                self._segment(self.machine, number)

    def _again_leniently(self, code: str) -> bool:
        """Lines such as ``rm -r x`` among Python: what IPython's automagic would not run, but people paste."""
        self.parts = segments(code, self.machine.top.names, lenient=True)
        python = next((part for part in self.parts if part.language == "python"), None)
        if python is None:
            return True
        try:
            tree = parse(python.text)
        except Unparsable:
            self._what_parses(python.text)
            return False
        run_module(self.machine, tree, python.text)
        return True

    def _what_parses(self, text: str) -> None:
        """Read what of a broken cell can be read, with whole lines as places; the cell stays unread as well."""
        found = salvage(text) if nesting(text) <= DEEPEST_NESTING and len(text) <= LONGEST else None
        if found is None:
            return
        tree = ast.increment_lineno(parse(found.text), -found.shift)
        lines = text.split("\n")
        machine = self.machine
        effects, observations = set(machine.effects), set(machine.observations)
        run_module(machine, tree, "\n".join(found.text.split("\n")[found.shift :]))
        for key in machine.effects.keys() - effects:
            effect = machine.effects[key]
            machine.effects[key] = msgspec.structs.replace(effect, span=_whole_lines(effect.span, lines))
        for what in machine.observations.keys() - observations:
            seen = machine.observations[what]
            machine.observations[what] = msgspec.structs.replace(seen, span=_whole_lines(seen.span, lines))

    def _segment(self, machine: Machine, number: int) -> Value:
        """Read another part of the cell with the names as they are now; what ``x = !cmd`` gives."""
        if not 0 < number < len(self.parts):
            return UNKNOWN
        self._done.add(number)
        part = self.parts[number]
        context = machine.context.at(part.span)
        if part.language == "shell":
            text = self._expanded(part.text) if part.expands else part.text
            self._emit(self._shell(text, context))
            return Value((), frozenset({"file"}))
        if part.language == "sql":
            self._emit(self._sql(self._expanded(part.text), context))
            return Value((), frozenset({"database"}))
        from jupyter_guard.read.magics import read_magic

        expanded = part
        self._emit(read_magic(expanded, context))
        return UNKNOWN

    def _expanded(self, text: str) -> str:
        """IPython's ``{expression}`` and ``$name``: what is known stands there, and a hole for what is not."""

        def put(found: re.Match[str]) -> str:
            if found[0] == "$$":
                return "$"
            expression = found[1] or found[2]
            value = self._lookup(expression)
            if value is not None:
                return value
            # `{a,b}` and `${HOME}` are the shell's own; so is a name that no cell defined.
            if found[2]:
                return HOLE if self.machine.top.get(expression) is not None else found[0]
            return HOLE if "," not in expression and ".." not in expression else found[0]

        return _EXPANSION.sub(put, text) if "{" in text or "$" in text else text

    def _shell(self, text: str, context: Context) -> list[Effect]:
        from jupyter_guard.read.shell import read_shell

        self.machine.observe("command", text.strip().split("\n")[0][:200], None)
        return list(read_shell(text, context))

    def _sql(self, text: str, context: Context) -> list[Effect]:
        from jupyter_guard.read.sql import read_sql

        return list(read_sql(text, context))

    def _emit(self, effects: Iterable[Effect]) -> None:
        self.machine.emit(effects)

    def _lookup(self, expression: str) -> str | None:
        value = self.machine.lookup(expression) if expression.isidentifier() else UNKNOWN
        found = texts(value)
        return text_of(value) if found and not any(isinstance(atom, Name) for atom in value.atoms) else None

    def _python(self, text: str, context: Context) -> list[Effect]:
        if HOLE in text:
            return [context.effect(Kind.CODE_EXECUTE, via="python", tags=("dynamic",))]
        return run_text(self.machine, text, context)

    def _unread(self, reason: str, span: Span | None = None) -> None:
        self.problems.append(reason)
        context = self.context.at(span or self.context.span)
        effect = context.effect(Kind.UNREAD, via="python", scope=Where.UNKNOWN)
        self.machine.effects[("unread", reason)] = effect


__all__ = ["PLACEHOLDER", "SessionReader", "name"]


def _whole_lines(span: Span, lines: list[str]) -> Span:
    first, last = (min(max(number, 1), len(lines)) for number in (span.line, span.end_line))
    return Span(first, 0, last, len(lines[last - 1]))
