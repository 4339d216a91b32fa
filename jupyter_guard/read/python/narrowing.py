"""A condition that holds -> what is known of names then: behind ``if name == "rm":`` it is that text."""

from __future__ import annotations

import ast

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import Const, Value, items_of, join


def narrowed(run: Run, test: ast.expr) -> dict[str, Value]:
    """The names of this scope that ``test`` compares with texts, with what they are where it holds."""
    found: dict[str, Value] = {}
    for one in test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]:
        if not (isinstance(one, ast.Compare) and len(one.ops) == 1):
            continue
        if not isinstance(one.ops[0], (ast.Eq, ast.In)):
            continue
        sides = [one.left, one.comparators[0]]
        if isinstance(one.ops[0], ast.Eq) and not isinstance(sides[0], ast.Name):
            sides.reverse()
        if isinstance(sides[0], ast.Name):
            known = run.scope.names.get(sides[0].id)
            if known is None or known.only() is not None:
                continue
            value = _texts(run, sides[1], isinstance(one.ops[0], ast.In))
            if value is not None:
                found[sides[0].id] = value.marked(known.marks).by(known.origin)
    return found


def widened(run: Run, known: dict[str, Value], before: dict[str, Value]) -> None:
    """Behind the condition, the names that nothing has bound since are again what they were ``before``."""
    for name, value in known.items():
        if run.scope.names.get(name) is value:
            run.scope.names[name] = before[name]


def _texts(run: Run, node: ast.expr, members: bool) -> Value | None:
    from jupyter_guard.read.python.expressions import evaluate

    value = evaluate(run, node)
    if members:
        items = items_of(value) if not any(type(atom) is Const for atom in value.atoms) else None
        if not items or len(items) > 6 or any(one.only() is None for one in items):
            return None
        return join(items)
    only = value.only()
    return value if only is not None and isinstance(only.value, str) else None
