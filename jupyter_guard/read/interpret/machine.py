"""The interpreter's state: names in scope, what was seen so far, and how much work is left."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from jupyter_guard.knowledge import Knowledge
from jupyter_guard.read.context import Budget, BudgetSpent, Context
from jupyter_guard.read.interpret.values import UNKNOWN, Function, Value, join, name
from jupyter_guard.terms import Certainty, Effect, Kind, Observation, Origin, Span
from jupyter_guard.terms import Scope as Where

MOST_EFFECTS = 400
DEEPEST_CALL = 14

BUILTINS = frozenset(dir(builtins)) | {"__builtins__"}


class Scope:
    """Names and their values; a function's scope looks further out to where it was defined."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.names: dict[str, Value] = {}
        self.outer = outer
        self.globals: frozenset[str] = frozenset()

    def get(self, key: str) -> Value | None:
        """The value of a name, or ``None`` where nothing defines it."""
        scope: Scope | None = self
        while scope is not None:
            if key in scope.names:
                return scope.names[key]
            scope = scope.outer
        return None

    def owner(self, key: str) -> Scope:
        """The scope that an assignment to ``key`` changes."""
        if key in self.globals:
            scope = self
            while scope.outer is not None:
                scope = scope.outer
                if key in scope.names:
                    return scope
            return scope
        return self


@dataclass
class Frame:
    """A running function: its scope, what it returned, and whose code it is."""

    scope: Scope
    returned: list[Value] = field(default_factory=list)
    function: Function | None = None


class Machine:
    """Interprets the Python of one cell over a session's names.

    ``segment`` reads another part of the cell (a shell command, a magic) by its number, with the names as they are at
    that point.
    """

    def __init__(
        self,
        scope: Scope,
        context: Context,
        knowledge: Knowledge,
        cell: int,
        segment: Callable[[Machine, int], Value] | None = None,
    ) -> None:
        self.top = scope
        self.frames = [Frame(scope)]
        self.context = context
        self.knowledge = knowledge
        self.cell = cell
        self.segment = segment
        self.lines: list[str] = []
        self.effects: dict[tuple[object, ...], Effect] = {}
        self.observations: dict[tuple[str, str], Observation] = {}
        self.defined: list[Function] = []
        self.site: Span | None = None
        self.origins: list[Origin] = [context.origin]
        self.certainty = Certainty.CERTAIN
        self.bulk = 0
        self.endless = 0
        self.fresh: set[str] = set()

    @property
    def scope(self) -> Scope:
        """The innermost names."""
        return self.frames[-1].scope

    @property
    def budget(self) -> Budget:
        """The work left."""
        return self.context.budget

    def spend(self, steps: int = 1) -> None:
        """Count work. Raises ``BudgetSpent``."""
        self.budget.spend(steps)

    def lookup(self, key: str) -> Value:
        """What a name stands for: the session's, a built-in, or something that knowledge has under the bare name."""
        found = self.scope.get(key)
        if found is not None:
            return found
        if key in BUILTINS:
            return name(f"builtins.{key}")
        if self.knowledge.lookup(key) is not None or self.knowledge.knows_module(key):
            return name(key)
        return UNKNOWN

    def bind(self, key: str, value: Value) -> None:
        """Assign; the author of the running cell becomes part of the value's."""
        self.scope.owner(key).names[key] = value.with_(origin=self.origins[0])

    def span(self, node: ast.AST | None) -> Span:
        """The node's place in the cell, in characters; the call's place for code of another cell."""
        if self.site is not None:
            return self.site
        if not isinstance(node, ast.expr | ast.stmt):
            return self.context.span
        line, column = node.lineno, self._characters(node.lineno, node.col_offset)
        end_line = node.end_lineno or line
        end_column = self._characters(end_line, node.end_col_offset or node.col_offset)
        return Span(line, column, end_line, end_column)

    def _characters(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if text.isascii():
            return offset
        return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace"))

    def at(self, node: ast.AST | None, *values: Value) -> Context:
        """The context for a text at ``node`` that ``values`` went into."""
        origin = max([*self.origins, *(value.origin for value in values)], key=lambda one: one.rank)
        return self.context.with_(
            span=self.span(node), origin=origin, certainty=min(self.certainty, self.context.certainty, key=_rank)
        )

    def emit(self, effects: Iterable[Effect]) -> None:
        """Keep effects, one of each."""
        for effect in effects:
            key = (effect.kind, effect.target, effect.via, effect.span.line, effect.span.column)
            old = self.effects.get(key)
            if old is None:
                if len(self.effects) >= MOST_EFFECTS:
                    raise BudgetSpent
                self.effects[key] = effect
            elif old != effect:
                self.effects[key] = Effect(
                    kind=old.kind,
                    target=old.target,
                    scope=max(old.scope, effect.scope, key=_rank),
                    reversible=old.reversible and effect.reversible,
                    certainty=max(old.certainty, effect.certainty, key=_rank),
                    span=old.span,
                    origin=max(old.origin, effect.origin, key=_rank),
                    via=old.via,
                    tags=(old.tags | effect.tags)
                    - ({"possible"} if "possible" not in old.tags & effect.tags else set()),
                )

    def effect(
        self,
        kind: Kind,
        node: ast.AST | None,
        target: str = "",
        *,
        via: str = "",
        tags: Iterable[str] = (),
        values: Iterable[Value] = (),
        certainty: Certainty = Certainty.CERTAIN,
    ) -> None:
        """Keep one effect that no knowledge describes."""
        context = self.at(node, *values)
        self.emit([context.effect(kind, target, via=via, tags=tags, certainty=certainty)])

    def observe(self, what: str, detail: str, node: ast.AST | None) -> None:
        """Note a fact about the code's shape, once for each subject."""
        if len(self.observations) < MOST_EFFECTS:
            origin = max(self.origins, key=_rank)
            self.observations.setdefault((what, detail), Observation(what, detail, self.span(node), origin))

    def snapshot(self) -> dict[str, Value]:
        """The innermost names as they are now."""
        return dict(self.scope.names)

    def restore(self, names: dict[str, Value]) -> None:
        """Put the innermost names back."""
        self.scope.names = names

    def merge(self, *branches: dict[str, Value]) -> None:
        """Any of several outcomes may have happened to the innermost names."""
        merged: dict[str, Value] = {}
        for key in {key for branch in branches for key in branch}:
            there = [branch[key] for branch in branches if key in branch]
            merged[key] = there[0] if all(one is there[0] for one in there) else join(there)
        self.scope.names = merged


def _rank(member: Certainty | Origin | Where) -> int:
    return member.rank
