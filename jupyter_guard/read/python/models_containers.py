"""Containers, numbers and going through them (``map``, ``dict``, ``zip``, ``range``) -> what they give."""

# ruff: noqa: ARG001 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from jupyter_guard.read.python.access import attribute
from jupyter_guard.read.python.classes import library_bases
from jupyter_guard.read.python.fold import joined
from jupyter_guard.read.python.methods import of_mapping
from jupyter_guard.read.python.models_counts import (
    ENDLESS,
    MOST_KEPT,
    MOST_SEEN,
    consumed,
    gone_through,
    is_endless,
    lengthened,
)
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import (
    ANYTHING,
    DECODED,
    INDIRECT,
    Class,
    Const,
    Func,
    Inst,
    Map,
    Name,
    Seq,
    Value,
    const,
    element,
    items_of,
    join,
)
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach


def _map(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    function = arg(site, 0).marked({INDIRECT})
    lists = [items_of(one) for one in site.args[1:]]
    if lists and all(one is not None and len(one) <= 512 for one in lists):
        rows = zip(*(one for one in lists if one is not None), strict=False)
        return Value((Seq([apply(run, function, list(row), {}, site.node) for row in rows]),))
    result = apply(run, function, [element(one) for one in site.args[1:]], {}, site.node)
    endless = bool(lists) and all(is_endless(one) for one in site.args[1:])
    return Value((Seq([], ENDLESS if endless else "list", result),))


def _default(run: Run, site: Site) -> Value:
    """``defaultdict(f)``: a key that is not there gives what ``f`` makes."""
    from jupyter_guard.read.python.calls import apply

    mapping = Map({})
    for value in site.args[1:2]:
        for atom in value.atoms:
            if type(atom) is Map:
                mapping.items.update(atom.items)
                mapping.rest = atom.rest
    mapping.items.update(site.kwargs)
    if any(type(atom) is Func for atom in arg(site, 0).atoms):
        mapping.rest = apply(run, arg(site, 0), [], {}, site.node)
    elif site.args:
        mapping.rest = ANYTHING
    return Value((mapping,))


def _filter(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    inner = element(arg(site, 1))
    if any(not isinstance(atom, Const) for atom in arg(site, 0).atoms):
        apply(run, arg(site, 0), [inner], {}, site.node)
    kind = ENDLESS if is_endless(arg(site, 1)) else "list"
    return Value((Seq([], kind, inner),), arg(site, 1).marks)


def _starmap(run: Run, site: Site) -> Value | None:
    from jupyter_guard.read.python.calls import apply

    rows = items_of(arg(site, 1)) or [element(arg(site, 1))]
    for row in rows[:512]:
        apply(run, arg(site, 0), items_of(row) or [element(row)], {}, site.node, open_=items_of(row) is None)
    return lengthened(run, site)


def _asked(run: Run, site: Site) -> Value | None:
    """``takewhile(f, items)``, ``groupby(items, f)``, ``accumulate(items, f)``: ``f`` is called with the items."""
    from jupyter_guard.read.python.calls import apply

    first = site.name.endswith(("takewhile", "dropwhile", "filterfalse"))
    function = arg(site, 0) if first else arg(site, 1, "func" if site.name.endswith("accumulate") else "key")
    inner = element(arg(site, 1) if first else arg(site, 0))
    if any(not isinstance(atom, Const) for atom in function.atoms):
        apply(run, function, [inner, inner] if site.name.endswith("accumulate") else [inner], {}, site.node)
    return lengthened(run, site) if site.name.endswith(("accumulate", "filterfalse")) else None


def _reduce(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    items = items_of(arg(site, 1))
    gone_through(run, arg(site, 1), site.node, site.name, MOST_SEEN)
    if items is None or len(items) > 256:
        inner = element(arg(site, 1))
        return apply(run, arg(site, 0), [inner, inner], {}, site.node)
    values = [*site.args[2:3], *items]
    if not values:
        return ANYTHING
    result = values[0]
    for value in values[1:]:
        result = apply(run, arg(site, 0), [result, value], {}, site.node)
    return result


def _list(run: Run, site: Site) -> Value:
    kind = site.name.rpartition(".")[2]
    if not site.args:
        return Value((Seq([], kind),))
    if _is_named(site.args[0]):
        return Value((Seq([], kind, ANYTHING),))
    value = iterated(run, site.args[0], site)
    if not any(type(atom) is Const for atom in value.atoms):
        gone_through(run, value, site.node, site.name, MOST_KEPT)
    for atom in value.atoms:
        if type(atom) is Const and isinstance(atom.value, range) and _length(atom.value) > 200_000_000:
            run.emit(
                Kind.RESOURCE_EXHAUST,
                f"{_length(atom.value) * 8:,} bytes of memory",
                node=site.node,
                via=site.name,
                tags=("giant",),
                scope=Reach.SESSION,
            )
    items = items_of(value)
    if items is not None:
        return Value((Seq(list(items), kind),))
    return Value((Seq([], kind, element(value)),), value.marks)


def _deque(run: Run, site: Site) -> Value | None:
    """A queue of what it is given; one with a greatest length keeps the last of it only."""
    if "maxlen" in site.kwargs or len(site.args) > 1:
        return None
    consumed(run, site)
    return _list(run, site)


def _length(numbers: range) -> int:
    """``len`` without its limit."""
    return max(0, (numbers.stop - numbers.start) // numbers.step)


def iterated(run: Run, value: Value, site: Site | None) -> Value:
    """What going through ``value`` gives: types know what they hold, files and listings are of unknown length."""
    found: list[Value] = []
    changed = False
    for atom in value.atoms:
        if isinstance(atom, (Inst, Name)):
            type_ = atom.type if isinstance(atom, Inst) else ""
            if isinstance(atom, Name):
                entry = run.known(atom.dotted)
                type_ = entry.returns if entry is not None else ""
            entry = run.known(f"{type_}.__iter__") if type_ else None
            if entry is not None and entry.returns:
                found.append(Value((Seq([], "list", Value((Inst(entry.returns, getattr(atom, "made", None)),))),)))
                changed = True
                continue
        if type(atom) is Class and any(base.startswith("enum.") for base in library_bases(atom)):
            # Its members, in order.
            names = [name for name, one in atom.attrs.items() if not name.startswith("_") and not _is_method(one)]
            found.append(Value((Seq([attribute(run, Value((atom,)), name, None) for name in names]),)))
            changed = True
            continue
        found.append(Value((atom,)))
    return join(found).marked(value.marks).by(value.origin) if changed else value


def _is_method(value: Value) -> bool:
    return any(type(atom) is Func for atom in value.atoms)


def _reversed(run: Run, site: Site) -> Value:
    items = items_of(arg(site, 0))
    if items is None:
        return arg(site, 0)
    return Value(
        (
            Seq(
                [
                    one.marked({DECODED})
                    if len(items) > 1 and isinstance(getattr(one.only(), "value", None), str)
                    else one
                    for one in reversed(items)
                ]
            ),
        )
    )


# Going through these gives the names of what they hold, not what they hold.
_NAMED = frozenset({"os.environ", "os.environ.copy", "dotenv.Values"})


def _sorted(run: Run, site: Site) -> Value:
    if _is_named(arg(site, 0)):
        return Value((Seq([], "list", ANYTHING),))
    _keyed(run, site)
    items = items_of(arg(site, 0))
    return Value((Seq([], "list", join(items)),), arg(site, 0).marks) if items else _list(run, site)


def _keyed(run: Run, site: Site) -> None:
    if "key" in site.kwargs:
        from jupyter_guard.read.python.callbacks import called_with_key

        called_with_key(run, site, arg(site, 0))


def _is_named(value: Value) -> bool:
    return bool(value.atoms) and all(type(atom) is Inst and atom.type in _NAMED for atom in value.atoms)


def _keys(run: Run, site: Site) -> Value:
    return Value((Seq([], "list", ANYTHING),))


def _zip(run: Run, site: Site) -> Value:
    lists = [items_of(one) for one in site.args]
    if lists and all(one is not None for one in lists):
        return Value(
            (
                Seq(
                    [
                        Value((Seq(list(row), "tuple"),))
                        for row in zip(*(o for o in lists if o is not None), strict=False)
                    ]
                ),
            )
        )
    return Value((Seq([], "list", Value((Seq([element(one) for one in site.args], "tuple"),))),))


def _enumerate(run: Run, site: Site) -> Value:
    items = items_of(arg(site, 0))
    if items is not None and len(items) <= 512:
        return Value((Seq([Value((Seq([const(index), one], "tuple"),)) for index, one in enumerate(items)]),))
    kind = ENDLESS if is_endless(arg(site, 0)) else "list"
    return Value((Seq([], kind, Value((Seq([ANYTHING, element(iterated(run, arg(site, 0), site))], "tuple"),))),))


def _dict(run: Run, site: Site) -> Value:
    mapping = Map(dict(site.kwargs))
    marks = frozenset[str]()
    for value in site.args:
        marks |= value.marks
        pairs = items_of(value)
        if any(type(atom) is Map for atom in value.atoms):
            of_mapping(mapping, "update", [value], {})
        elif pairs is not None and all(len(items_of(pair) or []) == 2 for pair in pairs):
            for pair in pairs:
                key, one = items_of(pair) or [ANYTHING, ANYTHING]
                only = key.only()
                if only is not None and isinstance(only.value, (str, int, bytes)):
                    mapping.items[only.value] = one
        else:
            mapping.rest = element(value)
    return Value((mapping,), marks)


def _next(run: Run, site: Site) -> Value:
    value = iterated(run, arg(site, 0), site)
    items = items_of(value)
    return items[0] if items else element(value)


def _str(run: Run, site: Site) -> Value:
    if not site.args:
        return const("")
    value = joined([site.args[0]])
    if len(site.args) > 1 and any(type(atom) is Const and isinstance(atom.value, bytes) for atom in site.args[0].atoms):
        return value.marked({DECODED}) if DECODED in site.args[0].marks else value
    return value


def _int(run: Run, site: Site) -> Value:
    only = arg(site, 0).only()
    base = site.args[1].only() if len(site.args) > 1 else None
    if only is not None and isinstance(only.value, (str, int, float, bytes)):
        try:
            number: Any = only.value
            return const(int(number, base.value) if base is not None else int(number))
        except (ValueError, TypeError, OverflowError):
            pass
    return ANYTHING


def _range(run: Run, site: Site) -> Value:
    numbers = [one.only() for one in site.args]
    if numbers and all(one is not None and isinstance(one.value, int) for one in numbers):
        try:
            return const(range(*(one.value for one in numbers if one is not None)))
        except (ValueError, TypeError):
            pass
    return ANYTHING


def _len(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.models_sizes import rows

    if isinstance(site.node, ast.Call) and site.node.args and isinstance(site.node.args[0], ast.Call):
        # `len(gc.get_objects())` looks at none of them.
        run.forget("gc.get_objects", site.node.args[0])
    items = items_of(arg(site, 0))
    count = len(items) if items is not None else rows(arg(site, 0))
    return const(count) if count is not None else ANYTHING


def _any_of(run: Run, site: Site) -> Value:
    if len(site.args) > 1:
        return join(site.args)
    _keyed(run, site)
    gone_through(run, arg(site, 0), site.node, site.name, MOST_SEEN)
    return element(arg(site, 0))


MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    "dotenv.Values.keys": _keys,
    "os.environ.keys": _keys,
    "os.environ.copy.keys": _keys,
    "map": _map,
    "filter": _filter,
    "functools.reduce": _reduce,
    "itertools.starmap": _starmap,
    **{f"itertools.{name}": _asked for name in ("takewhile", "dropwhile", "filterfalse", "groupby", "accumulate")},
    "list": _list,
    "tuple": _list,
    "collections.deque": _deque,
    "collections.defaultdict": _default,
    "set": _list,
    "frozenset": _list,
    "reversed": _reversed,
    "sorted": _sorted,
    "zip": _zip,
    "enumerate": _enumerate,
    "dict": _dict,
    "collections.OrderedDict": _dict,
    "next": _next,
    "str": _str,
    "repr": _str,
    "int": _int,
    "len": _len,
    "range": _range,
    "min": _any_of,
    "max": _any_of,
}
