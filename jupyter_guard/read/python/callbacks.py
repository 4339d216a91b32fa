"""A function that is handed over to be called, now or later -> its call, with the arguments that go with it."""

from __future__ import annotations

import ast
import sys

from jupyter_guard.read.python import bodies, calls
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import (
    ANYTHING,
    MANY,
    Const,
    Func,
    Inst,
    Map,
    Name,
    Seq,
    Unknown,
    Value,
    element,
    items_of,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

_SPAWNS = frozenset({"Process", "Thread", "Timer", "start_new_thread", "submit", "Popen"})
# The function's arguments are those that follow it.
_SPREAD = frozenset(
    """
    submit callback push_async_callback register to_thread call_soon call_soon_threadsafe call_later call_at
    run_in_executor finalize runcall call run_sync start_soon run_in_threadpool run
    """.split()
)
# The function's arguments are packed in a tuple or list that follows it, or in `args`.
_PACKED = frozenset({"Thread", "Process", "Timer", "start_new_thread", "apply", "apply_async", "enter", "enterabs"})
# The function is called with each item of what follows it.
_ROWS = frozenset({"map", "imap", "imap_unordered", "map_async", "starmap", "starmap_async"})
_POOLS = ("multiprocessing.", "concurrent.", "?.")
MOST_ROWS = 64
_OWN = frozenset(
    {"func", "fn", "function", "target", "callback", "action", "args", "kwargs", "kwds", "argument", "name"}
)


HOOKS = frozenset({"IPython.core.events.EventManager.register"})
"""Where a function is registered that is called around every cell from then on."""


UNHOOKS = frozenset({"IPython.core.events.EventManager.unregister"})
"""Where such a function is taken away again."""


def is_own(called: Value) -> bool:
    """Whether it can only be a function that the session has written itself."""
    return bool(called.atoms) and all(type(atom) is Func for atom in called.atoms)


def is_harmless(run: Run, called: Value | None, site: Site) -> bool:
    """Whether a function can be read whole, does nothing outside the session and changes nothing that it is given."""
    if called is None or not called.atoms:
        return False
    found, noted = run.found, run.noted
    run.found, run.noted = {}, {}
    try:
        for atom in called.atoms:
            if type(atom) is not Func or not _is_plain(run, atom):
                return False
            bodies.call_function(run, atom, [ANYTHING] * len(atom.node.args.args), {}, site.node)
        return not run.found
    finally:
        run.found, run.noted = found, noted


def _is_plain(run: Run, func: Func) -> bool:
    """Whether a body calls the standard library and built-in functions only, and sets nothing of its parameters."""
    from jupyter_guard.read.python.names import BUILTINS

    given = {one.arg for one in (*func.node.args.posonlyargs, *func.node.args.args, *func.node.args.kwonlyargs)}
    for node in ast.walk(func.node):
        root: ast.AST = node.func if isinstance(node, ast.Call) else node
        outer = root
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        name = root.id if isinstance(root, ast.Name) else ""
        if isinstance(node, ast.Call):
            if isinstance(root, (ast.Constant, ast.JoinedStr, ast.Call)):
                continue
            if _acts(run, node.func):
                return False
            value = run.scope.find(name)
            atoms = value.atoms if value is not None else ()
            if name in given or name in ("setattr", "delattr", "get_ipython"):
                return False
            if value is None and outer is root and name in BUILTINS:
                continue
            modules = [atom.dotted.partition(".")[0] for atom in atoms if type(atom) is Name]
            kept = all(type(atom) in (Seq, Map, Const) for atom in atoms) and bool(atoms)
            if not kept and not (modules and all(one in sys.stdlib_module_names for one in modules)):
                return False
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load) and name in given:
            return False
    return True


def _acts(run: Run, node: ast.expr) -> bool:
    """Whether what is called here does anything beyond giving a value."""
    from jupyter_guard.read.python.secrets_made import dotted_name

    entry = run.known(dotted_name(run, node))
    return entry is not None and any(act.kinds for act in entry.acts)


def call_back(run: Run, called: Value, site: Site, index: int | None) -> None:
    """Call ``called``, which stands at ``index`` among the arguments of ``site`` (``None``: given by name only)."""
    last = site.name.rpartition(".")[2]
    after = site.args[index + 1 :] if index is not None else []
    if last in _ROWS and site.name.startswith(_POOLS):
        for row in _rows(last, after, site):
            _called(run, called, row, {}, site)
        return
    if last == "pipe" and site.owner is not None:
        # The object itself is what the function is given first.
        named = {name: value for name, value in site.kwargs.items() if name != "func"}
        _called(run, called, [site.owner, *after], named, site)
        return
    if last in _SPREAD:
        named = {name: value for name, value in site.kwargs.items() if name not in _OWN}
        _called(run, called, after, named, site, open_=site.open)
        return
    packed = site.kwargs.get("args") or site.kwargs.get("argument")
    if packed is None and last in _PACKED:
        packed = next((one for one in after if any(type(atom) is Seq for atom in one.atoms)), None)
    items = items_of(packed) if packed is not None and not _is_text(packed) else None
    _called(run, called, items, _named(site), site)


