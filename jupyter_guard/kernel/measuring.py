"""A kernel's processes -> what they use together: memory, processes, processor time, bytes written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from jupyter_guard.isolate import tree
from jupyter_guard.isolate.shared_files import SharedFiles

if TYPE_CHECKING:
    from jupyter_guard.kernel.limit_words import Reached
    from jupyter_guard.kernel.request import Execute

_BOX = "bwrap"
FILES_LOOKED_FOR = 0.1


class Cell:
    """A running cell as the limits see it: times in seconds by the monotonic clock, ``tick`` in ticks since boot."""

    __slots__ = (
        "asked_at",
        "began",
        "cpu",
        "earlier",
        "failed_at",
        "is_pruned",
        "request",
        "stopped_at",
        "stopped_by",
        "tick",
        "warned",
        "was_over",
    )

    def __init__(self, request: Execute, now: float, was_over: bool) -> None:
        self.request = request
        # The kernel had more memory than the limit before.
        self.was_over = was_over
        # When it last showed an error; most likely it is ending.
        self.failed_at = 0.0
        self.began = now
        self.tick = int(time.clock_gettime(time.CLOCK_BOOTTIME) * tree.TICK) if hasattr(time, "CLOCK_BOOTTIME") else 0
        self.cpu: float | None = None
        # Processes of the same tick that another cell had started.
        self.earlier: set[int] = set()
        self.warned: set[str] = set()
        # Waiting for somebody to type something since.
        self.asked_at = 0.0
        self.stopped_at = 0.0
        self.stopped_by: Reached | None = None
        self.is_pruned = False


class Measured(msgspec.Struct):
    """One look. Sizes in bytes; ``memory`` is an upper bound as long as that is far from the limit.

    ``resident`` adds up what processes share; ``sizes`` is by process number, empty where the bound was enough.
    ``files`` are in memory and no process' own. ``writers`` have written since the last look. ``companions`` counts
    the processes that are not the cells'.
    """

    processes: list[tree.Process]
    companions: int
    resident: int
    memory: int
    cpu: float
    sizes: dict[int, int] = {}
    files: int = 0
    written: int = 0
    writers: list[tree.Process] = []


class Measuring:
    """Looks at a tree. ``spared`` are the processes that no limit ends: the kernel, and what was there before.

    ``is_boxed`` says that bubblewrap stands around the kernel; ``is_fresh`` that no cell has run yet, so that all there
    is belongs to the guard; ``others`` gives the numbers of this process' children that are no part of the kernel.
    """

    def __init__(self, watched: tree.Tree, is_boxed: bool, is_fresh: bool, others: Callable[[], set[int]]) -> None:
        self._tree = watched
        self._others = others
        self._kernel = watched.root
        self._companions: set[int] = set()
        self._written, self._cpu = Growth(), Growth()
        self._looked_at = time.monotonic()
        self._tree.others |= others()
        if is_fresh:
            # Whatever else was started beside the kernel: no cell has been there to do it.
            self._tree.others.update(self._tree.orphans())
        found = self._tree.processes()
        while _is_box(self._kernel, found) and (one := _inside(self._kernel, found)) is not None:
            self._companions.add(self._kernel)
            self._kernel = one
        # No more come: a kernel in a box mounts nothing.
        self._mounts = tree.memory_mounts(self._kernel) if is_boxed else []
        self._shared = None if is_boxed else SharedFiles()
        if is_fresh:
            self._companions |= {one.pid for one in found} - {self._kernel}

    @property
    def spared(self) -> set[int]:
        """The numbers of the processes that no limit ends by itself."""
        return {self._kernel, *self._companions}

    def kernel(self) -> tree.Process | None:
        """The kernel's own process."""
        return tree.look(self._kernel)

    def all_pids(self) -> list[int]:
        """Every process now."""
        return [one.pid for one in self._tree.processes()]

    def look(self, warn_at: int, most: int, disk: bool, cells: list[Cell]) -> Measured | None:
        """What is used now; exact from ``warn_at`` bytes of memory on (0: not of interest). ``None``: all are gone.

        More than ``most`` processes are only counted, for then it is urgent. ``cells`` that are new get their starting
        point for processor time.
        """
        self._tree.others |= self._others()
        processes = self._tree.processes()
        if not processes:
            return None
        companions = sum(one.pid in self._companions for one in processes)
        if len(processes) - companions > most:
            return Measured(processes, companions, 0, 0, self._cpu.total)
        resident = sum(one.resident for one in processes)
        files = self._files(processes, warn_at) if warn_at else 0
        sizes: dict[int, int] = {}
        used = resident + files
        if warn_at and used >= warn_at:
            own, shared = self.sizes(processes)
            sizes = {pid: own[pid] + shared[pid] for pid in own}
            # Files that are mapped are in both.
            used = sum(own.values()) + max(sum(shared.values()), files)
        # What they were waited for is in their parent's count, or in ours.
        now = time.monotonic()
        most_cpu, self._looked_at = (now - self._looked_at) * (os.cpu_count() or 1), now
        everything = [(one.pid, one.started, one.parent, one.cpu) for one in self._tree.seen]
        cpu, _ = self._cpu.add([*everything, (os.getpid(), 0, 0, sum(os.times()[2:4]))], most_cpu)
        for cell in cells:
            if cell.cpu is None:
                cell.cpu = cpu
        found = Measured(processes, companions, resident, used, cpu, sizes, files)
        if disk:
            counts = [(one.pid, one.started, one.parent, tree.written(one.pid)) for one in self._tree.seen]
            written, growing = self._written.add([*counts, (os.getpid(), 0, 0, tree.written(os.getpid()))])
            found.written = int(written)
            found.writers = [one for one in processes if one.pid in growing and one.pid not in self._companions]
        return found

    def sizes(self, processes: list[tree.Process]) -> tuple[dict[int, int], dict[int, int]]:
        """The memory of each process that cannot be taken from it again, and its part of what is shared."""
        alone = len(processes) == 1
        found = {one.pid: tree.memory_of(one.pid, alone) for one in processes}
        return {pid: one[0] for pid, one in found.items()}, {pid: one[1] for pid, one in found.items()}

    def _files(self, processes: list[tree.Process], warn_at: int) -> int:
        """What lies in memory and in no process: files in the box's own mounts, files without a name, and what the
        cells have made in the machine's /dev/shm.
        """
        found = tree.held_in(self._mounts)
        # Every open file of every process is looked at only if this machine has that much shared memory in use at all.
        # No difference to the start: what was somebody's then may be given back, and would hide what is taken here.
        of_interest = int(warn_at * FILES_LOOKED_FOR)
        if tree.machine()[2] >= of_interest:
            pids = [one.pid for one in processes]
            held = tree.held_in_memory(pids)
            found += sum(size for size, path in held.values() if path.startswith("/memfd:"))
            # A box has a place of its own, which is among its mounts.
            found += self._shared.held(held, pids, of_interest) if self._shared else 0
        return found


