"""Attributes and items of values, and changes to them -> values; climbing out of an object is an effect."""

from __future__ import annotations

import ast
from typing import Any

from jupyter_guard.read.python.methods import of_key, set_key
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    DECODED,
    ENVIRON,
    INDIRECT,
    Bound,
    Class,
    Const,
    Func,
    Inst,
    Map,
    Name,
    NameDict,
    Obj,
    Seq,
    Unknown,
    Value,
    const,
    derived,
    element,
    items_of,
    join,
    partial,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

CLIMBS = frozenset(
    "__subclasses__ __globals__ func_globals f_globals f_locals f_builtins gi_frame cr_frame ag_frame tb_frame "
    "gi_code cr_code __builtins__ __closure__ cell_contents co_code f_back".split()
)
_NAMESPACES = {"__globals__": "", "func_globals": "", "f_globals": "", "f_locals": "", "f_builtins": "builtins"}
_STATE = (Kind.GUARD_TAMPER,)
SECRET_WORDS = ("key", "token", "secret", "passw", "pwd", "credential", "auth", "private")
_GUARDED = frozenset({"IPython", "ipykernel", "jupyter_guard", "jupyter_client", "jupyter_server", "traitlets"})
_START_UP_VARIABLES = frozenset(
    "LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES PYTHONSTARTUP BASH_ENV PROMPT_COMMAND PERL5OPT "
    "PYTHONHOME PYTHONBREAKPOINT".split()
)


def attribute(run: Run, value: Value, name: str, node: ast.AST | None) -> Value:
    """``value.name``."""
    if name in CLIMBS and not (name == "__subclasses__" and _own_classes(value)):
        climb(run, name, node)
    if name in _NAMESPACES:
        return Value((NameDict(_NAMESPACES[name]),), value.marks | {INDIRECT}, value.origin)
    if name == "__builtins__":
        return Value((Name("builtins"),), value.marks | {INDIRECT}, value.origin)
    if not value.atoms:
        return Value((Unknown("." + name, name, value),), value.marks, value.origin)
    if len(value.atoms) == 1:
        found = _attribute(run, value, value.atoms[0], name, node)
    else:
        found = join([_attribute(run, value, atom, name, node) for atom in value.atoms])
    if value.marks:
        found = found.marked(value.marks)
    return found.by(value.origin)


def _own_classes(value: Value) -> bool:
    return bool(value.atoms) and all(type(atom) is Class and not library_bases(atom) for atom in value.atoms)


def climb(run: Run, name: str, node: ast.AST | None) -> None:
    """Reaching for what an object was not given."""
    doubt = name in ("f_back", "f_locals", "cell_contents", "co_code", "__closure__", "tb_frame")
    run.emit(
        Kind.CODE_EXECUTE,
        node=node,
        via=name,
        tags=("reflection",),
        scope=Reach.SESSION,
        certainty=Certainty.UNKNOWN if doubt else Certainty.CERTAIN,
    )


def _attribute(run: Run, value: Value, atom: Any, name: str, node: ast.AST | None) -> Value:
    kind = type(atom)
    if kind is Name:
        return _of_name(run, atom, name, node)
    if kind is Inst:
        if atom.attrs is not None and name in atom.attrs:
            return atom.attrs[name]
        return _of_type(run, atom, name)
    if kind is Obj:
        return _of_object(run, atom, name, node)
    if kind is Class:
        found = class_attribute(run, atom, name)
        if found is None:
            return Value((Unknown(f"{atom.name}.{name}", name),))
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
    if kind in (Const, Seq, Map, NameDict):
        if name == "__dict__" and kind is NameDict:
            return Value((atom,))
        return Value((Bound(Value((atom,), value.marks, value.origin), name),))
    if kind is Unknown:
        if atom.attr:
            entry = run.known("?." + atom.attr)
            if entry is not None and entry.returns and run.known(f"{entry.returns}.{name}") is not None:
                return _of_type(run, Inst(entry.returns, const(atom.path)), name)
        return Value((Unknown(f"{atom.path}.{name}"[-200:], name, Value((atom,), value.marks)),))
    if kind is Func and name in ("__wrapped__", "__call__"):
        return Value((atom,))
    return Value((Unknown("." + name, name, Value((atom,))),))


