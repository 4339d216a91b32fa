"""The policy's limits and the running cells -> warnings at 80%, and whatever is over a limit stopped and explained.

The largest child goes before the kernel, the kernel before the machine. Loaded with the first policy that has limits;
what the system can hold a process to is its business (``isolate.rlimits``), sums over processes are watched here. A
cell that ends within a tenth of a second is never looked at; when nothing runs, there is a look every few seconds, for
threads and processes go on.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

from jupyter_guard.guard import isolated
from jupyter_guard.isolate import cgroups, rlimits, tree
from jupyter_guard.kernel import memory, open_files, signals
from jupyter_guard.kernel.cutting import Output
from jupyter_guard.kernel.disk import Disk
from jupyter_guard.kernel.limit_telling import Telling
from jupyter_guard.kernel.limit_words import (
    ERRORS,
    LOST,
    MACHINE_IS_SHORT,
    STATE_KEPT,
    WARN_AT,
    Limit,
    Reached,
    amount,
    cut_sentence,
    ended_by_the_system,
    how_to_raise,
    limit_of_error,
    named,
    processes,
)
from jupyter_guard.kernel.measuring import Cell, Measured, Measuring
from jupyter_guard.kernel.victims import Earlier, end_the_largest

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.kernel.request import Execute

FIRST_LOOK, EVERY, IDLE_EVERY = 0.1, 0.1, 5.0
# A look may take a twentieth of the time, unless that would be too late.
SHARE, SLOWEST = 20, 0.5
SOON = 0.02
# A cell that is interrupted has so long to end; half of it before what it started is ended, all of it for the kernel.
GRACE_SECONDS, ENDING_SECONDS = 5.0, 0.5
# The kernel itself is over the limit on memory: below this it keeps its variables, for somebody to free some.
MEMORY_AT_ONCE = 1.15
# What the machine keeps for others.
RESERVE, LARGEST_RESERVE = 0.02, 512 * 2**20
_PR_SET_CHILD_SUBREAPER = 36


class Limits:
    """The limits in force for one kernel. ``death`` says why the kernel was ended, where these ended it."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.limits: dict[str, Limit] = {}
        self.death = ""
        self.trouble = ""
        self.output = Output()
        self._cells: dict[str, Cell] = {}
        self._last: Execute | None = None
        self.last_ended: Execute | None = None
        self._next = time.monotonic() + IDLE_EVERY
        self.killed: set[tuple[int, int]] = set()
        self._disk = Disk(self)
        self._earlier = Earlier()
        self.ended_at = 0.0
        self._is_over = False
        self.telling = Telling(relay)
        held = isolated.reported(relay.child.achieved())
        self._is_boxed = held.backend == "bubblewrap"
        # There, the first process of the namespace takes over those whose parents end.
        adopts = sys.platform == "linux" and not self._is_boxed
        adopts = adopts and memory.call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        # Else it is this process that holds the kernel to them, and can hold it to more.
        self._is_held = held.fixed
        self._tree = tree.Tree(relay.child.pid, adopts=adopts)
        self._backstop = cgroups.Backstop()
        self._killed_by_the_system = 0
        self._before: dict[str, int] = {}
        with contextlib.suppress(OSError, AttributeError):
            self._before = rlimits.in_force(relay.child.pid)
        self.measuring = Measuring(self._tree, self._is_boxed, relay.dispatch.executed == 0, self._others)

    def _others(self) -> set[int]:
        return {self._relay.judging.pid, *self._relay.beside}

    def follow(self, said: tuple[tuple[str, int, str], ...]) -> None:
        """Take up the limits of a policy."""
        self.limits = {name: Limit(name, value, source) for name, value, source in said}
        self.output.limit = self.limits.get("output")
        if sys.platform == "linux":
            values = {one.name: one.value for one in self.limits.values()}
            counts_alone = self._is_boxed and os.geteuid() != 0
            for pid in self.measuring.all_pids():
                # A limit that the policy no longer has is as it was before.
                self.trouble = rlimits.hold_other(pid, {**self._before, **values}, counts_alone) or self.trouble
            self._backstop.follow(values, self.measuring.all_pids())
        else:
            self.trouble = "this system only lets time and output be limited"

    # --- cells

    def begins(self, request: Execute) -> None:
        """A cell was sent to the kernel."""
        now = time.monotonic()
        cell = self._cells[request.msg_id] = Cell(request, now, self._is_over)
        if now - self.ended_at < 2 / tree.TICK:
            cell.earlier = {one.pid for one in self._tree.processes() if one.started >= cell.tick}
        self._last = request
        self._next = min(self._next, now + FIRST_LOOK)

    def ended(self, msg_id: str) -> None:
        """A cell is done."""
        cell, now = self._cells.pop(msg_id, None), time.monotonic()
        self.ended_at = now
        self.last_ended = cell.request if cell is not None else self.last_ended
        if cell is not None and cell.stopped_by is not None and cell.stopped_by.limit.name == "processes":
            # One may have been born while the others were ended.
            self._end_what_it_started(cell)
        if cell is not None and now - cell.began > FIRST_LOOK:
            # What its last moments brought is still its own.
            self._next = min(self._next, now + EVERY)

    def waits(self, is_waiting: bool) -> None:
        """The running cells wait for somebody's answer, or no longer."""
        now = time.monotonic()
        for cell in self._cells.values():
            if is_waiting and not cell.asked_at:
                cell.asked_at = now
            elif not is_waiting and cell.asked_at:
                cell.began += now - cell.asked_at
                cell.asked_at = 0.0

    def most_recursion(self, wanted: int) -> int:
        """How deep a cell may make recursion; 0: as deep as it wants."""
        limit = self.limits.get("recursion")
        if limit is None or wanted <= limit.value:
            return 0
        what = f"sys.setrecursionlimit({wanted}) was held to {limit.value}."
        self.tell(self.reached(limit, what, STATE_KEPT))
        return limit.value

    # --- the look

    def check(self) -> float:
        """Look when it is time to; the seconds until the next look."""
        now = time.monotonic()
        if now >= self._next and not self.death:
            soon = self._look(now)
            took = time.monotonic() - now
            pause = min(max(EVERY, SHARE * took), SLOWEST) if self._cells else IDLE_EVERY
            self._next = now + (SOON if soon else pause)
        return max(0.0, self._next - time.monotonic())

    def _look(self, now: float) -> bool:
        """Whether to look again soon."""
        for cell in list(self._cells.values()):
            self._see_time(cell, now)
        if sys.platform != "linux" or self.death:
            return False
        least, most = self.limits.get("memory"), self.limits.get("processes")
        seen = self.measuring.look(
            int(least.value * WARN_AT) if least else 0,
            most.value if most else sys.maxsize,
            "disk" in self.limits,
            list(self._cells.values()),
        )
        if seen is None or self.death:
            return False
        kernel = self.measuring.kernel()
        if kernel is not None:
            self._earlier.mark(kernel, (one for one in seen.processes if one.pid not in self.measuring.spared))
        self._see_killed()
        if self._see_processes(seen):
            return True
        soon = self._see_memory(seen)
        if (limit := self.limits.get("disk")) is not None:
            self._disk.see(limit, seen)
        if (limit := self.limits.get("open_files")) is not None:
            open_files.see(self, limit, seen)
        for cell in list(self._cells.values()):
            self._see_cpu(cell, seen)
            if cell.stopped_at:
                self._see_stopped(cell, now)
        return soon and not self.death

    def _see_time(self, cell: Cell, now: float) -> None:
        if not cell.asked_at:
            self._see_spent(cell, "cell_seconds", now - cell.began, "it has run for {}.")

    def _see_cpu(self, cell: Cell, seen: Measured) -> None:
        if cell.cpu is not None:
            self._see_spent(cell, "cell_cpu_seconds", seen.cpu - cell.cpu, "it has used {} of processor time.")

    def _see_spent(self, cell: Cell, name: str, took: float, words: str) -> None:
        limit = self.limits.get(name)
        if limit is None:
            return
        if took >= limit.value:
            self.interrupt(cell, limit, f"The cell was interrupted: {words.format(amount(name, took))}")
        elif took >= limit.value * WARN_AT:
            self.warn(limit, took, "At the limit the cell is interrupted.", cell)

    def _see_stopped(self, cell: Cell, now: float) -> None:
        """A cell that was interrupted and has not ended: first what it started goes, then the kernel."""
        reached = cell.stopped_by
        if reached is None:
            return
        late = now - cell.stopped_at
        if late >= GRACE_SECONDS and reached.limit.name != "processes":
            self.end_kernel(reached, f"{reached.what} It did not end within {GRACE_SECONDS:.0f} seconds of that.")
        elif late >= GRACE_SECONDS / 2 and not cell.is_pruned:
            cell.is_pruned = True
            kernel = self.measuring.kernel()
            if kernel is not None:
                # One that came while something was cleaned up, or between fork and its end, was not heard.
                tree.kill(kernel, signals.INTERRUPT)
            if count := len(self._end_what_it_started(cell)):
                what = f"It went on, so {processes(count)} that it had started {'was' if count == 1 else 'were'} ended."
                self.tell(Reached(reached.limit, what, STATE_KEPT, reached.how), cell.request)

    # --- memory

    def _see_killed(self) -> None:
        # The control group's limit stands above the watcher's: what grows faster than a look meets it first.
        limit, killed = self.limits.get("memory"), self._backstop.killed()
        if limit is not None and killed > self._killed_by_the_system and self.measuring.kernel() is not None:
            count, self._killed_by_the_system = killed - self._killed_by_the_system, killed
            self.tell(self.reached(limit, ended_by_the_system(count, limit), STATE_KEPT))

    def _see_memory(self, seen: Measured) -> bool:
        limit = self.limits.get("memory")
        if limit is None:
            return False
        left, total, _ = tree.machine() if seen.resident * 4 > limit.value else (1, 0, 0)
        short = left < min(total * RESERVE, LARGEST_RESERVE) and seen.resident * 4 > total > 0
        self._is_over = seen.memory >= limit.value
        if not self._is_over and not short:
            for running in self._cells.values():
                # It began before anybody saw that the one before it had given its memory back, or has done so itself.
                running.was_over = False
            if seen.memory >= limit.value * WARN_AT:
                then = "At the limit the largest process that the cells have started is ended, or else the kernel."
                self.warn(limit, seen.memory, then)
            return False
        used = f"The kernel and what it started had {amount('memory', seen.memory)} of memory"
        used += f", and the machine only {amount('memory', left)} left" if short else ""
        how = "" if self._is_over else MACHINE_IS_SHORT
        victims = [one for one in seen.processes if one.pid not in self.measuring.spared]
        if any((one.pid, one.started) in self.killed for one in victims):
            # What was ended gives its memory back first.
            return True
        sizes = seen.sizes or self.measuring.sizes(seen.processes)[0]
        ended = end_the_largest(victims, sizes, seen.memory - limit.value, limit.value, seen.files)
        self.killed.update((one.pid, one.started) for one in ended)
        if ended:
            self.tell(self.reached(limit, f"{used}, so {named(ended, sizes)}", STATE_KEPT, how))
            return True
        where = f" or in files that are in memory, as under /tmp and /dev/shm ({amount('memory', seen.files)})"
        what = f"{used}, nearly all of it the kernel's own{where if seen.files else ''}."
        cell = self.latest()
        if seen.memory > limit.value * MEMORY_AT_ONCE or short:
            self.end_kernel(self.reached(limit, what, "", how), what)
        elif cell is not None and not cell.was_over:
            self.interrupt(cell, limit, f"{what} The cell was interrupted.")
        elif cell is not None:
            then = "Free some of it: a cell that adds to it is stopped, and the kernel ended if that is too late."
            self.warn(limit, seen.memory, then)
        return not self.death

    # --- processes

    def _see_processes(self, seen: Measured) -> bool:
        limit = self.limits.get("processes")
        killed = sum((one.pid, one.started) in self.killed for one in seen.processes)
        count = len(seen.processes) - seen.companions - killed
        if limit is None or count <= limit.value:
            if limit is not None and count >= max(2, limit.value * WARN_AT):
                self.warn(limit, count, "Above the limit, what the cell has started is ended.")
            return False
        cell = self.latest()
        kernel = self.measuring.kernel()
        # It may be the one that multiplies. If we end now it ends too: that is how it was started.
        stopped = kernel is not None and tree.kill(kernel, signals.STOP)
        ended = self._end_what_it_started(cell) if cell else []
        if not ended:
            ended = tree.kill_all(self._tree, self.measuring.spared)
            self.killed.update((one.pid, one.started) for one in ended)
        number = f"{len(ended)} that {'the cell' if cell else 'cells'} had started were ended"
        what = f"There were {count} processes or more, so {number}"
        what += " and the cell was interrupted." if cell else "."
        reached = self.reached(limit, what, STATE_KEPT)
        self.tell(reached)
        if cell is not None and kernel is not None:
            cell.stopped_by, cell.stopped_at, cell.is_pruned = reached, time.monotonic(), False
            # The kernel alone: what earlier cells have started is not to blame.
            cell.request.was_interrupted = True
            tree.kill(kernel, signals.INTERRUPT)
        if stopped and kernel is not None:
            tree.kill(kernel, signals.CONTINUE)
        return True

    # --- what is done about it

    def interrupt(self, cell: Cell, limit: Limit, what: str) -> None:
        """Interrupt a cell, once, and say why on it."""
        # Who has just failed is sending its reply: an interrupt would hit that, and ipykernel would never answer.
        if cell.stopped_at or time.monotonic() - cell.failed_at < ENDING_SECONDS:
            return
        cell.stopped_at = time.monotonic()
        cell.stopped_by = reached = self.reached(limit, what, STATE_KEPT)
        self.tell(reached, cell.request)
        cell.request.was_interrupted = True
        signals.send(self._relay.child.pid, signals.INTERRUPT)

    def _end_what_it_started(self, cell: Cell) -> list[tree.Process]:
        ended = tree.kill_all(self._tree, self.measuring.spared | cell.earlier, cell.tick)
        self.killed.update((one.pid, one.started) for one in ended)
        return ended

    def end_kernel(self, reached: Reached, what: str) -> None:
        """End the kernel; the relay sees it end, and says why on the cell."""
        self.death = f"{what} The kernel was ended: {LOST} {reached.how}"
        request = self._current()
        if request is not None:
            self.telling.died(reached.limit, what, self.death, request, shown=not self._cells)
        signals.send(self._relay.child.pid, signals.KILL)

    def end_leftovers(self, status: int) -> None:
        """The kernel has ended, with this exit code: so does what it started, daemons too."""
        self._backstop.end()
        limit, killed = self.limits.get("memory"), self._backstop.killed() - self._killed_by_the_system
        if limit is not None and killed > 0 and status == -signals.KILL and not self.death:
            told = self.reached(limit, ended_by_the_system(killed, limit), LOST.capitalize())
            self.death = f"The kernel died: {told.text}"
        if sys.platform == "linux" and self._tree.adopts:
            self._tree.others |= self._others()
            tree.kill_all(self._tree, self.measuring.spared)
            self._tree.reap()

    def reap(self) -> None:
        """Some process has ended."""
        if self._tree.adopts:
            self._tree.others |= self._others()
            self._tree.reap()

    # --- what people are told

    def _current(self) -> Execute | None:
        cell = self.latest()
        return cell.request if cell is not None else self._last

    def latest(self) -> Cell | None:
        """The cell that began last of those that run."""
        return next(reversed(self._cells.values()), None)

    def tell(self, reached: Reached, request: Execute | None = None) -> None:
        """Say it on ``request``, or on the cell that runs or ran last."""
        request = request or self._current()
        if request is not None:
            self.telling.tell(reached, request)

    def reached(self, limit: Limit, what: str, kept: str, how: str = "") -> Reached:
        """An event, with how to raise its limit where nothing else is to be done."""
        return Reached(limit, what, kept, how or how_to_raise(limit, self._is_held))

    def warn(self, limit: Limit, used: float, then: str, cell: Cell | None = None) -> None:
        """Once a cell."""
        cell = cell or self.latest()
        if cell is not None and limit.name not in cell.warned:
            cell.warned.add(limit.name)
            self.telling.warn(limit, used, then, cell.request)

    def published(self, kind: str, about: str, parent: bytes, content: bytes) -> None:
        """Something of a cell's was published: say what is to be said of it, right behind."""
        cell = self._cells.get(about)
        request = cell.request if cell is not None else None
        if cell is not None and kind == "error":
            cell.failed_at = time.monotonic()
        if self.output.has_news and (limit := self.limits.get("output")) is not None:
            count = self.output.counted(about)
            if count >= limit.value:
                self._relay.outgoing.release(about)
                if cell is not None:
                    cell.warned.add(limit.name)
                reached = self.reached(limit, cut_sentence(count), "The cell runs on, and its variables are kept.")
                self.telling.tell_in_line(reached, about, parent, request)
            elif cell is not None:
                self.warn(limit, count, "What comes beyond the limit is left out.", cell)
        if kind == "error" and (limit := self.limits.get(limit_of_error(content))) is not None:
            self.telling.tell_in_line(self.reached(limit, ERRORS[limit.name], STATE_KEPT), about, parent, request)
