"""Python statements -> changes of what the session knows, and the effects of what they run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_guard.read.context import BudgetSpent
from jupyter_guard.read.python import definitions, loops
from jupyter_guard.read.python.access import attribute, touch
from jupyter_guard.read.python.assigned import made_weakly, noticed
from jupyter_guard.read.python.calls import apply
from jupyter_guard.read.python.changes import bind
from jupyter_guard.read.python.classes import class_attribute
from jupyter_guard.read.python.expressions import assign, evaluate, operate
from jupyter_guard.read.python.mocked import standing_in, stands_for
from jupyter_guard.read.python.models_shown import show
from jupyter_guard.read.python.names import BUILTINS, name_value
from jupyter_guard.read.python.narrowing import narrowed, widened
from jupyter_guard.read.python.replaced import PATCHER, replace_here, restore
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.scope import merged
from jupyter_guard.read.python.secret_names import SECRET
from jupyter_guard.read.python.secrets_made import is_secret
from jupyter_guard.read.python.values import (
    ANYTHING,
    ENVIRON,
    Inst,
    Name,
    NameDict,
    Obj,
    Seq,
    Unknown,
    Value,
    const,
    element,
    join,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach


def execute(run: Run, body: Sequence[ast.stmt]) -> None:
    """Run statements in the reader's mind, one after the other."""
    budget = run.budget
    for node in body:
        budget.left -= 2
        if budget.left < 0:
            raise BudgetSpent
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            handler(run, node)


def execute_cell(run: Run, body: Sequence[ast.stmt]) -> None:
    """Run a cell's statements: what cannot be read in one leaves the others readable; the last value is shown."""
    for index, node in enumerate(body):
        try:
            if index == len(body) - 1 and isinstance(node, ast.Expr):
                value = evaluate(run, node.value)
                text = bool(value.marks & {ENVIRON, SECRET, "credential"}) or not any(
                    type(atom) in (Inst, Name) for atom in value.atoms
                )
                if text:
                    show(run, [value], node.value, "the cell's last value")
            else:
                execute(run, (node,))
        except RecursionError:
            run.scope = run.memory.scope
            run.anchors.clear()
            run.unread("a statement is nested too deeply to read", node)


def _expression(run: Run, node: ast.Expr) -> None:
    value = evaluate(run, node.value)
    if type(node.value) is ast.Call and type(node.value.func) is ast.Name:
        # An object that nothing holds goes at once.
        _finalized(run, value, node)


def _finalized(run: Run, value: Value, node: ast.AST) -> None:
    """An object of the session goes: its ``__del__`` runs."""
    for atom in value.atoms:
        if type(atom) is Obj and class_attribute(run, atom.cls, "__del__") is not None:
            apply(run, attribute(run, Value((atom,)), "__del__", node), [], {}, node)


def _assign(run: Run, node: ast.Assign) -> None:
    source = node.value
    value = evaluate(run, source)
    for target in node.targets:
        kind = type(target)
        if kind is ast.Name:
            name = target.id  # type: ignore[attr-defined]
            if type(source) is ast.Constant or name in BUILTINS:
                noticed(run, target, source, value)
            if is_secret(name):
                made_weakly(run, target, source)
            run.budget.left -= 1
            bind(run, name, value)
            continue
        if kind is not ast.Tuple:
            noticed(run, target, source, value)
            made_weakly(run, target, source)
            if kind is ast.Subscript and type(target.slice) is ast.Slice:  # type: ignore[attr-defined]
                _emptied(run, target)  # type: ignore[arg-type]
        assign(run, target, value)


def _emptied(run: Run, target: ast.Subscript) -> None:
    for atom in evaluate(run, target.value).atoms:
        if type(atom) is Name:
            touch(run, atom, target)
        elif type(atom) is Seq:
            atom.items.clear()


