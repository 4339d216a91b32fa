"""SQL that a program builds is judged when it is executed, whichever driver executes it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from .front import ASSISTANT, Front

TEXTS = {
    "drop": "DROP TABLE sales",
    "delete": "DELETE FROM sales",
    "one": "DELETE FROM sales WHERE id = 2",
    "count": "SELECT count(*) FROM sales",
}
WAYS = {
    "execute": "import sqlite3\nsqlite3.connect('shop.db').execute(sql)",
    "cursor": "import sqlite3\nsqlite3.connect('shop.db').cursor().execute(sql)",
    "script": "import sqlite3\nsqlite3.connect('shop.db').executescript(sql)",
    "bare": "import _sqlite3\n_sqlite3.connect('shop.db').execute(sql)",
    "class": "import sqlite3\nsqlite3.Connection('shop.db').execute(sql)",
    "pandas": "import pandas, sqlite3\npandas.read_sql(sql, sqlite3.connect('shop.db'))",
    "sqlalchemy": (
        "import sqlalchemy\nwith sqlalchemy.create_engine('sqlite:///shop.db').begin() as c:\n"
        "    c.execute(sqlalchemy.text(sql))"
    ),
}
DUCKDB = {
    "execute": "duck.execute(sql)",
    "sql": "duck.sql(sql)",
    "cursor": "duck.cursor().execute(sql)",
    "statement": "duck.execute(duckdb.extract_statements(sql)[0])",
    "statement, by its name": "duck.sql(alias='found', query=duckdb.extract_statements(sql)[0])",
    "relation": "duck.table('sales').query('found', sql)",
    "default": "duckdb.set_default_connection(duck)\nduckdb.execute(sql)",
    "another's": "duckdb.execute(sql, connection=duck)",
    "attached": "duckdb.sql(\"ATTACH 'other.duckdb' AS other\")\nduckdb.execute(sql.replace('sales', 'other.sales'))",
}


def rows(folder: Path) -> int:
    with sqlite3.connect(folder / "shop.db") as connection:
        return int(connection.execute("SELECT count(*) FROM sales").fetchone()[0])


@pytest.fixture
def shop(front: Front) -> Front:
    """A kernel that has read the texts from a file, beside a database with three rows."""
    with sqlite3.connect(front.folder / "shop.db") as connection:
        connection.executescript("DROP TABLE IF EXISTS sales; CREATE TABLE sales (id)")
        connection.executemany("INSERT INTO sales VALUES (?)", [(1,), (2,), (3,)])
    (front.folder / "texts.json").write_text(json.dumps(TEXTS))
    front.run("import json\ntexts = json.load(open('texts.json'))")
    return front


@pytest.mark.parametrize("text", ["drop", "delete"])
@pytest.mark.parametrize("way", WAYS)
def test_a_text_that_is_built_is_stopped(shop: Front, way: str, text: str) -> None:
    if way in ("pandas", "sqlalchemy"):
        pytest.importorskip(way)
    shop.run(f"sql = texts[{text!r}]")
    run = shop.run(WAYS[way], metadata=ASSISTANT)
    assert (run.status, run.error["ename"]) == ("error", "CellBlocked")
    assert "is about to do deletes" in run.error["evalue"]
    assert rows(shop.folder) == 3


@pytest.mark.parametrize("way", DUCKDB)
def test_duckdb(shop: Front, way: str) -> None:
    pytest.importorskip("duckdb")
    shop.run(
        "import duckdb\nduck = duckdb.connect('shop.duckdb')\nduck.execute('CREATE OR REPLACE TABLE sales (id INT)')"
    )
    shop.run(
        "other = duckdb.connect('other.duckdb')\nother.execute('CREATE OR REPLACE TABLE sales (id INT)')\nother.close()"
    )
    shop.run("sql = texts['drop']")
    run = shop.run(DUCKDB[way], metadata=ASSISTANT)
    assert (run.status, run.error["ename"]) == ("error", "CellBlocked")
    assert shop.run("duck.execute('SELECT count(*) FROM sales').fetchall()").result == "[(0,)]"
    shop.run("duck.close()")


RELATIONS = {
    "update": ("getattr(duck.table('sales'), 'up' + 'date')({'id': duckdb.lit(7)})", True),
    "file": ("getattr(duck.table('sales'), 'to_' + 'csv')(dear)", True),
    "parquet": ("getattr(duck.table('sales'), 'to_' + 'parquet')(dear)", True),
    "some": (
        "getattr(duck.table('sales'), 'up' + 'date')({'id': duckdb.lit(7)}, condition=duckdb.col('id') > 7)",
        False,
    ),
    "own file": ("getattr(duck.table('sales'), 'to_' + 'csv')('sales.csv')", False),
    "table": ("duck.table('sales').to_table('more')", False),
    "query": ("duck.table('sales').query('found', texts['count']).fetchall()", False),
}


@pytest.mark.parametrize("way", RELATIONS)
def test_duckdbs_relations(shop: Front, way: str) -> None:
    pytest.importorskip("duckdb")
    # Not below the folder for temporary files, where anybody may write.
    dear = Path.home() / "jupyter-guard-test-sales.csv"
    shop.run(
        "import duckdb\nduck = duckdb.connect('shop.duckdb')\nduck.execute('CREATE OR REPLACE TABLE sales AS SELECT 1 AS id')"
    )
    shop.run(f"dear = {str(dear)!r}")
    code, is_stopped = RELATIONS[way]
    run = shop.run(code, metadata=ASSISTANT)
    stopped_by = run.error["ename"] if run.status == "error" else ""
    assert stopped_by.startswith("Cell") == is_stopped, run.published
    assert is_stopped or run.status == "ok"
    assert not dear.exists()
    assert shop.run("duck.execute('SELECT * FROM sales').fetchall()").result == "[(1,)]"
    shop.run("duck.close()")


@pytest.mark.parametrize("text", ["one", "count"])
def test_what_changes_little_or_nothing_runs(shop: Front, text: str) -> None:
    shop.run(f"sql = texts[{text!r}]")
    run = shop.run("import sqlite3\nwith sqlite3.connect('shop.db') as c: c.execute(sql)", metadata=ASSISTANT)
    assert (run.status, run.of("display_data")) == ("ok", [])
    assert rows(shop.folder) == (2 if text == "one" else 3)


def test_a_table_that_pandas_replaces_is_judged_as_that(shop: Front) -> None:
    pytest.importorskip("pandas")
    code = "import pandas, sqlite3\nc = sqlite3.connect('shop.db')\npandas.DataFrame({'id': [9]}).to_sql('sales', c, index=False, if_exists='replace')"
    assert shop.run(code, metadata=ASSISTANT).status == "ok"
    assert rows(shop.folder) == 1


@pytest.mark.parametrize("call", ["c.executescript(sql)", "c.execute(sql)"])
def test_a_text_too_long_to_be_read_is_not_run_unread(shop: Front, call: str) -> None:
    shop.run("sql = ' ' * 2 ** 20 + texts['drop']")
    run = shop.run(f"import sqlite3\nc = sqlite3.connect('shop.db')\n{call}", metadata=ASSISTANT)
    assert (run.status, run.error["ename"]) == ("error", "CellDeclined")
    assert rows(shop.folder) == 3
    shop.run("sql = '-- ' + ' ' * 2 ** 20 + '\\n' + texts['count']")
    run = shop.run(f"import sqlite3\nc = sqlite3.connect('shop.db')\nprint({call}.fetchall())", metadata=ASSISTANT)
    assert run.status == "ok"
    shop.run("c.close()")


def test_people_and_their_classes_are_left_alone(shop: Front) -> None:
    code = """
import sqlite3
class Own(sqlite3.Connection):
    def count(self): return self.execute("SELECT count(*) FROM sales").fetchone()[0]
c = sqlite3.connect("shop.db", factory=Own)
c.executemany("DELETE FROM sales WHERE id = ?", [(1,), (2,)])
c.execute(texts["delete"])
c.commit()
c.count(), isinstance(c, sqlite3.Connection), isinstance(c.cursor(), sqlite3.Cursor), c.row_factory
"""
    run = shop.run(code, metadata={"jupyter_guard": {"origin": "human"}})
    assert run.result == "(0, True, True, None)"


def test_duckdb_finds_frames_by_their_names(shop: Front) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("pandas")
    code = """
import duckdb, pandas
above = pandas.DataFrame({"a": [1, 2]})
def total():
    within = pandas.DataFrame({"a": [3, 4]})
    return duckdb.sql("SELECT max(a) FROM within").fetchall()
duckdb.sql("SELECT max(a) FROM above").fetchall(), total(), duckdb.execute("SELECT count(*) FROM above").fetchall()
"""
    assert shop.run(code, metadata=ASSISTANT).result == "([(2,)], [(4,)], [(2,)])"
