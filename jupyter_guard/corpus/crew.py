"""Who does the work: this process alone, processes on all cores, or the workers of a Dask cluster."""

from __future__ import annotations

import os
from concurrent.futures import BrokenExecutor, CancelledError, Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import uuid4

from jupyter_guard.corpus import worker
from jupyter_guard.corpus.piece import Done, Job, Lost

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

Answer = Future[Done | Lost]
# Fewer are done before other processes have loaded what they need.
FEW: Final = 32
AHEAD: Final = 4


class CrewError(Exception):
    """Nobody can work, or not any more; the message says what to do."""


class Crew:
    """One process alone, this one: a piece is done when it is asked for. A context manager.

    ``gone`` are the errors with which a piece comes back when its worker died.
    """

    gone: tuple[type[BaseException], ...] = ()

    def __init__(self, job: Job) -> None:
        self.job = job
        self.name = uuid4().hex
        self.workers = 1

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._end()

    def _begin(self) -> None:
        worker.set_up(self.name, self.job)

    def _end(self) -> None:
        worker.clear(self.name)

    @property
    def ahead(self) -> int:
        """How many pieces to ask for before the first comes back."""
        return 1

    def ask(self, given: Any) -> Answer:
        """Ask for a piece's result."""
        answer: Answer = Future()
        try:
            answer.set_result(worker.work(self.name, given))
        except Exception as error:
            answer.set_exception(error)
        return answer

    def check(self) -> None:
        """Nothing came back for a while. Raises ``CrewError`` where nothing will."""

    def mend(self) -> None:
        """Put new workers in the places of those that died. Raises ``CrewError`` where there can be none."""


class Processes(Crew):
    """Processes on this machine, as many as ``workers``."""

    gone = (BrokenExecutor, CancelledError)

    def __init__(self, job: Job, workers: int) -> None:
        super().__init__(job)
        self.workers = workers

    def _begin(self) -> None:
        # Loaded here: whoever looks at one file does without.
        from concurrent.futures import ProcessPoolExecutor

        self._pool = ProcessPoolExecutor(
            self.workers, _context(), initializer=worker.begin_process, initargs=(self.name, self.job)
        )

    def _end(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def ahead(self) -> int:
        """Enough that nobody waits."""
        return AHEAD * self.workers

    def ask(self, given: Any) -> Answer:
        """Ask for a piece's result."""
        try:
            return self._pool.submit(worker.work, self.name, given)
        except BrokenExecutor as error:
            answer: Answer = Future()
            answer.set_exception(error)
            return answer

    def mend(self) -> None:
        """A new pool: the standard library gives all of one up when a process of it dies."""
        self._end()
        self._begin()


def hire(job: Job, total: int, workers: int | None = None, dask: str | None = None) -> Crew:
    """Who works on ``total`` pieces: a Dask cluster where its address is given, else ``workers`` processes.

    ``None``: all cores, or this process alone when there are few. Raises ``CrewError``.
    """
    if dask is not None:
        # It takes half a second to load, and is an extra.
        from jupyter_guard.corpus.cluster import Cluster

        return Cluster(job, dask)
    if workers is None:
        workers = cores() if total >= FEW else 0
    return Processes(job, workers) if workers else Crew(job)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _context() -> BaseContext:
    import multiprocessing

    # Never fork: what was loaded here has threads. A fork server loads the package once for all.
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["jupyter_guard.corpus.worker"])
    return context
