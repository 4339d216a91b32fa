"""A kernel's process number -> everything that it started, with memory, processor time and bytes written (proc(5)).

The wrapper looks ten times a second while a cell runs, so this reads few files, and those without Python's file
objects. What a process started is found by the kernel's own list of children: a scan of all of /proc would cost a
hundred times as much on a machine with many users.
"""

from __future__ import annotations

import os
import signal
import time

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
# Windows has no such signal; nothing here is called there, but it is imported.
KILL = int(getattr(signal, "SIGKILL", 0))
_OWN = b"\0-m\0jupyter_guard."
_PIECE = 16_384
# Shorter pieces are the last one: none ends further from the end of a page than its longest record is long.
_FULL = 2_048


class Process:
    """One process as it was when it was looked at: ``started`` in ticks since boot, ``resident`` and sizes in bytes."""

    __slots__ = ("cpu", "name", "parent", "pid", "resident", "started", "state", "threads")

    def __init__(self, pid: int, stat: bytes) -> None:
        # The name may hold anything, brackets included: it ends at the last one.
        head, _, rest = stat.rpartition(b")")
        fields = rest.split()
        self.pid = pid
        self.name = head.partition(b"(")[2].decode("utf-8", "replace")
        self.state = fields[0]
        self.parent = int(fields[1])
        # Its own, and that of the children that it waited for.
        self.cpu = sum(map(int, fields[11:15])) / TICK
        self.threads = int(fields[17])
        self.started = int(fields[19])
        self.resident = int(fields[21]) * PAGE


def look(pid: int) -> Process | None:
    """A process now; ``None`` when it is gone."""
    stat = read(f"/proc/{pid}/stat")
    return Process(pid, stat) if stat else None


class Tree:
    """All that descends from ``root``.

    With ``adopts``, this process takes over those whose parents end (PR_SET_CHILD_SUBREAPER): all its children belong
    to the tree then, but for ``others``.
    """

    def __init__(self, root: int, adopts: bool = False) -> None:
        self.root = root
        self.adopts = adopts
        self.others: set[int] = set()
        # At the last look, with those that have ended and were not waited for.
        self.seen: list[Process] = []
        self._known: list[int] = []
        self._newest = b""

    def processes(self) -> list[Process]:
        """What lives now, the root first; zombies are left out. Numbers are looked up anew only if any are new."""
        newest = read("/proc/loadavg").rpartition(b" ")[2]
        if newest and newest == self._newest and self._known:
            found = [one for pid in self._known if (one := look(pid)) is not None]
        else:
            self._newest = newest
            found = self._walk()
            self._known = [one.pid for one in found]
        self.seen = found
        return [one for one in found if one.state not in (b"Z", b"X")]

    def _walk(self) -> list[Process]:
        found: list[Process] = []
        seen = {os.getpid(), *self.others}
        todo = [self.root, *self.orphans()]
        while todo:
            pid = todo.pop(0)
            if pid in seen:
                continue
            seen.add(pid)
            process = look(pid)
            if process is not None:
                found.append(process)
                todo += children(pid, process.threads)
        return found

    def orphans(self) -> list[int]:
        """Children of this process that were another one's."""
        if not self.adopts:
            return []
        found = [pid for pid in children(os.getpid(), 2) if pid != self.root and pid not in self.others]
        # The guard's own tools are started here too. A daemon may lie about its name: then it is as it would be if
        # nobody took over daemons, and in bubblewrap none comes here.
        own = {pid for pid in found if is_own(pid)}
        self.others |= own
        return [pid for pid in found if pid not in own]

    def reap(self) -> None:
        """Bury the orphans that have ended."""
        for pid in self.orphans():
            process = look(pid)
            if process is not None and process.state == b"Z":
                try:
                    os.waitpid(pid, os.WNOHANG)
                except OSError:
                    continue


def is_own(pid: int) -> bool:
    """Whether a process says that it is one of the guard's own tools."""
    return _OWN in read(f"/proc/{pid}/cmdline")


def children(pid: int, threads: int = 1) -> list[int]:
    """What a process started and has not lost; each thread has its own list."""
    if threads <= 1:
        return _numbers(read(f"/proc/{pid}/task/{pid}/children"))
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [one for task in tasks for one in _numbers(read(f"/proc/{pid}/task/{task}/children"))]


def _numbers(text: bytes) -> list[int]:
    return [int(one) for one in text.split()]


def memory_of(pid: int, is_alone: bool = False) -> tuple[int, int]:
    """Bytes of a process that cannot be taken from it again: its own, and shared ones, which count in part (PSS).

    ``is_alone`` says that nothing shares with it, which is cheaper to find out. Files that are mapped do not count: the
    system drops them when it needs the memory.
    """
    if not is_alone:
        rollup = read(f"/proc/{pid}/smaps_rollup")
        if rollup:
            return _sum(rollup, (b"Pss_Anon:", b"SwapPss:")), _sum(rollup, (b"Pss_Shmem:",))
    status = read(f"/proc/{pid}/status")
    return _sum(status, (b"RssAnon:", b"VmSwap:")), _sum(status, (b"RssShmem:",))