def _annotated(run: Run, node: ast.AnnAssign) -> None:
    if node.value is not None:
        value = evaluate(run, node.value)
        noticed(run, node.target, node.value, value)
        assign(run, node.target, value)
    elif run.scope.kind == "class" and isinstance(node.target, ast.Name):
        # A field of a data class or named tuple, which takes its value when an object is made.
        run.scope.names.setdefault(node.target.id, Value((Unknown(node.target.id, node.target.id),)))


def _augmented(run: Run, node: ast.AugAssign) -> None:
    target = node.target
    if isinstance(target, ast.Name):
        before = name_value(run, target.id)
    elif isinstance(target, ast.Attribute):
        before = attribute(run, evaluate(run, target.value), target.attr, target)
    else:
        from jupyter_guard.read.python.items import item

        before = item(run, evaluate(run, target.value), evaluate(run, target.slice), target)
    for atom in before.atoms:
        if type(atom) is Name:
            touch(run, atom, target)
    value = operate(run, node.op, before, evaluate(run, node.value), node)
    assign(run, target, value)


def _if(run: Run, node: ast.If) -> None:
    test = evaluate(run, node.test).only()
    taken, other = (node.body, node.orelse)
    if test is not None and not test.value:
        taken, other = other, taken
    before = dict(run.scope.names)
    certainty, tags = run.certainty, run.tags
    run.branches += 1
    try:
        if test is None:
            run.certainty = min(certainty, Certainty.LIKELY, key=lambda one: one.rank)
        known = narrowed(run, node.test) if test is None else {}
        run.scope.names.update(known)
        execute(run, taken)
        widened(run, known, before)
        after = run.scope.names
        run.scope.names = before
        if test is not None:
            run.tags = tags | {"possible"}
        execute(run, other)
        run.scope.names = merged(after, run.scope.names)
    finally:
        run.branches -= 1
        run.certainty, run.tags = certainty, tags
    if run.scope.kind == "class":
        return
    if test is not None and not other:
        # The way that is taken is known: its names hold.
        run.choices += after != before
        run.scope.names = after


def _try(run: Run, node: Any) -> None:
    execute(run, node.body)
    certainty = run.certainty
    for handler in node.handlers:
        before = dict(run.scope.names)
        run.branches += 1
        run.certainty = min(certainty, Certainty.LIKELY, key=lambda one: one.rank)
        if handler.name:
            bind(run, handler.name, ANYTHING)
        try:
            execute(run, handler.body)
        finally:
            run.branches -= 1
            run.certainty = certainty
        if run.scope.kind != "class":
            run.scope.names = merged(before, run.scope.names)
    execute(run, node.orelse)
    execute(run, node.finalbody)


def _with(run: Run, node: ast.With | ast.AsyncWith) -> None:
    values: list[Value] = []
    run.contexts.append({})
    try:
        for one in node.items:
            value = evaluate(run, one.context_expr)
            values.append(value)
            result = entered(run, value, one.context_expr)
            if one.optional_vars is not None:
                assign(run, one.optional_vars, result)
        caught = frozenset[str]().union(*map(stands_for, values))
        if caught:
            with standing_in(run, caught):
                execute(run, node.body)
        else:
            execute(run, node.body)
    finally:
        if replaced := run.contexts.pop():
            restore(run, replaced)
    for value in reversed(values):
        for atom in value.atoms:
            if type(atom) is Obj:
                for special in ("__exit__", "__aexit__"):
                    if class_attribute(run, atom.cls, special) is not None:
                        apply(run, attribute(run, Value((atom,)), special, node), [ANYTHING] * 3, {}, node)


def entered(run: Run, value: Value, node: ast.AST | None) -> Value:
    """What ``with value as x`` binds."""
    found = [_entered(run, value, atom, node) for atom in value.atoms]
    return join(found).marked(value.marks).by(value.origin) if found else value


