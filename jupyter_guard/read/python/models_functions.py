"""Functions made of functions (``compose``, ``pipe``, ``curry``) -> what calling them calls, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import ANYTHING, INDIRECT, Name, Partial, Seq, Value, items_of

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


_TOOLZ = ("toolz", "toolz.functoolz", "toolz.curried", "cytoolz", "cytoolz.functoolz", "cytoolz.curried")
MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    _CHAIN: _chain,
    **dict.fromkeys([*(f"{one}.compose" for one in _TOOLZ), "funcy.compose", "pydash.flow_right"], _compose),
    **dict.fromkeys([*(f"{one}.compose_left" for one in _TOOLZ), "funcy.rcompose", "pydash.flow"], _compose_left),
    **dict.fromkeys([f"{one}.pipe" for one in _TOOLZ], _pipe),
    **dict.fromkeys([*(f"{one}.curry" for one in _TOOLZ), "funcy.curry", "pydash.curry"], _curry),
}
