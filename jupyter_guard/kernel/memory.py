"""Memory for floods: kept while they last, given back to the system when they have passed.

The C library hands a large message's memory back as soon as it is freed and asks for it again with the next one: each
page is then cleared anew, which costs as much as looking at what is in it. And of many small ones it keeps everything
for good, while a wrapper lives for days beside its kernel.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

FLOOD = 8 * 1024 * 1024
QUIET_SECONDS = 0.5
# mallopt(3). Blocks larger than the first are still mapped and unmapped one by one: no greater bound exists. What is on
# top of the heaps of other threads than the first is out of the reach of malloc_trim, hence one for all.
_MMAP_THRESHOLD = -3, 32 * 1024 * 1024
_TRIM_THRESHOLD = -1, 128 * 1024 * 1024
_ARENA_MAX = -8, 1


def prepare() -> None:
    """Tell the C library so. Before there is a second thread."""
    for option, value in (_MMAP_THRESHOLD, _TRIM_THRESHOLD, _ARENA_MAX):
        call("mallopt", option, value)


class Flood:
    """Counts the bytes that pass, and gives memory back in the first quiet moment after many."""

    def __init__(self) -> None:
        # What starting took is the first.
        self.passed = FLOOD

    @property
    def is_over(self) -> bool:
        """Whether there is something to give back as soon as it is quiet."""
        return self.passed >= FLOOD

    def give_back(self) -> None:
        """Give it back now."""
        self.passed = 0
        call("malloc_trim", 0)


def call(name: str, *arguments: int) -> int:
    """Call a function of the C library; -1 where it has none of that name: glibc does, and other ones behave as is."""
    if sys.platform != "linux":
        return -1
    # What lies under `ctypes` is enough for a call of numbers, and a tenth of its size: every wrapper makes it.
    with contextlib.suppress(AttributeError, ImportError, OSError, TypeError):
        import _ctypes

        library: Any = None
        function = type("_Function", (_ctypes.CFuncPtr,), {"_flags_": _ctypes.FUNCFLAG_CDECL})
        return int(function(_ctypes.dlsym(_ctypes.dlopen(library, 0), name))(*arguments))
    return -1
