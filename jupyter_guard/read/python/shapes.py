"""The shape of loops and functions -> whether they ever end."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from jupyter_guard.read.python.gains import gains
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.secrets_made import dotted_name
from jupyter_guard.read.python.values import Const, Func
from jupyter_guard.read.python.walking import children, walk
from jupyter_guard.terms import Certainty, Kind, Scope

_WAITING = frozenset(
    """
    sleep recv recvfrom accept input get read readline wait join poll select listen serve_forever
    receive next recv_json recv_string readlines getch get_message consume run_forever pause
    raw_input send
    """.split()
)


# A request that is repeated at once.
_ASKS = ("requests.", "httpx.", "urllib.")


# A node's own type is looked up in these: they are asked of every node, and nothing derives from one.
_SCOPES = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda})
_MAY_STOP = frozenset({ast.If, ast.IfExp, ast.Match, ast.BoolOp, ast.Try, ast.For, ast.While, ast.Raise})


_LEAVING = frozenset({ast.Return, ast.Raise, ast.Yield, ast.YieldFrom})


def leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether anything in a loop's body may end the loop early: a generator goes on only while somebody asks it."""
    return _breaks(body) or any(type(node) in _LEAVING for node in _own(body))


def only_yields(body: Sequence[ast.stmt]) -> bool:
    """Whether a loop's body only hands out values on the way, and never ends the loop by itself."""
    return not _breaks(body) and not any(isinstance(node, (ast.Return, ast.Raise)) for node in _own(body))


def endless(run: Run, node: ast.While, test: Const | None) -> bool:
    """Whether a loop has no way out; one that does not even wait for anything is an effect."""
    if test is not None and not test.value:
        return False
    if not (_constant_test(node.test) if test is not None else False) and not _stays(run, node.test, node.body):
        return False
    calls: set[str] = set()
    for inner in _own(node.body):
        if isinstance(inner, (ast.Return, ast.Raise, ast.Yield, ast.YieldFrom, ast.Await)):
            return False
        if isinstance(inner, ast.Call):
            called = inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", "")
            if called == "join" and inner.args and not isinstance(inner.args[0], ast.Constant):
                # Of texts, not of threads.
                calls.add("str.join")
            elif called not in ("get", "send") or not dotted_name(run, inner.func).startswith(_ASKS):
                calls.add(called)
            else:
                # A request waits for its answer, and asks again at once.
                calls.add("request")
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


def _stays(run: Run, test: ast.expr, body: Sequence[ast.stmt]) -> bool:
    """Whether a test that held once holds for ever: nothing in the body changes what it looks at."""
    if isinstance(test, ast.BoolOp):
        held = [_stays(run, one, body) for one in test.values]
        return any(held) if isinstance(test.op, ast.Or) else all(held)
    if isinstance(test, ast.Constant):
        return bool(test.value)
    inner = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
    if isinstance(inner, ast.Call):
        if inner is not test:
            return dotted_name(run, inner.func) == "time.sleep"
        return _always_holds(run, inner)
    if isinstance(inner, ast.Name):
        return not _touched(run, inner.id, body) or (
            inner is test and (_only_longer(inner.id, body) or gains(inner.id, body))
        )
    if not (isinstance(inner, ast.Compare) and len(inner.ops) == 1 and isinstance(inner.left, ast.Name)):
        return False
    limit = inner.comparators[0]
    if not isinstance(limit, ast.Constant) and not (isinstance(limit, ast.Name) and not _touched(run, limit.id, body)):
        return False
    if not _touched(run, inner.left.id, body):
        return True
    away = {ast.Gt: ast.Add, ast.GtE: ast.Add, ast.Lt: ast.Sub, ast.LtE: ast.Sub}.get(type(inner.ops[0]))
    return inner is test and away is not None and _touched(run, inner.left.id, body, away) is False


def _always_holds(run: Run, call: ast.Call) -> bool:
    """Whether a call in a loop's test gives something true each time: what it writes, or a function's only answer."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "write" and len(call.args) == 1
    found = run.scope.find(call.func.id) if isinstance(call.func, ast.Name) else None
    functions = [atom.node for atom in found.atoms if type(atom) is Func] if found is not None else []
    if not functions or len(functions) != len(found.atoms if found is not None else ()):
        return False
    for function in functions:
        if isinstance(function, ast.Lambda) or not isinstance(function.body[-1], ast.Return):
            return False
        for one in _own(function.body):
            if isinstance(one, ast.Raise) or (
                isinstance(one, ast.Return) and not (isinstance(one.value, ast.Constant) and one.value.value)
            ):
                return False
    return True


def _touched(run: Run, name: str, body: Sequence[ast.stmt], away: type[ast.operator] | None = None) -> bool:
    """Whether a loop's body may change what ``name`` stands for, other than by steps ``away`` from its end."""
    found = run.scope.find(name)
    kept = found is not None and all(type(atom) is Const for atom in found.atoms) and bool(found.atoms)
    for node in _own(body):
        if away is not None and _steps(node, name, away):
            continue
        if isinstance(node, ast.Name) and node.id == name:
            if isinstance(node.ctx, ast.Load) and kept:
                continue
            if (
                isinstance(node.ctx, ast.Store)
                and away is not None
                and any(
                    isinstance(one, ast.AugAssign) and one.target is node and _steps(one, name, away)
                    for one in _own(body)
                )
            ):
                continue
            return True
        if isinstance(node, (ast.Global, ast.Nonlocal)) or getattr(node, "name", None) == name:
            return True
        if type(node) in _SCOPES:
            # A function that is made here may change it when something calls it.
            if any(isinstance(one, (ast.Global, ast.Nonlocal)) for one in walk(node)):
                return True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = run.scope.find(node.func.id)
            if called is not None and any(type(atom) is Func for atom in called.atoms) and run.scope.kind == "module":
                functions = [atom.node for atom in called.atoms if type(atom) is Func]
                if any(isinstance(one, (ast.Global, ast.Nonlocal)) for function in functions for one in walk(function)):
                    return True
    return False


