"""A text, and the same with markers where secrets stood -> what became what, and the text cut where the first was."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

_MARKER = re.compile(r"\[REDACTED:([^\[\]\s]*)\]")


class Change(msgspec.Struct, frozen=True):
    """``written`` stands in the place of ``before[start:end]``; ``kind`` is one marker's, ``""`` for anything else."""

    start: int
    end: int
    written: str
    kind: str = ""


def changes(before: str, after: str) -> list[Change]:
    """What was put in which place, in order; what lies between is the same in both.

    Where more than markers was written, all from the first difference to the last is one change.
    """
    if before == after:
        return []
    found = _markers(before, after)
    if found is not None:
        return [one for one in found if before[one.start : one.end] != one.written]
    shorter = min(len(before), len(after))
    head = _alike(before, after, shorter)
    tail = _alike(before[::-1], after[::-1], shorter - head)
    return [Change(head, len(before) - tail, after[head : len(after) - tail])]


def _alike(one: str, other: str, most: int) -> int:
    """How many characters both begin with, at most ``most``."""
    low = 0
    while low < most:
        middle = (low + most + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            most = middle - 1
    return low


def kinds_in(text: str) -> list[str]:
    """The kinds of the markers in ``text``."""
    return [found[1] for found in _MARKER.finditer(text)]


def _markers(before: str, after: str) -> list[Change] | None:
    """The changes, if each is a marker."""
    places = list(_MARKER.finditer(after))
    if not places:
        return None
    found: list[Change] = []
    at = kept = 0
    for number, place in enumerate(places):
        same = after[kept : place.start()]
        if found and not same:
            # Two in a row: where one ended is not to be seen.
            found[-1] = Change(at, at, found[-1].written + place[0])
            kept = place.end()
            continue
        start = before.find(same, at) if number else (0 if before.startswith(same) else -1)
        if start < 0:
            return None
        if found:
            found[-1] = msgspec.structs.replace(found[-1], end=start)
        at = start + len(same)
        found.append(Change(at, at, place[0], place[1]))
        kept = place.end()
    last = len(before) - len(after) + kept
    if last < at or not before.endswith(after[kept:]):
        return None
    found[-1] = msgspec.structs.replace(found[-1], end=last)
    return found


def cut_alike(pieces: Sequence[str], after: str) -> list[str]:
    """``after`` in as many pieces as ``"".join(pieces)`` was: what was written stands where what it replaces began."""
    made = changes("".join(pieces), after)
    cuts, at, shift, number = [0], 0, 0, 0
    for piece in pieces[:-1]:
        at += len(piece)
        while number < len(made) and made[number].end <= at:
            shift += len(made[number].written) - (made[number].end - made[number].start)
            number += 1
        if number < len(made) and made[number].start < at:
            cuts.append(made[number].start + shift + len(made[number].written))
        else:
            cuts.append(at + shift)
    return [after[start:end] for start, end in zip(cuts, [*cuts[1:], len(after)], strict=True)] if pieces else []
