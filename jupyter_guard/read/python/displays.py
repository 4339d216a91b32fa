"""Lists, tuples, sets, dictionaries and f-strings as they are written -> their values."""

from __future__ import annotations

import ast
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python import expressions
from jupyter_guard.read.python.carried import shown_in
from jupyter_guard.read.python.changes import set_item
from jupyter_guard.read.python.fold import joined
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import (
    Map,
    Seq,
    Value,
    const,
    derived,
    element,
    items_of,
)

_KINDS = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}


def sequence(run: Run, node: Any) -> Value:
    """A list, tuple or set as it is written; ``rest`` stands for what a ``*`` puts in that is not known."""
    kind = _KINDS[type(node)]
    items: list[Value] = []
    rest: Value | None = None
    for one in node.elts:
        if type(one) is ast.Starred:
            inner = expressions.evaluate(run, one.value)
            more = items_of(inner)
            if more is None:
                rest = element(inner)
            else:
                items += more
        else:
            items.append(expressions.evaluate(run, one))
    return Value((Seq(items, kind, rest),))


def mapping(run: Run, node: ast.Dict) -> Value:
    """A dictionary as it is written; what has no constant key, or comes by ``**``, is in ``rest``."""
    mapping = Map({})
    for key, one in zip(node.keys, node.values, strict=True):
        value = expressions.evaluate(run, one)
        if key is None:
            for atom in value.atoms:
                if isinstance(atom, Map):
                    mapping.items.update(atom.items)
                else:
                    mapping.rest = value
            continue
        set_item(run, Value((mapping,)), expressions.evaluate(run, key), value, key)
    return Value((mapping,))


def text(run: Run, node: ast.JoinedStr) -> Value:
    """An f-string, as far as its parts are known."""
    parts = []
    for one in node.values:
        if isinstance(one, ast.FormattedValue):
            value = shown_in(expressions.evaluate(run, one.value))
            parts.append(value if one.format_spec is None else _with_format(run, value, one))
        else:
            parts.append(expressions.evaluate(run, one))
    return joined(parts) if parts else const("")


def _with_format(run: Run, value: Value, node: ast.FormattedValue) -> Value:
    from jupyter_guard.read.python.fold import text

    spec = text(expressions.evaluate(run, node.format_spec)) if node.format_spec is not None else ""
    only = value.only()
    if only is not None and isinstance(only.value, (int, str)) and len(spec) < 5 and HOLE not in spec:
        try:
            return const(format(only.value, spec), value.marks)
        except ValueError:
            pass
    return derived(value)
