"""Imports, functions and classes -> names; bodies that nothing calls -> what they might do."""

from __future__ import annotations

import ast

from jupyter_guard.read.python import bodies, statements
from jupyter_guard.read.python.access import attribute
from jupyter_guard.read.python.calls import apply, decorate
from jupyter_guard.read.python.changes import bind
from jupyter_guard.read.python.classes import class_attribute, library_bases
from jupyter_guard.read.python.crypto import read_crypto
from jupyter_guard.read.python.expressions import (
    defaults_of,
    evaluate,
)
from jupyter_guard.read.python.imported import own_module
from jupyter_guard.read.python.mocked import caught_by
from jupyter_guard.read.python.replaced import around
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.secrets_made import makes_secret, weak_generator
from jupyter_guard.read.python.shapes import recursion
from jupyter_guard.read.python.values import (
    Class,
    Func,
    Name,
    Obj,
    Value,
)
from jupyter_guard.terms import Certainty


def import_modules(run: Run, node: ast.Import) -> None:
    """``import a.b as c``: what is bound, and noted for lists of what may be imported."""
    for one in node.names:
        run.note("import", one.name, node)
        name = one.name if one.asname else one.name.partition(".")[0]
        own = own_module(run, one.name, node)
        bind(run, one.asname or name, own if own is not None and name == one.name else Value((Name(name),)))


def import_names(run: Run, node: ast.ImportFrom) -> None:
    """``from a import b``, ``*`` too: what is bound; of a module in the workspace, what its text defines."""
    module = node.module or ""
    if node.level:
        module = "." * node.level + module
    run.note("import", module, node)
    own = own_module(run, module, node) if run.memory.files else None
    place: Value | None = own
    for one in node.names:
        if one.name == "*" and own is not None:
            for atom in own.atoms:
                for name, value in atom.attrs.items() if isinstance(atom, Obj) else ():
                    bind(run, name, value)
            continue
        if one.name == "*":
            for name in run.knowledge.below(module):
                bind(run, name, Value((Name(f"{module}.{name}"),)))
            continue
        run.note("import", f"{module}.{one.name}", node)
        place = place or Value((Name(module),))
        bind(run, one.asname or one.name, attribute(run, place, one.name, node))


def define(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A function: bound, and read when it is called, or at the end if it never is."""
    func = Func(node, node.name, run.scope.enclosing(), defaults_of(run, node.args), run.source)
    run.events += 1
    run.defined.append(func)
    recursion(run, node)
    if makes_secret(node.name):
        call = weak_generator(run, node, "")
        if call is not None:
            run.note("weak-random", node.name, call)
    value = Value((func,), frozenset(), run.origin)
    for decorator in reversed(node.decorator_list):
        value = decorate(run, evaluate(run, decorator), value, decorator)
    bind(run, node.name, value)


def define_class(run: Run, node: ast.ClassDef) -> None:
    """A class: its body is read once, where it stands."""
    before = run.scope
    run.events += 1
    scope = Scope("class", before)
    bases = [evaluate(run, base) for base in node.bases]
    for keyword in node.keywords:
        evaluate(run, keyword.value)
    run.scope = scope
    cls = Class(node.name, scope.names, bases, run.origin)
    try:
        statements.execute(run, node.body)
    finally:
        run.scope = before
    run.classes.append(cls)
    value = Value((cls,), frozenset(), run.origin)
    page = cls.attrs.get("_esm")
    if page is None and "template" in cls.attrs and any(one.startswith("ipyvue") for one in library_bases(cls)):
        page = cls.attrs["template"]
    if page is not None:
        # What runs in the page when the widget is shown.
        apply(run, Value((Name("anywidget.AnyWidget"),)), [], {"_esm": page}, node)
    for base in bases:
        for atom in base.atoms:
            hook = atom.attrs.get("__init_subclass__") if type(atom) is Class else None
            if hook is not None:
                apply(run, hook, [value], {}, node)
    for decorator in reversed(node.decorator_list):
        value = decorate(run, evaluate(run, decorator), value, decorator)
    bind(run, node.name, value)


def read_uncalled(run: Run) -> None:
    """Bodies of functions that nothing has called yet: what they would do is possible.

    What such a body defines in its turn (a closure that it returns, a class that it makes) is read after it.
    """
    tags = run.tags
    done: set[int] = set()
    classes = functions = 0
    while classes < len(run.classes) or functions < len(run.defined):
        if classes < len(run.classes):
            classes += 1
            _read_methods(run, run.classes[classes - 1], tags, done)
            continue
        functions += 1
        func = run.defined[functions - 1]
        if id(func.node) in run.reached or id(func.node) in done:
            continue
        done.add(id(func.node))
        run.tags, run.certainty = tags | {"possible"}, Certainty.UNKNOWN
        _tried(run, func)
    run.tags, run.certainty = tags, Certainty.CERTAIN
    read_crypto(run)


def _read_methods(run: Run, cls: Class, tags: frozenset[str], done: set[int]) -> None:
    """The methods of a class that nothing has called, as those of one object that its ``__init__`` has set up."""
    methods = [atom for value in cls.attrs.values() for atom in value.atoms if isinstance(atom, Func)]
    methods = [
        method
        for method in methods
        if id(method.node) not in run.reached and id(method.node) not in done and method.source is run.source
    ]
    if not methods:
        return
    owner = Value((Obj(cls),))
    run.tags, run.certainty = tags | {"possible"}, Certainty.UNKNOWN
    methods.sort(key=lambda method: method.name != "__init__")
    if methods[0].name != "__init__":
        _set_up(run, cls, owner)
    for method in methods:
        done.add(id(method.node))
        alone = method.name in ("__del__", "__init_subclass__")
        run.certainty = Certainty.LIKELY if alone else Certainty.UNKNOWN
        run.tags = tags if alone else tags | {"possible"}
        _tried(run, method if method.kind == "staticmethod" else method.bound(owner))


def _set_up(run: Run, cls: Class, owner: Value) -> None:
    """Give ``owner`` the attributes that an ``__init__`` of the class sets; what that does was found elsewhere."""
    init = class_attribute(run, cls, "__init__")
    found, noted, problems = run.found, run.noted, run.problems
    run.found, run.noted, run.problems = {}, {}, []
    try:
        for one in init.atoms if init is not None else ():
            if isinstance(one, Func):
                _tried(run, one.bound(owner))
    finally:
        run.found, run.noted, run.problems = found, noted, problems


def _tried(run: Run, func: Func) -> None:
    try:
        caught = caught_by(func)
        if not caught:
            bodies.call_function(run, func, [], {}, None)
            return
        with around(run, caught):
            bodies.call_function(run, func, [], {}, None)
    except RecursionError:
        run.scope = run.memory.scope
        run.unread("a function is nested too deeply to read")
