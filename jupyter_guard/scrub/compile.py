"""The built-in token formats -> compiled databases in the cache; run as a process of its own.

    python -P -m jupyter_guard.scrub.compile DIRECTORY

Compiling takes a second and tens of megabytes, which the process that relays a kernel's messages should not spend.
"""

from __future__ import annotations

import sys

from jupyter_guard.scrub.cache import store
from jupyter_guard.scrub.hyper import Expressions
from jupyter_guard.scrub.patterns import builtin
from jupyter_guard.scrub.tables import COLUMN


def main() -> int:
    """Compile and store; the exit code is 0 when all of it worked."""
    expressions = Expressions((*builtin(), COLUMN))
    for part, database in expressions.compiled()._asdict().items():
        store(sys.argv[1], f"{expressions.name}-{part}", database)
    return 0


if __name__ == "__main__":
    sys.exit(main())
