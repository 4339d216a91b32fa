"""Names in effect at a point of the code -> values: module, function and class scopes, and their joins."""

from __future__ import annotations

from itertools import compress
from operator import is_not

from jupyter_guard.read.python.values import Class, Value, join


class Scope:
    """One namespace. ``kind`` is ``module``, ``function`` or ``class``; look-ups from inside skip class scopes."""

    __slots__ = ("cls", "counted", "globals", "kind", "names", "nonlocals", "parent", "returned", "yielded")

    def __init__(self, kind: str, parent: Scope | None = None) -> None:
        self.kind = kind
        self.parent = parent
        self.names: dict[str, Value] = {}
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.returned: list[Value] = []
        self.yielded: list[Value] = []
        # What a generator goes through for as long as somebody asks it, where that has no end.
        self.counted: Value | None = None
        self.cls: Class | None = None

    @property
    def module(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def enclosing(self) -> Scope:
        """The scope that a function defined here closes over."""
        scope = self
        while scope.kind == "class" and scope.parent is not None:
            scope = scope.parent
        return scope

    def find(self, name: str) -> Value | None:
        """The value of ``name`` as seen from here, or ``None``."""
        if name in self.globals:
            return self.module.names.get(name)
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None and (scope is self or scope.kind != "class"):
                return found
            scope = scope.parent
        return None

    def home(self, name: str) -> Scope:
        """The scope that an assignment to ``name`` here changes."""
        if name in self.globals:
            return self.module
        if name in self.nonlocals:
            scope = self.parent
            while scope is not None and scope.kind != "module":
                if scope.kind == "function" and name in scope.names:
                    return scope
                scope = scope.parent
        return self


def merged(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    """The names after either of two ways was taken."""
    if one is other:
        return one
    both = dict(one)
    # A session has hundreds of names, of which a block changes few.
    for name, value in compress(other.items(), map(is_not, other.values(), map(one.get, other))):
        known = one.get(name)
        both[name] = value if known is None else join((known, value))
    return both
