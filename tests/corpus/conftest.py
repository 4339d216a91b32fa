"""Jobs that workers can import, as they import the commands' own."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

JOBS = '''
import os, signal, sys, threading
from jupyter_guard.corpus import Done


class Job:
    is_secret = False
    through = (LookupError,)

    def made_with(self):
        return "these tests"

    def prepare(self):
        pass


class Doubling(Job):
    """The number times two; -1 kills its process, -2 raises what is let through, -3 something else."""

    def __call__(self, given):
        if given == -1:
            os.kill(os.getpid(), signal.SIGKILL)
        if given == -2:
            raise LookupError("the same for all")
        if given == -3:
            raise ValueError("odd")
        return Done(str(2 * given).encode(), lasting=given != 5)


class Depth(Job):
    """How deep calls may go."""

    def __call__(self, given):
        def deeper(count):
            try:
                return deeper(count + 1)
            except RecursionError:
                return count

        return Done(str(deeper(0)).encode())


class Other(Doubling):
    """Made with something that no other process has."""

    def made_with(self):
        return f"process {os.getpid()}"


class Where(Job):
    """The process that did it, after a while."""

    def __call__(self, given):
        import time

        time.sleep(given)
        return Done(str(os.getpid()).encode())
'''


@pytest.fixture(scope="session")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A module of jobs on ``sys.path``, which every process that is made from this one has too."""
    place = tmp_path_factory.mktemp("jobs")
    (place / "corpus_jobs.py").write_text(JOBS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(place)
        yield importlib.import_module("corpus_jobs")
