"""A WHERE -> whether it narrows anything: conditions that hold for every row are as good as none."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp

# Columns that every row has a value in. Of others, "is not null" is somebody's condition (`deleted_at IS NOT NULL`).
_KEY = re.compile(r"(?:_?id|pk|uuid|guid|oid|row_?id|ctid|key|\w*_(?:pk|uuid|guid))\Z", re.IGNORECASE)
_MADE = re.compile(r"(?:created|inserted)(?:_?(?:at|on|date|time))?\Z|date_created\Z", re.IGNORECASE)
_COMPARES: dict[type, Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NullSafeEQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
}
_ABOVE, _BELOW = (exp.GT, exp.GTE), (exp.LT, exp.LTE)
_NOT_NEGATIVE = (exp.Length, exp.Abs, exp.Count)
_NOW = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime)
_MISSING = object()
MOST_LEAVES = 64
"""Every part of an OR is compared with every other: beyond this many, only each by itself is looked at."""


def is_bounded(node: Any) -> bool:
    """Whether a WHERE, a LIMIT or a join narrows what a DELETE or UPDATE touches."""
    if node.args.get("limit") is not None:
        return True
    where = node.args.get("where")
    if where is None:
        return False
    table = node.this.name if isinstance(node.this, exp.Table) else ""
    return _truth(where.this, table) is not True


def _truth(node: Any, table: str) -> bool | None:
    """Whether a condition holds for every row (``True``), for none (``False``), or for some (``None``)."""
    if isinstance(node, exp.Paren):
        return _truth(node.this, table)
    if isinstance(node, exp.Or):
        leaves = list(_leaves(node))
        truths = [_truth(leaf, table) for leaf in leaves]
        if True in truths or _cover(leaves):
            return True
        return False if all(one is False for one in truths) else None
    if isinstance(node, exp.And):
        truths = [_truth(node.left, table), _truth(node.right, table)]
        return False if False in truths else True if truths == [True, True] else None
    if isinstance(node, exp.Not):
        inner = _truth(node.this, table)
        return None if inner is None else not inner
    if isinstance(node, exp.Exists):
        return _has_rows(node.this, table)
    if isinstance(node, exp.Is):
        return _is(node)
    if isinstance(node, tuple(_COMPARES)):
        return _compared(node, table)
    if isinstance(node, exp.Between):
        low, value, high = (_constant(one) for one in (node.args["low"], node.this, node.args["high"]))
        return None if _MISSING in (low, value, high) else _ordered(low, value) and _ordered(value, high)
    if isinstance(node, exp.In):
        return _in(node, table)
    if isinstance(node, (exp.Like, exp.ILike, exp.Glob)):
        return _like(node)
    if isinstance(node, exp.RegexpLike):
        return True if str(node.expression.name) in ("", ".*", "^.*$", "^", "$") else None
    value = _constant(node)
    return None if value is _MISSING else bool(value) and value != "0"


def _leaves(node: Any) -> Iterator[Any]:
    """The parts of a chain of ORs."""
    todo = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, exp.Paren):
            todo.append(one.this)
        elif isinstance(one, exp.Or):
            todo += [one.left, one.right]
        else:
            yield one


def _cover(leaves: list[Any]) -> bool:
    """Whether parts of an OR leave no row out: a condition and its opposite, or ranges that meet."""
    if len(leaves) > MOST_LEAVES:
        return False
    bare = {leaf.sql() for leaf in leaves}
    for leaf in leaves:
        if isinstance(leaf, exp.Not):
            inner = leaf.this
            while isinstance(inner, exp.Paren):
                inner = inner.this
            if inner.sql() in bare:
                return True
    ranges: list[Any] = [leaf for leaf in leaves if isinstance(leaf, tuple(_COMPARES))]
    return any(_meet(one, other) for one in ranges for other in ranges if one is not other and one.left == other.left)


def _meet(one: Any, other: Any) -> bool:
    if isinstance(one, exp.EQ) and isinstance(other, exp.NEQ) and one.right == other.right:
        return True
    if isinstance(one, exp.NEQ) and isinstance(other, exp.NEQ):
        return bool(one.right != other.right) and _MISSING not in (_constant(one.right), _constant(other.right))
    if not (isinstance(one, _ABOVE) and isinstance(other, _BELOW)):
        return False
    if one.right == other.right:
        return isinstance(one, exp.GTE) or isinstance(other, exp.LTE)
    low, high = _constant(one.right), _constant(other.right)
    return _MISSING not in (low, high) and _ordered(low, high)


def _is(node: Any) -> bool | None:
    if not isinstance(node.expression, exp.Null):
        return None
    if isinstance(node.this, exp.Column) and _KEY.match(node.this.name):
        return False
    value = _constant(node.this)
    return None if value is _MISSING else value is None


def _compared(node: Any, table: str) -> bool | None:
    left, right = node.left, node.right
    if left == right and not left.find(exp.Rand, exp.Null):
        return isinstance(node, (exp.EQ, exp.NullSafeEQ, exp.GTE, exp.LTE))
    compare = _COMPARES[type(node)]
    one, other = _constant(left), _constant(right)
    if one is not _MISSING and other is not _MISSING:
        if one is None or other is None:
            return False
        try:
            return compare(one, other)
        except TypeError:
            return compare(str(one), str(other))
    if isinstance(left, exp.Column) and isinstance(right, _NOW):
        return True if _MADE.match(left.name) and isinstance(node, _BELOW) else None
    if not isinstance(other, (int, float)):
        return None
    if isinstance(left, _NOT_NEGATIVE):
        return True if all(compare(value, other) for value in (0, 1, 10**9)) else None
    own = isinstance(left, exp.Column) and (
        _KEY.match(left.name) or left.name.lower() in (f"{table}_id".lower(), f"{table.removesuffix('s')}_id".lower())
    )
    # Keys count from one, or have no pattern at all; nobody numbers rows below zero.
    return True if own and all(compare(value, other) for value in (1, 2, 10**9)) else None


def _in(node: Any, table: str) -> bool | None:
    query = node.args.get("query")
    if query is not None:
        select = query.find(exp.Select)
        source = select.find(exp.Table) if select is not None else None
        same = source is not None and source.name == table and len(select.expressions) == 1
        narrowed = select is None or any(select.args.get(part) for part in ("where", "limit", "having", "joins"))
        return True if same and not narrowed and select.expressions[0].name == node.this.name else None
    value = _constant(node.this)
    values = [_constant(one) for one in node.expressions]
    if value is _MISSING:
        return None
    return True if value in values else None if _MISSING in values else False


def _has_rows(query: Any, table: str) -> bool | None:
    """``EXISTS (query)``: one without a table has a row, one over a whole table has, unless there are none at all."""
    if not isinstance(query, exp.Select):
        return None
    where = query.args.get("where")
    if where is not None:
        return _truth(where.this, table)
    return True if not any(query.args.get(part) for part in ("having", "joins", "group")) else None


def _like(node: Any) -> bool | None:
    pattern, value = _constant(node.expression), _constant(node.this)
    if not isinstance(pattern, str):
        return None
    if pattern and not pattern.strip("*" if isinstance(node, exp.Glob) else "%"):
        return True
    if not isinstance(value, str):
        return None
    return fnmatch.fnmatchcase(value, pattern if isinstance(node, exp.Glob) else _wild(pattern))


def _wild(pattern: str) -> str:
    return re.sub(r"[*?\[]", "[\\g<0>]", pattern).replace("%", "*").replace("_", "?")


def _ordered(low: Any, high: Any) -> bool:
    try:
        return bool(low <= high)
    except TypeError:
        return False


def _constant(node: Any, depth: int = 0) -> Any:
    """The value of an expression without columns (``int``, ``float``, ``str``, ``bool``, ``None``), or ``_MISSING``."""
    if depth > 8 or node is None:
        return _MISSING
    if isinstance(node, (exp.Paren, exp.Cast)):
        return _constant(node.this, depth + 1)
    if isinstance(node, exp.Literal):
        if node.is_string:
            return str(node.this)
        try:
            return float(node.this) if re.search(r"[.eE]", str(node.this)) else int(node.this)
        except ValueError:
            return _MISSING
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Null):
        return None
    if isinstance(node, exp.Neg):
        value = _constant(node.this, depth + 1)
        return -value if isinstance(value, (int, float)) else _MISSING
    if isinstance(node, exp.Coalesce):
        for one in (node.this, *node.expressions):
            value = _constant(one, depth + 1)
            if value is not None:
                return value
        return None
    if isinstance(node, (exp.Length, exp.Upper, exp.Lower)):
        value = _constant(node.this, depth + 1)
        if not isinstance(value, str):
            return _MISSING
        return (
            len(value)
            if isinstance(node, exp.Length)
            else value.upper()
            if isinstance(node, exp.Upper)
            else value.lower()
        )
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
        left, right = _constant(node.left, depth + 1), _constant(node.right, depth + 1)
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            calculate = {exp.Add: operator.add, exp.Sub: operator.sub, exp.Mul: operator.mul}[type(node)]
            return calculate(left, right) if max(abs(left), abs(right)) < 10**12 else _MISSING
    return _MISSING
