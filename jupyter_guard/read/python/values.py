"""What a Python expression may be -> a ``Value``: a set of possibilities, where it came from, who wrote it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_guard.read.context import HOLE
from jupyter_guard.terms import Origin

if TYPE_CHECKING:
    from jupyter_guard.read.python.scope import Scope
    from jupyter_guard.read.python.source import Source

MAX_ATOMS = 12
MAX_TEXT = 200_000

# Marks beside the taints (network, file, user, environment, credential, model, database).
BUILT = "~built"
"""A text that was put together from constant parts."""
DECODED = "~decoded"
"""A text that was decoded (base64, rot13, chr, reversed ...): nobody can read it in the source."""
INDIRECT = "~indirect"
"""A callable that was not named where it is called: ``vars(os)['system']``."""
MANY = "~many"
"""One of a listing of unknown length: a glob, a directory, a query."""
SELF_MADE = "~selfmade"
"""A place that the same code made: a temporary directory."""
ARCHIVED = "~archived"
"""A name that an archive chose: it may hold ``..`` or begin with ``/``."""
ENVIRON = "~environ"
"""The whole environment."""
HISTORY = "~history"
"""All that was typed and shown in the session."""


SPREAD = "**"
"""Among named arguments: whatever else is given by names that are not seen."""


class _Made(msgspec.Struct, eq=False):
    """Values are what reading makes most of: a struct is made in a third of a class's time. Each is only itself."""


class Const(_Made, gc=False):
    """A constant; a text may hold ``HOLE`` where a part of it is not known."""

    value: Any

    def key(self) -> Any:
        return ("const", type(self.value).__name__, self.value)


class Name(_Made):
    """A module, class or callable by its full dotted name; ``owner`` is the object that a method belongs to."""

    dotted: str
    owner: Value | None = None

    def key(self) -> Any:
        return ("name", self.dotted, id(self.owner) if self.owner is not None else 0)


class Inst(_Made):
    """An object of a known type; ``made`` is what it was made with (a path, a database, a host)."""

    type: str
    made: Value | None = None
    attrs: dict[str, Value] | None = None

    def key(self) -> Any:
        return ("inst", self.type, id(self.made) if self.made is not None else 0)


class Unknown(_Made):
    """Something of which only the way to it is known (``client.orders``)."""

    path: str = ""
    attr: str = ""
    owner: Value | None = None

    def key(self) -> Any:
        return ("unknown", self.path)


class Seq(_Made):
    """A list, tuple or set. ``rest`` is what further items may be, ``None`` when there are none."""

    items: list[Value]
    kind: str = "list"
    rest: Value | None = None

    def key(self) -> Any:
        return ("seq", id(self))


class Map(_Made):
    """A dictionary with constant keys; ``rest`` is what other keys may hold. ``scope`` backs ``globals()``."""

    items: dict[Any, Value]
    rest: Value | None = None
    scope: Scope | None = None

    def key(self) -> Any:
        return ("map", id(self))


class NameDict:
    """The attributes of a module or class as a dictionary: ``vars(os)``, ``sys.modules`` (prefix ``""``)."""

    __slots__ = ("prefix",)

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def key(self) -> Any:
        return ("names", self.prefix)


class Func:
    """A function or lambda of the session, with the scope that it closes over."""

    __slots__ = ("defaults", "kind", "name", "node", "origin", "owner", "scope", "source")

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        name: str,
        scope: Scope,
        defaults: dict[str, Value],
        source: Source,
        kind: str = "",
    ) -> None:
        self.node = node
        self.name = name
        self.scope = scope
        self.defaults = defaults
        self.source = source
        self.origin = source.origin
        self.kind = kind
        self.owner: Value | None = None

    def bound(self, owner: Value) -> Func:
        """The same as a method of ``owner``."""
        one = Func(self.node, self.name, self.scope, self.defaults, self.source, self.kind)
        one.owner = owner
        return one

    def key(self) -> Any:
        return ("func", id(self.node), id(self.owner) if self.owner is not None else 0)


