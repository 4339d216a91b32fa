"""``itertools`` over known lengths -> how many combinations; going through more than a machine can is an effect."""

from __future__ import annotations

import ast
import math

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import NONE, Const, Inst, Seq, Value, const, items_of
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

TYPE = "itertools.counted"
MOST_KEPT = 1_000_000_000
"""Tuples in a list: tens of gigabytes."""
MOST_SEEN = 100_000_000_000
"""Rounds of a loop: hours of doing nothing."""
MOST_DIGITS = 10_000_000
"""Digits of a number: computing them takes minutes."""
_LONGEST = 10_000
SHAPE = "__shape__"
"""Where an array's dimensions are kept among its attributes."""


def counted(run: Run, site: Site) -> Value | None:
    """``permutations``, ``combinations``, ``product``: a value that knows its length, where that is beyond reach."""
    del run
    if site.open:
        return None
    name = site.name.rpartition(".")[2]
    if name == "product":
        lengths = [length_of(one) for one in site.args]
        repeat = _number(site.kwargs.get("repeat")) if "repeat" in site.kwargs else 1
        if repeat is None or not lengths or any(one is None for one in lengths):
            return None
        total = math.prod(one for one in lengths if one is not None)
        count = 10**18 if total > 1 and repeat > 60 else total ** min(repeat, 60)
    else:
        length = length_of(arg(site, 0))
        taken = _number(site.args[1] if len(site.args) > 1 else site.kwargs.get("r"))
        if length is None or (taken is None and (name != "permutations" or len(site.args) > 1 or "r" in site.kwargs)):
            return None
        size = min(length if taken is None else taken, length, 300)
        if name == "permutations":
            count = math.perm(min(length, 300), size)
        else:
            count = math.comb(min(length, 300) + (size if name.endswith("replacement") else 0), size)
    return Value((Inst(TYPE, const(count)),)) if count > MOST_KEPT else None


def numbered(run: Run, site: Site) -> Value | None:
    """``math.factorial(n)``: a number with more digits than anybody waits for."""
    only = arg(site, 0).only()
    number = only.value if only is not None else None
    if type(number) is int and number > MOST_DIGITS:
        run.emit(
            Kind.RESOURCE_EXHAUST,
            f"a number of more than {number:,} digits",
            node=site.node,
            via=site.name,
            tags=("giant",),
            scope=Reach.SESSION,
        )
    return None


def endless(run: Run, site: Site) -> Value | None:
    """``count``, ``cycle``, ``repeat`` without a number of times: what gives items for ever."""
    del run
    name = site.name.rpartition(".")[2]
    if site.open or (name == "repeat" and (len(site.args) > 1 or "times" in site.kwargs)):
        return None
    return Value((Inst(TYPE, const(math.inf)),))


