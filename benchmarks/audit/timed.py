"""``python -m benchmarks.audit.timed -f CONNECTION_FILE``: the guarded kernel; each call that keeps a decision is timed.

The microseconds go to the file that JUPYTER_GUARD_TIMES names, a line a call, after the call.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from jupyter_guard.kernel.__main__ import main


def _timed(work: Callable[..., None], file: int) -> Callable[..., None]:
    def call(*arguments: Any, **named: Any) -> None:
        begin = time.perf_counter_ns()
        work(*arguments, **named)
        took = time.perf_counter_ns() - begin
        os.write(file, f"{work.__name__} {took / 1e3:.1f}\n".encode())

    return call


if __name__ == "__main__":
    from jupyter_guard.kernel.keeping import Keeping

    times = os.open(os.environ.pop("JUPYTER_GUARD_TIMES"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    Keeping.decided = _timed(Keeping.decided, times)  # type: ignore[method-assign]
    Keeping.ended = _timed(Keeping.ended, times)  # type: ignore[method-assign]
    sys.exit(main(sys.argv[1:]))
