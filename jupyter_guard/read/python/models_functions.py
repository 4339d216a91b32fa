"""Functions made of functions (``compose``, ``pipe``, ``curry``) -> what calling them calls, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import (
    ANYTHING,
    INDIRECT,
    Atom,
    Const,
    Map,
    Name,
    Partial,
    Seq,
    Value,
    element,
    items_of,
)

_CHAIN = "compose()"
"""The name under which a chain of functions is called: its first argument is the list of them, the first first."""


def _composed(functions: Iterable[Value]) -> Value:
    return Value((Partial(Value((Name(_CHAIN),)), [Value((Seq(list(functions)),))], {}),))


def _compose(_run: Run, site: Site) -> Value:
    return _composed(reversed(site.args))


def _compose_left(_run: Run, site: Site) -> Value:
    return _composed(site.args)


def _chain(run: Run, site: Site) -> Value:
    functions = items_of(site.args[0]) or []
    return _through(run, functions, site.args[1:], site.kwargs, site)


def _pipe(run: Run, site: Site) -> Value:
    return _through(run, site.args[1:], site.args[:1], {}, site)


def _through(run: Run, functions: list[Value], args: list[Value], kwargs: dict[str, Value], site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    result = args[0] if args else ANYTHING
    for function in functions:
        result = apply(run, function.marked({INDIRECT}), args, kwargs, site.node, open_=site.open)
        args, kwargs = [result], {}
    return result


def _curry(_run: Run, site: Site) -> Value:
    return Value((Partial(site.args[0], site.args[1:], dict(site.kwargs)),)) if site.args else ANYTHING


_INVOKED = "invoke()"
"""A task or tool of one's own that is given one thing: the arguments by their names, or the only one."""
_EACH = "each()"
"""A task that is called with each of what it is given."""
# What schedulers and agents put around a function, by the name under which it is called there.
SAME = frozenset("__wrapped__ __call__ remote delay submit local fn func original_func".split())
TASKS = {
    **dict.fromkeys(("invoke", "ainvoke", "run", "arun"), _INVOKED),
    **dict.fromkeys(("map", "starmap", "spawn_map", "for_each"), _EACH),
    "apply_async": "applied()",
}


def task(atom: Atom, method: str) -> Value:
    """``function.remote``, ``tool.invoke``: a function of the session, called in the way of that library."""
    return Value((Partial(Value((Name(TASKS[method]),)), [Value((atom,))], {}),))


def _invoked(run: Run, site: Site) -> Value:
    given = site.args[1] if len(site.args) > 1 else site.kwargs.get("input", site.kwargs.get("tool_input"))
    if given is None:
        return _apply(run, site, [], site.kwargs)
    for atom in given.atoms:
        if type(atom) is Map:
            return _apply(run, site, [], {key: one for key, one in atom.items.items() if isinstance(key, str)})
    return _apply(run, site, [given, *site.args[2:]], site.kwargs)


def _each(run: Run, site: Site) -> Value:
    rows = site.args[1:]
    if site.name == _EACH and len(rows) == 1 and items_of(element(rows[0])) is not None:
        text = any(type(atom) is Const for atom in element(rows[0]).atoms)
        items = items_of(element(rows[0])) or []
        return _apply(run, site, [element(rows[0])] if text else items, site.kwargs)
    return _apply(run, site, [element(one) for one in rows], site.kwargs)


def _applied(run: Run, site: Site) -> Value:
    given = site.args[1] if len(site.args) > 1 else site.kwargs.get("args")
    named = site.args[2] if len(site.args) > 2 else site.kwargs.get("kwargs")
    kwargs = next((atom.items for atom in named.atoms if type(atom) is Map), {}) if named is not None else {}
    return _apply(run, site, (items_of(given) if given is not None else None) or [], dict(kwargs))


def _apply(run: Run, site: Site, args: list[Value], kwargs: dict[str, Value]) -> Value:
    from jupyter_guard.read.python.calls import apply

    return apply(run, site.args[0], args, kwargs, site.node, open_=site.open)


_TOOLZ = ("toolz", "toolz.functoolz", "toolz.curried", "cytoolz", "cytoolz.functoolz", "cytoolz.curried")
MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    _CHAIN: _chain,
    _INVOKED: _invoked,
    _EACH: _each,
    "applied()": _applied,
    **dict.fromkeys([*(f"{one}.compose" for one in _TOOLZ), "funcy.compose", "pydash.flow_right"], _compose),
    **dict.fromkeys([*(f"{one}.compose_left" for one in _TOOLZ), "funcy.rcompose", "pydash.flow"], _compose_left),
    **dict.fromkeys([f"{one}.pipe" for one in _TOOLZ], _pipe),
    **dict.fromkeys([*(f"{one}.curry" for one in _TOOLZ), "funcy.curry", "pydash.curry"], _curry),
}
