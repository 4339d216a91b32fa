"""A real Dask cluster on this machine gives what one process gives, also when a worker is killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from jupyter_guard.corpus import CrewError, Done, Lost, Piece, hire, results

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address(jobs: ModuleType) -> Iterator[str]:
    """The scheduler's of a cluster that finds the tests' jobs, as whatever is made from this process."""
    # A machine that is busy takes its time to start a worker again; and one death is enough to try a piece again.
    patient = {"distributed.deploy.lost-worker-timeout": "240s", "distributed.scheduler.allowed-failures": 0}
    with (
        dask.config.set(patient),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, silence_logs=50
        ) as made,
    ):
        yield made.scheduler_address


def values(address: str, job: object, given: list[float]) -> list[str]:
    with hire(job, len(given), dask=address) as crew:  # type: ignore[arg-type]
        pieces = (Piece(at, one) for at, one in enumerate(given))
        found = [result for _, result in results(pieces, crew)]
    return [one.value.decode() if isinstance(one, Done) else getattr(one, "reason", "") for one in found]


def test_results_come_in_order(address: str, jobs: ModuleType) -> None:
    assert values(address, jobs.Doubling(), [*range(50)]) == [str(2 * one) for one in range(50)]


def test_calls_may_go_as_deep_as_here(address: str, jobs: ModuleType) -> None:
    with hire(jobs.Depth(), 1) as crew:
        ((_, here),) = results([Piece(0, 0)], crew)
    assert isinstance(here, Done)
    assert values(address, jobs.Depth(), [0]) == [here.value.decode()]


def test_a_job_that_fails_and_one_that_ends_the_run(address: str, jobs: ModuleType) -> None:
    assert values(address, jobs.Doubling(), [1, -3])[1] == "the guard itself failed on it: ValueError: odd"
    with pytest.raises(LookupError, match="the same for all"):
        values(address, jobs.Doubling(), [1, -2])


def test_a_killed_worker_takes_nothing_with_it(address: str, jobs: ModuleType) -> None:
    pids: list[str] = []
    with hire(jobs.Where(), 60, dask=address) as crew:
        for _, result in results((Piece(at, 0.05) for at in range(60)), crew):
            assert isinstance(result, Done)
            pids.append(result.value.decode())
            if len(pids) == 10:
                os.kill(int(pids[0]), signal.SIGKILL)
    assert len(pids) == 60
    assert pids[-1] != pids[0]


def test_a_piece_that_kills_every_worker_is_lost_alone(address: str, jobs: ModuleType) -> None:
    found = values(address, jobs.Doubling(), [1, 2, -1, 3, 4])
    lost = Lost("the process that worked on it died, twice: did it run out of memory?").reason
    assert found == ["2", "4", lost, "6", "8"]


def test_a_worker_with_other_answers_is_refused(address: str, jobs: ModuleType) -> None:
    with pytest.raises(CrewError, match="its answers might differ"):
        values(address, jobs.Other(), [1])


def test_nobody_answers() -> None:
    with pytest.raises(CrewError, match="no Dask scheduler answers there"):
        hire(_Nothing(), 1, dask="tcp://127.0.0.1:1").__enter__()
    with pytest.raises(CrewError, match="no Dask scheduler answers there"):
        hire(_Nothing(), 1, dask="nonsense://x").__enter__()


def test_secrets_do_not_go_over_a_network_in_clear() -> None:
    job = _Nothing()
    job.is_secret = True
    for place in ("tcp://10.1.2.3:8786", "scheduler.example:8786", "ws://10.1.2.3:8786"):
        with pytest.raises(CrewError, match="would go to the workers in clear"):
            hire(job, 1, dask=place)
    for place in ("tls://10.1.2.3:8786", "tcp://127.0.0.1:8786", "localhost:8786", "tcp://[::1]:8786"):
        assert hire(job, 1, dask=place)


class _Nothing:
    is_secret = False
    through: tuple[type[Exception], ...] = ()

    def made_with(self) -> str:
        return ""

    def prepare(self) -> None:
        pass

    def __call__(self, given: object) -> Done:
        return Done(b"0")


def test_the_scheduler_goes_away(jobs: ModuleType, tmp_path: Path) -> None:
    script = tmp_path / "cluster.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path.insert(0, {str(Path(str(jobs.__file__)).parent)!r})\n"
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None,\n"
        "                      protocol='tcp', silence_logs=50) as made:\n"
        "        print(made.scheduler_address, flush=True)\n"
        "        time.sleep(300)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        address = running.stdout.readline().strip()
        with hire(jobs.Where(), 40, dask=address) as crew:
            coming = results((Piece(at, 0.2) for at in range(40)), crew)
            assert isinstance(next(coming)[1], Done)
            running.kill()
            with pytest.raises(CrewError, match="the scheduler is gone"):
                list(coming)
