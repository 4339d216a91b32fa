"""``for`` and ``while`` -> their bodies read as often as it takes: a pass that could say nothing new is left out."""

from __future__ import annotations

import ast
from typing import Any

from jupyter_guard.read.python import statements
from jupyter_guard.read.python.expressions import MAX_UNROLLED, assign, evaluate
from jupyter_guard.read.python.models_containers import iterated
from jupyter_guard.read.python.models_counts import MOST_SEEN, gone_through, is_counted
from jupyter_guard.read.python.run import Loop, Run
from jupyter_guard.read.python.scope import merged
from jupyter_guard.read.python.shapes import endless, grows, leaves
from jupyter_guard.read.python.values import MANY, Const, Seq, Value, element, items_of
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach


def read_for(run: Run, node: ast.For | ast.AsyncFor) -> None:
    """A ``for`` loop, its items one by one where they are few and known."""
    value = iterated(run, evaluate(run, node.iter), None)
    if is_counted(value) and not leaves(node.body):
        gone_through(run, value, node.iter, "for", MOST_SEEN)
    items = items_of(value)
    count = len(items) if items is not None else 0
    unroll = items is not None and len(items) <= MAX_UNROLLED and _is_short(run, node, 6000 // max(len(items), 1))
    many = MANY in value.marks or items is None or len(items) > 16
    huge = False
    for atom in value.atoms:
        if type(atom) is Const and type(atom.value) is range and atom.value[10_000:]:
            huge = True
    run.loops.append(Loop(many=many, huge=huge, twice=not unroll))
    run.branches += 1
    before = dict(run.scope.names)
    try:
        if unroll and items is not None:
            run.branches -= 1
            _unrolled(run, node, items)
            run.branches += 1
        else:
            start = dict(before)
            for left in _passes(run):
                events = run.events
                assign(run, node.target, element(value))
                statements.execute(run, node.body)
                if left and run.events == events and _is_settled(run, node, start):
                    break
            run.scope.names = merged(before, run.scope.names) if run.scope.kind != "class" else run.scope.names
    finally:
        run.branches -= 1
        run.loops.pop()
    if grows(node) or (unroll and items is not None and len(items) > count and not leaves(node.body)):
        # What it goes through gets longer on the way.
        run.emit(
            Kind.RESOURCE_EXHAUST, node=node.iter, via="for", tags=("unbounded",), scope=Reach.SESSION,
            certainty=Certainty.LIKELY,
        )  # fmt: skip
    statements.execute(run, node.orelse)


def _unrolled(run: Run, node: ast.For | ast.AsyncFor, items: list[Value]) -> None:
    if len(items) > 2 and all(map(_is_number, items)):
        before, events, choices = dict(run.scope.names), run.events, run.choices
        assign(run, node.target, items[0])
        statements.execute(run, node.body)
        items = items[1:]
        if (run.events, run.choices) == (events, choices) and _is_settled(run, node, before):
            # Other numbers make nothing else of it.
            items = items[-1:]
    # Of a list that grows meanwhile, only what it held at first.
    for one in list(items):
        assign(run, node.target, one)
        statements.execute(run, node.body)


def read_while(run: Run, node: ast.While) -> None:
    """A ``while`` loop."""
    test = evaluate(run, node.test).only()
    forever = endless(run, node, test)
    run.loops.append(Loop(endless=forever, many=True, twice=True))
    run.branches += 1
    before = dict(run.scope.names)
    try:
        start = dict(before)
        for left in _passes(run):
            events = run.events
            statements.execute(run, node.body)
            evaluate(run, node.test)
            if left and run.events == events and _is_settled(run, node, start):
                break
        if run.scope.kind != "class":
            run.scope.names = merged(before, run.scope.names)
    finally:
        run.branches -= 1
        run.loops.pop()
    statements.execute(run, node.orelse)


def _passes(run: Run) -> tuple[int, ...]:
    """How many passes follow each: a body is read twice, so that what its end leaves behind meets its start.

    Inside a loop that is itself read twice, once each time is enough: depth does not double the work again and again.
    """
    return (0,) if len(run.loops) > 1 and run.loops[-2].twice else (1, 0)


def _is_settled(run: Run, node: ast.For | ast.AsyncFor | ast.While, before: dict[str, Value]) -> bool:
    """Whether a pass in which nothing happened would be the same again: it starts from no name that it has bound.

    ``before`` are the names at its start. A name that it bound has to be bound first, by a plain assignment of
    something else, wherever the body's lines have its letters.
    """
    source = run.source
    if not source.plain or source.anchor is not None:
        return False
    targets: set[str] = set() if isinstance(node, ast.While) else _names(node.target)
    for name, value in run.scope.names.items():
        if before.get(name) is value or name in targets:
            continue
        for statement in node.body:
            count = source.lines(statement).count(name)
            if count:
                if count > 1 or type(statement) is not ast.Assign or name not in _names(*statement.targets):
                    return False
                break
    return True


def _names(*targets: ast.expr) -> set[str]:
    found: set[str] = set()
    for target in targets:
        if isinstance(target, ast.Name):
            found.add(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            found |= _names(*target.elts)
    return found


def _is_number(value: Value) -> bool:
    if len(value.atoms) != 1:
        return False
    atom: Any = value.atoms[0]
    if type(atom) is Seq:
        return atom.rest is None and len(atom.items) < 8 and all(map(_is_number, atom.items))
    return type(atom) is Const and type(atom.value) in (int, float, bool, type(None))


def _is_short(run: Run, node: ast.stmt, most: int) -> bool:
    """Whether a statement has at most ``most`` nodes; no character makes more than four."""
    return 4 * len(run.source.lines(node)) <= most or sum(1 for _ in ast.walk(node)) <= most