def _entered(run: Run, value: Value, atom: Any, node: ast.AST | None) -> Value:
    if type(atom) is Obj:
        for special in ("__enter__", "__aenter__"):
            if class_attribute(run, atom.cls, special) is not None:
                return apply(run, attribute(run, Value((atom,)), special, node), [], {}, node)
    if type(atom) is Inst:
        if atom.type == PATCHER:
            return replace_here(run, value)
        if atom.type == "tempfile.TemporaryDirectory":
            return (atom.made or ANYTHING).marked(value.marks)
        entry = run.known(f"{atom.type}.__enter__")
        if entry is not None and entry.returns:
            return Value((Inst(entry.returns, atom.made),))
    if type(atom) is Seq:
        return element(Value((atom,)))
    return Value((atom,))


def _return(run: Run, node: ast.Return) -> None:
    value = evaluate(run, node.value) if node.value is not None else const(None)
    run.scope.returned.append(value)


def _delete(run: Run, node: ast.Delete) -> None:
    run.events += 1
    for target in node.targets:
        if isinstance(target, ast.Name):
            _finalized(run, name_value(run, target.id), target)
            if not run.branches:
                run.scope.home(target.id).names.pop(target.id, None)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            holder = evaluate(run, target.value)
            name = target.attr if isinstance(target, ast.Attribute) else ""
            for atom in holder.atoms:
                if type(atom) is Name:
                    touch(run, Name(f"{atom.dotted}.{name}", atom.owner) if name else atom, target)
                elif type(atom) is Inst and name:
                    touch(run, Name(f"{atom.type}.{name}", holder), target)
                elif type(atom) is NameDict and atom.prefix == "builtins":
                    run.emit(
                        Kind.GUARD_TAMPER, "builtins", node=target, via="del", tags=("alias",), scope=Reach.SESSION
                    )


def _raise(run: Run, node: ast.Raise) -> None:
    if node.exc is not None:
        value = evaluate(run, node.exc)
        held = [atom.made for atom in value.atoms if type(atom) is Inst and atom.made is not None]
        if any("credential" in one.marks for one in held):
            # A traceback is an output too.
            show(run, held, node.exc, "raise")


def _assert(run: Run, node: ast.Assert) -> None:
    evaluate(run, node.test)
    if node.msg is not None:
        evaluate(run, node.msg)


def _global(run: Run, node: ast.Global) -> None:
    run.scope.globals |= set(node.names)


def _nonlocal(run: Run, node: ast.Nonlocal) -> None:
    run.scope.nonlocals |= set(node.names)


def _match(run: Run, node: ast.Match) -> None:
    subject = evaluate(run, node.subject)
    before = dict(run.scope.names)
    after = before
    certainty = run.certainty
    run.branches += 1
    run.certainty = min(certainty, Certainty.LIKELY, key=lambda one: one.rank)
    try:
        for case in node.cases:
            run.scope.names = dict(before)
            for pattern in ast.walk(case.pattern):
                name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                if isinstance(name, str):
                    whole = pattern is case.pattern
                    bind(run, name, subject if whole else join([element(subject), subject]))
            if case.guard is not None:
                evaluate(run, case.guard)
            execute(run, case.body)
            after = merged(after, run.scope.names)
        run.scope.names = after
    finally:
        run.branches -= 1
        run.certainty = certainty


_STATEMENTS: dict[type, Callable[[Run, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Import: lambda run, node: definitions.import_modules(run, node),
    ast.ImportFrom: lambda run, node: definitions.import_names(run, node),
    ast.FunctionDef: lambda run, node: definitions.define(run, node),
    ast.AsyncFunctionDef: lambda run, node: definitions.define(run, node),
    ast.ClassDef: lambda run, node: definitions.define_class(run, node),
    ast.If: _if,
    ast.For: lambda run, node: loops.read_for(run, node),
    ast.AsyncFor: lambda run, node: loops.read_for(run, node),
    ast.While: lambda run, node: loops.read_while(run, node),
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Return: _return,
    ast.Delete: _delete,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Match: _match,
}
