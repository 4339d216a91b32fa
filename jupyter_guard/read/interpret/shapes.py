"""The shape of loops, recursion and sizes -> effects that use up the machine."""

from __future__ import annotations

import ast

from jupyter_guard.read.interpret.machine import Machine
from jupyter_guard.read.interpret.values import Const, Value, constants
from jupyter_guard.terms import Certainty, Kind

GIANT = 10**10
_WAITING = frozenset(
    ("sleep", "wait", "recv", "accept", "input", "get", "read", "readline", "join", "poll", "select", "run")
)


def look_at_loop(it: Machine, node: ast.For | ast.AsyncFor | ast.While, over: Value) -> bool:
    """Whether a loop never ends; one that does nothing but grow or spin is an effect."""
    if not isinstance(node, ast.While):
        return False
    forever = isinstance(node.test, ast.Constant) and bool(node.test.value)
    forever = forever or (
        not isinstance(node.test, ast.Name | ast.Call | ast.Attribute)
        and any(isinstance(atom, Const) and bool(atom.value) for atom in over.atoms)
        and not any(isinstance(inner, ast.Name | ast.Call) for inner in ast.walk(node.test))
    )
    if not forever or _leaves(node):
        return False
    calls = {_last_name(inner.func) for inner in ast.walk(node) if isinstance(inner, ast.Call)}
    if not calls & _WAITING:
        it.effect(Kind.RESOURCE_EXHAUST, node, "this machine's time", via="while True", tags=("unbounded",))
    return True


def _leaves(node: ast.While) -> bool:
    """Whether a ``break``, ``return``, ``raise`` or exit can end the loop."""
    todo: list[tuple[ast.AST, bool]] = [(one, True) for one in node.body]
    while todo:
        one, own = todo.pop()
        if isinstance(one, ast.Return | ast.Raise | ast.Yield | ast.YieldFrom | ast.Await):
            return True
        if isinstance(one, ast.Break) and own:
            return True
        if isinstance(one, ast.Call) and _last_name(one.func) in ("exit", "_exit", "quit", "next"):
            return True
        inner_loop = isinstance(one, ast.For | ast.AsyncFor | ast.While)
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += [(inner, own and not inner_loop) for inner in ast.iter_child_nodes(one)]
    return False


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def look_at_function(it: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A function that calls itself on every path can only end in a crash."""
    if isinstance(node, ast.AsyncFunctionDef) or any(
        isinstance(one, ast.Yield | ast.YieldFrom) for one in ast.walk(node)
    ):
        return
    if _always_recurs(node.body, node.name):
        it.effect(
            Kind.RESOURCE_EXHAUST,
            node,
            "the stack",
            via=f"{node.name}()",
            tags=("unbounded",),
            certainty=Certainty.LIKELY,
        )


def _always_recurs(body: list[ast.stmt], label: str) -> bool:
    for statement in body:
        if isinstance(statement, ast.If):
            if statement.orelse and _always_recurs(statement.body, label) and _always_recurs(statement.orelse, label):
                return True
            if _ends(statement):
                return False
            continue
        if isinstance(statement, ast.For | ast.While | ast.Try | ast.Match | ast.With | ast.FunctionDef | ast.ClassDef):
            if _ends(statement):
                return False
            continue
        if any(
            isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == label
            for inner in _strict_parts(statement)
        ):
            return True
        if isinstance(statement, ast.Return | ast.Raise):
            return False
    return False


def _strict_parts(statement: ast.stmt) -> list[ast.AST]:
    """The parts of a statement that are evaluated whatever happens."""
    found: list[ast.AST] = []
    todo: list[ast.AST] = [statement]
    while todo:
        one = todo.pop()
        found.append(one)
        if isinstance(one, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue
        if isinstance(one, ast.BoolOp):
            todo.append(one.values[0])
        elif isinstance(one, ast.IfExp):
            todo.append(one.test)
        else:
            todo += ast.iter_child_nodes(one)
    return found


def _ends(statement: ast.stmt) -> bool:
    return any(isinstance(one, ast.Return | ast.Raise | ast.Break) for one in ast.walk(statement))


def look_at_size(it: Machine, operator: str, left: Value, right: Value, node: ast.AST) -> None:
    """``"a" * 10**12`` and towers of powers ask for more than there is."""
    for one in constants(left):
        for other in constants(right):
            if operator == "Mult":
                sized, count = (one, other) if isinstance(other, int) else (other, one)
                if isinstance(sized, str | bytes) and isinstance(count, int) and len(sized) * count > GIANT:
                    it.effect(
                        Kind.RESOURCE_EXHAUST,
                        node,
                        f"{len(sized) * count:.1e} bytes of memory",
                        via="*",
                        tags=("giant",),
                    )
            elif (
                operator == "Pow"
                and isinstance(one, int)
                and isinstance(other, int)
                and abs(one) > 1
                and other * max(abs(one).bit_length(), 1) > GIANT
            ):
                it.effect(Kind.RESOURCE_EXHAUST, node, "a number too large to compute", via="**", tags=("giant",))
    for one, other in ((left, right), (right, left)):
        if operator == "Mult" and any(type(atom).__name__ == "Items" for atom in one.atoms):
            for count in constants(other):
                if isinstance(count, int) and count > GIANT // 8:
                    it.effect(Kind.RESOURCE_EXHAUST, node, f"a list of {count:.1e} items", via="*", tags=("giant",))
