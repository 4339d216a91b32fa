"""Functions and classes of the session, called -> their bodies' effects, and what they return."""

from __future__ import annotations

import ast

from jupyter_guard.read.context import BudgetSpent
from jupyter_guard.read.python import calls, expressions, statements
from jupyter_guard.read.python.acts import perform
from jupyter_guard.read.python.annotations import typed
from jupyter_guard.read.python.classes import class_attribute, library_bases
from jupyter_guard.read.python.run import MAX_CALLS, Run
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.shapes import in_turn
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import (
    ANYTHING,
    NONE,
    SPREAD,
    Class,
    Func,
    Map,
    Name,
    Obj,
    Seq,
    Value,
    derived,
    join,
)


def instantiate(run: Run, cls: Class, args: list[Value], kwargs: dict[str, Value], node: ast.AST | None) -> Value:
    """An object of a class of the session; its ``__init__`` runs."""
    obj = Obj(cls)
    value = Value((obj,), frozenset(), cls.origin)
    made = False
    for special in ("__new__", "__init__", "__post_init__"):
        method = class_attribute(run, cls, special)
        if method is None:
            continue
        made = made or special == "__init__"
        for one in method.atoms:
            if isinstance(one, Func):
                owner = Value((cls,)) if special == "__new__" else value
                call_function(run, one.bound(owner), args if special != "__post_init__" else [], kwargs, node)
            elif isinstance(one, Name):
                calls.call_name(run, one, ANYTHING, args, kwargs, node, False)
    if not made:
        names = [
            name
            for name, one in cls.attrs.items()
            if not name.startswith("__") and not any(isinstance(a, Func) for a in one.atoms)
        ]
        for name, given in [*zip(names, args, strict=False), *kwargs.items()]:
            obj.attrs[name] = given
    for base in library_bases(cls):
        entry = run.known(base)
        if entry is not None:
            if not made:
                perform(run, entry, Site(base, args, kwargs, node))
            starts = class_attribute(run, cls, "run")
            if starts is not None and base.rpartition(".")[2] in ("Thread", "Process", "Timer"):
                obj.attrs.setdefault(
                    "start", Value(tuple(o.bound(value) if isinstance(o, Func) else o for o in starts.atoms))
                )
    return value


def _signature(parameters: ast.arguments) -> tuple[list[str], bool]:
    """The names that arguments by position are given to, and whether any parameter has an annotation."""
    known: tuple[list[str], bool] | None = getattr(parameters, "_signature", None)
    if known is None:
        positional = [*parameters.posonlyargs, *parameters.args]
        known = (
            [one.arg for one in positional],
            any(one.annotation is not None for one in (*positional, *parameters.kwonlyargs)),
        )
        parameters._signature = known  # type: ignore[attr-defined]
    return known


def call_function(
    run: Run,
    func: Func,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    *,
    open_: bool = False,
) -> Value:
    """Read the body of a function of the session with these arguments; returns what it may return."""
    budget = run.budget
    budget.left -= 5
    if budget.left < 0:
        raise BudgetSpent
    if run.calls and (len(run.calls) >= MAX_CALLS or sum(one.node is func.node for one in run.calls) >= 2):
        run.events += 1
        last = max((at for at, one in enumerate(run.calls) if one.node is func.node), default=len(run.calls))
        if len(run.calls) - last > 1:
            in_turn(run, run.calls[last:])
        return derived(*args, *kwargs.values())
    run.reached.add(id(func.node))
    events = run.events
    scope = Scope("function", func.scope)
    parameters = func.node.args
    names, annotated = _signature(parameters)
    given = [func.owner, *args] if func.owner is not None else args
    bound = scope.names = {**dict.fromkeys(names, ANYTHING), **func.defaults}
    bound.update(zip(names, given, strict=False))
    if parameters.vararg is not None:
        bound[parameters.vararg.arg] = Value((Seq(given[len(names) :], "tuple", ANYTHING if open_ else None),))
    for one in parameters.kwonlyargs:
        bound.setdefault(one.arg, ANYTHING)
    if SPREAD in kwargs:
        spread = derived(kwargs[SPREAD])
        bound.update({name: join((one, spread)) for name, one in bound.items() if name not in names[: len(given)]})
    if kwargs:
        allowed = {*names, *(one.arg for one in parameters.kwonlyargs)}
        bound.update((name, value) for name, value in kwargs.items() if name in allowed)
    if parameters.kwarg is not None:
        rest = {name: value for name, value in kwargs.items() if name not in allowed} if kwargs else {}
        bound[parameters.kwarg.arg] = Value((Map(dict(rest), ANYTHING if open_ else None),))
    before, source, branches, loops = run.scope, run.source, run.branches, run.loops
    if annotated:
        run.scope = func.scope
        typed(run, parameters, bound)
    anchored = func.source is not run.source or func.source.anchor is not None
    if anchored:
        run.anchors.append(run.span(node))
        run.source = func.source
    run.scope = scope
    run.calls.append(func)
    author = run.origin
    if func.origin.rank > author.rank:
        run.origin = func.origin
    run.loops = list(loops)
    tags = run.tags
    try:
        if isinstance(func.node, ast.Lambda):
            return expressions.evaluate(run, func.node.body).by(func.origin)
        statements.execute(run, func.node.body)
    finally:
        if run.events == events:
            run.quiet.append(func)
        run.scope, run.branches, run.loops, run.tags = before, branches, loops, tags
        run.calls.pop()
        run.origin = author
        if anchored:
            run.anchors.pop()
            run.source = source
    if scope.yielded:
        more = scope.counted.atoms if scope.counted is not None else ()
        return Value((Seq([], "list", join(scope.yielded)), *more))
    return (join(scope.returned) if scope.returned else NONE).by(func.origin)
