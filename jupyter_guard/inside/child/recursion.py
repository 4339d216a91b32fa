"""``sys.setrecursionlimit`` -> what the policy allows, on a C stack that is large enough for it.

Calls from Python to Python take no C stack, but ``sorted`` with a key that sorts takes 2.5 KB a level (measured on
CPython 3.11, the most of fourteen ways to recurse), so that 8 MB are used up at 3300 levels and the process crashes
with all its variables. The stack of the first thread grows up to a limit that a process may raise for itself.
"""

import sys
import threading

# What IPython sets, and what the usual stack of 8 MB is enough for.
MILD = 3000
BYTES_A_LEVEL = 3072
# Linux leaves that much room below the stack, whatever the limit was when the program began.
LARGEST_STACK = 120 * 1024 * 1024


def hold(link):
    """Replace ``sys.setrecursionlimit``; ``link`` asks the wrapper, ``None`` where there is none."""
    native = sys.setrecursionlimit

    def setrecursionlimit(limit, /):
        if isinstance(limit, int) and limit > MILD:
            if link is not None:
                limit = min(limit, link.most_recursion(limit))
            widen(limit)
        native(limit)

    setrecursionlimit.__doc__ = native.__doc__
    sys.setrecursionlimit = setrecursionlimit


def widen(limit):
    """Make the stacks of this thread, if it is the first, and of threads to come large enough."""
    wanted = min(limit * BYTES_A_LEVEL, LARGEST_STACK)
    wanted -= wanted % 4096
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_STACK, (most, hard))
        if threading.stack_size() == 0:
            threading.stack_size(wanted)
    except (ImportError, OSError, ValueError):
        # Then a recursion that is too deep ends as it does everywhere.
        return