def _of_name(run: Run, atom: Name, name: str, node: ast.AST | None) -> Value:
    full = f"{atom.dotted}.{name}"
    if name == "__self__" and "." not in atom.dotted:
        return Value((Name("builtins"),), frozenset({INDIRECT}))
    patched = run.memory.patched.get(full)
    if patched is not None:
        return patched
    if name == "__dict__":
        return Value((NameDict(atom.dotted),))
    if full == "sys.modules":
        return Value((NameDict(""),))
    if full in ("os.environ", "os.environb"):
        return Value((Inst("os.environ"),), frozenset({"environment", ENVIRON}))
    if full == "os.curdir":
        return const(".")
    if full in ("os.sep", "os.path.sep"):
        return const("/")
    touch(run, atom, node)
    entry = run.known(atom.dotted)
    if entry is not None and entry.returns and run.known(full) is None:
        return _of_type(run, Inst(entry.returns, made_of(atom)), name)
    return Value((Name(full, atom.owner),))


def made_of(atom: Name) -> Value | None:
    """What the object that a property is read from was made with."""
    if atom.owner is None:
        return None
    found = [one.made for one in atom.owner.atoms if type(one) is Inst and one.made is not None]
    return join(found) if found else None


def _of_type(run: Run, atom: Inst, name: str) -> Value:
    from jupyter_guard.read.python.models_paths import PROPERTIES

    full = f"{atom.type}.{name}"
    owner = Value((atom,))
    given = PROPERTIES.get(full)
    if given is not None:
        return given(run, atom.made or ANYTHING)
    if run.known(full) is None:
        entry = run.known(atom.type + ".__getattr__")
        if entry is not None and entry.returns and not name.startswith("_"):
            return Value((Inst(entry.returns, const(name)),))
    return Value((Name(full, owner),))


def class_attribute(run: Run, cls: Class, name: str, depth: int = 0) -> Value | None:
    """An attribute of a class of the session or of its bases, or ``None``."""
    found = cls.attrs.get(name)
    if found is not None or depth > 8:
        return found
    for base in cls.bases:
        for atom in base.atoms:
            if type(atom) is Class:
                found = class_attribute(run, atom, name, depth + 1)
                if found is not None:
                    return found
    return None


def library_bases(cls: Class, depth: int = 0) -> list[str]:
    """The dotted names of the library classes that a class is built on."""
    found: list[str] = []
    for base in cls.bases:
        for atom in base.atoms:
            if type(atom) is Name:
                found.append(atom.dotted)
            elif type(atom) is Class and depth < 8:
                found += library_bases(atom, depth + 1)
    return found


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
                from jupyter_guard.read.python.calls import call_function

                bound.append(call_function(run, one.bound(owner), [], {}, node))
            else:
                bound.append(Value((one.bound(Value((atom.cls,)) if one.kind == "classmethod" else owner),)))
        return join(bound) if bound else found
    for base in library_bases(atom.cls):
        if run.known(f"{base}.{name}") is not None:
            return Value((Name(f"{base}.{name}", Value((Inst(base),))),))
    getter = class_attribute(run, atom.cls, "__getattr__")
    if getter is not None:
        from jupyter_guard.read.python.calls import apply

        bound_getter = Value(tuple(one.bound(owner) if type(one) is Func else one for one in getter.atoms))
        return apply(run, bound_getter, [const(name)], {}, node)
    return Value((Unknown(f"{atom.cls.name}.{name}", name),))


def touch(run: Run, atom: Name, node: ast.AST | None) -> bool:
    """Going through, changing or emptying a part of the guard's or IPython's own state is an effect by itself."""
    entry = run.known(atom.dotted)
    if entry is None:
        return False
    for act in entry.acts:
        state = any(kind in _STATE for kind in act.kinds) and not entry.calls and not act.when
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


def item(run: Run, value: Value, key: Value, node: ast.AST | None) -> Value:
    """``value[key]``."""
    found = [_item(run, value, atom, key, node) for atom in value.atoms]
    result = join(found) if found else ANYTHING
    marks = value.marks
    if ENVIRON in marks and any(type(atom) is Inst and atom.type == "os.environ" for atom in value.atoms):
        only = key.only()
        if only is not None and only.value == "HOME":
            return const(run.context.home)
        return environment(key).by(value.origin)
    return result.marked(marks).by(value.origin)


