"""The workers of a Dask cluster as a crew (https://distributed.dask.org): the extra ``dask``.

A worker that dies is replaced by the cluster, and its pieces are done by another; one that several died of comes back
lost. Workers must have what the job was made with: the same release of the package, the same Python.
"""

from __future__ import annotations

import ipaddress
import time
import warnings
from concurrent.futures import CancelledError
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from urllib.parse import urlsplit

from jupyter_guard.corpus import worker
from jupyter_guard.corpus.crew import AHEAD, Answer, Crew, CrewError
from jupyter_guard.corpus.piece import Job

try:
    from distributed import Client, KilledWorker, WorkerPlugin
    from distributed.client import FutureCancelledError
    from distributed.comm.addressing import get_address_host_port
except ImportError:
    raise CrewError("--dask needs Dask: pip install 'jupyter_guard[dask]'.") from None

SECONDS_TO_CONNECT: Final = 20
SECONDS_FOR_A_WORKER: Final = 60
SECONDS_WITHOUT_WORKERS: Final = 600
PACKAGE: Final = "jupyter_guard"
# After so many pieces the cluster is asked again how large it is.
ASK_AGAIN: Final = 500


class Bring(WorkerPlugin):
    """Brings a job to every worker, also to those that join or come back later."""

    def __init__(self, name: str, job: Job) -> None:
        self.name, self.job, self.made_with = name, job, job.made_with()

    def setup(self, worker: Any) -> None:  # noqa: ARG002 - Dask's signature
        """In the worker. Raises ``CrewError`` where its answers would not be the same."""
        here = self.job.made_with()
        if here != self.made_with:
            raise CrewError(f"a worker has {here}, and here is {self.made_with}: its answers might differ")
        _set_up(self.name, self.job)

    def teardown(self, worker: Any) -> None:  # noqa: ARG002 - Dask's signature
        """In the worker."""
        _clear(self.name)


# The plugin's methods have an argument of the module's name.
_set_up, _clear = worker.set_up, worker.clear


class Cluster(Crew):
    """The cluster whose scheduler listens at ``address``. Raises ``CrewError``."""

    gone = (KilledWorker, FutureCancelledError, CancelledError)

    def __init__(self, job: Job, address: str) -> None:
        super().__init__(job)
        if job.is_secret and not _stays_private(address):
            raise CrewError(
                f"--dask {address}: the values that your credential stores hold would go to the workers in clear. "
                "Give a tls:// address, or --no-known to look for token formats only."
            )
        self.address = address
        self._asked = 0
        self._alone_since: float | None = None
        self._running: dict[Answer, Any] = {}

    def _begin(self) -> None:
        try:
            # First: a client of what is no address waits for itself, for 40 seconds, when it is given up.
            if not self.address.startswith("inproc://"):
                get_address_host_port(self.address)
            # Dask has types for a part of its methods only.
            self._client: Any = Client(self.address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise CrewError(f"--dask {self.address}: no Dask scheduler answers there ({error}).") from None
        try:
            self._client.wait_for_workers(1, timeout=SECONDS_FOR_A_WORKER)
            # Asked by the standard library's name: without the package, a worker could not even read the job.
            self._client.run(version, PACKAGE)
            self._client.register_plugin(Bring(self.name, self.job), name=self.name)
        except PackageNotFoundError:
            self._client.close()
            raise CrewError(f"--dask {self.address}: a worker has no {PACKAGE}: install {version(PACKAGE)}.") from None
        except CrewError as error:
            self._client.close()
            raise CrewError(f"--dask {self.address}: {error}.") from None
        except TimeoutError:
            self._client.close()
            raise CrewError(f"--dask {self.address}: the scheduler has no worker.") from None
        except BaseException:
            self._client.close()
            raise
        self._count()

    def _end(self) -> None:
        self._running.clear()
        if self._client.status == "running":
            self._client.unregister_worker_plugin(self.name)
        self._client.close()

    @property
    def ahead(self) -> int:
        """Enough that nobody waits, workers that joined on the way too."""
        return AHEAD * self.workers

    def ask(self, given: Any) -> Answer:
        """Ask for a piece's result."""
        self._asked += 1
        if self._asked % ASK_AGAIN == 0:
            self._count()
        with warnings.catch_warnings():
            # That a notebook is large is no mistake.
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            future = self._client.submit(worker.work, self.name, given, pure=False)
        answer: Answer = Answer()
        # The client drops what nobody holds.
        self._running[answer] = future
        # Not Client.get_executor(): its futures never hear of a killed worker.
        future.add_done_callback(lambda _: self._answered(answer))
        return answer

    def _answered(self, answer: Answer) -> None:
        future = self._running.pop(answer, None)
        if future is None or not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(future.result())
        except BaseException as error:
            answer.set_exception(error)

    def check(self) -> None:
        """Wait for workers that come back, and not for ever."""
        self.mend()
        if self._client.ncores():
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = time.monotonic()
        elif time.monotonic() - self._alone_since > SECONDS_WITHOUT_WORKERS:
            raise CrewError(f"--dask {self.address}: the scheduler has no worker any more, and none came back.")

    def mend(self) -> None:
        """The cluster does that itself, if it is there."""
        if self._client.status != "running":
            raise CrewError(f"--dask {self.address}: the scheduler is gone. What is done is in the journal, if any.")
        self._count()

    def _count(self) -> None:
        self.workers = max(1, sum(self._client.ncores().values()))


def _stays_private(address: str) -> bool:
    """Whether what goes to the address is encrypted, or leaves no machine."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme in ("tls", "wss", "inproc"):
        return True
    try:
        return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
