"""Methods of constants and containers (``str.join``, ``dict.get``, ``list.append``) -> their results."""

from __future__ import annotations

from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.fold import formatted, shown, text
from jupyter_guard.read.python.secret_names import environment
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    DECODED,
    ENVIRON,
    INDIRECT,
    MAX_TEXT,
    NONE,
    Const,
    Map,
    Seq,
    Value,
    const,
    derived,
    element,
    items_of,
    join,
    partial,
)

_PURE = frozenset(
    """
    capitalize casefold count decode encode endswith expandtabs find format hex index isalnum
    isalpha isascii isdigit islower isspace isupper join lower lstrip partition removeprefix
    removesuffix replace rfind rindex rpartition rsplit rstrip split splitlines startswith strip
    swapcase title translate upper zfill ljust rjust center to_bytes
    """.split()
)
_HIDING = frozenset({"decode", "translate", "replace", "swapcase", "hex", "to_bytes"})
_KEEPING = frozenset({"strip", "lstrip", "rstrip", "lower", "upper", "encode", "removeprefix", "removesuffix", "title"})


def of_constant(constant: Any, name: str, args: list[Value], kwargs: dict[str, Value], marks: frozenset[str]) -> Value:
    """``constant.name(*args, **kwargs)``."""
    given = derived(*args, *kwargs.values())
    marks = (marks | given.marks) - {INDIRECT}
    if isinstance(constant, str) and name == "format":
        return const(formatted(constant, args, kwargs), marks | {BUILT}, given.origin)
    if isinstance(constant, str) and name == "format_map":
        mapping = next((atom.items for atom in args[0].atoms if type(atom) is Map), {}) if args else {}
        return const(formatted(constant, [], mapping), marks | {BUILT}, given.origin)
    if isinstance(constant, (str, bytes)) and name == "join" and args:
        return _joined(constant, args[0], marks)
    if not isinstance(constant, (str, bytes, int)) or name not in _PURE:
        return Value((), marks, given.origin)
    if name == "translate" and isinstance(constant, str) and args and type(args[0].only()) is not Const:
        table = next((atom.items for atom in args[0].atoms if type(atom) is Map and atom.rest is None), None)
        only = {key: one.only() for key, one in table.items()} if table is not None else None
        if only is None or any(one is None for one in only.values()):
            return Value((), marks, given.origin)
        new = constant.translate({key: one.value for key, one in only.items() if one is not None})
        return const(new[: MAX_TEXT + 1], marks | {DECODED}, given.origin)
    plain = [arg.only() for arg in args]
    named = {key: value.only() for key, value in kwargs.items()}
    if any(one is None for one in (*plain, *named.values())):
        if partial(constant) or name in ("strip", "rstrip", "lstrip", "lower", "upper", "encode", "replace"):
            return const(constant, marks, given.origin) if name in _KEEPING else const(HOLE, marks)
        return Value((), marks, given.origin)
    values = [one.value for one in plain if one is not None]
    if partial(constant):
        if name == "replace" and len(values) >= 2 and all(isinstance(one, str) for one in values[:2]):
            return const(str(constant).replace(values[0], values[1])[: MAX_TEXT + 1], marks)
        if name in ("split", "rsplit", "splitlines"):
            return Value((Seq([], "list", const(HOLE, marks)),), marks)
        return const(constant, marks) if name in _KEEPING else Value((), marks)
    if any(isinstance(one, int) and abs(one) > 100_000 for one in values):
        return Value((), marks)
    if (
        name == "replace"
        and len(values) > 1
        and len(constant if not isinstance(constant, int) else b"")
        * (len(values[1]) + 1 if isinstance(values[1], (str, bytes)) else 1)
        > 4 * MAX_TEXT
    ):
        return Value((), marks)
    try:
        result = getattr(constant, name)(*values, **{key: one.value for key, one in named.items() if one is not None})
    except Exception:  # the call would fail at run time too
        return Value((), marks)
    if name in _HIDING and result != constant and not _ordinary_decode(name, values, marks):
        marks |= {DECODED} if name in ("translate", "swapcase", "to_bytes") or isinstance(constant, bytes) else {BUILT}
    return lifted(result, marks)


