"""``for`` and ``while`` -> their bodies read as often as it takes: a pass that could say nothing new is left out."""

from __future__ import annotations

import ast
import math
from itertools import compress
from operator import is_not
from typing import Any

from jupyter_guard.read.python import statements
from jupyter_guard.read.python.expressions import MAX_UNROLLED, assign, evaluate
from jupyter_guard.read.python.growth import MOST_DOUBLED, doubling, lengthened
from jupyter_guard.read.python.models_containers import iterated
from jupyter_guard.read.python.models_counts import MOST_SEEN, gone_through, is_counted, length_of, nested
from jupyter_guard.read.python.order import bound_first, from_outside, stored
from jupyter_guard.read.python.run import Loop, Run
from jupyter_guard.read.python.scope import merged
from jupyter_guard.read.python.shapes import endless, leaves, only_yields
from jupyter_guard.read.python.values import MANY, Const, Seq, Value, alike, element, items_of
from jupyter_guard.read.python.walking import fewer_than
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach


def read_for(run: Run, node: ast.For | ast.AsyncFor) -> None:
    """A ``for`` loop, its items one by one where they are few and known."""
    value = iterated(run, evaluate(run, node.iter), None)
    if is_counted(value):
        if not leaves(node.body):
            gone_through(run, value, node.iter, "for", MOST_SEEN)
        elif only_yields(node.body):
            run.scope.counted = value
    items = items_of(value)
    count = len(items) if items is not None else 0
    unroll = items is not None and len(items) <= MAX_UNROLLED and _is_short(run, node, 6000 // max(len(items), 1))
    many = MANY in value.marks or items is None or len(items) > 16
    huge = False
    for atom in value.atoms:
        if type(atom) is Const and type(atom.value) is range:
            huge = huge or bool(atom.value[10_000:])
            if atom.value[MOST_DOUBLED:]:
                doubling(run, node.body, MOST_DOUBLED, node.iter)
    times = (len(items) if items is not None else length_of(value)) or 1
    # The body is walked only where it matters.
    if times <= 1 or leaves(node.body):
        times = 1
    run.loops.append(Loop(many=many, huge=huge, twice=not unroll, times=times))
    nested(run, times, node.iter)
    run.branches += 1
    before = dict(run.scope.names)
    try:
        if unroll and items is not None:
            run.branches -= 1
            _unrolled(run, node, items)
            run.branches += 1
        else:
            for left in _passes(run):
                events, called = run.events, len(run.quiet)
                assign(run, node.target, element(value))
                statements.execute(run, node.body)
                if left and run.events == events and _is_settled(run, node, before, called):
                    break
            run.scope.names = merged(before, run.scope.names) if run.scope.kind != "class" else run.scope.names
    finally:
        run.branches -= 1
        run.loops.pop()
    if lengthened(node) or (unroll and items is not None and len(items) > count and not leaves(node.body)):
        # What it goes through gets longer on the way.
        run.emit(
            Kind.RESOURCE_EXHAUST, node=node.iter, via="for", tags=("unbounded",), scope=Reach.SESSION,
            certainty=Certainty.LIKELY,
        )  # fmt: skip
    statements.execute(run, node.orelse)


_TRIED = 3
"""Passes through numbers after which it is asked whether the next would be the same: what settles does so at once."""


def _unrolled(run: Run, node: ast.For | ast.AsyncFor, items: list[Value]) -> None:
    # Of a list that grows meanwhile, only what it held at first.
    left = list(items)
    settled = len(left) < 3 or not all(map(_is_number, left))
    passes = 0
    while left:
        before, events, choices, called = run.scope.names, run.events, run.choices, len(run.quiet)
        if not settled:
            before = dict(before)
        assign(run, node.target, left.pop(0))
        statements.execute(run, node.body)
        passes += 1
        if settled or len(left) < 2:
            continue
        if (run.events, run.choices) != (events, choices):
            # What happens may hang on the number: each is gone through.
            settled = True
        elif _is_settled(run, node, before, called) or _is_as_before(run, node, before, called):
            # Other numbers make nothing else of it.
            left, settled = left[-1:], True
        elif passes == _TRIED:
            settled = True


def _is_as_before(run: Run, node: ast.For | ast.AsyncFor, before: dict[str, Value], called: int) -> bool:
    """Whether a pass in which nothing happened has left all as it was at its start, but for what it goes through."""
    targets = stored(node.target)
    for func in {id(one.node): one for one in run.quiet[called:]}.values():
        outer = from_outside(func.node)
        if outer is None or not outer.isdisjoint(targets):
            return False
    return all(name in targets or alike(before.get(name), value) for name, value in run.scope.names.items())


def read_while(run: Run, node: ast.While) -> None:
    """A ``while`` loop."""
    test = evaluate(run, node.test).only()
    forever = endless(run, node, test)
    doubling(run, node.body, math.inf if forever else _counted(node.test), node.test)
    run.loops.append(Loop(endless=forever, many=True, twice=True))
    run.branches += 1
    before = dict(run.scope.names)
    try:
        for left in _passes(run):
            events, called = run.events, len(run.quiet)
            statements.execute(run, node.body)
            evaluate(run, node.test)
            if left and run.events == events and _is_settled(run, node, before, called):
                break
        if run.scope.kind != "class":
            run.scope.names = merged(before, run.scope.names)
    finally:
        run.branches -= 1
        run.loops.pop()
    statements.execute(run, node.orelse)


def _counted(test: ast.expr) -> int:
    """How far a loop counts: ``while i < 100``."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Lt, ast.LtE))):
        return 0
    limit = test.comparators[0]
    return limit.value if isinstance(limit, ast.Constant) and type(limit.value) is int else 0


def _passes(run: Run) -> tuple[int, ...]:
    """How many passes follow each: a body is read twice, so that what its end leaves behind meets its start.

    Inside a loop that is itself read twice, once each time is enough: depth does not double the work again and again.
    """
    return (0,) if len(run.loops) > 1 and run.loops[-2].twice else (1, 0)


def _is_settled(run: Run, node: ast.For | ast.AsyncFor | ast.While, before: dict[str, Value], called: int) -> bool:
    """Whether a pass in which nothing happened would be the same again: it starts from no name that it has bound.

    ``before`` are the names at its start, ``called`` counts the functions of the session that were called until then:
    none of those that the pass has called takes from outside what it has bound.
    """
    targets: set[str] = set() if isinstance(node, ast.While) else stored(node.target)
    names = run.scope.names
    bound = set(compress(names, map(is_not, names.values(), map(before.get, names))))
    for func in {id(one.node): one for one in run.quiet[called:]}.values():
        outer = from_outside(func.node)
        if outer is None or not outer.isdisjoint(bound):
            return False
    bound -= targets
    return not bound or _plainly_first(run, node, bound) or bound_first(node.body, bound)


def _plainly_first(run: Run, node: ast.For | ast.AsyncFor | ast.While, names: set[str]) -> bool:
    """Whether the letters alone show that a name is bound first, by an assignment of something else."""
    source = run.source
    if not source.plain or source.anchor is not None:
        return False
    for name in names:
        for statement in node.body:
            count = source.lines(statement).count(name)
            if count:
                if count > 1 or type(statement) is not ast.Assign or name not in stored(*statement.targets):
                    return False
                break
    return True


def _is_number(value: Value) -> bool:
    if len(value.atoms) != 1:
        return False
    atom: Any = value.atoms[0]
    if type(atom) is Seq:
        return atom.rest is None and len(atom.items) < 8 and all(map(_is_number, atom.items))
    return type(atom) is Const and type(atom.value) in (int, float, bool, type(None))


def _is_short(run: Run, node: ast.stmt, most: int) -> bool:
    """Whether a statement has at most ``most`` nodes; no character makes more than four."""
    return 4 * len(run.source.lines(node)) <= most or fewer_than(node, most + 1)
