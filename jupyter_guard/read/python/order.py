"""Statements -> whether they bind names before they read them; a function -> the names that it takes from outside."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence

from jupyter_guard.read.python.walking import walk

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def bound_first(body: Sequence[ast.stmt], names: set[str]) -> bool:
    """Whether a pass through ``body`` reads none of ``names`` before it has bound it for certain.

    Only what can be told from the order of plain statements: any other that has such a name counts as reading it.
    """
    return _after(body, names) is not None


def _after(body: Iterable[ast.stmt], open_: set[str]) -> set[str] | None:
    """Those of ``open_`` that are not bound for certain after ``body``; ``None`` when one is read before."""
    for node in body:
        if not open_:
            break
        kind = type(node)
        after: set[str] | None
        if kind is ast.Expr or kind is ast.Return:
            if _reads(node, open_):
                return None
        elif kind is ast.Assign:
            if _reads(node, open_):
                return None
            open_ = open_ - stored(*node.targets)  # type: ignore[attr-defined]
        elif kind is ast.For:
            if _reads(node.iter, open_) or _reads(node.target, open_):  # type: ignore[attr-defined]
                return None
            # It may be that nothing is gone through: what it binds is bound inside only.
            if _after(node.body, open_ - stored(node.target)) is None or _after(node.orelse, open_) is None:  # type: ignore[attr-defined]
                return None
        elif kind is ast.If:
            if _reads(node.test, open_):  # type: ignore[attr-defined]
                return None
            after, other = _after(node.body, open_), _after(node.orelse, open_)  # type: ignore[attr-defined]
            if after is None or other is None:
                return None
            open_ = after | other
        elif kind is ast.With:
            for one in node.items:  # type: ignore[attr-defined]
                if _reads(one, open_):
                    return None
                if one.optional_vars is not None:
                    open_ = open_ - stored(one.optional_vars)
            after = _after(node.body, open_)  # type: ignore[attr-defined]
            if after is None:
                return None
            # What a `with` keeps from being raised may have kept the rest of it from being run.
        elif _mentions(node, open_):
            return None
    return open_


def _reads(node: ast.AST, names: set[str]) -> bool:
    return any(type(one) is ast.Name and one.id in names and type(one.ctx) is ast.Load for one in walk(node))


def _mentions(node: ast.AST, names: set[str]) -> bool:
    for one in ast.walk(node):
        for value in vars(one).values():
            if (type(value) is str and value in names) or (
                type(value) is list and any(type(item) is str and item in names for item in value)
            ):
                return True
    return False


def stored(*targets: ast.expr) -> set[str]:
    """The names that assigning to ``targets`` binds."""
    found: set[str] = set()
    for target in targets:
        if isinstance(target, ast.Name):
            found.add(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            found |= stored(*target.elts)
        elif isinstance(target, ast.Starred):
            found |= stored(target.value)
    return found


_REACHING = frozenset(
    {"globals", "locals", "vars", "eval", "exec", "getattr", "__builtins__", "__main__", "get_ipython"}
)
_BUILT_IN = frozenset(dir(builtins)) - _REACHING


def from_outside(node: _Function) -> frozenset[str] | None:
    """The names that the body of a function may take from outside; ``None`` where that could be any."""
    known: frozenset[str] | str | None = getattr(node, "_from_outside", "")
    if not isinstance(known, str):
        return known
    found: frozenset[str] | None = _outer_names(node)
    node._from_outside = found  # type: ignore[union-attr]
    return found


def _outer_names(node: _Function) -> frozenset[str] | None:
    parameters = node.args
    own = {one.arg for one in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs)}
    own |= {one.arg for one in (parameters.vararg, parameters.kwarg) if one is not None}
    read: set[str] = set()
    for one in walk(node):
        kind = type(one)
        if kind is ast.Name:
            (read if type(one.ctx) is ast.Load else own).add(one.id)  # type: ignore[attr-defined]
        elif kind in (ast.Global, ast.Nonlocal):
            return None
    if read & _REACHING - own:
        return None
    return frozenset(read - own - _BUILT_IN)
