"""Items of values: what a key, an index or a slice takes out of a container, a library object or one of the session."""

from __future__ import annotations

import ast
from typing import Any

from jupyter_guard.read.python import (
    calls,
    models_sizes,
    programs,
    secret_names,
)
from jupyter_guard.read.python.access import made_of, not_ours, touch
from jupyter_guard.read.python.classes import class_attribute, library_bases
from jupyter_guard.read.python.methods import of_key
from jupyter_guard.read.python.mocked import in_memory
from jupyter_guard.read.python.models_counts import SHAPE
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    DECODED,
    ENVIRON,
    INDIRECT,
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
    element,
    join,
    partial,
)


def item(run: Run, value: Value, key: Value, node: ast.AST | None) -> Value:
    """``value[key]``."""
    atoms = value.atoms
    named = key.only()
    if len(atoms) == 1:
        result = _item(run, value, atoms[0], key, named, node)
    else:
        result = join([_item(run, value, atom, key, named, node) for atom in atoms]) if atoms else ANYTHING
    marks = value.marks
    if marks and ENVIRON in marks and any(type(atom) is Inst and atom.type in _ENVIRONMENTS for atom in value.atoms):
        if named is not None and named.value == "HOME":
            return const(run.context.home)
        return secret_names.known_variable(run, key) or secret_names.environment(key).by(value.origin)
    if marks:
        result = result.marked(marks)
    if named is not None and isinstance(named.value, str) and named.value in secret_names.NAMES and not_ours(atoms):
        table = any(type(atom) is Inst and "DataFrame" in atom.type for atom in atoms)
        if not table and secret_names.item(named.value, node):
            result = result.marked({secret_names.SECRET})
    return result if result.origin is value.origin else result.by(value.origin)


_ENVIRONMENTS = frozenset({"os.environ", "os.environ.copy"})


def _item(run: Run, value: Value, atom: Any, key: Value, only: Const | None, node: ast.AST | None) -> Value:
    """An item of one of the possibilities; ``only`` is the constant that ``key`` is."""
    kind = type(atom)
    if kind is Seq or (kind is Const and isinstance(atom.value, (str, bytes, range))):
        run.choices += 1
        return _position(Value((atom,), value.marks, value.origin), atom, only)
    if kind is Map:
        run.choices += 1
        return of_key(atom, key) or ANYTHING
    if kind is NameDict:
        run.events += 1
        if only is None or not isinstance(only.value, str):
            return Value((Unknown("[]", ""),), frozenset({INDIRECT}))
        dotted = f"{atom.prefix}.{only.value}" if atom.prefix else only.value
        patched = run.memory.patched.get(dotted)
        marks = {INDIRECT} | (key.marks & {BUILT, DECODED})
        if dotted == "sys.modules":
            return Value((NameDict(""),), frozenset(marks))
        return patched or Value((Name(dotted),), frozenset(marks))
    if kind is Name:
        if atom.dotted.startswith(programs.PLUMBUM):
            return programs.bound(run, atom, key, node)
        if atom.dotted == "plumbum.local" and only is not None:
            return Value((Name(programs.PLUMBUM + str(only.value)),))
        touch(run, atom, node)
        if atom.dotted in ("builtins", "__builtins__") and only is not None and isinstance(only.value, str):
            return Value((Name(only.value),), frozenset({INDIRECT}) | (key.marks & {BUILT, DECODED}))
        entry = run.known(atom.dotted)
        if entry is not None and entry.returns:
            return _item(run, value, Inst(entry.returns, made_of(atom)), key, only, node)
        gives = {act.gives for act in entry.acts if act.gives and not act.when} if entry is not None else ()
        return Value((Unknown(atom.dotted + "[]", "", Value((atom,))),), frozenset(gives))
    if kind is Inst:
        if atom.type == "ctypes.CDLL" and only is not None and isinstance(only.value, str):
            return Value((Name(f"ctypes.CDLL.{only.value}", Value((atom,))),), frozenset({INDIRECT}))
        if atom.attrs and SHAPE in atom.attrs:
            return models_sizes.indexed(atom, key) or ANYTHING
        entry = run.known(atom.type + ".__getitem__")
        if entry is not None and entry.returns:
            own = only is None or in_memory(Value((atom,)))
            return Value((Inst(entry.returns, atom.made if own else key),))
        return Value((Unknown(atom.type + "[]", ""),))
    if kind is Obj:
        for special in ("__getitem__", "__missing__"):
            method = class_attribute(run, atom.cls, special)
            if method is not None:
                owner = Value((atom,))
                bound = Value(tuple(one.bound(owner) if type(one) is Func else one for one in method.atoms))
                return calls.apply(run, bound, [key], {}, node)
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
            hidden = {DECODED} if key.step not in (None, 1) and isinstance(atom.value, (str, bytes)) else set()
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
        found: Value = atom.items[key]
        return found
    return element(value)
