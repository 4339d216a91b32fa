"""The state of reading one cell: what it would do so far, where the reader stands, and how sure it is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from jupyter_guard.read.context import HOLE, Context, Written
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.source import Source
from jupyter_guard.read.python.values import Class, Func, Value
from jupyter_guard.terms import Certainty, Effect, Kind, Observation, Origin, Span
from jupyter_guard.terms import Scope as Reach

if TYPE_CHECKING:
    from jupyter_guard.knowledge import Entry, Knowledge
    from jupyter_guard.read.segments import Segment

MAX_CALLS = 14
MAX_EFFECTS = 2000


class Memory(msgspec.Struct):
    """What a session knows between cells: names, patched attributes, the current directory.

    ``attached`` says that a database in memory may have been given one that is not, ``seeded`` that random numbers are
    those of a seed.
    """

    scope: Scope
    patched: dict[str, Value] = {}
    directory: str = ""
    written: dict[str, frozenset[str]] = {}
    saved: frozenset[str] = frozenset()
    attached: bool = False
    files: dict[str, Written] = {}
    links: dict[str, str] = {}
    seeded: bool = False

    def copy(self) -> Memory:
        """A copy that later cells do not change; the objects that names stand for are shared."""
        scope = Scope("module")
        scope.names = dict(self.scope.names)
        return Memory(
            scope,
            dict(self.patched),
            self.directory,
            dict(self.written),
            self.saved,
            self.attached,
            dict(self.files),
            dict(self.links),
            self.seeded,
        )


class Loop(msgspec.Struct):
    """A loop that the reader is in: whether it has no end, over how much it goes, and whether it is read twice.

    ``times``: how often it goes round, 1 where that is not known or something may leave it.
    """

    endless: bool = False
    twice: bool = False
    many: bool = False
    huge: bool = False
    times: int = 1


class Run:
    """One reading of one cell."""

    def __init__(self, memory: Memory, context: Context, knowledge: Knowledge, source: Source) -> None:
        self.memory = memory
        self.context = context
        self.budget = context.budget
        self.knowledge = knowledge
        # What the knowledge says of a full name; built-in functions go by their own.
        self.known: Callable[[str], Entry | None] = knowledge.callable
        self.source = source
        self.scope: Scope = memory.scope
        self.segments: list[Segment] = []
        self.found: dict[tuple[object, ...], Effect] = {}
        self.noted: dict[tuple[object, ...], Observation] = {}
        self.noted_calls: frozenset[str] | None = None
        self.problems: list[str] = []
        self.calls: list[Func] = []
        self.defined: list[Func] = []
        self.reached: set[int] = set()
        self.classes: list[Class] = []
        self.loops: list[Loop] = []
        # What stands in for the far side here: "http", "aws".
        self.mocked: frozenset[str] = frozenset()
        # The names that each surrounding `with` has replaced, with what stood there before.
        self.contexts: list[dict[str, Value | None]] = []
        self.origin = context.origin
        self.anchors: list[Span] = []
        self.tags: frozenset[str] = frozenset()
        self.certainty = Certainty.CERTAIN
        self.branches = 0
        # Counts whatever was found, changed, defined or run: see `loops`.
        self.events = 0
        # Functions of the session whose bodies were read meanwhile without any event.
        self.quiet: list[Func] = []
        # Counts what depends on which number or text it is: an item that is picked, a text that may be a path.
        self.choices = 0
        self.texts = 0
        self.read_segment: Callable[[Run, ast.Call], Value] = lambda _run, _node: Value()

    # Where

    def span(self, node: ast.AST | None) -> Span:
        """The place in the cell of what is being read: inside a text or another cell's function, its call."""
        if self.anchors:
            return self.anchors[-1]
        if node is None:
            return self.context.span
        return self.source.span(node)

    # What

    def emit(
        self,
        kind: Kind,
        target: str = "",
        *,
        node: ast.AST | None = None,
        span: Span | None = None,
        via: str = "",
        scope: Reach = Reach.UNKNOWN,
        tags: Iterable[str] = (),
        reversible: bool = False,
        certainty: Certainty = Certainty.CERTAIN,
        origin: Origin = Origin.HUMAN,
    ) -> None:
        """Add an effect at the current place."""
        self.add(
            Effect(
                kind=kind,
                target=target.replace(HOLE, "…") if target.strip(HOLE) else "",
                scope=scope,
                reversible=reversible,
                certainty=certainty,
                span=span or self.span(node),
                origin=origin,
                via=via,
                tags=frozenset(tags),
            )
        )

    def forget(self, via: str, node: ast.AST) -> None:
        """Take back what a call at ``node`` does: its result goes nowhere."""
        span = self.span(node)
        for key in [key for key, one in self.found.items() if one.via == via and one.span == span]:
            del self.found[key]

    def add(self, effect: Effect) -> None:
        """Add an effect as it happens here: by these authors, with this certainty; equal ones become one."""
        self.events += 1
        if self.origin.rank > effect.origin.rank or self.tags - effect.tags or self.certainty < effect.certainty:
            effect = msgspec.structs.replace(
                effect,
                origin=max(self.origin, effect.origin, key=lambda one: one.rank),
                tags=effect.tags | self.tags,
                certainty=min(self.certainty, effect.certainty, key=lambda one: one.rank),
            )
        key: tuple[object, ...] = (effect.kind, effect.target, effect.scope, effect.span, effect.via)
        known = self.found.get(key)
        if known is not None:
            tags = known.tags | effect.tags
            if "possible" not in known.tags or "possible" not in effect.tags:
                tags -= {"possible"}
            effect = msgspec.structs.replace(
                known,
                tags=tags,
                origin=max(known.origin, effect.origin, key=lambda one: one.rank),
                certainty=max(known.certainty, effect.certainty, key=lambda one: one.rank),
                reversible=known.reversible and effect.reversible,
            )
        elif len(self.found) >= MAX_EFFECTS:
            key = (Kind.UNREAD,)
            effect = Effect(Kind.UNREAD, span=effect.span, origin=effect.origin, via="too many effects")
        self.found[key] = effect

    def note(self, what: str, detail: str, node: ast.AST | None) -> None:
        """Add an observation at the current place."""
        span = self.anchors[-1] if self.anchors else self.source.span(node) if node is not None else self.context.span
        noted = self.noted
        if len(noted) < 5 * MAX_EFFECTS:
            key = (what, detail, span)
            if key not in noted:
                noted[key] = Observation(what, detail, span, self.origin)

    def unread(self, why: str, node: ast.AST | None = None) -> None:
        """Add that something here could not be read."""
        self.problems.append(why)
        self.emit(Kind.UNREAD, node=node, via="python")

    def here(self, node: ast.AST | None, tags: Iterable[str] = ()) -> Context:
        """The context of a text in another language that stands at ``node``."""
        return self.context.with_(
            span=self.span(node),
            origin=self.origin,
            directory=self.memory.directory,
            tags=self.tags | frozenset(tags),
            certainty=self.certainty,
        )
