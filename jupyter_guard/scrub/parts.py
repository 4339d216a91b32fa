"""A long text -> parts in UTF-8 that an engine of bytes reads one by one, and what it reports as places in the text."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_guard.scrub.expressions import OVERLAP
from jupyter_guard.scrub.views import characters

SLICE = 131_072


def by_end(found: tuple[int, int]) -> tuple[int, int]:
    return found[1], found[0]


def in_characters(found: list[tuple[int, int]], data: bytes | memoryview, wide: bool) -> dict[int, list[int]]:
    """Where in the text that ``data`` is in UTF-8 each number is reported, in order; inside a character, after it.

    ``wide``: whether it has characters of several bytes. All at once: to read the text for each number anew would take
    longer than the scan.
    """
    matched: dict[int, list[int]] = {number: [] for number, _ in found}
    read = at = 0
    for number, to in sorted(found, key=by_end):
        place = to
        if wide:
            while place < len(data) and data[place] & 0xC0 == 0x80:
                place += 1
            if place > read:
                at += characters(data, read, place)
                read = place
            place = at
        matched[number].append(place)
    return matched


def _beginning(data: bytes, place: int) -> int:
    """``place`` in UTF-8, or where the character begins that it is inside of."""
    while place < len(data) and data[place] & 0xC0 == 0x80:
        place -= 1
    return place


Part = tuple[bytes | memoryview, int, int]
"""What stays in the processor's cache, in UTF-8, and from where to where it is: each overlaps the next."""


def parts_of_text(text: str, begin: int) -> Iterator[Part]:
    """Parts of ``text`` from ``begin`` on, with their places in it."""
    for at in range(begin, len(text), SLICE):
        end = min(len(text), at + SLICE + OVERLAP)
        yield text[at:end].encode("utf-8", "surrogatepass"), at, end


def parts_of_data(data: bytes) -> Iterator[Part]:
    """Parts of ``data``, with their places in it."""
    view, size = memoryview(data), len(data)
    for place in range(0, size, SLICE):
        # So many characters, of which each may be four bytes.
        stop, missing = place + SLICE, OVERLAP
        while missing > 0 and stop < size:
            stop += missing
            missing = OVERLAP - characters(data, place + SLICE, stop)
        # What is counted counts as a whole.
        while stop < size and data[stop] & 0xC0 == 0x80:
            stop += 1
        first, stop = _beginning(data, place), min(size, stop)
        yield view[first:stop], first, stop