def _ordinary_decode(name: str, values: list[Any], marks: frozenset[str]) -> bool:
    """Whether ``b'text'.decode()`` only turns readable bytes into text."""
    if name != "decode" or DECODED in marks:
        return name != "replace" and DECODED in marks
    return not values or str(values[0]).lower().replace("-", "").replace("_", "") in ("utf8", "ascii", "latin1")


def lifted(result: Any, marks: frozenset[str] = frozenset()) -> Value:
    """A Python object of constants as a value."""
    if isinstance(result, (list, tuple, set, frozenset)):
        kind = "tuple" if isinstance(result, tuple) else "list"
        return Value((Seq([lifted(one, marks) for one in list(result)[:4096]], kind),), marks)
    if isinstance(result, dict):
        return Value((Map({key: lifted(one, marks) for key, one in result.items()}),), marks)
    if isinstance(result, (str, bytes, int, float, bool, type(None), range)):
        return const(result, marks)
    return Value((), marks)


def _joined(separator: str | bytes, value: Value, marks: frozenset[str]) -> Value:
    parts = items_of(value)
    marks |= value.marks
    if parts is None:
        inner = element(value)
        marks |= inner.marks
        body = text(inner)
        tail = shown(separator) + HOLE
        return const((body if body != HOLE else HOLE) + tail if body != HOLE else HOLE, (marks | {BUILT}) - {INDIRECT})
    for part in parts:
        marks |= part.marks
    if isinstance(separator, bytes):
        found = [part.only() for part in parts]
        if all(one is not None and isinstance(one.value, bytes) for one in found):
            return const(separator.join(one.value for one in found if one is not None), marks | {BUILT})
        return Value((), marks)
    return const(separator.join(text(part) for part in parts)[: MAX_TEXT + 1], (marks | {BUILT}) - {INDIRECT})


def of_sequence(seq: Seq, name: str, args: list[Value], weak: bool) -> Value | None:
    """``seq.name(*args)`` and the change that it makes; ``None`` for a method that is not known here."""
    if name in ("append", "add", "appendleft", "put", "put_nowait") and args:
        if weak or len(seq.items) >= 4096:
            seq.rest = join((seq.rest, args[0])) if seq.rest is not None else args[0]
        else:
            seq.items.append(args[0])
        return NONE
    if name in ("extend", "update", "__iadd__") and args:
        more = items_of(args[0])
        if more is None or weak or len(seq.items) + len(more) > 4096:
            inner = element(args[0])
            seq.rest = join((seq.rest, inner)) if seq.rest is not None else inner
        else:
            seq.items.extend(more)
        return NONE
    if name == "insert" and len(args) > 1:
        seq.items.insert(0 if text(args[0]) == "0" else len(seq.items), args[1])
        return NONE
    if name in ("pop", "popleft"):
        if not seq.items:
            return seq.rest or ANYTHING
        if weak or (args and not isinstance(getattr(args[0].only(), "value", None), int)):
            return join(seq.items)
        only = args[0].only() if args else None
        index = only.value if only is not None else (0 if name == "popleft" else -1)
        return seq.items.pop(index) if -len(seq.items) <= index < len(seq.items) else ANYTHING
    if name in ("get", "get_nowait"):
        # A queue's: any of what was put in.
        return element(Value((seq,))) if seq.items else seq.rest or ANYTHING
    if name in ("reverse", "sort"):
        if name == "reverse":
            seq.items.reverse()
        return NONE
    if name in ("clear", "remove", "discard"):
        if name == "clear" and not weak:
            seq.items.clear()
            seq.rest = None
        return NONE
    if name == "copy":
        return Value((Seq(list(seq.items), seq.kind, seq.rest),))
    if name in ("index", "count"):
        return ANYTHING
    return None


