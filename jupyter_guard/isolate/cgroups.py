"""A kernel and its limits -> a control group that is held to them, where one is left to this user (cgroups(7)).

It is a second line: the limits that explain themselves are watched by ``kernel.limits``, and lie below these. Only
version 2 is used, and only below a group whose memory and processes this user may divide: then nobody else's process
has to be moved.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping

from jupyter_guard.isolate import out_of_memory

CONTROLLERS = ("memory", "pids")
PREFIX = "jupyter-guard-"
# The watcher ends what is over its limit first, and says so.
ABOVE = 1.25
# Threads count there.
THREADS_BESIDE = 1000
_SECONDS_TO_END = 2.0


def delegated(cgroup: str = "/proc/self/cgroup", mounts: str = "/proc/self/mountinfo") -> tuple[str, str]:
    """The group below which this user may make groups with limits, or why there is none: one of both is ``""``."""
    root, own = _root(mounts), _own(cgroup)
    if not root or own is None:
        return "", "this system has no control groups of version 2"
    place = os.path.normpath(root + own)
    while place.startswith(root):
        given = _words(f"{place}/cgroup.subtree_control")
        if all(one in given for one in CONTROLLERS):
            writable = all(os.access(one, os.W_OK) for one in (place, f"{place}/cgroup.procs"))
            return (place, "") if writable else ("", f"the control group {place} is not left to this user")
        if place == root:
            break
        place = os.path.dirname(place)
    lacking = [one for one in CONTROLLERS if one not in _words(f"{root}/cgroup.controllers")]
    why = f"version 2 has no {' and no '.join(lacking)} here" if lacking else "none is left to this user"
    return "", f"no control group: {why}; systemd leaves one: systemd-run --user --scope jupyter lab"


class Backstop:
    """What the system holds a kernel to beside the watcher, where it can; ``trouble`` says why it does not."""

    def __init__(self) -> None:
        self.trouble = ""
        self._group: Group | None = None
        self._killed = 0

    def follow(self, limits: Mapping[str, int], pids: Iterable[int]) -> None:
        """Take up limits for these processes, and all that they start."""
        try:
            if self._group is None:
                place, self.trouble = delegated()
                if not place:
                    return
                self._group = Group(place)
            self._group.hold(limits)
            self._group.take(pids)
        except OSError as error:
            self.trouble = f"no control group: {error.strerror}"

    def killed(self) -> int:
        """How many of them the system has ended because they were over the group's memory; also when all is over."""
        if self._group is not None:
            self._killed = max(self._killed, out_of_memory.kills(self._group.path))
        return self._killed

    def end(self) -> None:
        """The kernel has ended: so does everything in its group."""
        if self._group is not None:
            self.killed()
            self._group.end()


class Group:
    """A group of its own below ``parent``, a delegated one. Raises ``OSError`` when it is refused."""

    def __init__(self, parent: str) -> None:
        for one in os.listdir(parent):
            if one.startswith(PREFIX):
                # Left by a wrapper that was killed: empty, or still in use and not to be removed.
                with contextlib.suppress(OSError):
                    os.rmdir(f"{parent}/{one}")
        self.path = f"{parent}/{PREFIX}{os.getpid()}-{os.urandom(3).hex()}"
        os.mkdir(self.path)

    def hold(self, limits: Mapping[str, int]) -> None:
        """Set what ``limits`` has of memory in bytes and of processes; what it has not is without limit."""
        memory, processes = limits.get("memory"), limits.get("processes")
        self._write("memory.max", str(int(memory * ABOVE)) if memory is not None else "max")
        self._write("pids.max", str(processes + THREADS_BESIDE) if processes is not None else "max")

    def take(self, pids: Iterable[int]) -> None:
        """Have processes in it, and all that they start from now on; those that are gone are not missed."""
        for one in pids:
            with contextlib.suppress(ProcessLookupError):
                self._write("cgroup.procs", str(one))

    def members(self) -> list[int]:
        """The processes in it."""
        return [int(one) for one in _words(f"{self.path}/cgroup.procs")]

    def end(self) -> None:
        """End everything in it, daemons too, and remove it."""
        with contextlib.suppress(OSError):
            self._write("cgroup.kill", "1")
        until = time.monotonic() + _SECONDS_TO_END
        while os.path.isdir(self.path) and time.monotonic() < until:
            try:
                os.rmdir(self.path)
            except OSError:
                # Busy as long as one of them has not ended.
                time.sleep(0.01)

    def _write(self, name: str, text: str) -> None:
        with open(f"{self.path}/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _root(mounts: str) -> str:
    """Where version 2 is mounted."""
    try:
        with open(mounts, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    return next((line.split()[4] for line in lines if line.partition(" - ")[2].startswith("cgroup2 ")), "")


def _own(cgroup: str) -> str | None:
    try:
        with open(cgroup, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    return next((line[3:] for line in lines if line.startswith("0::")), None)


def _words(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []
