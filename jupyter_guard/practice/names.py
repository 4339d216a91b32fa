"""The cells of one sample, in order -> which names each binds, and which it uses that no cell above has bound."""

from __future__ import annotations

import builtins
import re
import symtable
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from jupyter_guard.practice import magics
from jupyter_guard.read.segments import PLACEHOLDER, Segment

# What IPython puts into a session, and what every module has.
_GIVEN: Final = {
    *dir(builtins),
    *"get_ipython display exit quit In Out _ __ ___ _i _ii _iii _dh _ih _oh open input".split(),
    *"__name__ __file__ __doc__ __spec__ __loader__ __package__ __builtins__ __annotations__ __debug__".split(),
    PLACEHOLDER,
}
_COMPREHENSIONS: Final = frozenset({"genexpr", "listcomp", "setcomp", "dictcomp"})
_EVERYTHING: Final = re.compile(r"^[ \t]*from\s+[\w.]+\s+import\s*\(?\s*\*", re.MULTILINE)


class Names(msgspec.Struct, frozen=True):
    """Of one cell: names it uses that are bound neither in it nor above, and those of them that a later cell binds.

    The second are hidden state: whoever runs the cells from the top gets an error that their author did not.
    """

    undefined: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


class CellNames(msgspec.Struct, frozen=True):
    """The names of a session that one cell binds and uses; ``at_once`` are used when it runs, not in a function's body.

    ``imported`` are those of ``bound`` that it only imports. ``fills`` says that it binds names which nobody can tell
    from its text.
    """

    bound: frozenset[str]
    used: frozenset[str]
    at_once: frozenset[str]
    fills: bool
    imported: frozenset[str] = frozenset()


# A cell of Python that cannot be read: as it stands it binds nothing, but its author ran something in its place.
UNREADABLE: Final = CellNames(frozenset(), frozenset(), frozenset(), fills=True)
NOTHING: Final = CellNames(frozenset(), frozenset(), frozenset(), fills=False)


class Above:
    """What the cells so far have bound. After one that ``fills``, anything may be."""

    def __init__(self) -> None:
        self._bound: set[str] = set()
        self._is_open = False

    def missing(self, cell: CellNames) -> frozenset[str]:
        """Names that ``cell`` uses and that neither it nor any cell above has bound; it is one of those from now on."""
        self._bound |= cell.bound
        self._is_open = self._is_open or cell.fills
        return frozenset() if self._is_open else cell.used - self._bound - _GIVEN


def names(cells: Sequence[CellNames]) -> list[Names]:
    """What each cell lacks.

    After ``from x import *``, ``%run``, a cell that cannot be read and the like anything may be bound: from there on no
    name counts as undefined.
    """
    found = []
    above = Above()
    last = {name: number for number, cell in enumerate(cells) for name in cell.bound}
    for number, cell in enumerate(cells):
        missing = above.missing(cell)
        found.append(Names(missing, frozenset(name for name in missing if last.get(name, number) > number)))
    return found


def left_by_later(cells: Sequence[CellNames], counts: Sequence[int]) -> list[frozenset[str]]:
    """Of each cell the names that a cell below it had bound last when it ran, though one above binds them too.

    Not what it only imports, which is the same again.
    ``counts`` are the execution counts that the cells have in their file, 0 for none. Silent where other cells ran in
    between that are not there any more, or ran again since: they may have bound the name too. Of two cells with the
    same count one ran in another session, so that counts say nothing of the order.
    """
    found = [frozenset[str]()] * len(cells)
    ran = sorted((count, at) for at, count in enumerate(counts) if count > 0)
    if len({count for count, _ in ran}) != len(ran):
        return found
    first = {name: at for at, cell in reversed(list(enumerate(cells))) for name in cell.bound}
    # Who bound a name last, as far back as every cell that ran is there.
    last: dict[str, int] = {}
    before = 0
    for count, at in ran:
        if count != before + 1:
            last.clear()
        before, cell = count, cells[at]
        used = cell.at_once - cell.bound
        found[at] = frozenset(
            name
            for name in used
            if last.get(name, at) > at and first[name] < at and name not in cells[last[name]].imported
        )
        if cell.fills:
            last.clear()
        last.update(dict.fromkeys(cell.bound, at))
    return found


def cell_names(text: str, segments: Sequence[Segment]) -> CellNames:
    """The names of one cell: its Python text (placeholders for other segments) and all its segments."""
    try:
        top = symtable.symtable(text, "<cell>", "exec")
        scopes = list(_scopes(top))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return UNREADABLE
    bound: set[str] = set()
    used: set[str] = set()
    at_once: set[str] = set()
    imported: set[str] = set()
    assigned: set[str] = set()
    for scope, runs_later in scopes:
        is_module = scope is top
        for symbol in scope.get_symbols():
            name = symbol.get_name()
            at_top = is_module or symbol.is_declared_global()
            if at_top and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(name)
                (assigned if symbol.is_assigned() else imported).add(name)
            elif symbol.is_referenced() and (at_top or symbol.is_global()):
                used.add(name)
                if not runs_later:
                    at_once.add(name)
    by_magics = [magics.bound(one) for one in segments]
    bound.update(*(some for some, _ in by_magics))
    fills = any(others for _, others in by_magics) or _EVERYTHING.search(text) is not None
    return CellNames(frozenset(bound), frozenset(used), frozenset(at_once), fills, frozenset(imported - assigned))


def _scopes(table: symtable.SymbolTable) -> Iterator[tuple[symtable.SymbolTable, bool]]:
    """Every scope, and whether its code runs only when somebody calls it: a function's, but no comprehension's."""
    waiting = [(table, False)]
    while waiting:
        one, later = waiting.pop()
        is_function = one.get_type() == "function" and one.get_name() not in _COMPREHENSIONS
        yield one, later or is_function
        waiting += [(child, later or is_function) for child in one.get_children()]
