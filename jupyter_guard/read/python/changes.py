"""Assignments to names, attributes and items -> what the session knows from then on."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from jupyter_guard.read.python import calls, verification
from jupyter_guard.read.python.access import touch
from jupyter_guard.read.python.methods import set_key
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.values import (
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
    join,
)
from jupyter_guard.read.steering import steers
from jupyter_guard.read.unchecked import EVERY_HOST, is_variable
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach

_GUARDED = frozenset({"IPython", "ipykernel", "jupyter_guard", "jupyter_client", "jupyter_server", "traitlets"})
_START_UP_VARIABLES = frozenset(
    """
    LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES PYTHONSTARTUP BASH_ENV PROMPT_COMMAND
    PERL5OPT PYTHONHOME PYTHONBREAKPOINT
    """.split()
)


def set_attribute(run: Run, value: Value, name: str, new: Value, node: ast.AST | None) -> None:
    """``value.name = new``."""
    run.events += bool(value.atoms) and any(type(atom) is not Unknown for atom in value.atoms)
    weak = len(value.atoms) != 1 or run.branches > 0
    if name in ("__code__", "__globals__", "__class__", "__bases__") and not (
        name == "__class__" and any(type(atom) is Obj for atom in value.atoms)
    ):
        run.emit(Kind.CODE_EXECUTE, node=node, via=name, tags=("reflection",), scope=Reach.SESSION)
        if name == "__code__" and not any(type(atom) in (Func, Class, Obj) for atom in value.atoms):
            # A function of somebody else's, which does something else from then on.
            run.emit(Kind.GUARD_TAMPER, "a function", node=node, via=name, tags=("alias",), scope=Reach.SESSION)
    verification.of_attribute(run, value, name, new, node)
    atoms: tuple[Any, ...] = value.atoms
    for atom in atoms:
        kind = type(atom)
        if kind is Obj or kind is Class:
            attrs = atom.attrs
            known = attrs.get(name)
            attrs[name] = join((known, new)) if weak and known is not None else new
        elif kind is Inst:
            if name == "method" and atom.type == "urllib.request.Request":
                # The same as when it is made with it.
                url = [atom.made] if atom.made is not None else []
                calls.apply(run, Value((Name(atom.type),)), url, {name: new}, node)
            dotted = Name(f"{atom.type}.{name}", Value((atom,)))
            if dotted.dotted.partition(".")[0] in _GUARDED:
                patch(run, Name(atom.type, Value((atom,))), name, new, node)
            elif not touch(run, dotted, node):
                if atom.attrs is None:
                    atom.attrs = {}
                atom.attrs[name] = new
        elif kind is Name:
            patch(run, atom, name, new, node)


def patch(run: Run, atom: Name, name: str, new: Value, node: ast.AST | None) -> None:
    """``module.name = new``: from now on the library's name means something else."""
    # An item of `sys.modules` stands for the module itself.
    full = name if atom.dotted == "sys.modules" else f"{atom.dotted}.{name}"
    if not touch(run, Name(full, atom.owner), node):
        touch(run, atom, node)
        entry = run.known(full)
        if full.partition(".")[0] in _GUARDED:
            run.emit(Kind.GUARD_TAMPER, full, node=node, via="=", scope=Reach.SESSION)
        elif atom.dotted in ("builtins", "__builtins__") or (
            entry is not None and any(act.kinds for act in entry.acts)
        ):
            run.emit(Kind.GUARD_TAMPER, full, node=node, via="=", tags=("alias",), scope=Reach.SESSION)
        for one in new.atoms:
            if (
                type(one) is Name
                and one.owner is None
                and (known := run.known(one.dotted)) is not None
                and known.acts[0].kinds
            ):
                # What is put in its place will be called.
                calls.apply(run, Value((one,)), [], {}, node, open_=True)
    run.memory.patched[full] = new.by(run.origin)


def set_item(run: Run, value: Value, key: Value, new: Value, node: ast.AST | None) -> None:
    """``value[key] = new``."""
    run.events += bool(value.atoms) and any(type(atom) is not Unknown for atom in value.atoms)
    weak = len(value.atoms) != 1 or run.branches > 0
    atoms: tuple[Any, ...] = value.atoms
    named = key.only()
    if named is not None and named.value == "jupyter_guard" and not any(type(atom) is Map for atom in atoms):
        # The metadata of a cell, in a notebook's file.
        run.emit(Kind.GUARD_TAMPER, "who wrote a cell", node=node, via="=", scope=Reach.WORKSPACE)
    for atom in atoms:
        kind = type(atom)
        if kind is Map:
            set_key(atom, key, new, weak)
        elif kind is Seq:
            only = key.only()
            seq: Seq = atom
            if only is not None and isinstance(only.value, int) and -len(seq.items) <= only.value < len(seq.items):
                seq.items[only.value] = join((seq.items[only.value], new)) if weak else new
            else:
                seq.rest = new if seq.rest is None else join((seq.rest, new))
        elif kind is NameDict:
            only = key.only()
            if only is not None and isinstance(only.value, str):
                patch(run, Name(atom.prefix or "sys.modules"), only.value, new, node)
            elif not atom.prefix:
                run.emit(Kind.GUARD_TAMPER, "loaded modules", node=node, via="=", tags=("alias",), scope=Reach.SESSION)
        elif kind is Name:
            touch(run, atom, node)
        elif kind is Inst and atom.type == "os.environ":
            set_environment(run, key, new, node)
        elif kind is Inst and atom.type == "os.environ.copy" and named is not None:
            given = new.only()
            steered(run, {named.value: given.value if given is not None else None}, node)
        elif kind is Obj:
            atom.attrs.setdefault(str(getattr(key.only(), "value", "")), new)


def steered(run: Run, variables: Mapping[Any, Any], node: ast.AST | None) -> None:
    """Note which of the variables, with their values where these are known, decide what a command starts."""
    for name, value in variables.items():
        if isinstance(name, str) and steers(name, value if isinstance(value, str) else ""):
            run.note("program-variable", name, node)


def set_environment(run: Run, key: Value, new: Value, node: ast.AST | None) -> None:
    """A variable is remembered; some make other code run in every process started from now on."""
    only = key.only()
    if only is None:
        return
    name = str(only.value)
    given = new.only()
    steered(run, {name: given.value if given is not None else None}, node)
    place = f"os.environ[{name}]"
    known = run.memory.patched.get(place)
    run.memory.patched[place] = join((known, new)) if run.branches and known is not None else new
    if name in _START_UP_VARIABLES and name != "LD_LIBRARY_PATH":
        run.emit(
            Kind.CODE_EXECUTE, name, node=node, via="os.environ", tags=("alters-guarded-state",), scope=Reach.SESSION
        )
    elif name.startswith("JUPYTER_GUARD"):
        run.emit(Kind.GUARD_TAMPER, name, node=node, via="os.environ", scope=Reach.SESSION)
    elif any(type(atom) is Const and is_variable(name, str(atom.value)) for atom in new.atoms):
        run.emit(Kind.NETWORK_CONNECT, EVERY_HOST, node=node, via=name, tags=("no-verify",), scope=Reach.REMOTE)


def bind(run: Run, name: str, value: Value) -> None:
    """``name = value`` in the current scope."""
    origin = run.origin
    if origin is not value.origin:
        value = value.by(origin)
    scope = run.scope
    if not (scope.globals or scope.nonlocals):
        scope.names[name] = value
        return
    run.events += 1
    home: Scope = scope.home(name)
    if home is not scope and run.branches:
        known = home.names.get(name)
        home.names[name] = value if known is None else join((known, value))
    else:
        home.names[name] = value
