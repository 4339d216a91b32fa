"""A kernel's command line -> the same through the launcher that isolates it, and the launcher's report.

Nothing is decided here, and nothing heavy imported: whether some policy file speaks of isolation at all, so that a
start without any costs nothing. A file that this misses is no way around: the helper reads the whole policy, and
refuses every cell of a kernel that is held by less.
"""

from __future__ import annotations

import os
import sys

_SITE = "/etc/jupyter/jupyter_guard.toml"
_NAME = "jupyter_guard.toml"
_LARGEST_REPORT = 64 * 1024


def is_spoken_of() -> bool:
    """Whether a policy file that may hold here has the word isolation in it."""
    if sys.platform != "linux":
        return False
    named = os.environ
    home = named.get("HOME") or os.path.expanduser("~")
    configs = [named.get("JUPYTER_CONFIG_DIR", ""), f"{home}/.jupyter", named.get("XDG_CONFIG_HOME", "") + "/jupyter"]
    configs.append(f"{home}/.config/jupyter")
    files = [_SITE, named.get("JUPYTER_GUARD_POLICY", ""), *(f"{one}/{_NAME}" for one in configs if one)]
    return any(_says(one) for one in (*files, _NAME, "pyproject.toml") if one)


def command(report: int, front: str, directory: str, words: list[str]) -> list[str]:
    """``words`` through the launcher, which tells on the descriptor ``report`` what it achieved."""
    return [sys.executable, "-P", "-m", "jupyter_guard.isolate.launcher", str(report), front, directory, *words]


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


def _says(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"isolation" in file.read()
    except OSError:
        return False