class Growth:
    """Counts of processes that only grow -> their sum, ended ones included.

    A process takes over the counts of the children that it waits for, in one step: those are not counted twice, nor is
    it blamed for them.
    """

    def __init__(self) -> None:
        self.total = 0.0
        self._before: dict[int, tuple[int, int, float]] = {}

    def add(self, counts: list[tuple[int, int, int, float]], most: float = float("inf")) -> tuple[float, set[int]]:
        """The sum by now, and who has added to it; each count comes with process number, start and parent.

        The sum grows by ``most`` at most: what a process takes over is exact, and the counts before were rounded.
        """
        before, self._before = self._before, {pid: (start, parent, count) for pid, start, parent, count in counts}
        waited_for: dict[int, float] = {}
        for pid, (start, parent, count) in before.items():
            if self._before.get(pid, (None,))[0] != start:
                waited_for[parent] = waited_for.get(parent, 0) + count
        growing = set()
        grown = 0.0
        for pid, start, _, count in counts:
            old_start, _, old = before.get(pid, (None, 0, 0.0))
            # This process' own count began before there was anything to watch.
            if old_start is None and pid == os.getpid():
                continue
            more = count - (old if old_start == start else 0.0) - waited_for.get(pid, 0.0)
            if more > 0:
                grown += more
                growing.add(pid)
        self.total += min(grown, most)
        return self.total, growing


def _is_box(pid: int, found: list[tree.Process]) -> bool:
    return any(one.pid == pid and one.name == _BOX for one in found)


def _inside(pid: int, found: list[tree.Process]) -> int | None:
    """What stands in a box: the next one, or the kernel; the guard's own tools may be beside it."""
    inside = [one.pid for one in found if one.parent == pid and not tree.is_own(one.pid)]
    return inside[0] if inside else None
