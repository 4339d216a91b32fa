"""A statement that destroys data waits in an open transaction while a person is asked, who sees how many rows it touches."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.audit.server import Server, programs

from .front import ASSISTANT, Front, Run

POLICY = 'version = 1\n[isolation]\nbackend = "none"\n[origin.assistant]\ncritical = "confirm"\n'
HELD = "in a transaction that is kept only on a yes"
# Nothing in the cells says what is executed: the texts come from a file.
SQL = "sql = open('sql.txt').read()\n"


@pytest.fixture
def shop(start: Callable[..., Front], tmp_path: Path) -> Front:
    """A kernel beside a database with three rows."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.executescript("CREATE TABLE sales (id); INSERT INTO sales VALUES (1), (2), (3)")
    return start(in_folder=allowing(tmp_path), policy="")


def allowing(folder: Path) -> Path:
    """A folder whose user has a person asked about what is critical."""
    place = folder / "home" / ".jupyter"
    place.mkdir(parents=True)
    (place / "jupyter_guard.toml").write_text(POLICY)
    return folder


def rows(folder: Path) -> int:
    """As another program sees them; -1 for no table."""
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM sales").fetchone()[0])
        except sqlite3.OperationalError:
            return -1


def built(front: Front, sql: str, code: str, answer: str | None) -> Run:
    """Run an assistant's cell that executes a text which it does not show."""
    (front.folder / "sql.txt").write_text(sql)
    return front.run(SQL + code, answer, metadata=ASSISTANT)


SQLITE = {
    "connection": "import sqlite3\nwith sqlite3.connect('shop.db') as c: c.execute(sql)",
    "cursor": "import sqlite3\nc = sqlite3.connect('shop.db')\nc.cursor().execute(sql)\nc.commit()",
    "many": "import sqlite3\nc = sqlite3.connect('shop.db')\nc.executemany(sql, [()])\nc.commit()",
    "script": "import sqlite3\nsqlite3.connect('shop.db').executescript(sql + ';')",
    "autocommit": "import sqlite3\nsqlite3.connect('shop.db', isolation_level=None).execute(sql)",
    "transaction": "import sqlite3\nc = sqlite3.connect('shop.db')\nc.execute('CREATE TABLE n (a)')\n"
    "c.execute('INSERT INTO n VALUES (1)')\nc.execute(sql)\nc.commit()",
}


@pytest.mark.parametrize("answer", ["n", "y"])
@pytest.mark.parametrize("way", SQLITE)
def test_sqlite_keeps_only_what_was_allowed(shop: Front, way: str, answer: str) -> None:
    run = built(shop, "DELETE FROM sales", SQLITE[way], answer)
    assert len(run.questions) == 1
    assert f"touches 3 rows, {HELD}" in run.questions[0]
    assert run.questions[0].endswith("[y/N] ")
    assert run.status == ("ok" if answer == "y" else "error"), run.reply["content"]
    assert rows(shop.folder) == (0 if answer == "y" else 3)


@pytest.mark.parametrize(
    ("sql", "said"),
    [("DROP TABLE sales", "touches 3 rows"), ("UPDATE sales SET id = 0", "touches 3 rows")],
)
def test_the_rows_of_other_statements_are_counted_too(shop: Front, sql: str, said: str) -> None:
    run = built(shop, sql, SQLITE["connection"], "n")
    assert said in run.questions[0]
    assert rows(shop.folder) == 3


def test_nothing_is_kept_while_the_question_is_open(shop: Front) -> None:
    (shop.folder / "sql.txt").write_text("DELETE FROM sales")
    run = shop.send(SQL + SQLITE["autocommit"], metadata=ASSISTANT, allow_stdin=True)
    question = shop.client.get_stdin_msg(timeout=30)["content"]["prompt"]
    assert "touches 3 rows" in question
    assert rows(shop.folder) == 3
    shop.client.input("y")
    assert shop.finish(run).status == "ok"
    assert rows(shop.folder) == 0


def test_a_kernel_that_is_killed_at_the_question_has_changed_nothing(shop: Front) -> None:
    (shop.folder / "sql.txt").write_text("DELETE FROM sales")
    pid = int(shop.run("import os; os.getpid()").result)
    shop.send(SQL + SQLITE["autocommit"], metadata=ASSISTANT, allow_stdin=True)
    shop.client.get_stdin_msg(timeout=30)
    os.kill(pid, signal.SIGKILL)
    shop.manager.provisioner.process.wait(20)
    assert rows(shop.folder) == 3


def test_what_was_allowed_as_it_was_written_is_asked_about_with_the_number(shop: Front) -> None:
    code = "import sqlite3\nwith sqlite3.connect('shop.db') as c: c.execute('DELETE FROM sales')"
    run = shop.send(code, metadata=ASSISTANT, allow_stdin=True)
    first = shop.client.get_stdin_msg(timeout=30)["content"]["prompt"]
    shop.client.input("y")
    second = shop.client.get_stdin_msg(timeout=30)["content"]["prompt"]
    assert (HELD in first, f"touches 3 rows, {HELD}" in second) == (False, True)
    shop.client.input("n")
    assert shop.finish(run).status == "error"
    assert rows(shop.folder) == 3


