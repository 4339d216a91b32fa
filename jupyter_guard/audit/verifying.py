"""A folder of journals or the database of a fleet -> what is wrong in each chain, also where all of one is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from jupyter_guard.audit.check import Problem, verify
from jupyter_guard.audit.journal import HEAD, read_head
from jupyter_guard.audit.place import SUFFIX, journals

if TYPE_CHECKING:
    from jupyter_guard.audit.fleet import Fleet


class Checked(msgspec.Struct, frozen=True):
    """One chain: where it is, how many lines it has, and what is wrong. A problem at line 0 is of the whole."""

    name: str
    lines: int
    problems: list[Problem]


def check_folder(folder: Path) -> Iterator[Checked]:
    """All journals in ``folder``, and those that were removed and left their heads. Raises ``OSError``."""
    there = journals(folder)
    for path in there:
        yield check_journal(path)
    for path in sorted({one.with_name(one.name.removesuffix(HEAD)) for one in _heads(folder)} - {*there}):
        yield Checked(str(path), 0, [Problem(0, f"{path.name}{HEAD} is there and the journal is not", "tail")])


def check_journal(path: Path) -> Checked:
    """The journal at ``path``. Raises ``OSError``."""
    head = read_head(path)
    found = []
    if head is None:
        words = f"{path.name}{HEAD} is missing or says nothing, so a removed end would not be seen"
        found.append(Problem(0, words, "tail"))
    with path.open("rb") as file:
        lines, problems = _checked(file, head)
    return Checked(str(path), lines, found + problems)


def check_fleet(store: Fleet) -> Iterator[Checked]:
    """Each kernel of a database, its lines in the order of their sequences. Raises ``StoreError``."""
    for kernel in store.kernels():
        lines, problems = _checked(store.lines(kernel), None, store.erased(kernel))
        yield Checked(f"kernel {kernel}", lines, problems + store.unmet(kernel))


def _heads(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.iterdir() if path.name.endswith(SUFFIX + HEAD))
    except FileNotFoundError:
        return


def _checked(
    lines: Iterable[bytes], head: tuple[int, str] | None, erased: Iterable[tuple[int, int]] = ()
) -> tuple[int, list[Problem]]:
    count = 0

    def counted() -> Iterator[bytes]:
        nonlocal count
        for line in lines:
            count += 1
            yield line

    problems = list(verify(counted(), head, erased))
    return count, problems
