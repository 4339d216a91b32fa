"""A cell's syntax -> whether it only looks at things, so that nothing that later cells do depends on it."""

from __future__ import annotations

import ast
from collections.abc import Container

from jupyter_guard.read.python.walking import walk

LONGEST = 2_000
_LOOKING = frozenset((
    ast.Module, ast.Expr, ast.Pass, ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.BinOp,
    ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.JoinedStr,
    ast.FormattedValue, ast.Call,
))  # fmt: skip
_SHOWING = frozenset({ast.Expr, ast.Pass})
# Builtins that keep nothing and change nothing of what they are given.
_LOOKERS = frozenset(
    {
        "abs", "bool", "bytes", "chr", "complex", "dir", "divmod", "float", "format", "frozenset", "hash", "hex", "id",
        "int", "isinstance", "issubclass", "len", "max", "min", "oct", "ord", "pow", "print", "repr", "round", "sorted",
        "str", "sum", "type",
    }
)  # fmt: skip


def is_fleeting(code: str, tree: ast.Module, names: Container[str]) -> bool:
    """Whether the cell binds no name and calls nothing that could change an object.

    ``names`` are those that the session has bound: a builtin among them is none any more.
    """
    if len(code) > LONGEST:
        return False
    for statement in tree.body:
        if type(statement) not in _SHOWING:
            return False
        # Seen before a walk over all of it.
        if type(statement) is ast.Expr and type(statement.value) is ast.Call and not _looks(statement.value, names):
            return False
    for node in walk(tree):
        kind = type(node)
        if kind not in _LOOKING:
            return False
        if kind is ast.Call and not _looks(node, names):  # type: ignore[arg-type]
            return False
    return True


def _looks(call: ast.Call, names: Container[str]) -> bool:
    return (
        isinstance(call.func, ast.Name) and call.func.id in _LOOKERS and call.func.id not in names and not call.keywords
    )
