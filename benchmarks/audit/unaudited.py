"""``python -m benchmarks.audit.unaudited -f CONNECTION_FILE``: the guarded kernel, but for the keeping of decisions."""

from __future__ import annotations

import sys

from jupyter_guard.kernel.__main__ import main


def _unkept() -> None:
    from jupyter_guard.kernel.keeping import Keeping

    Keeping.decided = Keeping.redacted = Keeping.ended = Keeping.limited = lambda *_, **__: None  # type: ignore[method-assign]


if __name__ == "__main__":
    _unkept()
    sys.exit(main(sys.argv[1:]))
