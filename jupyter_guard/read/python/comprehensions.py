"""Comprehensions and generator expressions -> their values, row by row where the rows are known."""

from __future__ import annotations

import ast
import math
from typing import Any

from jupyter_guard.read.python import expressions
from jupyter_guard.read.python.changes import set_item
from jupyter_guard.read.python.models_containers import iterated
from jupyter_guard.read.python.models_counts import (
    ENDLESS,
    HUGE,
    MOST_KEPT,
    MOST_SEEN,
    gone_through,
    is_endless,
    length_of,
    nested,
    rounds,
)
from jupyter_guard.read.python.models_sizes import held
from jupyter_guard.read.python.narrowing import narrowed
from jupyter_guard.read.python.run import Loop, Run
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.values import ANYTHING, MANY, Map, Seq, Value, derived, element, items_of, join
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

MOST_ROWS = 99_999_999
"""Items of a list that a comprehension makes: gigabytes before any of them is looked at."""


def comprehension(run: Run, node: Any) -> Value:
    """The value of a list, set or dictionary comprehension or of a generator expression."""
    before = run.scope
    scope = Scope("function", before)
    scope.globals = before.globals
    run.scope = scope
    results: list[tuple[Value, ...]] = []
    lengths: list[float] = []
    try:
        exact = _generate(run, node, 0, results, lengths)
    finally:
        run.scope = before
    if isinstance(node, ast.DictComp):
        mapping = Map({})
        for key, value in results:
            set_item(run, Value((mapping,)), key, value, node)
        if not exact:
            mapping.rest = join(value for _, value in results) if results else ANYTHING
        return Value((mapping,))
    values = [row[0] for row in results]
    if not isinstance(node, ast.GeneratorExp) and len(values) == 1 and lengths:
        held(run, values[0], math.prod(lengths), node)
    marks = derived(*values).marks & {MANY}
    if exact:
        return Value((Seq(values),))
    # What goes over something that never ends does not end either.
    kind = "list"
    if isinstance(node, ast.GeneratorExp):
        kind = ENDLESS if math.inf in lengths else HUGE if math.prod(lengths) * rounds(run) > MOST_SEEN else kind
    return Value((Seq([], kind, join(values) if values else ANYTHING),), marks)


def _note_length(run: Run, node: Any, value: Value, lengths: list[float], lazy: bool) -> None:
    """Ranges within ranges: an effect when all rows together are more than a list holds."""
    only = value.only()
    items = items_of(value)
    length: float = len(items) if items is not None else math.inf if is_endless(value) else 1
    if only is not None and type(only.value) is range:
        length = max(0, (only.value.stop - only.value.start) // only.value.step)
    lengths.append(length)
    total = math.prod(lengths)
    if lazy or len(lengths) < len(node.generators):
        return
    if MOST_ROWS < total < math.inf and not any(one.ifs for one in node.generators):
        run.emit(
            Kind.RESOURCE_EXHAUST,
            f"{total:,} items",
            node=node,
            via="for",
            tags=("giant",),
            scope=Reach.SESSION,
            certainty=Certainty.LIKELY,
        )


def _generate(run: Run, node: Any, depth: int, results: list[tuple[Value, ...]], lengths: list[float]) -> bool:
    """Go through the ``for`` parts from ``depth`` on; whether every row was gone through by itself."""
    if depth == len(node.generators):
        if isinstance(node, ast.DictComp):
            results.append((expressions.evaluate(run, node.key), expressions.evaluate(run, node.value)))
        else:
            results.append((expressions.evaluate(run, node.elt),))
        return True
    part = node.generators[depth]
    value = iterated(run, expressions.evaluate(run, part.iter), None)
    lazy = isinstance(node, ast.GeneratorExp)
    numbers = value.only()
    if not (lazy and numbers is not None and type(numbers.value) is range):
        gone_through(run, value, part.iter, "for", MOST_SEEN if lazy else MOST_KEPT, for_ever=not lazy)
    items = items_of(value)
    exact = items is not None and len(items) <= expressions.MAX_UNROLLED * 4
    if depth == len(lengths):
        _note_length(run, node, value, lengths, lazy)
    times = 1 if part.ifs else max(1, length_of(value) or 1)
    run.loops.append(Loop(many=not exact or MANY in value.marks, times=times))
    if not lazy:
        nested(run, times, part.iter)
    try:
        for one in (items or []) if exact else [element(value)]:
            expressions.assign(run, part.target, one)
            keep: object = True
            for condition in part.ifs:
                only = expressions.evaluate(run, condition).only()
                if only is None:
                    exact = False
                    run.scope.names.update(narrowed(run, condition))
                else:
                    run.choices += 1
                    keep = keep and bool(only.value)
            if keep:
                exact = _generate(run, node, depth + 1, results, lengths) and exact
    finally:
        run.loops.pop()
    return exact
