"""While a store is down the journals on disk are the spool: however long they grow, all of it comes, in order and once."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from benchmarks.audit.server import Server, programs
from jupyter_guard.audit import Journal, verify
from jupyter_guard.audit.place import read_records
from tests.audit.collecting import collecting, kept, record

# More than anything holds in memory: the shipper takes 1,000 at a time, a kernel's wrapper lets 10,000 wait.
COUNT, KERNELS = 12_000, 3


def shipping(folder: Path, url: str) -> subprocess.Popen[str]:
    """The process that a kernel's helper starts, which ships until its input ends."""
    command = [sys.executable, "-m", "jupyter_guard.audit.ship", str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(url + "\n")
    process.stdin.flush()
    return process


def written(folder: Path) -> dict[str, list[int]]:
    """Journals of ``COUNT`` records; the numbers by kernel."""
    numbers = {}
    for kernel in (f"k{one}" for one in range(KERNELS)):
        numbers[kernel] = list(range(1, COUNT // KERNELS + 1))
        with Journal(folder / f"2026-01-01-{kernel}.jsonl") as journal:
            for number in numbers[kernel]:
                journal.append(msgspec.structs.replace(record(1), number=number, kernel=kernel))
    return numbers


def replayed(folder: Path, url: str, begin: Callable[[], None]) -> dict[str, list[int]]:
    """What is to be in the store that ``begin`` brings back, after a shipper was killed before that and one within it."""
    before = shipping(folder, url)
    numbers = written(folder)
    # It has found out that nobody is there.
    assert before.stderr is not None
    assert "until the store can be reached" in before.stderr.readline()
    before.kill()
    before.communicate()
    begin()
    within = shipping(folder, url)
    timer = threading.Timer(0.7, within.kill)
    timer.start()
    within.wait()
    timer.join()
    within.communicate()
    _, said = shipping(folder, url).communicate(timeout=120)
    assert said == ""
    return numbers


@pytest.fixture
def server() -> Iterator[Server]:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg", reason="the extra 'fleet' is not installed")
    with Server() as server:
        server.kill()
        yield server


def test_a_database_that_was_killed_takes_all_of_it(server: Server, tmp_path: Path) -> None:
    from jupyter_guard.audit.fleet import Fleet
    from jupyter_guard.audit.query import Query

    numbers = replayed(tmp_path, server.url, server.start)
    with Fleet(server.url) as store:
        found: dict[str, list[int]] = {kernel: [] for kernel in numbers}
        for kernel, sequence, one in store.find(Query()):
            assert sequence == one.number
            found[kernel].append(one.number)
        assert {kernel: sorted(found[kernel]) for kernel in found} == numbers
        assert [list(verify(store.lines(kernel))) + store.unmet(kernel) for kernel in numbers] == [[]] * KERNELS


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system does not say who connects")
def test_a_collector_that_was_not_there_takes_all_of_it(tmp_path: Path) -> None:
    begun: list[object] = []
    collector = collecting(tmp_path / "kept", tmp_path / "s")
    try:
        numbers = replayed(tmp_path / "mine", f"unix:{tmp_path}/s", lambda: begun.append(collector.__enter__()))
        for kernel in numbers:
            (path,) = (tmp_path / "kept").glob(f"*-{kernel}.jsonl")
            assert [one.number for _, one in read_records(path)] == numbers[kernel]
        assert len(kept(tmp_path / "kept")) == COUNT
    finally:
        if begun:
            collector.__exit__(None, None, None)