def length_of(value: Value) -> int | None:
    """How many items a container or a range has, where that is known."""
    items = items_of(value)
    if items is not None:
        return len(items)
    held = next((atom.attrs.get(SHAPE) for atom in value.atoms if type(atom) is Inst and atom.attrs), None)
    if held is not None:
        rows = (items_of(held) or [NONE])[0].only()
        return rows.value if rows is not None and isinstance(rows.value, int) else None
    only = value.only()
    if only is not None and isinstance(only.value, range):
        return max(0, (only.value.stop - only.value.start) // only.value.step)
    return None


def _number(value: Value | None) -> int | None:
    only = value.only() if value is not None else None
    number = only.value if only is not None else None
    return number if isinstance(number, int) and 0 <= number < _LONGEST else None


HUGE = "huge"
"""The kind of a ``Seq`` that gives more than can be gone through: a generator over a range of 10**12."""
ENDLESS = "endless"
"""The kind of a ``Seq`` that gives items for ever: a generator over what never ends."""


def is_counted(value: Value) -> bool:
    """Whether ``value`` may be one of those whose length is beyond reach."""
    return any(_count(atom) is not None for atom in value.atoms)


def is_endless(value: Value) -> bool:
    """Whether ``value`` gives items for ever."""
    return any(_count(atom) == math.inf for atom in value.atoms)


def _count(atom: object) -> float | None:
    """How many items an atom gives, where that is beyond reach."""
    if type(atom) is Seq:
        return math.inf if atom.kind == ENDLESS else 10**18 if atom.kind == HUGE else None
    if type(atom) is Const and type(atom.value) is range:
        length = max(0, (atom.value.stop - atom.value.start) // atom.value.step)
        return length if length > MOST_KEPT else None
    if type(atom) is not Inst or atom.type != TYPE or atom.made is None:
        return None
    only = atom.made.only()
    found = only.value if only is not None else None
    return found if isinstance(found, (int, float)) else None


def gone_through(run: Run, value: Value, node: ast.AST | None, via: str, most: int, for_ever: bool = True) -> None:
    """All of ``value`` is gone through here: an effect when there is more than ``most`` of it.

    Without ``for_ever`` that goes for what ends: a generator over what does not is stopped by whoever asks it.
    """
    for atom in value.atoms:
        count = _count(atom)
        if count is None:
            continue
        if count == math.inf:
            if for_ever:
                run.emit(
                    Kind.RESOURCE_EXHAUST, node=node, via=via, tags=("unbounded",), scope=Reach.SESSION,
                    certainty=Certainty.LIKELY,
                )  # fmt: skip
        elif count > most:
            run.emit(
                Kind.RESOURCE_EXHAUST,
                f"{count:,} items" if count < 10**18 else "more items than can be gone through",
                node=node,
                via=via,
                tags=("giant",),
                scope=Reach.SESSION,
                certainty=Certainty.LIKELY,
            )


def rounds(run: Run) -> int:
    """How often what stands here is done, by the loops around it."""
    return math.prod(loop.times for loop in run.loops)


def nested(run: Run, times: int, node: ast.AST) -> None:
    """A loop in loops, the innermost of ``run.loops``, that goes round ``times``: an effect when that is no end."""
    if times > 1 and len(run.loops) > 1 and (total := rounds(run)) > MOST_SEEN:
        run.emit(
            Kind.RESOURCE_EXHAUST, f"{total:,} rounds", node=node, via="for", tags=("unbounded",), scope=Reach.SESSION,
            certainty=Certainty.LIKELY,
        )  # fmt: skip


def consumed(run: Run, site: Site) -> None:
    """``sum``, ``deque``, ``Counter``: all of what is given is gone through."""
    if "maxlen" in site.kwargs:
        return
    for value in site.args[:2]:
        gone_through(run, value, site.node, site.name, MOST_SEEN)


def lengthened(run: Run, site: Site) -> Value | None:
    """``chain``, ``accumulate``, ``starmap`` over what never ends do not end either, and over very many are many."""
    del run
    found = [count for one in site.args for atom in one.atoms if (count := _count(atom)) is not None]
    if found and math.inf not in found:
        return Value((Inst(TYPE, const(int(sum(found)))),))
    return Value((Seq([], ENDLESS),)) if any(is_endless(one) for one in site.args) else None


def _drawn(run: Run, site: Site) -> None:
    """A number of the ``random`` module: nobody minds when it is that of a seed, or that of a row to look at."""
    of_a_row = site.name.endswith(("randint", "randrange")) and isinstance(site.node, ast.Call) and any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "len"
        for part in site.node.args
        for one in ast.walk(part)
    )  # fmt: skip
    if run.memory.seeded or of_a_row:
        run.note("harmless-random", site.name, site.node)


def _seeded(run: Run, site: Site) -> None:
    del site
    run.memory.seeded = True


DRAWS = frozenset(
    f"random.{name}"
    for name in "random randint randrange choice choices sample uniform getrandbits randbytes shuffle".split()
)
_CONSUMERS = """
sum collections.Counter statistics.mean statistics.fmean math.fsum math.prod numpy.fromiter
""".split()
_LENGTHENERS = ("pairwise", "batched")

MODELS = {
    **{f"itertools.{name}": counted for name in ("permutations", "combinations", "product")},
    "itertools.combinations_with_replacement": counted,
    **{f"itertools.{name}": endless for name in ("count", "cycle", "repeat")},
    **{f"itertools.{name}": lengthened for name in _LENGTHENERS},
    **dict.fromkeys(_CONSUMERS, consumed),
    **dict.fromkeys(DRAWS, _drawn),
    "random.seed": _seeded,
    "math.factorial": numbered,
    "scipy.special.factorial": numbered,
}
