"""Imports, functions and classes -> names; bodies that nothing calls -> what they might do."""

from __future__ import annotations

import ast
from collections.abc import Callable

from jupyter_guard.read.context import BudgetSpent
from jupyter_guard.read.python import bodies, statements
from jupyter_guard.read.python.access import attribute
from jupyter_guard.read.python.calls import apply, decorate
from jupyter_guard.read.python.changes import bind
from jupyter_guard.read.python.expressions import (
    defaults_of,
    evaluate,
)
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
    for one in node.names:
        run.note("import", one.name, node)
        name = one.name if one.asname else one.name.partition(".")[0]
        bind(run, one.asname or name, Value((Name(name),)))


def import_names(run: Run, node: ast.ImportFrom) -> None:
    module = node.module or ""
    if node.level:
        module = "." * node.level + module
    run.note("import", module, node)
    for one in node.names:
        if one.name == "*":
            for name in run.knowledge.below(module):
                bind(run, name, Value((Name(f"{module}.{name}"),)))
            continue
        run.note("import", f"{module}.{one.name}", node)
        bind(run, one.asname or one.name, attribute(run, Value((Name(module),)), one.name, node))


def define(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    func = Func(node, node.name, run.scope.enclosing(), defaults_of(run, node.args), run.source)
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
    before = run.scope
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
    for base in bases:
        for atom in base.atoms:
            hook = atom.attrs.get("__init_subclass__") if type(atom) is Class else None
            if hook is not None:
                apply(run, hook, [value], {}, node)
    for decorator in reversed(node.decorator_list):
        value = decorate(run, evaluate(run, decorator), value, decorator)
    bind(run, node.name, value)


def read_uncalled(run: Run) -> None:
    """Bodies of functions that nothing has called yet: what they would do is possible."""
    tags = run.tags
    done: set[int] = set()
    run.certainty = Certainty.UNKNOWN
    for cls in list(run.classes):
        methods = [atom for value in cls.attrs.values() for atom in value.atoms if isinstance(atom, Func)]
        if not methods:
            continue
        owner = Value((Obj(cls),))
        for method in methods:
            if id(method.node) in run.reached or id(method.node) in done or method.source is not run.source:
                continue
            done.add(id(method.node))
            alone = method.name in ("__del__", "__init_subclass__")
            run.certainty = Certainty.LIKELY if alone else Certainty.UNKNOWN
            run.tags = tags if alone else tags | {"possible"}
            bound = method if method.kind == "staticmethod" else method.bound(owner)
            _tried(run, lambda bound=bound: bodies.call_function(run, bound, [], {}, None))  # type: ignore[misc]
    for func in list(run.defined):
        if id(func.node) in run.reached or id(func.node) in done:
            continue
        done.add(id(func.node))
        run.tags, run.certainty = tags | {"possible"}, Certainty.UNKNOWN
        _tried(run, lambda func=func: bodies.call_function(run, func, [], {}, None))  # type: ignore[misc]
    run.tags, run.certainty = tags, Certainty.CERTAIN


def _tried(run: Run, reading: Callable[[], object]) -> None:
    try:
        reading()
    except RecursionError:
        run.scope = run.memory.scope
        run.unread("a function is nested too deeply to read")
    except BudgetSpent:
        raise
