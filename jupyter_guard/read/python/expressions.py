"""Python expressions -> values, with the effects of what they call."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from jupyter_guard.read.context import BudgetSpent
from jupyter_guard.read.python import comprehensions, displays, models_sizes, programs
from jupyter_guard.read.python.access import attribute
from jupyter_guard.read.python.calls import apply
from jupyter_guard.read.python.changes import bind, set_attribute, set_item
from jupyter_guard.read.python.fold import Giant, binary, compare
from jupyter_guard.read.python.items import item
from jupyter_guard.read.python.methods import unpacked
from jupyter_guard.read.python.names import name_value
from jupyter_guard.read.python.rows import true_of_every_row
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.source import Source, Unreadable, parse
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    INDIRECT,
    MAX_TEXT,
    NO_MARKS,
    SPREAD,
    Const,
    Func,
    Inst,
    Map,
    Name,
    Value,
    const,
    derived,
    element,
    items_of,
    join,
)
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach

MAX_UNROLLED = 64


def evaluate(run: Run, node: ast.expr) -> Value:
    """The value of an expression."""
    budget = run.budget
    budget.left -= 1
    if budget.left < 0:
        raise BudgetSpent
    kind = type(node)
    if kind is ast.Name:
        return _name(run, node)  # type: ignore[arg-type]
    handler = _EXPRESSIONS.get(kind)
    return handler(run, node) if handler is not None else ANYTHING


def _constant(_run: Run, node: ast.Constant) -> Value:
    value = node.value
    kind = type(value)
    if kind is str or kind is bytes:
        # As `const` has it, without the call: what a cell has most of.
        return Value((Const(value),)) if len(value) <= MAX_TEXT else ANYTHING  # type: ignore[arg-type]
    return ANYTHING if kind in _UNFOLDED else Value((Const(value),))


_UNFOLDED = frozenset({type(Ellipsis), complex})


def _name(run: Run, node: ast.Name) -> Value:
    scope = run.scope
    name = node.id
    value = None if scope.globals else scope.names.get(name)
    if value is None:
        value = name_value(run, name)
    if run.source.disguises and run.source.disguised(node) and any(isinstance(atom, Name) for atom in value.atoms):
        return value.marked({BUILT, INDIRECT})
    return value


def _attribute(run: Run, node: ast.Attribute) -> Value:
    holder = node.value
    kind = type(holder)
    if kind is ast.Name:
        run.budget.left -= 1
        return attribute(run, _name(run, holder), node.attr, node)  # type: ignore[arg-type]
    if kind is ast.Attribute:
        run.budget.left -= 1
        return attribute(run, _attribute(run, holder), node.attr, node)  # type: ignore[arg-type]
    return attribute(run, evaluate(run, holder), node.attr, node)


def _call(run: Run, node: ast.Call) -> Value:
    function = node.func
    if type(function) is ast.Name and function.id == "__segment__" and run.segments:
        run.events += 1
        return run.read_segment(run, node)
    if type(function) is ast.Attribute:
        run.budget.left -= 1
        callee = _attribute(run, function)
    else:
        callee = evaluate(run, function)
    args: list[Value] = []
    open_ = False
    for one in node.args:
        kind = type(one)
        if kind is ast.Constant:
            run.budget.left -= 1
            args.append(_constant(run, one))  # type: ignore[arg-type]
        elif kind is ast.Name:
            run.budget.left -= 1
            args.append(_name(run, one))  # type: ignore[arg-type]
        elif kind is ast.Attribute:
            run.budget.left -= 1
            args.append(_attribute(run, one))  # type: ignore[arg-type]
        elif type(one) is ast.Starred:
            inner = evaluate(run, one.value)
            items = items_of(inner)
            if items is None:
                open_ = True
                args.append(element(inner))
            else:
                args += items
        else:
            args.append(evaluate(run, one))
    kwargs: dict[str, Value] = {}
    if not node.keywords:
        return apply(run, callee, args, kwargs, node, open_)
    for keyword in node.keywords:
        given = keyword.value
        kind = type(given)
        if kind is ast.Constant:
            run.budget.left -= 1
            value = _constant(run, given)  # type: ignore[arg-type]
        elif kind is ast.Name:
            run.budget.left -= 1
            value = _name(run, given)  # type: ignore[arg-type]
        else:
            value = evaluate(run, given)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
            continue
        for atom in value.atoms:
            if isinstance(atom, Map):
                kwargs.update({key: one for key, one in atom.items.items() if isinstance(key, str)})
                open_ = open_ or atom.rest is not None
                if atom.rest is not None and atom.rest.marks:
                    kwargs[SPREAD] = atom.rest
            else:
                open_ = True
        open_ = open_ or not value.atoms
        if value.marks:
            kwargs[SPREAD] = derived(value)
    return apply(run, callee, args, kwargs, node, open_)


def _binary(run: Run, node: ast.BinOp) -> Value:
    if type(node.left) is not ast.BinOp:
        run.budget.left -= 1
        return operate(run, node.op, evaluate(run, node.left), evaluate(run, node.right), node)
    chain = [node]
    # A long chain of + is read from the left without going down the stack.
    while isinstance(chain[-1].left, ast.BinOp):
        chain.append(chain[-1].left)
    value = evaluate(run, chain[-1].left)
    for one in reversed(chain):
        run.budget.spend()
        value = operate(run, one.op, value, evaluate(run, one.right), one)
    return value


def operate(run: Run, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
    """``left op right``; a result that no machine holds is an effect."""
    try:
        value = binary(op, left, right)
        if not value.atoms and left.atoms and right.atoms:
            if type(op) in _ELEMENTWISE:
                return models_sizes.broadcast(run, left, right, node) or value
            if type(op) is ast.BitOr:
                return programs.piped(run, left, right, node) or value
        return value
    except Giant as giant:
        run.emit(
            Kind.RESOURCE_EXHAUST,
            f"{giant.size:,} bytes of memory",
            node=node,
            via="*",
            tags=("giant",),
            scope=Reach.SESSION,
        )
        return ANYTHING


_ELEMENTWISE = frozenset({ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow})


def _either(run: Run, node: ast.BoolOp) -> Value:
    values = [evaluate(run, one) for one in node.values]
    return join(values)


def _unary(run: Run, node: ast.UnaryOp) -> Value:
    only = evaluate(run, node.operand).only()
    if only is not None and isinstance(only.value, (int, float)):
        if isinstance(node.op, ast.USub):
            return const(-only.value)
        if isinstance(node.op, ast.Invert) and isinstance(only.value, int):
            return const(~only.value)
    if only is not None and isinstance(node.op, ast.Not):
        return const(not only.value)
    return ANYTHING


def _compare(run: Run, node: ast.Compare) -> Value:
    left = evaluate(run, node.left)
    values = [evaluate(run, one) for one in node.comparators]
    if len(values) != 1:
        return ANYTHING
    found = compare(node.ops[0], left, values[0])
    if not found.atoms and true_of_every_row(node, values[0]):
        return Value((Inst("sqlalchemy.True_", const("1=1")),))
    return found


def _conditional(run: Run, node: ast.IfExp) -> Value:
    test = evaluate(run, node.test).only()
    run.branches += 1
    try:
        one, other = evaluate(run, node.body), evaluate(run, node.orelse)
    finally:
        run.branches -= 1
    if test is not None:
        run.choices += 1
        return one if test.value else other
    return join((one, other))


def _subscript(run: Run, node: ast.Subscript) -> Value:
    value = evaluate(run, node.value)
    return item(run, value, evaluate(run, node.slice), node)


def _slice(run: Run, node: ast.Slice) -> Value:
    parts = [const(None) if one is None else evaluate(run, one) for one in (node.lower, node.upper, node.step)]
    found = [one.only() for one in parts]
    if all(one is not None for one in found):
        return const(slice(*(one.value for one in found if one is not None)))
    return ANYTHING


def _lambda(run: Run, node: ast.Lambda) -> Value:
    run.events += 1
    func = Func(node, "<lambda>", run.scope.enclosing(), defaults_of(run, node.args), run.source)
    run.defined.append(func)
    return Value((func,), NO_MARKS, run.origin)


def defaults_of(run: Run, arguments: ast.arguments) -> dict[str, Value]:
    """Parameter names with default values."""
    found: dict[str, Value] = {}
    if arguments.defaults:
        positional = [*arguments.posonlyargs, *arguments.args]
        for parameter, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            found[parameter.arg] = evaluate(run, default)
    for parameter, one in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if one is not None:
            found[parameter.arg] = evaluate(run, one)
    return found


def _named(run: Run, node: ast.NamedExpr) -> Value:
    value = evaluate(run, node.value)
    scope = run.scope
    run.events += 1
    bind(run, node.target.id, value)
    # A walrus in a comprehension binds outside of it.
    while scope.parent is not None and scope.kind == "function" and not run.calls:
        scope = scope.parent
        scope.names[node.target.id] = value
    return value


def _await(run: Run, node: ast.Await) -> Value:
    return evaluate(run, node.value)


def _yield(run: Run, node: Any) -> Value:
    value = evaluate(run, node.value) if node.value is not None else const(None)
    run.events += 1
    run.scope.yielded.append(element(value) if isinstance(node, ast.YieldFrom) else value)
    return ANYTHING


def _starred(run: Run, node: ast.Starred) -> Value:
    return evaluate(run, node.value)


_EXPRESSIONS: dict[type, Callable[[Run, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.BoolOp: _either,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.List: displays.sequence,
    ast.Tuple: displays.sequence,
    ast.Set: displays.sequence,
    ast.Dict: displays.mapping,
    ast.JoinedStr: displays.text,
    ast.Lambda: _lambda,
    ast.ListComp: comprehensions.comprehension,
    ast.SetComp: comprehensions.comprehension,
    ast.GeneratorExp: comprehensions.comprehension,
    ast.DictComp: comprehensions.comprehension,
    ast.NamedExpr: _named,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Starred: _starred,
}


def assign(run: Run, target: ast.expr, value: Value) -> None:
    """``target = value`` for every form of target."""
    budget = run.budget
    budget.left -= 1
    if budget.left < 0:
        raise BudgetSpent
    kind = type(target)
    if kind is ast.Name:
        bind(run, target.id, value)  # type: ignore[attr-defined]
    elif isinstance(target, (ast.Tuple, ast.List)):
        star = next((index for index, one in enumerate(target.elts) if type(one) is ast.Starred), None)
        for one, part in zip(target.elts, unpacked(value, len(target.elts), star), strict=False):
            assign(run, one.value if isinstance(one, ast.Starred) else one, part)
    elif isinstance(target, ast.Attribute):
        set_attribute(run, evaluate(run, target.value), target.attr, value, target)
    elif isinstance(target, ast.Subscript):
        holder = evaluate(run, target.value)
        set_item(run, holder, evaluate(run, target.slice), value, target)
    elif isinstance(target, ast.Starred):
        assign(run, target.value, value)


def evaluate_text(run: Run, text: str, node: ast.AST | None) -> Value:
    """The value of an expression in a text (``eval``); its effects are added where the text runs."""
    try:
        tree = parse(text.strip())
    except Unreadable:
        return ANYTHING
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr) or run.texts > 4:
        return ANYTHING
    before = run.source
    run.anchors.append(run.span(node))
    run.source = Source(text, tree, run.origin, run.anchors[-1])
    run.texts += 1
    try:
        return evaluate(run, tree.body[0].value).marked({INDIRECT})
    finally:
        run.source = before
        run.texts -= 1
        run.anchors.pop()