def environment(key: Value) -> Value:
    """A variable of the environment: a credential when its name says so."""
    only = key.only()
    marks = {"environment"}
    if only is not None and any(word in str(only.value).lower() for word in SECRET_WORDS):
        marks.add("credential")
    return Value((), frozenset(marks))


def _item(run: Run, value: Value, atom: Any, key: Value, node: ast.AST | None) -> Value:
    kind = type(atom)
    only = key.only()
    if kind is Seq or (kind is Const and isinstance(atom.value, str | bytes | range)):
        return _position(Value((atom,), value.marks, value.origin), atom, only)
    if kind is Map:
        return of_key(atom, key) or ANYTHING
    if kind is NameDict:
        if only is None or not isinstance(only.value, str):
            return Value((Unknown("[]", ""),), frozenset({INDIRECT}))
        dotted = f"{atom.prefix}.{only.value}" if atom.prefix else only.value
        patched = run.memory.patched.get(dotted)
        marks = {INDIRECT} | (key.marks & {BUILT, DECODED})
        if dotted == "sys.modules":
            return Value((NameDict(""),), frozenset(marks))
        return patched or Value((Name(dotted),), frozenset(marks))
    if kind is Name:
        touch(run, atom, node)
        entry = run.known(atom.dotted)
        if entry is not None and entry.returns:
            return _item(run, value, Inst(entry.returns, made_of(atom)), key, node)
        return Value((Unknown(atom.dotted + "[]", "", Value((atom,))),))
    if kind is Inst:
        entry = run.known(atom.type + ".__getitem__")
        if entry is not None and entry.returns:
            return Value((Inst(entry.returns, key if only is not None else atom.made),))
        return Value((Unknown(atom.type + "[]", ""),))
    if kind is Obj:
        from jupyter_guard.read.python.calls import apply

        for special in ("__getitem__", "__missing__"):
            method = class_attribute(run, atom.cls, special)
            if method is not None:
                owner = Value((atom,))
                bound = Value(tuple(one.bound(owner) if type(one) is Func else one for one in method.atoms))
                return apply(run, bound, [key], {}, node)
        return element(Value((Map(atom.attrs),))) if "dict" in library_bases(atom.cls) else ANYTHING
    if kind is Unknown:
        return Value((Unknown(atom.path + "[]", "", Value((atom,))),))
    return ANYTHING


def _position(value: Value, atom: Any, only: Const | None) -> Value:
    if only is None:
        return element(value) if type(atom) is Seq else ANYTHING
    key = only.value
    if isinstance(key, slice):
        if type(atom) is Const:
            if partial(atom.value):
                return Value((), value.marks)
            hidden = {DECODED} if key.step not in (None, 1) and isinstance(atom.value, str | bytes) else set()
            try:
                return const(atom.value[key], value.marks | hidden)
            except (TypeError, ValueError):
                return ANYTHING
        if atom.rest is not None:
            return value
        try:
            return Value((Seq(atom.items[key], atom.kind),))
        except (TypeError, ValueError):
            return value
    if type(atom) is Const:
        try:
            return ANYTHING if partial(atom.value) else const(atom.value[key], value.marks)
        except (TypeError, IndexError):
            return ANYTHING
    if isinstance(key, int) and -len(atom.items) <= key < len(atom.items) and (atom.rest is None or key >= 0):
        return atom.items[key]
    return element(value)


def set_attribute(run: Run, value: Value, name: str, new: Value, node: ast.AST | None) -> None:
    """``value.name = new``."""
    weak = len(value.atoms) != 1 or run.branches > 0
    if name in ("__code__", "__globals__", "__class__", "__bases__") and not (
        name == "__class__" and any(type(atom) is Obj for atom in value.atoms)
    ):
        run.emit(Kind.CODE_EXECUTE, node=node, via=name, tags=("reflection",), scope=Reach.SESSION)
    for atom in value.atoms:
        kind = type(atom)
        if kind is Obj or kind is Class:
            attrs = atom.attrs  # type: ignore[union-attr]
            known = attrs.get(name)
            attrs[name] = join((known, new)) if weak and known is not None else new
        elif kind is Inst:
            dotted = Name(f"{atom.type}.{name}", Value((atom,)))  # type: ignore[union-attr]
            if dotted.dotted.partition(".")[0] in _GUARDED:
                patch(run, Name(atom.type, Value((atom,))), name, new, node)  # type: ignore[union-attr]
            elif not touch(run, dotted, node):
                if atom.attrs is None:  # type: ignore[union-attr]
                    atom.attrs = {}  # type: ignore[union-attr]
                atom.attrs[name] = new  # type: ignore[union-attr]
        elif kind is Name:
            patch(run, atom, name, new, node)  # type: ignore[arg-type]