class Class:
    """A class of the session."""

    __slots__ = ("attrs", "bases", "name", "origin")

    def __init__(self, name: str, attrs: dict[str, Value], bases: list[Value], origin: Origin) -> None:
        self.name = name
        self.attrs = attrs
        self.bases = bases
        self.origin = origin

    def key(self) -> Any:
        return ("class", id(self))


class Obj:
    """An object of a class of the session."""

    __slots__ = ("attrs", "cls")

    def __init__(self, cls: Class) -> None:
        self.cls = cls
        self.attrs: dict[str, Value] = {}

    def key(self) -> Any:
        return ("obj", id(self))


class Partial:
    """``functools.partial`` and its like: a callable with some arguments already given."""

    __slots__ = ("args", "func", "kwargs")

    def __init__(self, func: Value, args: list[Value], kwargs: dict[str, Value]) -> None:
        self.func = func
        self.args = args
        self.kwargs = kwargs

    def key(self) -> Any:
        return ("partial", id(self))


class Getter:
    """``operator.attrgetter``, ``itemgetter`` and ``methodcaller``: a callable that takes something out."""

    __slots__ = ("args", "kind", "kwargs")

    def __init__(self, kind: str, args: list[Value], kwargs: dict[str, Value]) -> None:
        self.kind = kind
        self.args = args
        self.kwargs = kwargs

    def key(self) -> Any:
        return ("getter", id(self))


class Bound(_Made):
    """A method of a constant or container, not yet called."""

    owner: Value
    name: str

    def key(self) -> Any:
        return ("bound", id(self))


Atom = Const | Name | Inst | Unknown | Seq | Map | NameDict | Func | Class | Obj | Partial | Getter | Bound

NO_MARKS: frozenset[str] = frozenset()


class Value(_Made):
    """What an expression may be: any of ``atoms`` (none: anything), with ``marks`` and the strictest ``origin``."""

    atoms: tuple[Atom, ...] = ()
    marks: frozenset[str] = NO_MARKS
    origin: Origin = Origin.HUMAN

    def marked(self, marks: Iterable[str]) -> Value:
        """The same with more marks."""
        if not marks:
            return self
        before = self.marks
        more = before.union(marks)
        return self if len(more) == len(before) else Value(self.atoms, more, self.origin)

    def without(self, *marks: str) -> Value:
        """The same with fewer marks."""
        return Value(self.atoms, self.marks - set(marks), self.origin) if self.marks else self

    def by(self, origin: Origin) -> Value:
        """The same, written by ``origin`` too where that is stricter."""
        own = self.origin
        return self if origin is own or origin.rank <= own.rank else Value(self.atoms, self.marks, origin)

    def only(self) -> Const | None:
        """The constant that it is; ``None`` when it is not exactly one that is wholly known."""
        atoms = self.atoms
        if len(atoms) == 1:
            atom = atoms[0]
            if type(atom) is Const:
                value = atom.value
                if type(value) is not str or HOLE not in value:
                    return atom
        return None


ANYTHING = Value()
NONE = Value((Const(None),))


def partial(value: Any) -> bool:
    """Whether a constant text has unknown parts."""
    return isinstance(value, str) and HOLE in value


def const(value: Any, marks: frozenset[str] = NO_MARKS, origin: Origin = Origin.HUMAN) -> Value:
    """A constant; texts beyond ``MAX_TEXT`` are not kept."""
    kind = type(value)
    if (kind is str or kind is bytes) and len(value) > MAX_TEXT:
        return Value((), marks, origin)
    return Value((Const(value),), marks, origin)