def test_a_loop_of_the_same_is_asked_about_once(shop: Front) -> None:
    code = "import sqlite3\nwith sqlite3.connect('shop.db') as c:\n    for _ in range(5): c.execute(sql)"
    run = built(shop, "DELETE FROM sales", code, "y")
    assert (len(run.questions), run.status, rows(shop.folder)) == (1, "ok", 0)


def test_nothing_is_done_where_nobody_can_be_asked(shop: Front) -> None:
    run = built(shop, "DELETE FROM sales", SQLITE["autocommit"], None)
    assert (run.status, rows(shop.folder)) == ("error", 3)


def test_a_mistake_in_the_statement_is_the_databases_to_tell(shop: Front) -> None:
    run = built(shop, "DELETE FROM nothing_like_it", SQLITE["connection"], "y")
    assert run.error["ename"] == "OperationalError"
    assert shop.run("c.in_transaction").result == "False"


def test_a_way_around_the_drivers_classes_meets_the_authorizer(shop: Front) -> None:
    code = "import sqlite3\nc = sqlite3.connect('shop.db', isolation_level=None)\ntype(c).__mro__[1].execute(c, sql)"
    run = built(shop, "DELETE FROM sales", code, "n")
    assert (run.status, rows(shop.folder)) == ("error", 3)
    assert len(run.questions) == 1
    own = "c.set_authorizer(lambda *_: sqlite3.SQLITE_OK)\ntype(c).__mro__[1].execute(c, sql)"
    assert built(shop, "DROP TABLE sales", own, "n").status == "error"
    assert rows(shop.folder) == 3


DUCK = {
    "execute": "duck.execute(sql)",
    "sql": "duck.sql(sql)",
    "cursor": "duck.cursor().execute(sql)",
}


@pytest.mark.parametrize("sql", ["DELETE FROM sales", "DROP TABLE sales", "UPDATE sales SET id = 0"])
@pytest.mark.parametrize("way", DUCK)
def test_duckdb_keeps_only_what_was_allowed(shop: Front, way: str, sql: str) -> None:
    pytest.importorskip("duckdb")
    human = {"jupyter_guard": {"origin": "human"}}
    opened = "import duckdb\nduck = duckdb.connect('shop.duckdb')\n"
    shop.run(opened + "duck.execute('CREATE TABLE sales AS SELECT unnest([1, 2, 3]) AS id') and None", metadata=human)
    run = built(shop, sql, DUCK[way], "n")
    assert len(run.questions) == 1
    assert f"touches 3 rows, {HELD}" in run.questions[0]
    assert run.status == "error"
    total = "duck.execute('SELECT count(*), sum(id) FROM sales').fetchall()"
    assert shop.run(total).result == "[(3, 6)]"
    run = built(shop, sql, DUCK[way] + ("\nfound = duck.fetchall()" if way == "execute" else ""), "y")
    assert run.status == "ok", run.reply["content"]
    left = {"DELETE FROM sales": "[(0, None)]", "UPDATE sales SET id = 0": "[(3, 0)]"}.get(sql)
    assert shop.run(total).result == left if left else shop.run(total).status == "error"
    if way == "execute" and left:
        assert shop.run("found").result == "[(3,)]"


def test_a_transaction_of_the_cells_own_in_duckdb_is_counted_and_asked_about_before(shop: Front) -> None:
    pytest.importorskip("duckdb")
    code = "import duckdb\nduck = duckdb.connect('own.duckdb')\nduck.execute('CREATE TABLE sales AS SELECT 1 AS id')\n"
    run = built(shop, "DELETE FROM sales", code + "duck.begin()\nduck.execute(sql)", "n")
    assert "would touch 1 row" in run.questions[0]
    assert shop.run("duck.rollback()\nduck.execute('SELECT count(*) FROM sales').fetchall()").result == "[(1,)]"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A real PostgreSQL."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with Server() as running:
        yield running


POSTGRES = {
    "connection": "with psycopg.connect(place) as c: c.execute(sql)",
    "autocommit": "c = psycopg.connect(place, autocommit=True)\nc.execute(sql)",
    "cursor": "c = psycopg.connect(place)\nc.cursor().execute(sql)\nc.commit()",
    "transaction": "c = psycopg.connect(place)\nc.execute('CREATE TABLE n (a int)')\nc.execute(sql)\nc.commit()",
    "psycopg2": "import psycopg2\nc = psycopg2.connect(place)\nc.cursor().execute(sql)\nc.commit()",
    "psycopg2, autocommit": "import psycopg2\nc = psycopg2.connect(place)\nc.autocommit = True\nc.cursor().execute(sql)",
    "psycopg2, transaction": "import psycopg2\nc = psycopg2.connect(place)\nd = c.cursor()\n"
    "d.execute('CREATE TABLE n (a int)')\nd.execute(sql)\nc.commit()",
    "asynchronous": "c = await psycopg.AsyncConnection.connect(place)\nawait c.execute(sql)\nawait c.commit()",
}


