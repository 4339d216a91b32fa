"""Functions of the standard library (and Jinja) that make one text of another -> their results."""

# ruff: noqa: ARG001 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

import inspect
import json
import re
import shlex
import textwrap
from collections.abc import Callable
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.backtracking import backtracks
from jupyter_guard.read.python.fold import shown, text
from jupyter_guard.read.python.methods import lifted
from jupyter_guard.read.python.models_counts import lengthened
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    MAX_TEXT,
    Const,
    Inst,
    Map,
    Seq,
    Value,
    const,
    derived,
    items_of,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

_DEEPEST = 40
_TEMPLATE, _JINJA = "string.Template", "jinja2.Template"
_NAME = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")
_PLACE = re.compile(r"\{\{-?\s*(\w+)\s*-?\}\}")
_BLOCK = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_LITERAL = re.compile(r"[\w\s'\",;:@!/#%&=<>~-]*\Z")


def _of_text(function: Callable[..., Any]) -> Callable[[Run, Site], Value]:
    """A function of a text that leaves what is not known in it where it is."""

    def model(run: Run, site: Site) -> Value:
        given = derived(*site.args, *site.kwargs.values())
        only = site.args[0].only() if site.args else None
        others = [one.only() for one in site.args[1:]]
        if only is None or not isinstance(only.value, str) or any(one is None for one in others):
            return given
        try:
            return lifted(function(only.value, *(one.value for one in others if one is not None)), given.marks).by(
                given.origin
            )
        except Exception:  # it would fail at run time too
            return given

    return model


def _template(run: Run, site: Site) -> Value:
    kind = site.name if site.name in (_TEMPLATE, _JINJA) else _JINJA
    return Value((Inst(kind, site.args[0]),), site.args[0].marks, site.args[0].origin) if site.args else ANYTHING


def _given(site: Site) -> dict[str, Value]:
    given: dict[str, Value] = {}
    for one in site.args:
        for atom in one.atoms:
            if type(atom) is Map:
                given |= {str(key): value for key, value in atom.items.items()}
    return given | site.kwargs


def _substitute(run: Run, site: Site) -> Value:
    """``Template(t).substitute(name=value)``: what is not given stays open."""
    given, made = _given(site), site.made()
    return _filled(site, made, lambda t: _NAME.sub(lambda m: m[1] or text(given.get(m[2] or m[3], ANYTHING)), t))


def _render(run: Run, site: Site) -> Value:
    """``Template(t).render(name=value)``: names are put in their places; other expressions and blocks stay open."""
    given, made = _given(site), site.made()
    return _filled(
        site,
        made,
        lambda t: _BLOCK.sub(HOLE, _PLACE.sub(lambda m: text(given[m[1]]) if m[1] in given else HOLE, t)),
    )


def _filled(site: Site, made: Value, fill: Callable[[str], str]) -> Value:
    both = derived(made, *site.args, *site.kwargs.values())
    only = made.only()
    if only is None or not isinstance(only.value, str):
        return both
    return const(fill(only.value)[: MAX_TEXT + 1], both.marks | {BUILT}, both.origin)


class _NotPlainError(Exception):
    """A value that is not known to the last part of it."""


def _plain(value: Value, depth: int = 0) -> Any:
    """A value of constants as a Python object."""
    only = value.only()
    if only is not None:
        return only.value
    if len(value.atoms) != 1 or depth > _DEEPEST:
        raise _NotPlainError
    atom = value.atoms[0]
    if type(atom) is Map and atom.rest is None and atom.scope is None:
        return {key: _plain(one, depth + 1) for key, one in atom.items.items()}
    if type(atom) is Seq and atom.rest is None:
        return [_plain(one, depth + 1) for one in atom.items]
    raise _NotPlainError


def _dumps(run: Run, site: Site) -> Value:
    given = derived(*site.args, *site.kwargs.values())
    try:
        return const(json.dumps(_plain(site.args[0]))[: MAX_TEXT + 1], given.marks | {BUILT}, given.origin)
    except (_NotPlainError, IndexError, TypeError, ValueError, RecursionError):
        return given


