"""Operators and string formatting on known and partly known constants -> the constants that they give."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    INDIRECT,
    MANY,
    MAX_TEXT,
    NO_MARKS,
    Const,
    Inst,
    Map,
    Name,
    Seq,
    Value,
    const,
    derived,
    join,
    partial,
)
from jupyter_guard.terms import Origin

MAX_INTEGER_BITS = 4096
PATH = "pathlib.Path"

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}
_SAFE = (str, bytes, int, float, bool)
_PERCENT = re.compile(r"%(?:\((?P<key>[^)]*)\))?[-#0 +]*(?:\*|\d{0,4})(?:\.\d{0,4})?[hlL]?(?P<type>[a-zA-Z%])")
_FIELD = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}!:]*)(?:![rsa])?(?::[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}")


class Giant(Exception):  # noqa: N818 - an answer: the result would not fit into a machine
    """The operation would make an object of ``size`` bytes or so."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


GIANT = 2_000_000_000
HUGE_INTEGER = 400_000_000
"""Bits: a power of this size keeps a machine busy for minutes."""


def binary(op: ast.operator, left: Value, right: Value) -> Value:
    """``left op right``. Raises ``Giant`` for a constant result that no machine holds."""
    marks = left.marks | right.marks if left.marks or right.marks else NO_MARKS
    origin = left.origin
    if right.origin is not origin and right.origin.rank > origin.rank:
        origin = right.origin
    ones, others = left.atoms, right.atoms
    if len(ones) < 2 and len(others) < 2:
        value = _pair(op, ones[0] if ones else None, others[0] if others else None)
    elif len(ones) * len(others) <= 36:
        value = join([_pair(op, one, other) for one in ones or (None,) for other in others or (None,)])
    else:
        value = ANYTHING
    if (
        value.atoms
        and type(op) in _BUILDING
        and any(type(atom) is Const and isinstance(atom.value, (str, bytes)) for atom in value.atoms)
    ):
        marks |= {BUILT}
    if marks:
        value = value.marked(marks - {INDIRECT})
    return value if origin is value.origin else value.by(origin)


_BUILDING = frozenset({ast.Add, ast.Mod, ast.BitXor})
# With anything else no operator makes what is known.
_COMBINED = frozenset({Const, Seq, Map, Inst})
_COUNTED = frozenset({ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod})
_NUMBERS = frozenset({int, float})


def _pair(op: ast.operator, one: Any, other: Any) -> Value:
    left, right = type(one) is Const, type(other) is Const
    if not left and not right and type(one) not in _COMBINED and type(other) not in _COMBINED:
        return ANYTHING
    if left and right:
        if isinstance(one.value, _SAFE) and isinstance(other.value, _SAFE):
            return _constants(op, one.value, other.value)
        if isinstance(op, ast.Mod) and isinstance(one.value, str):
            return const(percent(one.value, [Value((other,))], None))
        return ANYTHING
    if isinstance(op, ast.Mod) and left and isinstance(one.value, str):
        if type(other) is Seq and other.kind == "tuple":
            return const(percent(one.value, other.items, None))
        mapping = getattr(other, "items", None)
        return const(
            percent(one.value, [Value((other,) if other else ())], mapping if isinstance(mapping, dict) else None)
        )
    if isinstance(op, ast.BitOr) and type(one) is Map and type(other) is Map:
        return Value((Map({**one.items, **other.items}, one.rest or other.rest),))
    if isinstance(op, ast.Add):
        if left and isinstance(one.value, str) and type(other) is not Seq:
            return const(one.value + HOLE)
        if right and isinstance(other.value, str) and type(one) is not Seq:
            return const(HOLE + other.value)
        if type(one) is Seq and type(other) is Seq:
            rest = one.rest or other.rest
            return Value((Seq([*one.items, *other.items][:4096], one.kind, rest),))
        if type(one) is Seq:
            return Value((Seq(list(one.items), one.kind, ANYTHING),))
    if isinstance(op, ast.Mult) and type(one) is Seq and right and isinstance(other.value, int):
        size = len(one.items) * other.value * 8
        if not one.items:
            return Value((Seq([], one.kind, one.rest),))
        if size > GIANT:
            raise Giant(size)
        if size <= 4096 * 8:
            return Value((Seq(one.items * other.value, one.kind, one.rest),))
        return Value((Seq(one.items, one.kind, ANYTHING),))
    if isinstance(op, ast.Mult) and left and type(other) is Seq:
        return _pair(op, other, one)
    if isinstance(op, ast.Div) and (_is_path(one) or _is_path(other)):
        kind = one.type if _is_path(one) else other.type
        return Value((Inst(kind, join_paths([_made(one), _made(other)])),))
    if isinstance(op, ast.FloorDiv) and type(one) is Inst and one.type == "plumbum.LocalPath":
        # What a pattern finds there.
        return Value((Inst("plumbum.LocalPaths", join_paths([_made(one), const(HOLE)])),), frozenset({MANY}))
    return ANYTHING


