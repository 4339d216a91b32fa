"""A real kernel whose policy names a store: what it decides arrives there, once, also after everything was killed."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.audit.server import Server, programs
from jupyter_guard.audit import verify
from jupyter_guard.audit.place import journals, read_records
from jupyter_guard.audit.query import Query
from tests.audit.collecting import collecting

from .front import Front

pytestmark = pytest.mark.kernel


def folder_with(store: str, layer: str = "home/.jupyter") -> Path:
    folder = Path(tempfile.mkdtemp(prefix="front-"))
    place = folder / layer
    place.mkdir(parents=True, exist_ok=True)
    (place / "jupyter_guard.toml").write_text(f'version = 1\n[audit]\nstore = "{store}"\n')
    return folder


def until(holds: Callable[[], bool], seconds: float = 60) -> bool:
    over = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > over:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_decisions_arrive_in_the_database_once(start: Callable[..., Front]) -> None:
    pytest.importorskip("psycopg", reason="the extra 'fleet' is not installed")
    from jupyter_guard.audit.fleet import Fleet

    with Server() as server, Fleet(server.url) as store:
        front = start(in_folder=folder_with(server.url), policy="")
        first = front.run("open('/dev/null').read(); a = 1")
        assert until(lambda: store.count(Query(request=first.msg_id)) == 1)
        front.helper().kill()
        second = front.run("open('/dev/null').read(); b = 1")  # nobody is there to judge it, so it is blocked
        assert until(lambda: store.count(Query(request=second.msg_id)) == 1)
        failed = front.run("open('/dev/null').read(); b = 1/0")
        # Its decision, and that it failed.
        assert until(lambda: store.count(Query(request=failed.msg_id)) == 2)
        server.kill()
        third = front.run("open('/dev/null').read(); c = 1")
        assert third.status == "ok"
        server.start()
        assert until(lambda: store.count(Query(request=third.msg_id)) == 1, 120)
        (kernel,) = store.kernels()
        assert list(verify(store.lines(kernel))) == []
        numbers = [record.number for _, _, record in store.find(Query())]
        assert sorted(numbers) == sorted(set(numbers))


@pytest.fixture
def collected(tmp_path: Path) -> Iterator[Path]:
    # Short: socket paths have to fit.
    folder = Path(tempfile.mkdtemp(prefix="jg-"))
    with collecting(tmp_path / "kept", folder / "s"):
        yield folder / "s"
    folder.rmdir()


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system does not say who connects")
def test_decisions_arrive_at_the_collector_with_the_account(
    start: Callable[..., Front], collected: Path, tmp_path: Path
) -> None:
    front = start(in_folder=folder_with(f"unix:{collected}"), policy="")
    run = front.run("open('/dev/null').read(); a = 1")

    def kept() -> list[str]:
        records = [one for path in journals(tmp_path / "kept") for _, one in read_records(path)]
        assert all(one.received is not None and one.received.uid == os.getuid() for one in records)
        return [one.msg_id for one in records]

    assert until(lambda: run.msg_id in kept())


def test_a_project_cannot_name_where_decisions_are_sent(
    start: Callable[..., Front], collected: Path, tmp_path: Path
) -> None:
    front = start(in_folder=folder_with(f"unix:{collected}", layer="."), policy="")
    assert front.run("open('/dev/null').read(); a = 1").status == "ok"
    time.sleep(3)
    assert journals(tmp_path / "kept") == []
