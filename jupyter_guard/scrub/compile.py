"""The built-in token formats -> compiled databases in the cache; run as a process of its own.

    python -P -m jupyter_guard.scrub.compile DIRECTORY [PARENT]

Compiling takes a second and tens of megabytes, which the process that relays a kernel's messages should not spend. On
Linux it ends with the process PARENT, which waits for it: nothing of a kernel outlives it, and the next compiles again.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

from jupyter_guard.scrub.cache import prune, store
from jupyter_guard.scrub.expressions import Expressions
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


def main() -> int:
    """Compile and store; the exit code is 0 when all of it worked."""
    if hasattr(os, "nice"):
        # Whoever waits for a first cell goes first; until this is done the other engine serves.
        os.nice(10)
    if len(sys.argv) > 2:
        _end_with(int(sys.argv[2]))
    expressions = Expressions((*builtin(), COLUMN))
    for part, database in expressions.compiled()._asdict().items():
        store(sys.argv[1], f"{expressions.name}-{part}", database)
    prune(sys.argv[1], expressions.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
