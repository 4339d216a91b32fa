"""Calling a value with arguments -> what it gives; effects of library calls, bodies of the session's own functions."""

from __future__ import annotations

import ast
import functools
import re

from jupyter_guard.knowledge import Entry, Knowledge
from jupyter_guard.read.context import BudgetSpent
from jupyter_guard.read.python import bodies, models, programs, receivers, verification
from jupyter_guard.read.python.access import attribute
from jupyter_guard.read.python.acts import TAINTS, perform
from jupyter_guard.read.python.callbacks import HOOKS, UNHOOKS, call_back, is_harmless, is_own
from jupyter_guard.read.python.carried import CARRIERS, FILLERS, FORMS, carried, fill, of_form
from jupyter_guard.read.python.classes import class_attribute, library_bases
from jupyter_guard.read.python.items import item
from jupyter_guard.read.python.methods import of_constant, of_mapping, of_sequence
from jupyter_guard.read.python.mocked import MARK, caught_by, mark, stands_for
from jupyter_guard.read.python.models_counts import DRAWS
from jupyter_guard.read.python.models_objects import members
from jupyter_guard.read.python.replaced import around, decorated, in_turn, mark_of
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.shapes import MOST_DEEP, branches_too_often
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import (
    ANYTHING,
    INDIRECT,
    Atom,
    Bound,
    Class,
    Const,
    Func,
    Getter,
    Inst,
    Map,
    Name,
    NameDict,
    Obj,
    Partial,
    Seq,
    Unknown,
    Value,
    derived,
    items_of,
    join,
)
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach

_REACHING = re.compile(r"__(?:class|globals|init|subclasses|builtins|mro)__")


def apply(
    run: Run,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool = False,
) -> Value:
    """What ``callee(*args, **kwargs)`` gives. ``open_``: there are further arguments that are not seen."""
    budget = run.budget
    budget.left -= 3
    if budget.left < 0:
        raise BudgetSpent
    if len(callee.atoms) == 1:
        atom = callee.atoms[0]
        kind = type(atom)
        if kind is Name:
            value = call_name(run, atom, callee, args, kwargs, node, open_)  # type: ignore[arg-type]
        elif kind is Unknown:
            value = receivers.unknown_method(run, atom, callee, args, kwargs, node, open_)  # type: ignore[arg-type]
        else:
            value = _one(run, callee, atom, args, kwargs, node, open_)
        return value if value.origin is callee.origin else value.by(callee.origin)
    found = [_one(run, callee, atom, args, kwargs, node, open_) for atom in callee.atoms]
    if not found:
        return receivers.taken(args, kwargs, callee)
    return join(found).by(callee.origin)


