"""A work list whose loop puts in more than it takes out, whatever it finds -> it never gets empty."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jupyter_guard.read.python.walking import walk

_TAKES = frozenset({"pop", "popleft", "get", "get_nowait", "remove", "clear", "popitem"})
_PUTS = frozenset({"append", "appendleft", "put", "put_nowait", "add"})
_PUTS_MANY = frozenset({"extend", "extendleft"})


def gains(name: str, body: Sequence[ast.stmt]) -> bool:
    """Whether each pass through ``body`` certainly puts more into ``name`` than it may take out."""
    taken = put = 0
    for statement in body:
        for node in walk(statement):
            if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
                return False
            method = _method(node, name)
            if method in _TAKES:
                if method in ("clear", "remove"):
                    return False
                taken += 1
        if isinstance(statement, ast.Expr):
            # Behind a condition, or in a loop over what may be empty, it may put in nothing.
            method = _method(statement.value, name)
            if method in _PUTS:
                put += 1
            elif method in _PUTS_MANY and isinstance(statement.value, ast.Call):
                put += _length(statement.value.args[0]) if statement.value.args else 0
    return put > taken > 0


def _method(node: ast.AST, name: str) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.attr if node.func.value.id == name else ""
    return ""


def _length(node: ast.expr) -> int:
    """How many items something certainly has, as its text says."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return sum(not isinstance(one, ast.Starred) for one in node.elts)
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        part = node.generators[0]
        return _length(part.iter) if len(node.generators) == 1 and not part.ifs else 0
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        last = node.args[0] if len(node.args) == 1 else None
        return last.value if isinstance(last, ast.Constant) and type(last.value) is int else 0
    return 0