def _constants(op: ast.operator, one: Any, other: Any) -> Value:
    if type(one) in _NUMBERS and type(other) in _NUMBERS and type(op) in _COUNTED:
        return _calculated(op, one, other)
    if isinstance(op, ast.Mult):
        for text, times in ((one, other), (other, one)):
            if isinstance(text, (str, bytes)) and isinstance(times, int):
                if len(text) * times > GIANT:
                    raise Giant(len(text) * times)
                if len(text) * times > MAX_TEXT:
                    return ANYTHING
    if isinstance(op, ast.Pow):
        if isinstance(one, int) and isinstance(other, int) and abs(one) > 1 and other > 0:
            bits = one.bit_length() * other
            if bits > HUGE_INTEGER:
                raise Giant(bits // 8)
            if bits > MAX_INTEGER_BITS:
                return ANYTHING
        elif not (isinstance(one, (int, float)) and isinstance(other, (int, float))):
            return ANYTHING
    if isinstance(op, ast.LShift) and isinstance(one, int) and isinstance(other, int):
        if other > GIANT * 8:
            raise Giant(other // 8)
        if other > MAX_INTEGER_BITS:
            return ANYTHING
    if isinstance(op, ast.Mod) and isinstance(one, str):
        return const(percent(one, [const(other)], None))
    if isinstance(op, ast.Mod) and isinstance(one, bytes):
        return ANYTHING
    return _calculated(op, one, other)


def _calculated(op: ast.operator, one: Any, other: Any) -> Value:
    try:
        result = _ARITHMETIC[type(op)](one, other)
    except (KeyError, TypeError, ValueError, ArithmeticError, OverflowError):
        return ANYTHING
    if isinstance(result, int) and result.bit_length() > MAX_INTEGER_BITS:
        return ANYTHING
    return const(result)


def compare(op: ast.cmpop, left: Value, right: Value) -> Value:
    """``left op right`` where both are single constants."""
    one, other = left.only(), right.only()
    if one is not None and other is not None:
        try:
            return const(bool(_COMPARISONS[type(op)](one.value, other.value)))
        except (KeyError, TypeError, ValueError):
            # ValueError: `256 in b"text"`.
            pass
    return ANYTHING


def text(value: Value) -> str:
    """One text for ``value`` as a part of a longer one; ``HOLE`` where it is not exactly one known text."""
    if len(value.atoms) == 1:
        atom = value.atoms[0]
        if type(atom) is Const:
            return shown(atom.value)
        if type(atom) is Inst and atom.type == PATH and atom.made is not None:
            return text(atom.made)
        if type(atom) is Name and atom.owner is None:
            return HOLE
    return HOLE


def shown(constant: Any) -> str:
    """``str(constant)``, without the quotes of bytes."""
    if isinstance(constant, str):
        return constant
    if isinstance(constant, bytes):
        return constant.decode("utf-8", "replace")
    return str(constant) if isinstance(constant, (int, float, bool, type(None))) else HOLE


def percent(template: str, values: list[Value], mapping: dict[Any, Value] | None) -> str:
    """``template % values`` with ``HOLE`` for what is not known."""
    left = iter(values)

    def put(found: re.Match[str]) -> str:
        if found["type"] == "%":
            return "%"
        if found["key"] is not None:
            return text((mapping or {}).get(found["key"], ANYTHING))
        part = text(next(left, ANYTHING))
        return chr(int(part)) if found["type"] == "c" and part.isdigit() and int(part) < 0x110000 else part

    return _PERCENT.sub(_bounded(put), template)


def _bounded(put: Callable[[re.Match[str]], str]) -> Callable[[re.Match[str]], str]:
    """``put`` until far more than is kept of any text was put in: long parts in many places would be gigabytes."""
    room = 3 * MAX_TEXT

    def put_in(found: re.Match[str]) -> str:
        nonlocal room
        part = put(found) if room > 0 else ""
        room -= len(part)
        return part

    return put_in


def formatted(template: str, args: list[Value], kwargs: dict[str, Value]) -> str:
    """``template.format(*args, **kwargs)`` with ``HOLE`` for what is not known."""
    position = iter(range(len(args)))

    def put(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        name = found["name"]
        if not name:
            index = next(position, None)
            return HOLE if index is None else text(args[index])
        if name.isdigit():
            return text(args[int(name)]) if int(name) < len(args) else HOLE
        return text(kwargs[name]) if name in kwargs else HOLE

    return _FIELD.sub(_bounded(put), template)


def joined(parts: list[Value]) -> Value:
    """An f-string's parts put together. Several possibilities of one part stay apart."""
    options: list[str] = [""]
    # What all options go on with, put together once: an f-string may have thousands of parts.
    tails: list[str] = []
    marks: frozenset[str] = frozenset()
    origin = Origin.HUMAN
    for part in parts:
        if part.marks:
            marks |= part.marks
        if part.origin is not origin and part.origin.rank > origin.rank:
            origin = part.origin
        atoms = part.atoms
        if len(atoms) == 1:
            atom = atoms[0]
            texts = [shown(atom.value) if type(atom) is Const else text(part)]
        elif atoms:
            texts = list(
                dict.fromkeys(shown(atom.value) if type(atom) is Const else text(Value((atom,))) for atom in atoms)
            )
        else:
            texts = [HOLE]
        if len(texts) == 1 or len(options) * len(texts) > 8:
            tails.append(texts[0] if len(texts) == 1 else HOLE)
            continue
        between = "".join(tails)
        tails.clear()
        options = [(head + between + tail)[: MAX_TEXT + 1] for head in options for tail in texts]
    if tails:
        between = "".join(tails)
        options = [(head + between)[: MAX_TEXT + 1] for head in options]
    if len(parts) > 1:
        marks |= {BUILT}
    value = const(options[0]) if len(options) == 1 else join(const(option) for option in options)
    return value.marked(marks - {INDIRECT}).by(origin)


def join_paths(parts: list[Value]) -> Value:
    """``os.path.join`` of the first few possibilities of each part."""
    options: list[str] = [""]
    for part in parts:
        texts = list(dict.fromkeys(path_texts(part)))[:4]
        if len(options) * len(texts) > 8:
            texts = [HOLE]
        options = [_join(head, tail) for head in options for tail in texts]
    value = derived(*parts)
    return join(const(option) for option in options).marked(value.marks - {INDIRECT}).by(value.origin)


def _join(head: str, tail: str) -> str:
    if not head or tail.startswith(("/", "~")):
        return tail
    return head.rstrip("/") + "/" + tail if tail else head


def path_texts(value: Value) -> list[str]:
    """The texts that ``value`` may be as a path; ``HOLE`` for what is not known."""
    found = []
    for atom in value.atoms:
        if type(atom) is Const and isinstance(atom.value, (str, bytes)):
            found.append(shown(atom.value))
        elif type(atom) is Inst and atom.made is not None and atom.type in _PATHLIKE:
            found += path_texts(atom.made)
        else:
            found.append(HOLE)
    return found or [HOLE]


_PATHLIKE = frozenset({PATH, "io.TextIOWrapper", "tempfile.TemporaryDirectory", "os.DirEntry"})
# What ``/`` joins.
_JOINED = frozenset({PATH, "upath.UPath", "plumbum.LocalPath"})


def _is_path(atom: Any) -> bool:
    return type(atom) is Inst and atom.type in _JOINED


def _made(atom: Any) -> Value:
    if atom is None:
        return ANYTHING
    return atom.made or ANYTHING if type(atom) is Inst else Value((atom,))


def known(value: Value) -> bool:
    """Whether ``value`` is exactly one constant without unknown parts."""
    only = value.only()
    return only is not None and not partial(only.value)
