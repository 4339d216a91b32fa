"""The helper's shipping to a real PostgreSQL: one process an account, which outlives its helper by what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.audit.records import record
from benchmarks.audit.server import Server, programs
from jupyter_guard.audit import Journal
from jupyter_guard.audit.query import Query
from jupyter_guard.guard.shipping import Shipping

pytest.importorskip("psycopg", reason="the extra 'fleet' is not installed")
pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def until(holds: Callable[[], bool], seconds: float = 30) -> bool:
    over = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > over:
            return False
        time.sleep(0.05)
    return True


def shippers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "jupyter_guard.audit.ship" in words and str(folder) in words:
            found.append(process)
    return found


def test_one_process_ships_for_all_and_the_next_takes_over(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_guard.audit.fleet import Fleet

    monkeypatch.setattr("jupyter_guard.guard.shipping._LOOK_SECONDS", 0.2)
    one, two = Shipping(tmp_path), Shipping(tmp_path)
    with Fleet(server.url) as store, Journal(tmp_path / "2026-01-01-k1.jsonl") as journal:
        try:
            for number in range(3):
                journal.append(record(number, "k1"))
            one.to(server.url)
            assert until(lambda: store.count(Query()) == 3)
            two.to(server.url)
            time.sleep(0.6)
            assert len(shippers(tmp_path)) == 1
            assert server.url not in " ".join(shippers(tmp_path)[0].cmdline())
            journal.append(record(3, "k1"))
            one.close()  # its process ships that one, and only then lets the other go on
            assert until(lambda: store.count(Query()) == 4)
            journal.append(record(4, "k1"))
            assert until(lambda: store.count(Query()) == 5)
            assert len(shippers(tmp_path)) == 1
        finally:
            one.close()
            two.close()
    assert until(lambda: not shippers(tmp_path))


def test_nothing_is_started_where_decisions_stay_here(tmp_path: Path) -> None:
    shipping = Shipping(tmp_path)
    shipping.to("local")
    shipping.close()
    assert list(tmp_path.iterdir()) == []
