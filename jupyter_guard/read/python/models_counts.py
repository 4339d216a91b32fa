"""``itertools`` over known lengths -> how many combinations; going through more than a machine can is an effect."""

from __future__ import annotations

import ast
import math

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import Const, Inst, Value, const, items_of
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

TYPE = "itertools.counted"
MOST_KEPT = 1_000_000_000
"""Tuples in a list: tens of gigabytes."""
MOST_SEEN = 100_000_000_000
"""Rounds of a loop: hours of doing nothing."""
_LONGEST = 10_000


def counted(run: Run, site: Site) -> Value | None:
    """``permutations``, ``combinations``, ``product``: a value that knows its length, where that is beyond reach."""
    del run
    if site.open:
        return None
    name = site.name.rpartition(".")[2]
    if name == "product":
        lengths = [_length(one) for one in site.args]
        repeat = _number(site.kwargs.get("repeat")) if "repeat" in site.kwargs else 1
        if repeat is None or not lengths or any(one is None for one in lengths):
            return None
        total = math.prod(one for one in lengths if one is not None)
        count = 10**18 if total > 1 and repeat > 60 else total ** min(repeat, 60)
    else:
        length = _length(arg(site, 0))
        taken = _number(site.args[1] if len(site.args) > 1 else site.kwargs.get("r"))
        if length is None or (taken is None and (name != "permutations" or len(site.args) > 1 or "r" in site.kwargs)):
            return None
        size = min(length if taken is None else taken, length, 300)
        if name == "permutations":
            count = math.perm(min(length, 300), size)
        else:
            count = math.comb(min(length, 300) + (size if name.endswith("replacement") else 0), size)
    return Value((Inst(TYPE, const(count)),)) if count > MOST_KEPT else None


def endless(run: Run, site: Site) -> Value | None:
    """``count``, ``cycle``, ``repeat`` without a number of times: what gives items for ever."""
    del run
    name = site.name.rpartition(".")[2]
    if site.open or (name == "repeat" and (len(site.args) > 1 or "times" in site.kwargs)):
        return None
    return Value((Inst(TYPE, const(math.inf)),))


def _length(value: Value) -> int | None:
    items = items_of(value)
    if items is not None:
        return len(items)
    only = value.only()
    if only is not None and isinstance(only.value, range):
        return max(0, (only.value.stop - only.value.start) // only.value.step)
    return None


def _number(value: Value | None) -> int | None:
    only = value.only() if value is not None else None
    number = only.value if only is not None else None
    return number if isinstance(number, int) and 0 <= number < _LONGEST else None


def is_counted(value: Value) -> bool:
    """Whether ``value`` may be one of those whose length is beyond reach."""
    return any(type(atom) is Inst and atom.type == TYPE for atom in value.atoms)


def gone_through(run: Run, value: Value, node: ast.AST | None, via: str, most: int, for_ever: bool = True) -> None:
    """All of ``value`` is gone through here: an effect when there is more than ``most`` of it.

    Without ``for_ever`` that goes for what ends: a generator over what does not is stopped by whoever asks it.
    """
    for atom in value.atoms:
        made = atom.made if type(atom) is Inst and atom.type == TYPE else None
        only = made.only() if made is not None else None
        if type(only) is Const and only.value == math.inf:
            if for_ever:
                run.emit(
                    Kind.RESOURCE_EXHAUST, node=node, via=via, tags=("unbounded",), scope=Reach.SESSION,
                    certainty=Certainty.LIKELY,
                )  # fmt: skip
        elif type(only) is Const and only.value > most:
            run.emit(
                Kind.RESOURCE_EXHAUST,
                f"{only.value:,} combinations" if only.value < 10**18 else "more combinations than can be gone through",
                node=node,
                via=via,
                tags=("giant",),
                scope=Reach.SESSION,
                certainty=Certainty.LIKELY,
            )


MODELS = {
    f"itertools.{name}": counted
    for name in ("permutations", "combinations", "combinations_with_replacement", "product")
} | {f"itertools.{name}": endless for name in ("count", "cycle", "repeat")}