def of_mapping(mapping: Map, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """``mapping.name(*args)`` and the change that it makes; ``None`` for a method that is not known here."""
    if name in ("get", "pop", "setdefault", "__getitem__") and args:
        found = of_key(mapping, args[0])
        if name == "setdefault" and len(args) > 1:
            set_key(mapping, args[0], args[1], weak=True)
        default = args[1] if len(args) > 1 else NONE
        return default if found is None else found if args[0].only() is not None else join((found, default))
    if name in ("values", "itervalues"):
        return Value((Seq(list(mapping.items.values()), "list", mapping.rest),))
    if name in ("keys", "iterkeys"):
        return Value((Seq([const(key) for key in mapping.items], "list", ANYTHING if mapping.rest else None),))
    if name in ("items", "iteritems"):
        pairs = [Value((Seq([const(key), one], "tuple"),)) for key, one in mapping.items.items()]
        rest = Value((Seq([ANYTHING, mapping.rest], "tuple"),)) if mapping.rest is not None else None
        return Value((Seq(pairs, "list", rest),))
    if name == "popitem":
        return Value((Seq([ANYTHING, element(Value((Seq(list(mapping.items.values())),)))], "tuple"),))
    if name == "update":
        for arg in args:
            for atom in arg.atoms:
                if type(atom) is Map:
                    mapping.items.update(atom.items)
                    mapping.rest = atom.rest if mapping.rest is None else mapping.rest
                elif not (type(atom) is Const and atom.value is None):
                    mapping.rest = derived(arg) if mapping.rest is None else join((mapping.rest, derived(arg)))
        mapping.items.update(kwargs)
        return NONE
    if name == "copy":
        return Value((Map(dict(mapping.items), mapping.rest),))
    if name == "clear":
        mapping.items.clear()
        return NONE
    return None


def of_key(mapping: Map, key: Value) -> Value | None:
    """``mapping[key]``, any of the values for an unknown key, ``None`` for a key that is not there."""
    only = key.only()
    if only is not None:
        try:
            found = mapping.items.get(only.value)
        except TypeError:
            return ANYTHING
        if found is None and mapping.scope is not None and isinstance(only.value, str):
            found = mapping.scope.names.get(only.value)
        if found is None and mapping.rest is not None and ENVIRON in mapping.rest.marks:
            # One of the variables, by its name: `{**os.environ, "MODE": "test"}["HOME"]`.
            return environment(key)
        return found if found is not None else mapping.rest
    values = list(mapping.items.values())
    if mapping.scope is not None:
        return ANYTHING
    return join([*values, *([mapping.rest] if mapping.rest is not None else [])]) if values or mapping.rest else None


def set_key(mapping: Map, key: Value, value: Value, weak: bool = False) -> None:
    """``mapping[key] = value``."""
    only = key.only()
    try:
        hash(only.value if only is not None else None)
    except TypeError:
        only = None
    if only is None:
        mapping.rest = value if mapping.rest is None else join((mapping.rest, value))
        return
    if mapping.scope is not None and isinstance(only.value, str):
        mapping.scope.names[only.value] = value
        return
    known = mapping.items.get(only.value)
    mapping.items[only.value] = join((known, value)) if weak and known is not None else value


def unpacked(value: Value, count: int, star: int | None) -> list[Value]:
    """``count`` values taken out of ``value``; ``star`` is the index of the one that takes the rest."""
    items = items_of(value)
    if items is None or (star is None and len(items) != count) or (star is not None and len(items) < count - 1):
        inner = element(value)
        return [Value((Seq([], "list", inner),)) if index == star else inner for index in range(count)]
    if star is None:
        return items
    after = count - star - 1
    end = len(items) - after
    return [*items[:star], Value((Seq(items[star:end]),)), *items[end:]]