def _one(
    run: Run,
    callee: Value,
    atom: Atom,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    if type(atom) is Name:
        return call_name(run, atom, callee, args, kwargs, node, open_)
    if type(atom) is Unknown:
        return receivers.unknown_method(run, atom, callee, args, kwargs, node, open_)
    if type(atom) is Bound:
        return _bound(run, atom, args, kwargs, node)
    if run.noted_calls is None and isinstance(atom, Func | Class | Partial | Getter | Obj):
        # What it calls is noted at the same place: this says that none of it is what is called here.
        run.note("own-call", "", node)
    if isinstance(atom, Func):
        if len(args) == 1 and not run.calls and _is_deep(args[0]) and branches_too_often(atom):
            run.emit(Kind.RESOURCE_EXHAUST, node=node, via=atom.name, tags=("unbounded",), scope=Reach.SESSION)
        if atom.kind.startswith(MARK):
            with around(run, caught_by(atom)):
                return bodies.call_function(run, atom, args, kwargs, node, open_=open_)
        return bodies.call_function(run, atom, args, kwargs, node, open_=open_)
    if isinstance(atom, Class):
        return bodies.instantiate(run, atom, args, kwargs, node)
    if isinstance(atom, Partial):
        return apply(run, atom.func, [*atom.args, *args], {**atom.kwargs, **kwargs}, node, open_=open_)
    if isinstance(atom, Getter):
        return _get(run, atom, args, node)
    if isinstance(atom, Obj):
        method = class_attribute(run, atom.cls, "__call__")
        if method is not None:
            owner = Value((atom,))
            bound = Value(tuple(one.bound(owner) if type(one) is Func else one for one in method.atoms))
            return apply(run, bound, args, kwargs, node, open_=open_)
        return receivers.taken(args, kwargs, callee)
    if isinstance(atom, Inst):
        told = in_turn(atom)
        if told is not None:
            apply(run, told, args, kwargs, node, open_=open_)
        name = f"{atom.type}.__call__"
        entry = run.known(name)
        if entry is not None:
            return perform(run, entry, Site(name, args, kwargs, node, owner=Value((atom,)), open_=open_, callee=callee))
        return receivers.taken(args, kwargs, callee)
    return receivers.taken(args, kwargs, callee)


def _is_deep(value: Value) -> bool:
    only = value.only()
    return only is not None and type(only.value) is int and only.value > MOST_DEEP


def call_name(
    run: Run,
    atom: Name,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    """Call a library's function, class or method by its full name."""
    dotted = atom.dotted
    plain, carries, method = _told(run.knowledge, dotted)
    if plain:
        if run.noted_calls is None or dotted in run.noted_calls:
            run.note("call", dotted, node)
        value = receivers.undescribed(run, atom, callee, args, kwargs, node, open_)
    else:
        value = _named(run, atom, callee, args, kwargs, node, open_)
    if kwargs:
        verification.of_call(run, dotted, args, kwargs, node)
    if carries:
        return value.marked(carried(dotted, args, kwargs.values()))
    if method and atom.owner is not None:
        if method in FILLERS:
            fill(method, atom.owner, args)
        else:
            return value.marked(of_form(method, atom.owner, callee))
    return value


@functools.lru_cache(maxsize=4096)
def _told(knowledge: Knowledge, name: str) -> tuple[bool, bool, str]:
    """What a full name says of a call before its arguments are seen: whether nothing is known of it, whether its
    result carries what it is given, and its last part where that fills its object or gives it in another form.
    """
    made, _, last = name.rpartition(".")
    plain = _described(knowledge, name) is None and not programs.is_program(name)
    if plain and last in ("__init__", "__call__"):
        plain = _described(knowledge, made) is None
    return plain, name in CARRIERS, last if last in FILLERS or last in FORMS else ""


def _named(
    run: Run,
    atom: Name,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    name = atom.dotted
    if run.noted_calls is None or name in run.noted_calls:
        run.note("call", name, node)
    described = _described(run.knowledge, name)
    if described is None:
        made, _, special = name.rpartition(".")
        if special in ("__init__", "__call__") and _described(run.knowledge, made) is not None:
            # What a base's `__init__` is given, the base does; read from the class it gets its object first.
            if special == "__init__":
                args = args[1:] if args and _built_on(args[0], made) else args
                atom = Name(made)
            else:
                atom = Name(made, atom.owner)
            return call_name(run, atom, callee, args, kwargs, node, open_)
        if programs.is_program(name):
            return programs.called(run, atom, args, kwargs, node)
        return receivers.undescribed(run, atom, callee, args, kwargs, node, open_)
    model, entry, inner, method = described
    if inner or (model is not None and name not in _WORKED_OUT):
        run.events += 1
    site = Site(name, args, kwargs, node, owner=atom.owner, open_=open_, callee=callee)
    modelled = model(run, site) if model is not None else None
    if method and atom.owner is None and args:
        # Called on its class, a method gets its object as the first argument.
        site = Site(name, args[1:], kwargs, node, owner=args[0], open_=open_, callee=callee)
    if inner:
        site.name = inner
        site.marks |= {INDIRECT}
        inner_model = models.MODELS.get(inner)
        modelled = inner_model(run, site) if inner_model is not None and modelled is None else modelled
    if entry is None:
        if modelled is not None:
            return modelled
        return receivers.undescribed(run, atom, callee, args, kwargs, node, open_)
    if name in HOOKS and is_harmless(run, site.take(entry.calls[0]), site):
        return ANYTHING
    if name in UNHOOKS and len(args) > 1 and is_own(args[1]):
        return ANYTHING
    given = perform(run, entry, site)
    for slot in entry.calls:
        called = site.take(slot)
        if called is not None:
            call_back(run, called, site, slot.index)
    if modelled is not None:
        return modelled.marked(given.marks)
    return given


# Models that only work out a value of what they are given.
_WORKED_OUT = DRAWS.union(
    "len range enumerate zip list tuple dict set sorted min max sum abs round int float bool str reversed print".split()
)


# Methods that change nothing of what they are asked of.
_ASKING = frozenset("copy count get index items keys values".split())


def _built_on(value: Value, base: str) -> bool:
    return any(type(atom) is Obj and base in library_bases(atom.cls) for atom in value.atoms)


@functools.lru_cache(maxsize=4096)
def _described(knowledge: Knowledge, name: str) -> tuple[models.Model | None, Entry | None, str, bool] | None:
    """The model and the entry of a name that is called, the name that it is another way to, and whether it is a method.

    ``None`` when nothing is known of it.
    """
    model = models.MODELS.get(name)
    entry = knowledge.callable(name)
    inner = ""
    if entry is None:
        entry, inner = _reexported(knowledge, name)
    if model is None and entry is None:
        return None
    return model, entry, inner, not inner and entry is not None and _is_method(name, entry)


def _is_method(name: str, entry: Entry) -> bool:
    """Whether a name is a method that acts on its object, read from the class: ``pathlib.Path.unlink``."""
    acts_on_self = any(act.target is not None and act.target.word == "self" for act in entry.acts)
    return acts_on_self and name.rpartition(".")[0].rpartition(".")[2][:1].isupper()


_CARRIED = frozenset(
    """
    os sys subprocess shutil builtins importlib socket pickle ctypes pathlib requests io
    """.split()
)


def _reexported(knowledge: Knowledge, name: str) -> tuple[Entry | None, str]:
    """``pd.io.common.os.system`` is ``os.system``."""
    parts = name.split(".")
    for index in range(1, len(parts) - 1):
        if parts[index] in _CARRIED:
            inner = ".".join(parts[index:])
            entry = knowledge.callable(inner)
            if entry is not None:
                return entry, inner
    return None, ""


def _bound(run: Run, atom: Bound, args: list[Value], kwargs: dict[str, Value], node: ast.AST | None) -> Value:
    found: list[Value] = []
    marks = atom.owner.marks
    own = atom.owner.atoms
    if atom.name not in _ASKING:
        for one in own:
            if type(one) is not Const:
                run.events += 1
                break
    for one in own:
        result: Value | None = None
        if type(one) is Const:
            if isinstance(one.value, str) and atom.name in ("format", "format_map") and _REACHING.search(one.value):
                run.emit(Kind.CODE_EXECUTE, node=node, via="str.format", tags=("reflection",), scope=Reach.SESSION)
            result = of_constant(one.value, atom.name, args, kwargs, marks)
        elif type(one) is Seq:
            result = of_sequence(one, atom.name, args, run.branches > 0 and bool(run.loops))
        elif type(one) is Map:
            result = of_mapping(one, atom.name, args, kwargs)
        elif type(one) is NameDict:
            if atom.name in ("get", "__getitem__", "pop", "setdefault") and args:
                result = item(run, Value((one,)), args[0], node)
            elif atom.name in _LISTING and one.prefix:
                found_members = members(run, one.prefix)
                at = _LISTING[atom.name]
                rows = found_members if at is None else [(items_of(pair) or [ANYTHING])[at] for pair in found_members]
                result = Value((Seq(rows),)) if rows else None
            elif atom.name in ("update", "clear", "__setitem__", "setdefault") and one.prefix == "builtins":
                run.emit(Kind.GUARD_TAMPER, "builtins", node=node, via=atom.name, tags=("alias",), scope=Reach.SESSION)
        found.append(result if result is not None else derived(*args, atom.owner))
    if not found:
        return derived(*args, atom.owner)
    return join(found).marked(marks & TAINTS)


# What lists a name space, and which part of each of its pairs it gives.
_LISTING = {"items": None, "keys": 0, "values": -1}


def _get(run: Run, atom: Getter, args: list[Value], node: ast.AST | None) -> Value:
    if not args:
        return ANYTHING
    subject = args[0]
    if atom.kind == "methodcaller":
        name = atom.args[0].only() if atom.args else None
        if name is None or not isinstance(name.value, str):
            return ANYTHING
        method = attribute(run, subject, name.value, node).marked({INDIRECT})
        return apply(run, method, atom.args[1:], atom.kwargs, node)
    results = []
    for one in atom.args:
        only = one.only()
        if atom.kind == "itemgetter":
            results.append(item(run, subject, one, node))
        elif only is not None and isinstance(only.value, str):
            value = subject
            for part in only.value.split("."):
                value = attribute(run, value, part, node)
            results.append(value.marked({INDIRECT} | one.marks))
        else:
            results.append(ANYTHING)
    return results[0] if len(results) == 1 else Value((Seq(results, "tuple"),))


_MAGICS = frozenset({"register_line_magic", "register_cell_magic", "register_line_cell_magic"})


def decorate(run: Run, decorator: Value, subject: Value, node: ast.expr) -> Value:
    """``@decorator`` on a function or class."""
    for atom in decorator.atoms:
        if isinstance(atom, Name):
            if atom.dotted in ("staticmethod", "classmethod", "property", "functools.cached_property"):
                kind = atom.dotted.rpartition(".")[2].replace("cached_", "")
                for one in subject.atoms:
                    if isinstance(one, Func):
                        one.kind = kind
                return subject
            if atom.dotted.startswith("IPython.") and atom.dotted.rpartition(".")[2] in _MAGICS:
                for one in subject.atoms:
                    if isinstance(one, Func):
                        run.memory.patched["%" + one.name] = subject
                return subject
            if atom.dotted in ("exec", "eval", "builtins.exec", "builtins.eval"):
                # Nobody decorates with exec to be understood.
                decorator = decorator.marked({INDIRECT})
    caught = stands_for(decorator) | mark_of(decorator)
    if caught:
        for func in decorated(subject):
            mark(func, caught)
        return subject
    result = apply(run, decorator, [subject], {}, node)
    useful = any(not isinstance(atom, Unknown) for atom in result.atoms)
    is_function = any(isinstance(atom, (Func, Class)) for atom in subject.atoms)
    if is_function and not any(isinstance(atom, (Func, Class, Obj, Partial, Const, Name)) for atom in result.atoms):
        return join((subject, result)) if useful else subject
    return result
