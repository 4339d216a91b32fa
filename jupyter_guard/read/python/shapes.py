"""The shape of loops and functions -> whether they ever end."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import Const
from jupyter_guard.read.python.walking import children, walk
from jupyter_guard.terms import Certainty, Kind, Scope

_WAITING = frozenset(
    """
    sleep recv recvfrom accept input get read readline wait join poll select listen serve_forever
    receive next recv_json recv_string readlines getch get_message consume run_forever pause
    raw_input send
    """.split()
)


# Tuples, not unions: `A | B` in an isinstance() is built anew at each call, and these are asked of every node.
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_MAY_STOP = (ast.If, ast.IfExp, ast.Match, ast.BoolOp, ast.Try, ast.For, ast.While, ast.Raise)


def exits(body: Sequence[ast.stmt]) -> bool:
    """Whether a body ends by leaving what is around it."""
    return bool(body) and isinstance(body[-1], (ast.Return, ast.Raise, ast.Break, ast.Continue))


def leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether anything in a loop's body may end the loop early."""
    return _breaks(body) or any(isinstance(node, (ast.Return, ast.Raise)) for node in _own(body))


def endless(run: Run, node: ast.While, test: Const | None) -> bool:
    """Whether a loop has no way out; one that does not even wait for anything is an effect."""
    if test is None or not test.value or not _constant_test(node.test):
        return False
    calls: set[str] = set()
    for inner in _own(node.body):
        if isinstance(inner, (ast.Return, ast.Raise, ast.Yield, ast.YieldFrom, ast.Await)):
            return False
        if isinstance(inner, ast.Call):
            calls.add(inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", ""))
    if _breaks(node.body) or calls & {"exit", "_exit", "quit", "abort"}:
        return False
    if not calls & _WAITING:
        run.emit(
            Kind.RESOURCE_EXHAUST,
            "",
            node=node.test,
            via="while",
            tags=("unbounded",),
            scope=Scope.SESSION,
            certainty=Certainty.LIKELY if calls else Certainty.CERTAIN,
        )
    return True


def _constant_test(node: ast.expr) -> bool:
    return not any(isinstance(one, (ast.Name, ast.Call, ast.Attribute)) for one in walk(node))


def _own(body: Iterable[ast.stmt]) -> Iterable[ast.AST]:
    """Every node of ``body``, without functions and classes that are defined in it."""
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, _SCOPES):
            todo += children(node)


def _breaks(body: Iterable[ast.stmt]) -> bool:
    for node in body:
        if isinstance(node, ast.Break):
            return True
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            if _breaks(node.orelse):
                return True
            continue
        for name in ("body", "orelse", "finalbody"):
            if _breaks(getattr(node, name, [])):
                return True
        for handler in getattr(node, "handlers", []):
            if _breaks(handler.body):
                return True
        for case in getattr(node, "cases", []):
            if _breaks(case.body):
                return True
    return False


def recursion(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A function that calls itself before anything could stop it is an effect."""
    if run.source.names_once(node, node.name):
        return
    for statement in node.body:
        if isinstance(statement, _MAY_STOP):
            return
        # The first of the statement's calls of itself, unless it yields before.
        found: ast.AST | None = None
        for inner in _own([statement]):
            if isinstance(inner, _MAY_STOP):
                return
            if found is None and (
                isinstance(inner, (ast.Yield, ast.YieldFrom))
                or (isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == node.name)
            ):
                found = inner
        if isinstance(found, ast.Call):
            run.emit(
                Kind.RESOURCE_EXHAUST,
                "",
                node=found,
                via=node.name,
                tags=("unbounded",),
                scope=Scope.SESSION,
                certainty=Certainty.LIKELY,
            )
        if found is not None:
            return
        if isinstance(statement, ast.Return):
            return
