"""A policy's limits -> what the system itself holds each process to (getrlimit(2)), and whether that works here.

Each of these ends in an error that a cell can catch, with its variables kept: ``MemoryError``, "Too many open files",
"File too large". What is summed up over processes is the wrapper's to watch (``kernel.limits``).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping

from jupyter_guard.isolate import lacking, tree

# RLIMIT_DATA, not RLIMIT_AS: drivers of graphics cards reserve terabytes of addresses that they never use. RLIMIT_FSIZE
# also holds where nothing is counted as written, as in files that live in memory.
WANTED = {"memory": "RLIMIT_DATA", "open_files": "RLIMIT_NOFILE", "disk": "RLIMIT_FSIZE"}
# Threads count as processes there, and libraries for numbers start one for each processor.
THREADS_BESIDE = 1000
_SECONDS = 2.0


def hold(limits: Mapping[str, int]) -> None:
    """Hold this process and all that it starts to ``limits``, for good. Raises ``OSError`` when that is refused."""
    import resource

    for name, which in _numbers(limits):
        most = _least(limits[name], resource.getrlimit(which)[1])
        try:
            resource.setrlimit(which, (most, most))
        except ValueError as error:
            raise OSError(f"limits.{name} = {limits[name]} is refused by the system: {error}") from None


def numbers(said: Iterable[tuple[str, int, str]]) -> list[tuple[int, int]]:
    """The same limits as the system's numbers and values."""
    limits = {name: value for name, value, _ in said}
    return [(which, limits[name]) for name, which in _numbers(limits)]


def hold_other(pid: int, limits: Mapping[str, int], counts_alone: bool) -> str:
    """Hold another process of this user, and what it starts from now on; why that is refused, or ``""``.

    ``counts_alone`` says that it is in a user namespace of its own: elsewhere the number of processes is the user's
    whole, and cannot be the limit of one kernel.
    """
    import resource

    if not hasattr(resource, "prlimit"):
        return "this system cannot limit another process (prlimit)"
    try:
        for name, which in _numbers(limits):
            hard = resource.prlimit(pid, which)[1]
            resource.prlimit(pid, which, (_least(limits[name], hard), hard))
        if counts_alone and "processes" in limits:
            # For good: between two looks of the wrapper this is all that holds those who multiply.
            most = _least(limits["processes"] + THREADS_BESIDE, resource.prlimit(pid, resource.RLIMIT_NPROC)[1])
            resource.prlimit(pid, resource.RLIMIT_NPROC, (most, most))
    except (OSError, ValueError) as error:
        return f"the system refuses limits on the kernel's process ({error})"
    return ""


def in_force(pid: int) -> dict[str, int]:
    """What another process is held to now, as ``hold_other`` takes it. Raises ``OSError``."""
    import resource

    return {name: resource.prlimit(pid, getattr(resource, which))[0] for name, which in WANTED.items()}


def trouble() -> str:
    """Why limits on a whole kernel cannot be kept here, or ``""``: two processes are really started, and ended."""
    if sys.platform != "linux":
        return "limits on a whole kernel are there on Linux only"
    if lacks := lacking.mounts():
        return f"limits on a whole kernel cannot be kept: {lacks}"
    reader, writer = os.pipe()
    try:
        shell = os.posix_spawn(
            "/bin/sh",
            ["/bin/sh", "-c", "sleep 9 & read nothing"],
            {"PATH": os.defpath},
            file_actions=[(os.POSIX_SPAWN_DUP2, reader, 0)],
        )
    except OSError as error:
        return f"limits cannot be tried: /bin/sh does not start ({error.strerror})"
    finally:
        os.close(reader)
    try:
        return _tried(shell)
    finally:
        os.close(writer)
        tree.kill_all(tree.Tree(shell), set())
        os.waitpid(shell, 0)


def _tried(shell: int) -> str:
    watched, end = tree.Tree(shell), time.monotonic() + _SECONDS
    while len(watched.processes()) < 2:
        if time.monotonic() > end:
            return (
                "what a process starts is not seen in /proc (children), and limits on a whole kernel need it: it takes "
                "a Linux with CONFIG_PROC_CHILDREN"
            )
        time.sleep(0.001)
    refused = hold_other(shell, {"memory": 1 << 30, "open_files": 64, "disk": 1 << 20}, counts_alone=False)
    if refused:
        return refused
    if not sum(tree.memory_of(shell)) or not tree.read(f"/proc/{shell}/io"):
        return (
            "memory and writing of other processes of this user are not told by /proc (status, io): it takes a Linux "
            "with CONFIG_TASK_IO_ACCOUNTING, and in a container one that does not hide them"
        )
    if len(tree.kill_all(watched, set())) < 2:
        return "what a kernel starts cannot be ended"
    return ""


def _least(one: int, other: int) -> int:
    """The smaller of two limits; -1 (RLIM_INFINITY) is none."""
    return other if one < 0 else one if other < 0 else min(one, other)


def _numbers(limits: Mapping[str, int]) -> list[tuple[str, int]]:
    import resource

    return [(name, getattr(resource, which)) for name, which in WANTED.items() if name in limits]