def _maketrans(run: Run, site: Site) -> Value:
    if len(site.args) == 1:
        try:
            table = str.maketrans(_plain(site.args[0]))
        except (_NotPlainError, TypeError, ValueError):
            return derived(*site.args)
    else:
        parts = [one.only() for one in site.args]
        if not all(one is not None and isinstance(one.value, str) for one in parts):
            return derived(*site.args)
        try:
            table = str.maketrans(*(one.value for one in parts if one is not None))
        except (TypeError, ValueError):
            return derived(*site.args)
    return lifted(table, derived(*site.args).marks)


def _chain(run: Run, site: Site) -> Value | None:
    many = items_of(site.args[0]) if site.name.endswith("from_iterable") and site.args else site.args
    parts = [items_of(one) for one in many or ()]
    if many is None or any(one is None for one in parts):
        return lengthened(run, Site(site.name, many or [], {}, site.node))
    return Value((Seq([one for part in parts for one in part or ()]),), derived(*site.args).marks)


def _replaced(run: Run, site: Site) -> Value:
    """``re.sub`` of a pattern that is a plain text; others are not tried: they may take for ever."""
    given = derived(*site.args, *site.kwargs.values())
    parts = [one.only() for one in site.args[:3]]
    if len(parts) < 3 or not all(one is not None and isinstance(one.value, str) for one in parts):
        return given
    pattern, new, old = (one.value for one in parts if type(one) is Const)
    if not _LITERAL.match(pattern) or "\\" in new:
        return given
    return const(
        old.replace(pattern, new)[: MAX_TEXT + 1] if pattern else shown(old), given.marks | {BUILT}, given.origin
    )


_NESTED = re.compile(r"\((?:\?:)?[^()]*[+*][^()]*\)[+*]|\((?:\?:)?(\w)\|\1\)[+*]")
_LONG = 24


def _matched(run: Run, site: Site) -> None:
    """``re.match`` of a pattern that repeats what repeats, on a long text: it may try every way to divide it."""
    given = [site.made(), *site.args] if site.name.startswith("re.Pattern.") else [*site.args]
    if len(given) < 2:
        return
    pattern, text_ = given[0].only(), given[1].only()
    if pattern is None or text_ is None or not (isinstance(pattern.value, str) and isinstance(text_.value, str)):
        return
    nested = len(text_.value) > _LONG and _NESTED.search(pattern.value) and re.search(r"(\w)\1{19}", text_.value)
    if nested or backtracks(pattern.value, text_.value, whole=site.name.endswith("fullmatch")):
        run.emit(
            Kind.RESOURCE_EXHAUST, node=site.node, via=site.name, tags=("unbounded",), scope=Reach.SESSION,
            certainty=Certainty.LIKELY,
        )  # fmt: skip


_FETCHED = re.compile(rf"(?:src|href|action|url)\s*[=(]\s*['\"]?(?:https?:)?//[^'\"\s>]*{HOLE}", re.IGNORECASE)
_PRIVATE = frozenset({"file", "database", "environment", "credential"})


def _page(run: Run, site: Site) -> None:
    """``HTML('<img src=...>')``: whoever serves the picture gets what its address is made of."""
    for value in (*site.args[:1], *site.kwargs.values()):
        if value.marks & _PRIVATE and _FETCHED.search(text(value)):
            run.emit(
                Kind.PAGE_SCRIPT, "an address made of private data", node=site.node, via=site.name,
                tags=("exfiltration",), scope=Reach.REMOTE, certainty=Certainty.LIKELY,
            )  # fmt: skip


MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    "textwrap.dedent": _of_text(textwrap.dedent),
    "textwrap.indent": _of_text(textwrap.indent),
    "inspect.cleandoc": _of_text(inspect.cleandoc),
    "shlex.split": _of_text(shlex.split),
    "shlex.quote": _of_text(shlex.quote),
    **dict.fromkeys([f"re.Pattern.{name}" for name in ("match", "search", "fullmatch", "findall")], _matched),
    **dict.fromkeys(("re.match", "re.search", "re.fullmatch", "re.findall"), _matched),
    **dict.fromkeys(
        [f"IPython.{room}display.{name}" for room in ("", "core.") for name in ("HTML", "Markdown", "SVG")], _page
    ),
    "re.sub": _replaced,
    "json.dumps": _dumps,
    "str.maketrans": _maketrans,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain,
    _TEMPLATE: _template,
    f"{_TEMPLATE}.substitute": _substitute,
    f"{_TEMPLATE}.safe_substitute": _substitute,
    _JINJA: _template,
    "jinja2.Environment.from_string": _template,
    f"{_JINJA}.render": _render,
}
