"""A function that is handed over to be called, now or later -> its call, with the arguments that go with it."""

from __future__ import annotations

from jupyter_guard.read.python import bodies, calls
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import ANYTHING, Const, Func, Map, Seq, Unknown, Value, element, items_of
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach

_SPAWNS = frozenset({"Process", "Thread", "Timer", "start_new_thread", "submit", "Popen"})
# The function's arguments are those that follow it.
_SPREAD = frozenset(
    """
    submit callback push_async_callback register to_thread call_soon call_soon_threadsafe call_later call_at
    run_in_executor finalize runcall call run_sync start_soon
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
        elif not isinstance(atom, (Const, Seq, Map, Unknown)):
            one = Value((atom,), called.marks, called.origin)
            calls.apply(run, one, items or [], kwargs, site.node, open_=open_ or items is None)
