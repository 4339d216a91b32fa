"""Queues, heaps, chained mappings and products of few -> containers that keep what they are given."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from jupyter_guard.read.python.models_counts import counted
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import NONE, Map, Seq, Value, element, items_of

MOST_ROWS = 64


def _queue(_run: Run, _site: Site) -> Value:
    return Value((Seq([], "queue"),))


def _pushed(_run: Run, site: Site) -> Value:
    """``heapq.heappush(heap, item)``."""
    for atom in arg(site, 0).atoms:
        if type(atom) is Seq and len(atom.items) < MOST_ROWS:
            atom.items.append(arg(site, 1))
    return NONE


def _popped(_run: Run, site: Site) -> Value:
    """``heapq.heappop(heap)``: any of what it holds."""
    return element(arg(site, 0))


def _chained(_run: Run, site: Site) -> Value:
    """``ChainMap(a, b)``: the first that has a key speaks."""
    merged = Map({})
    for value in reversed(site.args):
        for atom in value.atoms:
            if type(atom) is Map:
                merged.items.update(atom.items)
                merged.rest = atom.rest or merged.rest
    return Value((merged,))


def _product(run: Run, site: Site) -> Value | None:
    """``product(a, b)``: each pair, where they are few."""
    lists = [items_of(one) for one in site.args]
    known = [one for one in lists if one is not None]
    if not known or len(known) < len(lists) or site.kwargs or math.prod(map(len, known)) > MOST_ROWS:
        return counted(run, site)
    return Value((Seq([Value((Seq(list(row), "tuple"),)) for row in itertools.product(*known)]),))


MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    **dict.fromkeys([f"queue.{one}" for one in ("Queue", "LifoQueue", "SimpleQueue", "PriorityQueue")], _queue),
    **dict.fromkeys(("asyncio.Queue", "multiprocessing.Queue", "multiprocessing.SimpleQueue"), _queue),
    "heapq.heappush": _pushed,
    "heapq.heappop": _popped,
    "heapq.heappushpop": _popped,
    "collections.ChainMap": _chained,
    "itertools.product": _product,
}
