"""Loops in which something doubles, or a list that is gone through gets longer -> whether that ends in time."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.shapes import leaves
from jupyter_guard.read.python.values import Const, Seq, Value
from jupyter_guard.terms import Certainty, Kind, Scope

MOST_DOUBLED = 40
"""Times that anything may double: 2**40 of one byte are a terabyte."""
_JOINS = frozenset(
    "concat concatenate vstack hstack dstack stack append _append extend repeat tile cat chain merge union unionAll"
    " unionByName union_all vconcat column_stack row_stack".split()
)
# What these give is as long as what they are given.
_WHOLE = _JOINS | {"copy", "list", "tuple", "str", "sorted", "reversed", "deepcopy"}


def doubling(run: Run, body: Sequence[ast.stmt], times: float, node: ast.AST) -> None:
    """Add that something is doubled ``times`` times by a loop whose body is ``body``."""
    if times < MOST_DOUBLED or leaves(body):
        return
    for name, operator in _doubled(body):
        if _grows(run.scope.find(name), operator):
            run.emit(
                Kind.RESOURCE_EXHAUST,
                "memory",
                node=node,
                via=name,
                tags=("giant",),
                scope=Scope.SESSION,
                certainty=Certainty.LIKELY,
            )
            return


def _grows(value: Value | None, operator: bool) -> bool:
    """Whether a name stands for something that gets longer: by an operator only what certainly is no number."""
    if value is None:
        return False
    for atom in value.atoms:
        if type(atom) is Const:
            if isinstance(atom.value, (str, bytes)):
                return True
        elif type(atom) is Seq or not operator:
            return True
    return not operator and not value.atoms


def _doubled(body: Iterable[ast.stmt]) -> Iterable[tuple[str, bool]]:
    """Names that each pass through ``body`` makes at least twice as long, and whether by an operator."""
    for one in body:
        if isinstance(one, ast.With):
            yield from _doubled(one.body)
        elif isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
            added = isinstance(one.op, ast.Add) and _mentions(one.value, one.target.id) > 0
            if added or (isinstance(one.op, ast.Mult) and _is_many(one.value)):
                yield one.target.id, True
        elif isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name):
            name = one.targets[0].id
            if isinstance(one.value, ast.BinOp) and _is_twice(one.value, name):
                yield name, True
            elif _is_joined(one.value, name):
                yield name, False
        elif isinstance(one, ast.Expr) and isinstance(one.value, ast.Call):
            call = one.value
            holder = (_method(call) or (None,))[0]
            if isinstance(holder, ast.Name) and _called(call) == "extend" and _is_whole(call.args, holder.id):
                yield holder.id, False


def _is_twice(value: ast.BinOp, name: str) -> bool:
    """``name + name``, ``name * 2``, ``2 * name``."""
    if isinstance(value.op, ast.Add):
        return _mentions(value, name) > 1
    sides = ((value.left, value.right), (value.right, value.left))
    return isinstance(value.op, ast.Mult) and any(_mentions(one, name) and _is_many(other) for one, other in sides)


def _is_joined(value: ast.expr, name: str) -> bool:
    """``concat([name, name])``, ``[*name, *name]``."""
    if isinstance(value, ast.Call):
        return _called(value) in _JOINS and _mentions(value, name) > 1
    return isinstance(value, ast.List) and _starred(value, name) > 1


def _called(call: ast.Call) -> str:
    method = _method(call)
    return method[1] if method is not None else getattr(call.func, "id", "")


def _method(call: ast.Call) -> tuple[ast.expr, str] | None:
    """The object and the name of ``x.f()`` and ``getattr(x, "f")()``."""
    func = call.func
    if isinstance(func, ast.Attribute):
        return func.value, func.attr
    if isinstance(func, ast.Call) and getattr(func.func, "id", "") == "getattr" and len(func.args) > 1:
        name = func.args[1]
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            return func.args[0], name.value
    return None


def _is_many(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value > 1


def _is_whole(args: Sequence[ast.expr], name: str) -> bool:
    return len(args) == 1 and isinstance(args[0], ast.Name) and args[0].id == name


def _mentions(node: ast.expr, name: str) -> int:
    """How often the whole of ``name`` stands in ``node``: not a part of it, and not what is made of it."""
    if isinstance(node, ast.Name):
        return int(node.id == name)
    if isinstance(node, ast.BinOp):
        return _mentions(node.left, name) + _mentions(node.right, name)
    if isinstance(node, (ast.List, ast.Tuple)):
        return sum(_mentions(one, name) for one in node.elts)
    if isinstance(node, ast.Call) and _called(node) in _WHOLE:
        method = _method(node)
        own = _mentions(method[0], name) if method is not None else 0
        return own + sum(_mentions(one, name) for one in node.args)
    return 0


def _starred(node: ast.List, name: str) -> int:
    return sum(isinstance(one, ast.Starred) and _mentions(one.value, name) for one in node.elts)


def lengthened(node: ast.For | ast.AsyncFor) -> bool:
    """Whether a list gets longer while it is gone through, and nothing ends that."""
    if not isinstance(node.iter, ast.Name):
        return False
    name = node.iter.id
    todo: list[ast.stmt] = list(node.body)
    while todo:
        one = todo.pop()
        # Behind a condition it may stop.
        if isinstance(one, (ast.For, ast.With)):
            todo += one.body
        if _adds(one, name):
            return not leaves(_without_empty(node.body, name))
    return False


def _adds(one: ast.stmt, name: str) -> bool:
    if isinstance(one, ast.AugAssign):
        return isinstance(one.target, ast.Name) and one.target.id == name and isinstance(one.op, ast.Add)
    method = _method(one.value) if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) else None
    return (
        method is not None
        and method[1] in ("append", "extend", "insert")
        and isinstance(method[0], ast.Name)
        and method[0].id == name
    )


def _without_empty(body: Sequence[ast.stmt], name: str) -> list[ast.stmt]:
    """``body`` without ``if not name: break``: a list that has just got longer is not empty."""
    return [one for one in body if not (isinstance(one, ast.If) and not one.orelse and _is_empty(one.test, name))]


def _is_empty(test: ast.expr, name: str) -> bool:
    return (
        isinstance(test, ast.UnaryOp)
        and isinstance(test.op, ast.Not)
        and isinstance(test.operand, ast.Name)
        and test.operand.id == name
    )
