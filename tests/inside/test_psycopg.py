"""psycopg asks before it executes, against a real PostgreSQL, whichever way the text comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks.audit.server import Server, programs
from jupyter_guard.inside.child import drivers as untyped_drivers
from jupyter_guard.inside.child import held
from jupyter_guard.inside.child import statements as untyped

# They run on Python 3.8 and in anybody's environment, so they have no types.
drivers: Any = untyped_drivers
statements: Any = untyped
psycopg: Any = pytest.importorskip("psycopg", reason="the extra 'fleet' is not installed")
pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
DROP = "DROP TABLE sales"
WAYS: dict[str, Callable[[Any], Any]] = {
    "connection": lambda connection: connection.execute(DROP),
    "cursor": lambda connection: connection.cursor().execute(DROP),
    "bytes": lambda connection: connection.cursor().execute(DROP.encode()),
    "composed": lambda connection: connection.execute(
        psycopg.sql.SQL("DROP TABLE {}").format(psycopg.sql.Identifier("sales"))
    ),
    "many": lambda connection: connection.cursor().executemany(DROP, [()]),
    "client": lambda connection: psycopg.ClientCursor(connection).execute(DROP),
    "unbound": lambda connection: psycopg.Cursor.execute(connection.cursor(), DROP),
}


class StoppedError(Exception):
    """In place of the wrapper's no."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was put before the guard, which stops what drops a table."""
    found: list[str] = []

    def put(code: str, _frame: object, _about: object) -> dict[str, object]:
        found.append(code)
        if "DROP" in code:
            raise StoppedError
        return {}

    kinds = (psycopg.Cursor, psycopg.AsyncCursor, psycopg.ServerCursor, psycopg.AsyncServerCursor, psycopg.ClientCursor)
    for kind in kinds:
        for name in ("execute", "executemany", "copy", "stream"):
            if name in vars(kind):
                monkeypatch.setattr(kind, name, vars(kind)[name])
    statements.start(put, held)
    drivers.start(statements.about_to, held)
    drivers.psycopg(psycopg)
    yield found
    statements.start(None, None)


def address(server: Server) -> str:
    return f"host={server.folder} user=postgres dbname=postgres"


@pytest.mark.parametrize("way", WAYS)
def test_a_statement_is_put_before_the_guard(server: Server, asked: list[str], way: str) -> None:
    with psycopg.connect(address(server), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS sales (id INT)")
        with pytest.raises(StoppedError):
            WAYS[way](connection)
        assert connection.execute("SELECT count(*) FROM sales").fetchone() is not None
    assert len(asked) == 1
    assert f"host={server.folder} dbname=postgres" in asked[0]


AWAITED: dict[str, Callable[[Any], Any]] = {
    "connection": lambda connection: connection.execute(DROP),
    "many": lambda connection: connection.cursor().executemany(DROP, [()]),
    "on the server": lambda connection: connection.cursor("found").execute(DROP),
    "client": lambda connection: psycopg.AsyncClientCursor(connection).execute(DROP),
}


@pytest.mark.parametrize("way", AWAITED)
def test_an_asynchronous_one_too(server: Server, asked: list[str], way: str) -> None:
    async def drop() -> None:
        async with await psycopg.AsyncConnection.connect(address(server)) as connection:
            await AWAITED[way](connection)

    with pytest.raises(StoppedError):
        asyncio.run(drop())
    assert len(asked) == 1


def test_an_asynchronous_cursor_on_the_server_reads_as_before(server: Server, asked: list[str]) -> None:
    async def rows() -> list[Any]:
        async with await psycopg.AsyncConnection.connect(address(server)) as connection:
            cursor = connection.cursor("found")
            await cursor.execute("SELECT generate_series(1, %s)", (3,))
            found = [row async for row in cursor]
            await cursor.close()
            return found

    assert asyncio.run(rows()) == [(1,), (2,), (3,)]
    # What only reads is put before nobody.
    assert asked == []


def test_copying_and_streaming_work_as_before(server: Server, asked: list[str]) -> None:
    with psycopg.connect(address(server)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE visits (id INT)")
        with cursor.copy("COPY visits FROM STDIN") as copy:
            copy.write_row((2,))
        assert list(cursor.stream("SELECT id FROM visits")) == [(2,)]
    assert ["COPY" in one for one in asked] == [True]
