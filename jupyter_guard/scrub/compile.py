"""The built-in token formats -> compiled databases in the cache; run as a process of its own.

    python -P -m jupyter_guard.scrub.compile DIRECTORY [PARENT]

Compiling takes a second and tens of megabytes, which the process that relays a kernel's messages should not spend. On
Linux it ends with the process PARENT, which waits for it: nothing of a kernel outlives it, and the next compiles again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Final

from jupyter_guard.scrub.cache import private_directory, prune, store, stored
from jupyter_guard.scrub.expressions import Databases, Expressions
from jupyter_guard.scrub.patterns import builtin
from jupyter_guard.scrub.tables import COLUMN

_PR_SET_PDEATHSIG: Final = 1


def _end_with(parent: int) -> None:
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It was gone before that.
        sys.exit(1)


@contextlib.contextmanager
def _alone(directory: str) -> Iterator[None]:
    """Wait until no other process compiles into the directory: kernels that start together need it done once.

    Where the file system has no such locks (NFS), all of them do it.
    """
    private_directory(directory)
    if os.name == "nt":
        yield
        return
    import fcntl

    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def main() -> int:
    """Compile and store what is not there yet; the exit code is 0 when all of it worked."""
    if hasattr(os, "nice"):
        # Whoever waits for a first cell goes first; until this is done the other engine serves.
        os.nice(10)
    if len(sys.argv) > 2:
        _end_with(int(sys.argv[2]))
    expressions = Expressions((*builtin(), COLUMN))
    with _alone(sys.argv[1]):
        names = [f"{expressions.name}-{part}" for part in Databases._fields]
        if all(stored(sys.argv[1], name) is not None for name in names):
            return 0
        for name, database in zip(names, expressions.compiled(), strict=True):
            store(sys.argv[1], name, database)
        prune(sys.argv[1], expressions.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