# What does these is told wherever it is handed over: whoever takes it may call it.
_TOLD = frozenset({Kind.FILE_DELETE, Kind.DATA_DESTROY, Kind.PROCESS_RUN, Kind.PROCESS_SIGNAL})
# Only looks at a function, or keeps it under a name.
_LOOKS = frozenset(
    "callable help id hash isinstance issubclass hasattr vars dir wraps update_wrapper append add".split()
)
_LOOKING = ("inspect.", "dis.", "typing.", "types.", "unittest.mock.", "mock.", "ast.", "pydoc.", "weakref.")
# Methods that call what they are given with each of many.
_EACH = frozenset(
    """
    map apply applymap transform agg aggregate progress_apply progress_map parallel_apply map_elements map_batches
    map_partitions mapPartitions foreach foreachPartition flatMap for_each tree_map pipe_each each filter starmap walk
    """.split()
)


def tells(run: Run, value: Value) -> Value | None:
    """The library functions among ``value`` that do what is told wherever they are handed over."""
    found = tuple(atom for atom in value.atoms if type(atom) is Name and atom.owner is None and _acts_hard(run, atom))
    return Value(found, value.marks, value.origin) if found else None


def _acts_hard(run: Run, atom: Name) -> bool:
    entry = run.known(atom.dotted)
    return entry is not None and any(not _TOLD.isdisjoint(act.kinds) for act in entry.acts)


def handed_over(run: Run, name: str, values: list[Value], node: ast.AST | None, owner: Value | None = None) -> None:
    """A library function that is given to something which nothing describes: it may call it with what else it has."""
    last = name.rpartition(".")[2]
    if last in _LOOKS or name.startswith(_LOOKING):
        return
    for value in values:
        told = tells(run, value)
        if told is None:
            continue
        others = [one for one in values if one is not value and any(type(atom) is Seq for atom in one.atoms)]
        item = element(others[0]) if others else _one_of(owner) if last in _EACH else ANYTHING
        before = run.certainty
        run.certainty = min(run.certainty, Certainty.LIKELY, key=lambda one: one.rank)
        try:
            calls.apply(run, told, [item], {}, node)
        finally:
            run.certainty = before


def _one_of(owner: Value | None) -> Value:
    """One of many that an object holds: a column of a table, of which perhaps is known what it was made of."""
    for atom in owner.atoms if owner is not None else ():
        if type(atom) is Inst and atom.made is not None and any(type(one) is Seq for one in atom.made.atoms):
            return element(atom.made)
    return Value((), frozenset({MANY}))


def called_with_key(run: Run, site: Site, items: Value) -> None:
    """``sorted(items, key=f)``."""
    key = site.kwargs.get("key")
    if key is not None and (any(type(atom) is Func for atom in key.atoms) or tells(run, key) is not None):
        calls.apply(run, key, [element(items)], {}, site.node)


def _is_text(value: Value) -> bool:
    return any(type(atom) is Const for atom in value.atoms)


def _named(site: Site) -> dict[str, Value]:
    given = site.kwargs.get("kwargs") or site.kwargs.get("kwds")
    if given is None:
        return {}
    return {
        key: one for atom in given.atoms if type(atom) is Map for key, one in atom.items.items() if type(key) is str
    }


def _rows(last: str, after: list[Value], site: Site) -> list[list[Value] | None]:
    if not after:
        return [None]
    if site.name.startswith("multiprocessing."):
        after = after[:1]
    lists = [items_of(one) for one in after]
    if any(one is None or len(one) > MOST_ROWS for one in lists):
        rows = [[element(one) for one in after]]
    else:
        rows = [list(row) for row in zip(*(one for one in lists if one is not None), strict=False)]
    return [items_of(row[0]) for row in rows] if last.startswith("starmap") else [*rows]


def _called(
    run: Run, called: Value, items: list[Value] | None, kwargs: dict[str, Value], site: Site, *, open_: bool = False
) -> None:
    """Call with ``items``; ``None``: with arguments that are not known."""
    for atom in called.atoms:
        if isinstance(atom, Func):
            if any(one.node is atom.node for one in run.calls) and site.name.rpartition(".")[2] in _SPAWNS:
                run.emit(Kind.RESOURCE_EXHAUST, "", node=site.node, via=site.name, tags=("fork",), scope=Reach.SYSTEM)
                continue
            count = len(atom.node.args.args) - (1 if atom.owner is not None else 0)
            given = items if items is not None else [ANYTHING] * max(count, 0)
            bodies.call_function(run, atom, given, kwargs, site.node, open_=open_ or items is None)
        elif not isinstance(atom, (Const, Seq, Map)) and not (type(atom) is Unknown and not atom.attr):
            one = Value((atom,), called.marks, called.origin)
            each = items is None and site.name.rpartition(".")[2] in _EACH and tells(run, one) is not None
            given = [_one_of(site.owner)] if each else items or []
            calls.apply(run, one, given, kwargs, site.node, open_=open_ or items is None)
