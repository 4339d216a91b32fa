"""A flood that has passed -> the memory that it took, given back to the system.

The C library keeps what large messages needed for the next ones; a wrapper lives for days beside its kernel.
"""

from __future__ import annotations

import contextlib
import sys

FLOOD = 8 * 1024 * 1024
QUIET_SECONDS = 0.5


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
        if sys.platform == "linux":
            # Other C libraries than glibc have no such function, and need none. What lies under `ctypes` is enough for
            # a call without types, and a tenth of its size: every wrapper makes it.
            with contextlib.suppress(AttributeError, ImportError, OSError, TypeError):
                import _ctypes

                function = type("_Function", (_ctypes.CFuncPtr,), {"_flags_": _ctypes.FUNCFLAG_CDECL})
                function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "malloc_trim"))(0)  # type: ignore[arg-type]
