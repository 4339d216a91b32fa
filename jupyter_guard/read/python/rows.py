"""A condition on the rows of a table -> whether it holds for every one of them."""

from __future__ import annotations

import ast

from jupyter_guard.read.python.values import Value

# What every row has, and what is true of all of them.
_KEYS = frozenset({"id", "pk", "uuid", "rowid"})


def true_of_every_row(node: ast.Compare, limit: Value) -> bool:
    """Whether ``node`` compares a row's key with what is on one side of every key: ``User.id > 0``."""
    if type(node.left) is not ast.Attribute or node.left.attr not in _KEYS:
        return False
    only = limit.only()
    kind = type(node.ops[0])
    if only is None or isinstance(only.value, bool):
        return False
    if only.value is None:
        return kind in (ast.NotEq, ast.IsNot)
    number = only.value
    return isinstance(number, int) and (
        (kind in (ast.Gt, ast.NotEq) and number <= 0) or (kind is ast.GtE and number <= 1)
    )
