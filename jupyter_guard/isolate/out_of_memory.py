"""What control groups count (memory.events, memory.oom_control) -> whether the system ended a kernel for its memory.

A container, a Hub's spawner or a session of systemd has such a group around all that runs in it, whatever the policy
says; the system ends a process there without a word to it (cgroups(7), Linux's admin-guide/cgroup-v2.rst).
"""

from __future__ import annotations

import os
import signal

# Version 1 says "no limit" with the largest number of pages.
_NO_LIMIT = 1 << 60
_KILL = int(getattr(signal, "SIGKILL", 9))
_RAISE = (
    "whoever started this container or session can raise it (docker run --memory, a Hub's mem_limit, systemd's "
    "MemoryMax=)"
)


class Group:
    """The group that has this process' memory, as it was when this was made; ``place`` is empty where none is seen."""

    def __init__(self, cgroup: str = "/proc/self/cgroup", mounts: str = "/proc/self/mountinfo") -> None:
        self.place, self._root = _group(cgroup, mounts)
        self._before = kills(self.place)

    def why(self, status: int) -> str:
        """Why a kernel with this exit code was ended, with the limit and how to raise it; ``""``: not for memory."""
        if status != -_KILL or kills(self.place) <= self._before:
            return ""
        most, used = _limit(self.place, self._root), _number(self.place, "memory.peak", "memory.max_usage_in_bytes")
        died = "The kernel died: the system ended it because memory ran out"
        if not most:
            return f"{died} on the machine [SIGKILL]. Set limits.memory in your jupyter_guard.toml to be told before."
        peak = f"; {_mib(used)} were used at most" if used else ""
        then = f"To raise it: {_RAISE}; or set limits.memory in your jupyter_guard.toml below it, and what a cell has "
        then += "started goes before the kernel."
        return f"{died}: all that runs in the control group {self.place} may have {_mib(most)}{peak} [SIGKILL]. {then}"


def kills(place: str) -> int:
    """How many processes of a group the system has ended for memory; 0 where that is not told."""
    for name in ("memory.events", "memory.oom_control"):
        for line in _read(place, name).splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _group(cgroup: str, mounts: str) -> tuple[str, str]:
    """The folder of this process' group and of the uppermost one that is seen."""
    own = {}
    for line in _read("", cgroup).splitlines():
        _, controllers, path = line.split(":", 2)
        own["2" if not controllers else "1" if "memory" in controllers.split(",") else ""] = path
    for line in _read("", mounts).splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        version = "2" if kind == "cgroup2" else "1" if "memory" in options.split(",") and kind == "cgroup" else ""
        if not version or version not in own:
            continue
        # In a container the group's path may be as the machine outside sees it; what is mounted is its own.
        top, root = before.split()[3:5]
        path = own[version]
        path = path[len(top) :] if top != "/" and (path + "/").startswith(top + "/") else path if top == "/" else ""
        place = os.path.normpath(f"{root}/{path}")
        if _read(place, "memory.events") or _read(place, "memory.oom_control"):
            return place, root
    return "", ""


def _limit(place: str, root: str) -> int:
    """The smallest limit of a group and those around it, in bytes; 0: none."""
    found = []
    while place.startswith(root) and root:
        found.append(_number(place, "memory.max", "memory.limit_in_bytes"))
        if place == root:
            break
        place = os.path.dirname(place)
    return min((one for one in found if 0 < one < _NO_LIMIT), default=0)


def _number(place: str, *names: str) -> int:
    texts = [text for name in names if (text := _read(place, name).strip()).isdigit()]
    return int(texts[0]) if texts else 0


def _read(place: str, name: str) -> str:
    try:
        with open(os.path.join(place, name), encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
