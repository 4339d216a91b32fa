"""Drivers written in C ask before they execute, against a real PostgreSQL, whichever way the text comes in."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.audit.server import Server, programs

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
DROP = "DROP TABLE sales"
# In a process of its own: what is changed in these modules stays changed.
SCRIPT = """
import asyncio, io, json, os, sys
from jupyter_guard.inside.child import compiled, drivers, held, statements, vaults
asked, place, sql = [], sys.argv[1], "DROP TABLE sales"

class StoppedError(Exception):
    pass

def put(code, _frame, _about):
    asked.append(code)
    if sql in code:
        raise StoppedError
    return {}

if sys.argv[3] == "before":
    import psycopg2.extras
statements.start(put, held)
drivers.start(statements.about_to, held)
compiled.start(statements.about_to, held, drivers.counting, drivers.ASKING)
vaults.start(print, {**statements.DRIVERS, **drivers.DRIVERS, **compiled.DRIVERS}, {})
found = {}
for way, code in json.loads(sys.argv[2]).items():
    del asked[:]
    try:
        exec(code)
        found[way] = ["", [*asked]]
    except BaseException as error:
        found[way] = [type(error).__name__, [*asked]]
print(json.dumps(found))
"""
PSYCOPG2 = "import psycopg2, psycopg2.extras, psycopg2.sql, psycopg2.extensions, psycopg2.pool\n"
WAYS = {
    "cursor": "psycopg2.connect(place).cursor().execute(sql)",
    "bytes": "psycopg2.connect(place).cursor().execute(sql.encode())",
    "composed": "psycopg2.connect(place).cursor().execute(\n"
    "    psycopg2.sql.SQL('DROP TABLE {}').format(psycopg2.sql.SQL('sales')))",
    "many": "psycopg2.connect(place).cursor().executemany(sql, [()])",
    "dictionaries": "psycopg2.connect(place, cursor_factory=psycopg2.extras.DictCursor).cursor().execute(sql)",
    "of a connection": "psycopg2.connect(place, connection_factory=psycopg2.extras.DictConnection).cursor().execute(sql)",
    "named tuples": "psycopg2.connect(place).cursor(None, psycopg2.extras.NamedTupleCursor).execute(sql)",
    "made by itself": "psycopg2.extensions.cursor(psycopg2.extensions.connection(place)).execute(sql)",
    "in batches": "psycopg2.extras.execute_batch(psycopg2.connect(place).cursor(), sql, [()])",
    "a pool": "psycopg2.pool.SimpleConnectionPool(1, 1, place).getconn().cursor().execute(sql)",
    "copied": "psycopg2.connect(place).cursor().copy_expert(\"COPY (DROP TABLE sales) TO PROGRAM 'x'\", io.StringIO())",
    "the factory taken away": "c = psycopg2.connect(place)\nc.cursor_factory = None\nc.cursor().execute(sql)",
    "SQLAlchemy": "import sqlalchemy\n"
    "e = sqlalchemy.create_engine('postgresql+psycopg2://', creator=lambda: psycopg2.connect(place))\n"
    "with e.begin() as c: c.execute(sqlalchemy.text(sql))",
}

ORDINARY = """
with psycopg2.connect(place) as c, c.cursor() as cursor:
    cursor.execute("CREATE TEMPORARY TABLE n (a int, b int)")
    psycopg2.extras.execute_values(cursor, "INSERT INTO n VALUES %s", [(1, 2), (3, 4)])
    cursor.copy_from(io.StringIO("5\\t6\\n"), "n")
    cursor.execute("SELECT sum(a) FROM n WHERE b > %s", (2,))
    assert cursor.fetchone() == (8,) and cursor.connection is c
    assert type(cursor).__name__ == "cursor" and isinstance(cursor, psycopg2.extensions.cursor)
    assert isinstance(c, psycopg2.extensions.connection)
    named = c.cursor("some", scrollable=True, cursor_factory=psycopg2.extras.RealDictCursor)
    named.execute("SELECT a FROM n ORDER BY a")
    assert [row["a"] for row in named] == [1, 3, 5] and named.scrollable