def patch(run: Run, atom: Name, name: str, new: Value, node: ast.AST | None) -> None:
    """``module.name = new``: from now on the library's name means something else."""
    full = f"{atom.dotted}.{name}"
    if not touch(run, Name(full, atom.owner), node):
        touch(run, atom, node)
        entry = run.known(full)
        if atom.dotted.partition(".")[0] in _GUARDED:
            run.emit(Kind.GUARD_TAMPER, full, node=node, via="=", scope=Reach.SESSION)
        elif atom.dotted in ("builtins", "__builtins__") or (entry is not None and any(act.kinds for act in entry.acts)):
            run.emit(Kind.GUARD_TAMPER, full, node=node, via="=", tags=("alias",), scope=Reach.SESSION)
        for one in new.atoms:
            if type(one) is Name and one.owner is None and (known := run.known(one.dotted)) is not None and known.acts[0].kinds:
                # What is put in its place will be called.
                from jupyter_guard.read.python.calls import apply

                apply(run, Value((one,)), [], {}, node, open_=True)
    run.memory.patched[full] = new.by(run.origin)


def set_item(run: Run, value: Value, key: Value, new: Value, node: ast.AST | None) -> None:
    """``value[key] = new``."""
    weak = len(value.atoms) != 1 or run.branches > 0
    for atom in value.atoms:
        kind = type(atom)
        if kind is Map:
            set_key(atom, key, new, weak)  # type: ignore[arg-type]
        elif kind is Seq:
            only = key.only()
            seq: Seq = atom  # type: ignore[assignment]
            if only is not None and isinstance(only.value, int) and -len(seq.items) <= only.value < len(seq.items):
                seq.items[only.value] = join((seq.items[only.value], new)) if weak else new
            else:
                seq.rest = new if seq.rest is None else join((seq.rest, new))
        elif kind is NameDict:
            only = key.only()
            if only is not None and isinstance(only.value, str):
                patch(run, Name(atom.prefix or "sys.modules"), only.value, new, node)  # type: ignore[union-attr]
        elif kind is Name:
            touch(run, atom, node)  # type: ignore[arg-type]
        elif kind is Inst and atom.type == "os.environ":  # type: ignore[union-attr]
            set_environment(run, key, node)
        elif kind is Obj:
            atom.attrs.setdefault(str(getattr(key.only(), "value", "")), new)  # type: ignore[union-attr]


def set_environment(run: Run, key: Value, node: ast.AST | None) -> None:
    """Variables that make other code run in every process started from now on."""
    only = key.only()
    if only is None:
        return
    name = str(only.value)
    if name in _START_UP_VARIABLES and name != "LD_LIBRARY_PATH":
        run.emit(
            Kind.CODE_EXECUTE, name, node=node, via="os.environ", tags=("alters-guarded-state",), scope=Reach.SESSION
        )
    elif name.startswith("JUPYTER_GUARD"):
        run.emit(Kind.GUARD_TAMPER, name, node=node, via="os.environ", scope=Reach.SESSION)


def bind(run: Run, name: str, value: Value) -> None:
    """``name = value`` in the current scope."""
    if run.origin.rank > value.origin.rank:
        value = value.by(run.origin)
    home: Scope = run.scope.home(name)
    if home is not run.scope and run.branches:
        known = home.names.get(name)
        home.names[name] = value if known is None else join((known, value))
    else:
        home.names[name] = value


def unpacked(value: Value, count: int, star: int | None) -> list[Value]:
    """``count`` values taken out of ``value``; ``star`` is the index of the one that takes the rest."""
    items = items_of(value)
    if items is None or (star is None and len(items) != count) or (star is not None and len(items) < count - 1):
        inner = element(value)
        return [Value((Seq([], "list", inner),)) if index == star else inner for index in range(count)]
    if star is None:
        return items
    after = count - star - 1
    end = len(items) - after
    return [*items[:star], Value((Seq(items[star:end]),)), *items[end:]]


def of_all(values: list[Value]) -> Value:
    """Marks and origin of all of them together."""
    return derived(*values) if values else ANYTHING