@pytest.mark.parametrize("answer", ["n", "y"])
@pytest.mark.parametrize("sql", ["DELETE FROM sales", "DROP TABLE sales", "TRUNCATE sales"])
@pytest.mark.parametrize("way", POSTGRES)
def test_postgresql_keeps_only_what_was_allowed(
    postgres: Front, server: Server, way: str, sql: str, answer: str
) -> None:
    psycopg = pytest.importorskip("psycopg")
    place = f"host={server.folder} user=postgres dbname=postgres"
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS sales")
        connection.execute("DROP TABLE IF EXISTS n")
        connection.execute("CREATE TABLE sales AS SELECT * FROM generate_series(1, 4) AS id")
    run = built(postgres, sql, f"import psycopg\nplace = {place!r}\n{POSTGRES[way]}", answer)
    postgres.run("c.close()" if way != "asynchronous" else "await c.close()")
    assert len(run.questions) == 1, run.reply["content"]
    assert f"touches 4 rows, {HELD}" in run.questions[0]
    assert run.status == ("ok" if answer == "y" else "error"), run.reply["content"]
    with psycopg.connect(place) as connection:
        if answer == "n":
            assert connection.execute("SELECT count(*) FROM sales").fetchone() == (4,)
        elif sql.startswith("DROP"):
            assert connection.execute("SELECT to_regclass('sales')").fetchone() == (None,)
        else:
            assert connection.execute("SELECT count(*) FROM sales").fetchone() == (0,)


ON_THE_SERVER = {
    "cursor": "c = psycopg.connect(place)\nc.cursor('found').execute(sql)",
    "asynchronous": "c = await psycopg.AsyncConnection.connect(place)\nawait c.cursor('found').execute(sql)",
}


@pytest.mark.parametrize("way", ON_THE_SERVER)
def test_a_cursor_on_the_server_is_judged_when_it_executes(postgres: Front, server: Server, way: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    place = f"host={server.folder} user=postgres dbname=postgres"
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS sales")
        connection.execute("CREATE TABLE sales AS SELECT * FROM generate_series(1, 4) AS id")
    close = "await c.close()" if way == "asynchronous" else "c.close()"
    cell = f"import psycopg\nplace = {place!r}\n{ON_THE_SERVER[way]}"
    for answer, ename in (("n", "CellDeclined"), ("y", "")):
        run = built(postgres, "SELECT pg_terminate_backend(0)", cell, answer)
        postgres.run(close)
        (question,) = run.questions
        assert "is about to do ends or signals `connections of the database server`" in question
        assert (run.error["ename"] if ename else run.status) == (ename or "ok")
    read = built(postgres, "SELECT id FROM sales", cell, None)
    postgres.run(close)
    assert (read.status, read.of("display_data")) == ("ok", [])
    # A cursor is for what gives rows: the database refuses anything else while it is held, before anybody is asked.
    dropped = built(postgres, "DROP TABLE sales", cell, "n")
    postgres.run(close)
    assert (dropped.error["ename"], dropped.questions) == ("SyntaxError", [])
    with psycopg.connect(place) as connection:
        assert connection.execute("SELECT count(*) FROM sales").fetchone() == (4,)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """One kernel for all of these."""
    front = Front(allowing(tmp_path_factory.mktemp("postgres")), policy="")
    yield front
    front.close()


@pytest.mark.parametrize("answer", ["n", "y"])
@pytest.mark.parametrize("way", ["cursor", "sqlalchemy"])
def test_elsewhere_the_rows_are_counted_by_a_query_of_their_own(
    postgres: Front, server: Server, way: str, answer: str
) -> None:
    pytest.importorskip("pg8000")
    psycopg = pytest.importorskip("psycopg")
    place = f"host={server.folder} user=postgres dbname=postgres"
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS sales")
        connection.execute("CREATE TABLE sales AS SELECT * FROM generate_series(1, 4) AS id")
    socket = f"{server.folder}/.s.PGSQL.5432"
    ways = {
        "cursor": f"import pg8000.dbapi\nc = pg8000.dbapi.connect('postgres', unix_sock={socket!r})\n"
        "c.cursor().execute(sql)\nc.commit()\nc.close()",
        "sqlalchemy": f"import sqlalchemy\ne = sqlalchemy.create_engine('postgresql+pg8000://postgres@', "
        f"connect_args={{'unix_sock': {socket!r}}}, poolclass=sqlalchemy.NullPool)\n"
        "with e.begin() as c: c.execute(sqlalchemy.text(sql))",
    }
    run = built(postgres, "DELETE FROM sales WHERE id > 0 OR 1 = 1", ways[way], answer)
    if way == "cursor":
        postgres.run("c.close()")
    assert len(run.questions) == 1, run.reply["content"]
    assert "would touch 4 rows" in run.questions[0]
    with psycopg.connect(place) as connection:
        assert connection.execute("SELECT count(*) FROM sales").fetchone() == ((4,) if answer == "n" else (0,))
