"""What a rule is: a named judgement on one effect or one observation, with the examples that test it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from jupyter_guard.terms import Effect, Kind, Observation, Severity

FAMILIES = {
    "1": "execution",
    "2": "files",
    "3": "data",
    "4": "processes",
    "5": "network",
    "6": "credentials",
    "7": "resources",
    "8": "guard",
    "9": "practice",
}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A named judgement.

    ``kinds`` are the effects that ``check`` is asked about, with their facets (tags, and what the target says);
    ``observes`` the observations that ``seen`` is asked about; ``calls`` are full names, every call of which is a
    finding, unless the cell calls one of ``unless_called`` too, or ``unless_noted`` was observed at the same place.
    ``severity`` is fixed, or ``None`` for the table in
    ``judge/table.py``. Within a family the first rule that fits an effect speaks, so special rules stand before
    general ones. One that is ``apart`` is asked in ``jupyter_guard.practice``, about the cells of a whole notebook and
    off the path of a run. ``bad`` cells must make it fire and ``good`` ones must not: a test runs each. Cells of one
    example that run one after the other are separated by a line ``# %%``. Where no cell shows it by itself, ``follows``
    says what its findings follow from.
    """

    id: str
    title: str
    why: str
    instead: str
    kinds: tuple[Kind, ...] = ()
    check: Callable[[Effect, frozenset[str]], bool] = lambda _effect, _seen: True
    observes: tuple[str, ...] = ()
    seen: Callable[[Observation], bool] = lambda _observation: True
    calls: frozenset[str] = frozenset()
    unless_called: frozenset[str] = frozenset()
    unless_noted: str = ""
    apart: bool = False
    severity: Severity | None = None
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    follows: str = "the policy's `[deny]` and `[allow]`: [policy keys](../reference/policy.md)"

    @property
    def family(self) -> str:
        """The family's word, from the first digit of the number."""
        return FAMILIES[self.id[2]]


def has(*wanted: str) -> Callable[[Effect, frozenset[str]], bool]:
    """A check: the effect has any of the facets ``wanted``."""
    any_of = frozenset(wanted)
    return lambda _effect, seen: not any_of.isdisjoint(seen)
