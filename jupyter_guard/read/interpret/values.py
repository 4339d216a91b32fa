"""What a name may stand for, as far as reading can tell."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.terms import Origin

MOST_ATOMS = 8
MOST_TEXT = 200_000
CLEAN: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Const:
    """A constant. A text may have ``HOLE`` where a part is not known."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """Something outside the session, by its full dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a type that knowledge may describe; ``target`` is what it was made with."""

    type: str
    target: Value | None = None


@dataclass(slots=True, eq=False)
class Items:
    """A list, tuple or set: its items, and what further unknown items may be."""

    items: list[Value]
    rest: Value | None = None
    kind: str = "list"


@dataclass(slots=True, eq=False)
class Table:
    """A dictionary with constant keys, and what values under unknown keys may be."""

    items: dict[Any, Value]
    rest: Value | None = None


@dataclass(slots=True, eq=False)
class Function:
    """A function or lambda of the session: its code, the names around it, and the cell that defined it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Any
    defaults: dict[str, Value]
    cell: int
    origin: Origin
    name: str = "<lambda>"
    called: bool = False


@dataclass(slots=True, eq=False)
class Class:
    """A class of the session."""

    name: str
    members: dict[str, Value]
    bases: tuple[Value, ...] = ()


@dataclass(slots=True, eq=False)
class Object:
    """An instance of a class of the session."""

    cls: Class
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method:
    """A function of the session bound to its first argument, or a method of a value that reading knows."""

    receiver: Value
    name: str
    function: Function | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """A callable with some of its arguments given already."""

    function: Value
    args: tuple[Value, ...]
    keywords: dict[str, Value]


Atom = Const | Name | Instance | Items | Table | Function | Class | Object | Method | Partial


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A set of possibilities (none: unknown), where it came from, and how it was made.

    ``marks`` are ``rebuilt`` (a name put together from text), ``made`` (this code made what it names, for example a
    temporary directory), ``many`` (one of a listing) and ``reflected``.
    """

    atoms: tuple[Atom, ...] = ()
    taint: frozenset[str] = CLEAN
    marks: frozenset[str] = CLEAN
    origin: Origin = Origin.HUMAN

    def with_(self, *, taint: Iterable[str] = (), marks: Iterable[str] = (), origin: Origin | None = None) -> Value:
        """The same with more taint or marks, by the stricter author."""
        return Value(
            self.atoms,
            self.taint | frozenset(taint),
            self.marks | frozenset(marks),
            self.origin if origin is None else max(self.origin, origin, key=_rank),
        )

    @property
    def known(self) -> bool:
        """Whether there is anything to say about what it is."""
        return bool(self.atoms)


def _rank(origin: Origin) -> int:
    return origin.rank


UNKNOWN = Value()


def const(value: Any, like: Value | None = None) -> Value:
    """A constant, with the taint, marks and author of ``like``."""
    if isinstance(value, str | bytes) and len(value) > MOST_TEXT:
        return Value((), *(() if like is None else (like.taint, like.marks, like.origin)))
    if like is None:
        return Value((Const(value),))
    return Value((Const(value),), like.taint, like.marks, like.origin)


def name(dotted: str, like: Value | None = None) -> Value:
    """Something outside the session."""
    if like is None:
        return Value((Name(dotted),))
    return Value((Name(dotted),), like.taint, like.marks, like.origin)


def join(values: Iterable[Value]) -> Value:
    """Any of ``values``: possibilities add up, and one that is unknown does not hide the others."""
    values = [value for value in values if value is not UNKNOWN]
    if not values:
        return UNKNOWN
    if len(values) == 1:
        return values[0]
    atoms: list[Atom] = []
    for value in values:
        for atom in value.atoms:
            if len(atoms) < MOST_ATOMS and not any(_same(atom, one) for one in atoms):
                atoms.append(atom)
    return Value(
        tuple(atoms),
        frozenset().union(*(value.taint for value in values)),
        frozenset().union(*(value.marks for value in values)),
        max((value.origin for value in values), key=_rank),
    )


def derived(values: Iterable[Value]) -> Value:
    """Something unknown that was made from ``values``: only taint and author remain."""
    values = [value for value in values if value is not UNKNOWN]
    if not values:
        return UNKNOWN
    taint = frozenset().union(*(value.taint for value in values))
    for value in values:
        taint |= inner_taint(value)
    return Value((), taint, CLEAN, max((value.origin for value in values), key=_rank))


def inner_taint(value: Value, depth: int = 0) -> frozenset[str]:
    """The taint of a value and of what it contains."""
    taint = value.taint
    if depth > 3:
        return taint
    for atom in value.atoms:
        held: Iterable[Value | None] = ()
        if isinstance(atom, Items):
            held = [*atom.items[:50], atom.rest]
        elif isinstance(atom, Table):
            held = [*list(atom.items.values())[:50], atom.rest]
        for inner in held:
            if inner is not None:
                taint |= inner_taint(inner, depth + 1)
    return taint


def texts(value: Value) -> list[str]:
    """The texts a value may be; bytes are decoded, a path is its text."""
    found = []
    for atom in value.atoms:
        if isinstance(atom, Const):
            if isinstance(atom.value, str):
                found.append(atom.value)
            elif isinstance(atom.value, bytes):
                found.append(atom.value.decode("utf-8", "replace"))
        elif isinstance(atom, Instance) and atom.target is not None:
            found += texts(atom.target)
    return found


def text_of(value: Value) -> str:
    """One text for a value in a larger text; ``HOLE`` for what is not known."""
    for atom in value.atoms:
        if isinstance(atom, Const):
            return atom.value.decode("utf-8", "replace") if isinstance(atom.value, bytes) else str(atom.value)
        if isinstance(atom, Instance) and atom.target is not None and atom.type in PATHS:
            return text_of(atom.target)
    return HOLE


def constants(value: Value) -> list[Any]:
    """The constants a value may be."""
    return [atom.value for atom in value.atoms if isinstance(atom, Const)]


def is_whole(value: Value) -> bool:
    """Whether it is one constant without unknown parts."""
    if len(value.atoms) != 1 or not isinstance(value.atoms[0], Const):
        return False
    inner = value.atoms[0].value
    return not (isinstance(inner, str) and HOLE in inner)


PATHS = frozenset(
    f"pathlib.{kind}" for kind in ("Path", "PosixPath", "PurePath", "PurePosixPath", "WindowsPath", "PureWindowsPath")
)


def _same(one: Atom, other: Atom) -> bool:
    if one is other:
        return True
    if isinstance(one, Const) and isinstance(other, Const):
        return type(one.value) is type(other.value) and one.value == other.value
    return isinstance(one, Name | Instance) and one == other
