"""Methods of lists, sets and dictionaries of the session -> their results, and what they change."""

from __future__ import annotations

import ast

from jupyter_guard.read.interpret.machine import Machine
from jupyter_guard.read.interpret.values import UNKNOWN, Const, Items, Table, Value, constants, join


def container_method(
    it: Machine, own: Value, atom: Items | Table, name: str, args: list[Value], node: ast.AST
) -> Value:
    """The result of ``own.name(*args)``."""
    from jupyter_guard.read.interpret.expressions import elements, item_of, subscript

    if isinstance(atom, Items):
        if name in ("append", "add", "appendleft") and args:
            atom.items.append(args[0]) if len(atom.items) < 500 else None
        elif name == "insert" and len(args) > 1:
            at = constants(args[0])
            atom.items.insert(at[0] if at and isinstance(at[0], int) else len(atom.items), args[1])
        elif name in ("extend", "update") and args:
            inner = next((one for one in args[0].atoms if isinstance(one, Items)), None)
            if inner is not None and inner.rest is None:
                atom.items += inner.items[:500]
            else:
                atom.rest = join([one for one in (atom.rest, elements(args[0])) if one is not None])
        elif name == "pop":
            return item_of(own, constants(args[0])[0] if args and constants(args[0]) else -1)
        elif name in ("copy", "union"):
            return own
        elif name == "reverse":
            atom.items.reverse()
        elif name == "__getitem__" and args:
            return subscript(it, own, args[0], node)
        elif name == "clear":
            atom.items.clear()
        return Value((), own.taint, own.marks, own.origin)
    if name in ("get", "pop", "setdefault", "__getitem__") and args:
        found = subscript(it, own, args[0], node)
        return join([found, args[1]]) if len(args) > 1 and not found.known else found
    if name == "update" and args:
        other = next((one for one in args[0].atoms if isinstance(one, Table)), None)
        if other is not None:
            atom.items.update(other.items)
        else:
            atom.rest = join([one for one in (atom.rest, args[0]) if one is not None])
    if name == "values":
        rest = [atom.rest] if atom.rest is not None else []
        return Value((Items([*atom.items.values()], join(rest) if rest else None),), own.taint, own.marks, own.origin)
    if name == "items":
        pairs = [Value((Items([Value((Const(key),)), value], None, "tuple"),)) for key, value in atom.items.items()]
        return Value((Items(pairs, UNKNOWN if atom.rest is not None else None),), own.taint, own.marks, own.origin)
    if name == "keys":
        return Value((Items([Value((Const(key),)) for key in atom.items]),), own.taint, own.marks, own.origin)
    if name == "copy":
        return Value((Table(dict(atom.items), atom.rest),), own.taint, own.marks, own.origin)
    return Value((), own.taint, own.marks, own.origin)