"""
ASYNCPG = """
import asyncpg
async def work():
    c = await asyncpg.connect(host=place.split()[0][5:], user="postgres", database="postgres")
    assert await c.fetchval("SELECT 1 + $1::int", 1) == 2
    {}
asyncio.run(work())
"""
ASKED_ASYNCPG = {
    "execute": "await c.execute(sql)",
    "many": "await c.executemany(sql, [()])",
    "fetch": "await c.fetch(sql)",
    "prepared": "await (await c.prepare(sql)).fetch()",
    "cursor": "async with c.transaction(): await c.cursor(sql)",
    "copied": "await c.copy_from_query(sql, output='/dev/null')",
}
ODBC = {
    "ordinary": """
with pyodbc.connect(place, autocommit=True) as c:
    c.execute("CREATE TEMPORARY TABLE n (a int)")
    cursor = c.cursor()
    cursor.fast_executemany = False
    cursor.executemany("INSERT INTO n VALUES (?)", [(1,), (2,)])
    assert [row.a for row in cursor.execute("SELECT a FROM n WHERE a > ?", 1)] == [2]
    assert cursor.connection is c and isinstance(c, pyodbc.Connection) and c.autocommit
    assert isinstance(cursor.tables(), pyodbc.Cursor)
""",
    "connection": "pyodbc.connect(place).execute(sql)",
    "cursor": "pyodbc.connect(place).cursor().execute(sql)",
    "many": "pyodbc.connect(place).cursor().executemany(sql, [()])",
    "after another": "pyodbc.connect(place).execute('SELECT 1').execute(sql)",
    "skipping": "pyodbc.connect(place).execute('SELECT 1').tables().execute(sql)",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def outcomes(server: Server, ways: dict[str, str], imported: str = "") -> dict[str, tuple[str, list[str]]]:
    """Of each way, the error that it ended by, and what was put before the guard: all in one process of their own."""
    place = f"host={server.folder} user=postgres dbname=postgres"
    command = [sys.executable, "-c", SCRIPT, place, json.dumps(ways), imported]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[str, list[str]]] = json.loads(done.stdout.splitlines()[-1])
    assert list(found) == list(ways)
    return found


@pytest.mark.parametrize("imported", ["", "before"])
def test_psycopg2(server: Server, imported: str) -> None:
    pytest.importorskip("psycopg2")
    for way, (error, asked) in outcomes(server, {way: PSYCOPG2 + code for way, code in WAYS.items()}, imported).items():
        assert error == "StoppedError", (way, asked)
        (drop,) = [one for one in asked if DROP in one]
        assert f"psycopg2.connect('host={server.folder} dbname=postgres').cursor()" in drop, way


def test_psycopg2_works_as_before(server: Server) -> None:
    """What nobody minds, with the classes that its users know."""
    pytest.importorskip("psycopg2")
    found = outcomes(server, {"all": PSYCOPG2 + ORDINARY})
    assert found == {"all": ["", []]}


def test_asyncpg(server: Server) -> None:
    pytest.importorskip("asyncpg")
    ways = {way: ASYNCPG.format(code) for way, code in ASKED_ASYNCPG.items()}
    for way, (error, asked) in outcomes(server, ways).items():
        assert error == "StoppedError", (way, error, asked)
        assert [DROP in one for one in asked] == [True], way


def test_pyodbc(server: Server) -> None:
    try:
        pyodbc = importlib.import_module("pyodbc")
    except ImportError as error:
        pytest.skip(str(error))
    if not (names := [one for one in pyodbc.drivers() if "postgresql" in one.lower()]):
        pytest.skip("the ODBC driver of PostgreSQL is not installed")
    place = f"DRIVER={{{names[-1]}}};SERVER={server.folder};UID=postgres;DATABASE=postgres"
    found = outcomes(server, {way: f"import pyodbc\nplace = {place!r}\n{code}" for way, code in ODBC.items()})
    assert found.pop("ordinary") == ["", []]
    for way, (error, asked) in found.items():
        assert error == "StoppedError", (way, error, asked)
        assert [DROP in one for one in asked] == [True], way
