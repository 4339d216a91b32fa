"""Two layers' allow lists -> what both of them allow."""

from __future__ import annotations

import sys
from collections.abc import Callable

from jupyter_guard.isolate.variables import is_credential


def by_both(
    old: tuple[str, ...], new: tuple[str, ...], needs_its_name: Callable[[str], bool] = lambda _: False
) -> tuple[str, ...]:
    """What two allow sets both allow; ``"*"`` allows everything but what has to be named."""

    def allows(entries: tuple[str, ...], one: str) -> bool:
        return one in entries or ("*" in entries and one != "*" and not needs_its_name(one))

    return tuple(sorted(one for one in {*old, *new} if allows(old, one) and allows(new, one)))


def modules_by_both(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """What two lists of modules both allow: a name allows all below it, ``"stdlib"`` all of Python's own."""

    def allows(entries: tuple[str, ...], one: str) -> bool:
        top = one.partition(".")[0]
        above = any(one == entry or one.startswith(f"{entry}.") for entry in entries)
        return above or "*" in entries or ("stdlib" in entries and top in sys.stdlib_module_names)

    return tuple(sorted(one for one in {*old, *new} if allows(old, one) and allows(new, one)))


def places_by_both(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """What two lists of places both allow; ``"*"`` is every place but credential stores."""
    from jupyter_guard.isolate.stores import names_a_store

    return by_both(old, new, names_a_store)


def sources_by_both(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """What two lists of sources of tools both allow; ``"*"`` is what is installed, and no file."""
    return by_both(old, new, lambda one: one.endswith(".py"))


def named_by_both(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """What stands in both of two lists in which nothing stands for everything."""
    return tuple(sorted({*old} & {*new}))


def variables_by_both(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """What two lists of variables both allow; ``"*"`` is all but those whose names say credential."""
    return by_both(old, new, is_credential)


def commands_by_both(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """What two lists of commands both allow: the beginning of a line allows all lines that begin so."""

    def allows(entries: tuple[str, ...], one: str) -> bool:
        words, beginnings = one.split(), [entry.split() for entry in entries]
        return "*" in entries or any(each and words[: len(each)] == each for each in beginnings)

    return tuple(sorted(one for one in {*old, *new} if allows(old, one) and allows(new, one)))
