"""A kernel's command line -> the same through the launcher that isolates it, and the launcher's report.

Nothing is decided here, and nothing heavy imported: the start of every kernel waits for it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LAUNCH = os.path.join("inside", "child", "launch.py")
_LARGEST_REPORT = 64 * 1024


def command(report: int, front: str, directory: str, words: list[str]) -> list[str]:
    """``words`` through the launcher, which tells on the descriptor ``report`` what it achieved."""
    return [sys.executable, "-P", "-m", "jupyter_guard.isolate.launcher", str(report), front, directory, *words]


def find(program: str) -> None:
    """Raises ``FileNotFoundError`` where there is no such program: in a box, only its own log would say so."""
    places = [""] if os.sep in program else os.get_exec_path()
    if not any(os.path.exists(os.path.join(one, program)) for one in places):
        raise FileNotFoundError(2, os.strerror(2), program)


def recalled(front: str, directory: str, words: list[str], environment: dict[str, str]) -> Any:
    """The box of the last start of such a kernel, or ``None``: then the launcher decides."""
    from jupyter_guard.isolate import again

    return again.recalled(front, directory, again.whose(words), environment)


def become(box: Any, report: int, words: list[str]) -> int:
    """A new process that becomes ``words`` in ``box``; its number. Raises ``OSError``."""
    from jupyter_guard.isolate import again

    at = next(at for at, word in enumerate(words) if word.endswith(_LAUNCH)) + 1
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        again.become(box, words, at, parent, report)
    return pid


def achieved(report: int) -> str:
    """The launcher's report, JSON, once it has become the kernel; ``""`` when there is none."""
    if report < 0:
        return ""
    found = b""
    try:
        while len(found) < _LARGEST_REPORT and (data := os.read(report, _LARGEST_REPORT)):
            found += data
    finally:
        os.close(report)
    return found.decode("utf-8", "replace")


def native(status: int, achieved: str) -> int:
    """The exit code as the kernel itself gave it: bubblewrap ends with 128 + N where signal N ended its child."""
    return 128 - status if 128 < status < 128 + 65 and '"backend": "bubblewrap"' in achieved else status
