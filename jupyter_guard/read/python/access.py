"""Attributes and items of values, and changes to them -> values; climbing out of an object is an effect."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_guard.read.python import (
    bodies,
    calls,
    models_installed,
    models_loaders,
    models_paths,
    secret_names,
)
from jupyter_guard.read.python.carried import MEASURES
from jupyter_guard.read.python.classes import class_attribute, is_member, library_bases, table_of
from jupyter_guard.read.python.mocked import in_memory
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import (
    ANYTHING,
    ARCHIVED,
    ENVIRON,
    INDIRECT,
    NO_MARKS,
    SELF_MADE,
    Bound,
    Class,
    Const,
    Func,
    Inst,
    Map,
    Name,
    NameDict,
    Obj,
    Partial,
    Seq,
    Unknown,
    Value,
    const,
    join,
)
from jupyter_guard.terms import Certainty, Kind, Origin
from jupyter_guard.terms import Scope as Reach

if TYPE_CHECKING:
    from jupyter_guard.knowledge import Entry, Knowledge

CLIMBS = frozenset(
    """
    __subclasses__ __globals__ func_globals f_globals f_locals f_builtins gi_frame cr_frame ag_frame
    gi_code cr_code __builtins__ __closure__ cell_contents co_code
    """.split()
)
_NAMESPACES = {"__globals__": "", "func_globals": "", "f_globals": "", "f_locals": "", "f_builtins": "builtins"}


def attribute(run: Run, value: Value, name: str, node: ast.AST | None) -> Value:
    """``value.name``."""
    if name in _SPECIAL:
        found = _special(run, value, name, node)
        if found is not None:
            return found
        if name in secret_names.NAMES and secret_names.attribute(name, node) and not_ours(value.atoms):
            value = value.marked({secret_names.SECRET})
    atoms = value.atoms
    if not atoms:
        return Value((Unknown("." + name, name, value),), value.marks, value.origin)
    if len(atoms) == 1:
        atom = atoms[0]
        kind = type(atom)
        if kind is Name:
            found = _of_name(run, atom, name, node)  # type: ignore[arg-type]
        elif kind is Unknown and not value.marks:
            return _of_unknown(run, value, atom, name)  # type: ignore[arg-type]
        else:
            found = _attribute(run, value, atom, name, node)
    else:
        found = join([_attribute(run, value, atom, name, node) for atom in atoms])
    if value.marks and name not in MEASURES:
        # What a place is said to be does not hold for every part of it: a property's own value says so itself.
        found = found.marked(value.marks - _OF_PLACES)
    return found if found.origin is value.origin else found.by(value.origin)


# The names that nearly no attribute has, in one table.
_SPECIAL = CLIMBS | secret_names.NAMES


def _special(run: Run, value: Value, name: str, node: ast.AST | None) -> Value | None:
    """What one of ``CLIMBS`` gives, where that is known."""
    if name in CLIMBS:
        if not (name == "__subclasses__" and _own_classes(value)):
            climb(run, name, node)
        if name in _NAMESPACES:
            return Value((NameDict(_NAMESPACES[name]),), value.marks | {INDIRECT}, value.origin)
        if name == "__builtins__":
            return Value((Name("builtins"),), value.marks | {INDIRECT}, value.origin)
    return None


def not_ours(atoms: tuple[Any, ...]) -> bool:
    """Whether nothing that is read here was written in the session: what it holds is not seen."""
    return not any(type(atom) in (Obj, Class, Const, Seq, Map, NameDict) for atom in atoms)


_OF_PLACES = frozenset({SELF_MADE, ARCHIVED})


def _own_classes(value: Value) -> bool:
    return bool(value.atoms) and all(type(atom) is Class and not library_bases(atom) for atom in value.atoms)


def climb(run: Run, name: str, node: ast.AST | None) -> None:
    """Reaching for what an object was not given."""
    doubt = name in ("f_locals", "cell_contents", "co_code", "__closure__")
    run.emit(
        Kind.CODE_EXECUTE,
        node=node,
        via=name,
        tags=("reflection",),
        scope=Reach.SESSION,
        certainty=Certainty.UNKNOWN if doubt else Certainty.CERTAIN,
    )


def _of_unknown(run: Run, value: Value, atom: Unknown, name: str) -> Value:
    """One step further from something unknown that has no marks, which is what nearly all attributes are."""
    if atom.attr:
        returns = _given_by(run.knowledge, atom.attr)
        if returns and run.known(f"{returns}.{name}") is not None:
            return _of_type(run, Inst(returns, const(atom.path)), name).by(value.origin)
    origin = value.origin
    owner = value if origin is Origin.HUMAN else Value((atom,))
    return Value((Unknown(f"{atom.path}.{name}"[-200:], name, owner),), NO_MARKS, origin)


@functools.lru_cache(maxsize=4096)
def _given_by(knowledge: Knowledge, method: str) -> str:
    """The type of what a method of something unknown gives, by its name alone."""
    entry = knowledge.lookup("?." + method)
    return entry.returns if entry is not None else ""


def _attribute(run: Run, value: Value, atom: Any, name: str, node: ast.AST | None) -> Value:
    kind = type(atom)
    if kind is Name:
        return _of_name(run, atom, name, node)
    if kind is Unknown:
        if atom.attr:
            entry = run.known("?." + atom.attr)
            if entry is not None and entry.returns and run.known(f"{entry.returns}.{name}") is not None:
                return _of_type(run, Inst(entry.returns, const(atom.path)), name)
        return Value((Unknown(f"{atom.path}.{name}"[-200:], name, Value((atom,), value.marks)),))
    if kind is Inst:
        if atom.attrs is not None and name in atom.attrs:
            stored: Value = atom.attrs[name]
            return stored
        return _of_type(run, atom, name)
    if kind is Obj:
        return _of_object(run, atom, name, node)
    if kind is Class:
        found = class_attribute(run, atom, name)
        if found is None and name == "__subclasses__" and not library_bases(atom):
            # Classes of the session, as this one is.
            return Value((Bound(Value((Seq([], "list", value),)), "copy"),))
        if found is None and name == "remote":
            # An actor of ray's: an object of the class, elsewhere.
            return Value((atom,))
        if found is None:
            for base in library_bases(atom):
                if run.known(f"{base}.{name}") is not None:
                    return Value((Name(f"{base}.{name}", Value((Inst(base, const(table_of(atom))),))),))
            return Value((Unknown(f"{atom.name}.{name}", name),))
        if is_member(atom, found):
            member = Obj(atom)
            member.attrs = {"value": found, "_value_": found, "name": const(name)}
            return Value((member,), found.marks, found.origin)
        return (
            join(
                Value((one.bound(Value((atom,))),))
                if type(one) is Func and one.kind == "classmethod"
                else Value((one,))
                for one in found.atoms
            )
            if found.atoms
            else found
        )
    if (kind is Const or kind is Partial) and name == "value":
        # A member of an enumeration stands for its value here.
        return Value((atom,))
    if kind in (Const, Seq, Map, NameDict):
        if name == "__dict__" and kind is NameDict:
            return Value((atom,))
        return Value((Bound(Value((atom,), value.marks, value.origin), name),))
    if kind is Func:
        from jupyter_guard.read.python import models_functions

        if name in models_functions.SAME:
            return Value((atom,))
        if name in models_functions.TASKS:
            return models_functions.task(atom, name)
    return Value((Unknown("." + name, name, Value((atom,))),))


def _of_name(run: Run, atom: Name, name: str, node: ast.AST | None) -> Value:
    dotted = atom.dotted
    if name == "__self__" and "." not in dotted:
        return Value((Name("builtins"),), frozenset({INDIRECT}))
    patches = run.memory.patched
    if not patches and atom.owner is None:
        plain = _of_module(run.knowledge, dotted, name)
        if plain is not None:
            return plain
    full = f"{dotted}.{name}"
    if patches:
        patched = patches.get(full)
        if patched is not None:
            return patched
    if name == "__dict__":
        return Value((NameDict(dotted),))
    given = _GIVEN.get(full)
    if given is not None:
        return given()
    entry = run.known(dotted)
    if entry is not None:
        touch(run, atom, node, entry)
        returns = entry.returns
        if returns and run.known(full) is None:
            return _of_type(run, Inst(returns, made_of(atom)), name)
    return Value((Name(full, atom.owner),))


@functools.lru_cache(maxsize=4096)
def _of_module(knowledge: Knowledge, dotted: str, name: str) -> Value | None:
    """What ``dotted.name`` is where nothing is known of ``dotted`` itself; ``None``: there is more to it."""
    full = f"{dotted}.{name}"
    if name in ("__file__", "__path__") and dotted.partition(".")[0] not in models_installed.OTHERS:
        file = models_installed.module_file(dotted)
        return file if name == "__file__" else Value((Seq([const(f"{models_installed.PACKAGES}/{dotted}")]),))
    if name == "__dict__" or full in _GIVEN or knowledge.callable(dotted) is not None:
        return None
    return Value((Name(full),))


# What some attributes of the standard library are.
_GIVEN: dict[str, Callable[[], Value]] = {
    "sys.modules": lambda: Value((NameDict(""),)),
    "os.environ": lambda: Value((Inst("os.environ"),), frozenset({"environment", ENVIRON})),
    "plumbum.local.env": lambda: Value((Inst("os.environ"),), frozenset({"environment", ENVIRON})),
    "os.environb": lambda: Value((Inst("os.environ"),), frozenset({"environment", ENVIRON})),
    "sys.executable": lambda: const("python"),
    "google.cloud.bigquery.WriteDisposition.WRITE_TRUNCATE": lambda: const("WRITE_TRUNCATE"),
    "google.cloud.bigquery.enums.WriteDisposition.WRITE_TRUNCATE": lambda: const("WRITE_TRUNCATE"),
    "site.USER_SITE": lambda: const(models_installed.PACKAGES),
    "os.curdir": lambda: const("."),
    "os.sep": lambda: const("/"),
    "os.path.sep": lambda: const("/"),
}


def made_of(atom: Name) -> Value | None:
    """What the object that a property is read from was made with."""
    if atom.owner is None:
        return None
    found = [one.made for one in atom.owner.atoms if type(one) is Inst and one.made is not None]
    return join(found) if found else None


# What is put into their headers is sent with every request.
_SESSIONS = frozenset({"requests.Session", "httpx.Client", "aiohttp.ClientSession"})


def _of_type(run: Run, atom: Inst, name: str) -> Value:
    full = f"{atom.type}.{name}"
    owner = Value((atom,))
    given = models_paths.PROPERTIES.get(full) or models_installed.PROPERTIES.get(full)
    given = given or models_loaders.PROPERTIES.get(full)
    if given is not None:
        return given(run, atom.made or ANYTHING)
    if full in run.memory.patched:
        return run.memory.patched[full]
    if name == "user_ns" and atom.type == "IPython.core.interactiveshell.InteractiveShell":
        return Value((Map({}, None, run.scope.module),))
    if name == "headers" and atom.type in _SESSIONS:
        atom.attrs = atom.attrs or {}
        return atom.attrs.setdefault(name, Value((Map({}),)))
    if run.known(full) is None:
        entry = run.known(atom.type + ".__getattr__")
        if entry is not None and entry.returns and not name.startswith("_"):
            return Value((Inst(entry.returns, atom.made if in_memory(owner) else const(name)),))
    return Value((Name(full, owner),))


def _of_object(run: Run, atom: Obj, name: str, node: ast.AST | None) -> Value:
    if name in atom.attrs:
        return atom.attrs[name]
    if name == "__dict__":
        return Value((Map(atom.attrs),))
    if name == "__class__":
        return Value((atom.cls,))
    owner = Value((atom,))
    found = class_attribute(run, atom.cls, name)
    if found is not None:
        bound: list[Value] = []
        for one in found.atoms:
            if type(one) is not Func or one.kind == "staticmethod":
                bound.append(Value((one,), found.marks, found.origin))
            elif one.kind == "property":
                bound.append(bodies.call_function(run, one.bound(owner), [], {}, node))
            else:
                bound.append(Value((one.bound(Value((atom.cls,)) if one.kind == "classmethod" else owner),)))
        return join(bound) if bound else found
    for base in library_bases(atom.cls):
        if run.known(f"{base}.{name}") is not None:
            return Value((Name(f"{base}.{name}", Value((Inst(base),))),))
    getter = class_attribute(run, atom.cls, "__getattr__")
    if getter is not None:
        bound_getter = Value(tuple(one.bound(owner) if type(one) is Func else one for one in getter.atoms))
        return calls.apply(run, bound_getter, [const(name)], {}, node)
    return Value((Unknown(f"{atom.cls.name}.{name}", name),))


def touch(run: Run, atom: Name, node: ast.AST | None, entry: Entry | None = None) -> bool:
    """Going through, changing or emptying a part of the guard's or IPython's own state is an effect by itself.

    ``entry`` is what the knowledge says of the name, where the caller has it.
    """
    entry = entry or run.known(atom.dotted)
    if entry is None:
        return False
    for act in entry.acts:
        if not act.kinds:
            continue
        state = Kind.GUARD_TAMPER in act.kinds and not entry.calls and not act.when
        if state or (Kind.CODE_EXECUTE in act.kinds and act.target is None and act.tags == {"reflection"}):
            run.emit(
                act.kinds[0],
                (act.target.constant or "") if act.target is not None else "",
                node=node,
                via=atom.dotted,
                tags=act.tags,
                certainty=act.certainty,
                scope=act.scope or Reach.SESSION,
            )
            return True
    return False
