"""``python -m benchmarks audit``: what keeping, finding and shipping records costs.

``python -m benchmarks.audit listing|cell|kills|fleet`` runs one part of it. The last two start a PostgreSQL.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from benchmarks.audit.server import programs

PARTS = ("listing", "cell", "kills", "fleet")
WITH_A_SERVER = ("kills", "fleet")


def main(words: list[str]) -> int:
    """Measure and print the parts named, or all of them."""
    unknown = [word for word in words if word not in PARTS]
    if unknown:
        print(f"no part named {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for part in words or PARTS:
        print(f"-- {part}", flush=True)
        if part in WITH_A_SERVER and programs() is None:
            print("left out: PostgreSQL is not installed (Debian: apt-get install postgresql)")
            continue
        measure: Callable[[], object] = import_module(f"benchmarks.audit.{part}").measure
        measure()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