def _sum(text: bytes, wanted: tuple[bytes, ...]) -> int:
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(wanted)) * 1024


def written(pid: int) -> int:
    """Bytes that a process, and the children that it waited for, had written to disk; never below 0."""
    found = {}
    for line in read(f"/proc/{pid}/io").splitlines():
        name, _, value = line.partition(b": ")
        found[name] = int(value or 0)
    return max(0, found.get(b"write_bytes", 0) - found.get(b"cancelled_write_bytes", 0))


def memory_mounts(pid: int) -> list[str]:
    """Where a process has file systems of its own that live in memory, as paths from outside."""
    found = {}
    for line in read(f"/proc/{pid}/mountinfo").decode("utf-8", "replace").splitlines():
        before, _, after = line.partition(" - ")
        place = before.split()[4].encode().decode("unicode_escape", "replace")
        if not after.startswith("tmpfs "):
            continue
        try:
            device = os.stat(f"/proc/{pid}/root{place}").st_dev
            own = os.stat(place).st_dev if os.path.exists(place) else -1
        except OSError:
            continue
        if device != own:
            found[device] = f"/proc/{pid}/root{place}"
    return list(found.values())


def held_in(mounts: list[str]) -> int:
    """Bytes of the files that lie in file systems in memory."""
    total = 0
    for place in mounts:
        try:
            about = os.statvfs(place)
        except OSError:
            continue
        total += (about.f_blocks - about.f_bfree) * about.f_frsize
    return total


def held_in_memory(pids: list[int]) -> dict[tuple[int, int], tuple[int, str]]:
    """The files in memory that these processes hold open: bytes and path by device and number. Those without a name
    (memfd_create(2)) have a path that begins with ``/memfd:``.
    """
    found = {}
    for pid in pids:
        try:
            handles = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for one in handles:
            try:
                path = os.readlink(f"/proc/{pid}/fd/{one}")
                if path.startswith(("/memfd:", "/dev/shm/")):  # noqa: S108
                    about = os.stat(f"/proc/{pid}/fd/{one}")
                    found[about.st_dev, about.st_ino] = (about.st_blocks * 512, path)
            except OSError:
                continue
    return found


def open_files(pid: int) -> int:
    """How many files a process has open; 0 where that is not told."""
    place = f"/proc/{pid}/fd"
    try:
        # Linux 6.2 and newer say it without a walk over all of them.
        return os.stat(place).st_size or len(os.listdir(place))
    except OSError:
        return 0


def machine() -> tuple[int, int, int]:
    """Bytes of this machine that programs can still have, that it has in all, and in shared memory; 0: not told."""
    found = {}
    for line in read("/proc/meminfo").splitlines():
        name, _, value = line.partition(b":")
        if name in (b"MemAvailable", b"MemTotal", b"Shmem"):
            found[name] = int(value.split()[0]) * 1024
    return found.get(b"MemAvailable", 0), found.get(b"MemTotal", 0), found.get(b"Shmem", 0)


def command_of(pid: int) -> str:
    """The words that a process was started with, cut to size; ``""`` when it is gone."""
    words = read(f"/proc/{pid}/cmdline")[:400].decode("utf-8", "replace").split("\0")
    shown = " ".join(one for one in words if one)
    shown = "".join(one if one.isprintable() else " " for one in shown)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def kill(process: Process, number: int = KILL) -> bool:
    """Signal a process, unless its number is somebody else's by now; whether it was there."""
    now = look(process.pid)
    if now is None or now.started != process.started:
        return False
    try:
        os.kill(process.pid, number)
    except OSError:
        return False
    return True


def kill_all(tree: Tree, spared: set[int], since: int = 0, seconds: float = 1.0) -> list[Process]:
    """End every process of ``tree`` that began at tick ``since`` or later, ``spared`` excepted; those that it ended.

    All are stopped before any is ended, again and again until no new ones turn up: those that multiply would otherwise
    be faster.
    """
    stopped: dict[int, Process] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fresh = [
            one
            for one in tree.processes()
            if one.pid not in spared and one.pid not in stopped and one.started >= since and kill(one, signal.SIGSTOP)
        ]
        if not fresh:
            break
        stopped.update((one.pid, one) for one in fresh)
    for one in stopped.values():
        kill(one)
    return list(stopped.values())


def read(path: str) -> bytes:
    """A small file in /proc; empty where it is gone or may not be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        text = data = os.read(handle, _PIECE)
        # Such files come in pieces of a page, however much is asked for.
        while len(data) >= _FULL and (data := os.read(handle, _PIECE)):
            text += data
    except OSError:
        return b""
    finally:
        os.close(handle)
    return text
