"""A job in a worker: set up once, then a piece after the other, all in one thread of its own.

A thread begins with an empty stack. What is read of code that is nested very deeply must not depend on how deep in
calls somebody asked for it; and a Dask worker has several threads, while what reads code is made for one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final

from jupyter_guard.corpus.piece import Done, Job, Lost

DEPTH: Final = 1000
STACK: Final = 16 << 20

# Jobs by the name under which pieces ask for them. A Dask worker may have several, of several runs.
_jobs: dict[str, Job] = {}


def set_up(name: str, job: Job) -> None:
    """Keep a job for the pieces that will ask for it."""
    _thread().submit(job.prepare).result()
    _jobs[name] = job


def clear(name: str) -> None:
    """Forget a job."""
    _jobs.pop(name, None)


def work(name: str, given: Any) -> Done | Lost:
    """The result of one piece. Raises what the job lets through, and ``KeyError`` for a job that is not set up."""
    return _thread().submit(_work, _jobs[name], given).result()


def _work(job: Job, given: Any) -> Done | Lost:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(DEPTH)
    try:
        return job(given)
    except job.through:
        raise
    except Exception as error:
        return Lost(f"the guard itself failed on it: {type(error).__name__}: {error}")
    finally:
        sys.setrecursionlimit(before)


@cache
def _thread() -> ThreadPoolExecutor:
    # How large a thread's stack is differs between systems, and the main one's is not ours to say.
    before = threading.stack_size(STACK)
    try:
        pool = ThreadPoolExecutor(1, "jupyter_guard corpus")
        pool.submit(int).result()
    finally:
        threading.stack_size(before)
    return pool


def begin_process(name: str, job: Job) -> None:
    """What a process of a local pool does first. It ends when the one that made it is gone, however that ended."""
    # Ctrl-C is for whoever hands out the work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
    set_up(name, job)


def _end_with_parent() -> None:
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is not None:
        # Killed, it cannot say goodbye, and the queue's other end is open here too: nothing else would tell.
        wait([parent.sentinel])
        os._exit(1)
