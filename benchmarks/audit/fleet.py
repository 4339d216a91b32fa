"""1,000 kernels of 1,000 accounts and one PostgreSQL -> records a second, how late the latest are, and what is lost.

Each account ships as its own process does: its own journal, a look a second, a connection for each batch. Here they
share a few processes, since a thousand interpreters need more memory than the machine has.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

import msgspec
import psutil

from benchmarks.audit.records import record
from benchmarks.audit.server import Server
from jupyter_guard.audit import Journal, verify
from jupyter_guard.audit.fleet import Fleet
from jupyter_guard.audit.query import Query
from jupyter_guard.audit.ship import Shipper
from jupyter_guard.audit.store import Row, StoreError

PROCESSES, THREADS = 2, 16
SETTINGS = "max_connections = 200"


def measure(
    kernels: int = 1_000, seconds: int = 20, a_second: float = 100.0, backlog: int = 20, idle: int = 10
) -> dict[str, float]:
    """``a_second`` records for ``seconds``, then ``backlog`` a kernel at once; print and return what came of it.

    For ``idle`` seconds one account's own process is looked at while there is nothing to do.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 2 * kernels + 200), hard), hard))
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, Server(SETTINGS) as server:
        journals = [Journal(_journal(Path(folder), number)) for number in range(kernels)]
        written: Counter[int] = Counter()
        with _Accounts(Path(folder), kernels, server.url) as accounts:
            accounts.run_while(lambda: None)
            late = accounts.run_while(lambda: _steadily(journals, written, seconds, a_second))
            found["steady: records a second"] = written.total() / seconds
            found["steady: p50 until it is kept, s"] = statistics.median(late)
            found["steady: p99 until it is kept, s"] = statistics.quantiles(late, n=100)[98]
            for number, journal in enumerate(journals):
                for _ in range(backlog):
                    _write(journal, number, written)
            began = time.perf_counter()
            accounts.run_while(lambda: None)
            found["backlog: records a second"] = kernels * backlog / (time.perf_counter() - began)
        for journal in journals:
            journal.close()
        if idle:
            found |= _process(_journal(Path(folder), 0).parent, server.url, idle)
        with Fleet(server.url) as store:
            found["records written"] = written.total()
            found["lost"] = written.total() - store.count(Query())
            found["chains that do not hold"] = sum(
                bool(list(verify(store.lines(f"k{number}")))) for number in range(0, kernels, 10)
            )
    for name, value in found.items():
        print(f"{name:<40} {value:>12,.2f}")
    return found


def _process(folder: Path, url: str, idle: int) -> dict[str, float]:
    """What an account's own process takes while there is nothing to send."""
    shipping = subprocess.Popen(
        [sys.executable, "-P", "-m", "jupyter_guard.audit.ship", str(folder)], stdin=subprocess.PIPE
    )
    assert shipping.stdin is not None
    shipping.stdin.write(url.encode() + b"\n")
    shipping.stdin.flush()
    process = psutil.Process(shipping.pid)
    time.sleep(8)
    memory, before = process.memory_full_info().uss, process.cpu_times()
    time.sleep(idle)
    after = process.cpu_times()
    shipping.communicate()
    busy = after.user + after.system - before.user - before.system
    return {"an account's process: MB": memory / 2**20, "an account's process, idle: % of a core": 100 * busy / idle}


def _journal(folder: Path, number: int) -> Path:
    return folder / str(number) / f"2026-01-01-k{number}.jsonl"


def _write(journal: Journal, number: int, written: Counter[int]) -> None:
    written[number] += 1
    now = datetime.now(UTC).isoformat()
    journal.append(msgspec.structs.replace(record(written[number], f"k{number}"), time=now, uptime=time.monotonic()))


def _steadily(journals: list[Journal], written: Counter[int], seconds: int, a_second: float) -> None:
    chance = random.Random(1)
    began, count = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        while count < passed * a_second:
            number = chance.randrange(len(journals))
            _write(journals[number], number, written)
            count += 1
        time.sleep(0.01)


class _Accounts:
    """All accounts' shipping, in a few processes."""

    def __init__(self, folder: Path, kernels: int, url: str) -> None:
        self._ends: list[Connection] = []
        self._processes = []
        for part in range(PROCESSES):
            ours, theirs = multiprocessing.Pipe()
            mine = [folder / str(number) for number in range(part, kernels, PROCESSES)]
            process = multiprocessing.get_context("spawn").Process(target=_ship, args=(mine, url, theirs))
            process.start()
            self._ends.append(ours)
            self._processes.append(process)

    def run_while(self, work: Callable[[], None]) -> list[float]:
        """Ship while ``work`` runs and until all is shipped; the seconds that each record took."""
        for end in self._ends:
            end.send("go")
        work()
        for end in self._ends:
            end.send("finish")
        return [late for end in self._ends for late in end.recv()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            end.send("end")
        for process in self._processes:
            process.join(30)


class _Timed(Fleet):
    """Notes how long after it was made each record is kept."""

    late: list[float]

    def add(self, rows: Sequence[Row]) -> dict[str, int]:
        """Keep them, and note how long they took."""
        differing = super().add(rows)
        now = time.time()
        for row in rows:
            assert row.link.record is not None
            self.late.append(now - datetime.fromisoformat(row.link.record.time).timestamp())
        return differing


def _ship(folders: list[Path], url: str, end: Connection) -> None:
    late: list[float] = []
    shippers = []
    for folder in folders:
        store = _Timed(url)
        store.late = late
        shippers.append(Shipper(folder, store))
    with ThreadPoolExecutor(THREADS) as pool:
        while (word := end.recv()) != "end":
            late.clear()
            while word != "finish":
                began = time.monotonic()
                _all(pool, shippers)
                if end.poll(max(0.0, 1.0 - (time.monotonic() - began))):
                    word = end.recv()
            while not _all(pool, shippers):
                time.sleep(0.2)
            end.send(list(late))


def _all(pool: ThreadPoolExecutor, shippers: Iterable[Shipper]) -> bool:
    """One look of each account; whether the store took all."""
    return all(pool.map(_once, shippers))


def _once(shipper: Shipper) -> bool:
    try:
        shipper.once()
    except StoreError:
        return False
    return True