def join(values: Iterable[Value]) -> Value:
    """Any of ``values``: possibilities united, at most ``MAX_ATOMS`` of them (further ones: anything)."""
    values = list(values)
    if len(values) == 1 or (len(values) == 2 and values[0] is values[1]):
        return values[0]
    atoms: dict[Any, Atom] = {}
    marks: frozenset[str] = NO_MARKS
    origin = Origin.HUMAN
    open_ = False
    for value in values:
        own = value.atoms
        if own:
            for atom in own:
                atoms.setdefault(atom.key(), atom)
        else:
            open_ = True
        if value.marks:
            marks |= value.marks
        if value.origin is not origin and value.origin.rank > origin.rank:
            origin = value.origin
    if not atoms:
        return Value((), marks, origin) if marks or origin is not Origin.HUMAN else ANYTHING
    kept = list(atoms.values())
    if len(kept) > MAX_ATOMS:
        kept, open_ = kept[:MAX_ATOMS], True
    if open_ and kept and not any(type(atom) is Unknown for atom in kept):
        kept.append(Unknown())
    return Value(tuple(kept), marks, origin)


def derived(*values: Value) -> Value:
    """Something unknown that was made of ``values``: their marks and origin, no possibilities."""
    marks = NO_MARKS
    origin = Origin.HUMAN
    for value in values:
        if value.marks:
            marks |= value.marks
        if value.origin is not origin and value.origin.rank > origin.rank:
            origin = value.origin
    return Value((), marks, origin) if marks or origin is not Origin.HUMAN else ANYTHING


def alike(one: Value | None, other: Value | None, depth: int = 0) -> bool:
    """Whether two values are the same for all that follows, whatever number the second was made of.

    Constants, containers and objects of the session only if they are one.
    """
    if one is other:
        return True
    if one is None or other is None or depth > 8:
        return False
    if one.marks != other.marks or one.origin is not other.origin or len(one.atoms) != len(other.atoms):
        return False
    return all(map(_alike, one.atoms, other.atoms, [depth + 1] * len(one.atoms)))


def _alike(one: Any, other: Any, depth: int) -> bool:
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    # Constants that were worked out anew may be equal by chance: another number gives another one.
    if kind is Name:
        return one.dotted == other.dotted and alike(one.owner, other.owner, depth)
    if kind is Unknown:
        return one.path == other.path and one.attr == other.attr and alike(one.owner, other.owner, depth)
    if kind is Inst:
        return one.type == other.type and not one.attrs and not other.attrs and alike(one.made, other.made, depth)
    return False


def items_of(value: Value) -> list[Value] | None:
    """The items of a container whose length is known, or ``None``."""
    if len(value.atoms) != 1:
        return None
    atom = value.atoms[0]
    if type(atom) is Seq and atom.rest is None:
        return [item.marked(value.marks) for item in atom.items] if value.marks else atom.items
    if type(atom) is Map and atom.rest is None and atom.scope is None:
        return [const(key, value.marks) for key in atom.items]
    if type(atom) is Const and isinstance(atom.value, (str, bytes, range)) and _short(atom.value):
        if partial(atom.value):
            return None
        return [const(one, value.marks, value.origin) for one in atom.value]
    return None


def _short(value: str | bytes | range) -> bool:
    try:
        return len(value) <= 4096
    except OverflowError:
        return False


def element(value: Value) -> Value:
    """Any item of ``value``."""
    found: list[Value] = []
    for atom in value.atoms:
        if type(atom) is Seq:
            found += atom.items
            if atom.rest is not None or not atom.items:
                found.append(atom.rest or ANYTHING)
        elif type(atom) is Map:
            found += [const(key) for key in atom.items]
            if atom.rest is not None or not atom.items:
                found.append(ANYTHING)
        elif type(atom) is Const and isinstance(atom.value, (str, bytes, range)) and not partial(atom.value):
            found += [const(one) for one in atom.value[:MAX_ATOMS]]
            if not _short(atom.value[MAX_ATOMS:]) or atom.value[MAX_ATOMS:]:
                found.append(ANYTHING)
        elif type(atom) is Unknown and atom.path:
            found.append(Value((Unknown(f"{atom.path}[]"[-200:], "", Value((atom,))),)))
        else:
            found.append(ANYTHING)
    return (join(found) if found else ANYTHING).marked(value.marks).by(value.origin)