_ADDS = frozenset({"append", "extend", "insert", "add", "appendleft", "update"})


def _only_longer(name: str, body: Sequence[ast.stmt]) -> bool:
    """Whether all that a loop's body does with a container is to put more into it."""
    added = {
        id(node.func.value)
        for node in _own(body)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDS
    }
    return all(id(node) in added for node in _own(body) if isinstance(node, ast.Name) and node.id == name) and not any(
        type(node) in _SCOPES for node in _own(body)
    )


def _steps(node: ast.AST, name: str, away: type[ast.operator]) -> bool:
    """Whether ``node`` is ``name += 1`` (``away``: the operator)."""
    return (
        isinstance(node, ast.AugAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == name
        and isinstance(node.op, away)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, (int, float))
        and node.value.value > 0
    )


def _constant_test(node: ast.expr) -> bool:
    return not any(isinstance(one, (ast.Name, ast.Call, ast.Attribute)) for one in walk(node))


def _own(body: Iterable[ast.stmt]) -> Iterable[ast.AST]:
    """Every node of ``body``, without functions and classes that are defined in it."""
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        yield node
        if type(node) not in _SCOPES:
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


MOST_DEEP = 45


def _steps_down(node: ast.AST, name: str) -> bool:
    """Whether ``node`` is ``name(n - 1)``."""
    if not (isinstance(node, ast.Call) and _names(node.func, name) and len(node.args) == 1):
        return False
    return isinstance(node.args[0], ast.BinOp) and isinstance(node.args[0].op, ast.Sub)


def branches_too_often(func: Func) -> bool:
    """Whether a function calls itself twice for each call, a step or two nearer to its end, and remembers nothing."""
    node = func.node
    if isinstance(node, ast.Lambda) or node.decorator_list:
        return False
    for statement in node.body:
        for one in _own([statement]):
            if isinstance(one, ast.Return) and one.value is not None:
                for both in walk(one.value):
                    if isinstance(both, ast.BinOp) and sum(_steps_down(inner, node.name) for inner in walk(both)) > 1:
                        return True
    return False


_SPREADING = frozenset({"remote", "delay", "apply_async", "submit", "options"})


def _names(callee: ast.expr, name: str) -> bool:
    """Whether a call is of the function ``name``, here or, with ray and its like, on another worker."""
    if isinstance(callee, ast.Attribute) and callee.attr in _SPREADING:
        callee = callee.value
    return isinstance(callee, ast.Name) and callee.id == name


_COMPREHENSIONS = frozenset({ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp})


def _may_be_empty(node: ast.AST, name: str) -> bool:
    """Whether a comprehension that calls the function ``name`` goes over what may hold nothing: a leaf's children."""
    generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
    first = generators[0]
    full = isinstance(first.iter, (ast.List, ast.Tuple)) and bool(first.iter.elts)
    counted = isinstance(first.iter, ast.Call) and getattr(first.iter.func, "id", "") == "range"
    if (full or counted) and not first.ifs:
        return False
    return any(isinstance(one, ast.Call) and _names(one.func, name) for one in walk(node))


def recursion(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A function that calls itself before anything could stop it is an effect."""
    if run.source.names_once(node, node.name):
        return
    found = _calls_anyway(node, node.name)
    if found is not None:
        _unbounded(run, found, node.name)


def in_turn(run: Run, functions: Sequence[Func]) -> None:
    """Functions that call each other in a circle before anything could stop them are an effect."""
    for one, following in zip(functions, [*functions[1:], functions[0]], strict=True):
        if isinstance(one.node, ast.Lambda) or _calls_anyway(one.node, following.name) is None:
            return
    _unbounded(run, functions[-1].node, functions[0].name)


def _unbounded(run: Run, node: ast.AST, name: str) -> None:
    run.emit(
        Kind.RESOURCE_EXHAUST,
        "",
        node=node,
        via=name,
        tags=("unbounded",),
        scope=Scope.SESSION,
        certainty=Certainty.LIKELY,
    )


def _calls_anyway(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.Call | None:
    """The call of the function ``name`` that is reached before anything may stop, unless it yields before."""
    for statement in node.body:
        if type(statement) in _MAY_STOP:
            return None
        found: ast.AST | None = None
        for inner in _own([statement]):
            kind = type(inner)
            if kind in _MAY_STOP or (kind in _COMPREHENSIONS and _may_be_empty(inner, name)):
                return None
            if found is None and (
                kind is ast.Yield or kind is ast.YieldFrom or (kind is ast.Call and _names(inner.func, name))  # type: ignore[attr-defined]
            ):
                found = inner
        if found is not None:
            return found if isinstance(found, ast.Call) else None
        if isinstance(statement, ast.Return):
            return None
    return None
