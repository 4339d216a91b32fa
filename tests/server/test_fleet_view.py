"""An administrator's server shows the records of the fleet, to its owner and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.audit.server import Server, programs
from jupyter_guard.audit import Journal
from jupyter_guard.audit.ship import Shipper
from tests.audit.test_summary import record

from .conftest import serving
from .test_rest import ask, fits

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A database with the journals of two users, whose homes are elsewhere."""
    pytest.importorskip("psycopg", reason="the extra 'fleet' is not installed")
    from jupyter_guard.audit.fleet import Fleet

    folder = tmp_path_factory.mktemp("journals")
    for user in ("ann", "bo"):
        with Journal(folder / f"2026-01-02-{user}.jsonl") as journal:
            for number in range(3):
                journal.append(record(user=user, msg_id=f"{user}-{number}", state="blocked" if number else "ran"))
    with Server() as server:
        with Fleet(server.url) as store:
            assert Shipper(folder, store).once() == 6
        yield server


def test_the_fleet_is_shown(database: Server, tmp_path: Path) -> None:
    with serving(tmp_path, JUPYTER_GUARD_STORE=database.url) as url:
        found = fits("/summary", 200, ask(url, "summary")[1])
        assert found["users"] == {"ann": 3, "bo": 3}
        chosen = fits("/decisions", 200, ask(url, "decisions?user=bo&state=blocked")[1])
        assert [one["msg_id"] for one in chosen["records"]] == ["bo-1", "bo-2"]
        (one,) = fits("/decisions/{request}", 200, ask(url, "decisions/ann-0")[1])["records"]
        assert "postgresql" in one["kept"]
        assert fits("/verify", 200, ask(url, "verify")[1]) == {"journals": 2, "problems": []}
        status, page, _ = ask(url, "report?user=ann")
        assert status == 200
        assert b"ann-2" in page
        assert b"bo-2" not in page
        database.kill()
        for path in ("summary", "decisions", "verify"):
            status, body, _ = ask(url, path)
            assert status == 503, body
            assert "cannot be reached" in json.loads(body)["message"]
        database.start()


def test_a_guest_of_an_administrators_server_sees_nothing_of_it(database: Server, tmp_path: Path) -> None:
    # Whoever comes with this server's token is not the one whose server it is on the Hub.
    with serving(tmp_path, JUPYTER_GUARD_STORE=database.url, JUPYTERHUB_USER="head") as url:
        for path in ("summary", "decisions", "decisions/ann-0", "verify", "report"):
            assert ask(url, path)[0] == 403
        assert ask(url, "status")[0] == 200
