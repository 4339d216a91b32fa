"""Statements that destroy, read or write out data, whose text a cell puts together, through the drivers that are installed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

# A person's cell, once: the connections that the twins find.
OPENED = (
    "import duckdb, sqlalchemy, sqlite3\n"
    "lite = sqlite3.connect('shop.db', check_same_thread=False, isolation_level=None)\n"
    "duck = duckdb.connect('shop.duckdb')\n"
    "link = sqlalchemy.create_engine('sqlite:///shop.db', isolation_level='AUTOCOMMIT').connect()"
)
SHOP = (
    "DROP VIEW IF EXISTS big; DROP TABLE IF EXISTS sales; CREATE TABLE sales (id, sum);"
    " INSERT INTO sales VALUES (1, 2), (3, 4); CREATE VIEW big AS SELECT * FROM sales"
)
DUCK_SHOP = "found = duck.execute('CREATE OR REPLACE TABLE sales AS SELECT 1 AS id, 2 AS sum')"
DUCK_ROWS = "duck.execute('SELECT id, sum FROM sales').fetchall() == [(1, 2)]"


def renew(shop: Path) -> None:
    """The SQLite database as new."""
    with closing(sqlite3.connect(shop)) as connection:
        connection.executescript(SHOP)


def is_whole(shop: Path) -> bool:
    """Whether the SQLite database is as it was."""
    with closing(sqlite3.connect(shop)) as connection:
        try:
            sums = connection.execute("SELECT sum(id), sum(sum), (SELECT count(*) FROM big) FROM sales").fetchall()
        except sqlite3.OperationalError:
            return False
    return sums == [(4, 6, 2)]


@dataclass(frozen=True)
class Query:
    """A statement, and the method of the connection ``on`` that executes it. ``{home}`` is the folder."""

    name: str
    driver: str
    on: str
    method: str
    text: str


QUERIES = (
    Query("a table is dropped", "sqlite", "lite", "execute", "DROP TABLE sales"),
    Query("all rows are deleted", "sqlite", "lite.cursor()", "execute", "DELETE FROM sales"),
    Query("all rows are changed", "sqlite", "lite", "execute", "UPDATE sales SET sum = 0"),
    Query("all rows, with a condition that always holds", "sqlite", "lite.cursor()", "execute", "DELETE FROM sales WHERE 1 = 1"),
    Query("a column is dropped", "sqlite", "lite", "executescript", "ALTER TABLE sales DROP COLUMN sum"),
    Query("a view is dropped", "sqlite", "lite", "executescript", "DROP VIEW big"),
    Query("a table is dropped in DuckDB", "duckdb", "duck", "execute", "DROP TABLE sales"),
    Query("all rows are deleted in DuckDB", "duckdb", "duck", "sql", "DELETE FROM sales"),
    Query("a key is read by DuckDB", "duckdb", "duck", "query", "SELECT * FROM read_csv('{home}/.ssh/id_rsa', header = false)"),
    Query("the shell starts with what DuckDB writes", "duckdb", "duck.cursor()", "execute", "COPY sales TO '{home}/.bashrc'"),
    Query("a table is dropped through SQLAlchemy", "sqlalchemy", "link", "exec_driver_sql", "DROP TABLE sales"),
    Query("all rows are deleted through SQLAlchemy", "sqlalchemy", "link", "exec_driver_sql", "DELETE FROM sales"),
)  # fmt: skip

# `S` is the text, `W` its words, `P` the method's name; `ON` is the connection.
WAYS = {
    "getattr": "getattr(ON, P)(S)",
    "methodcaller": "import operator\noperator.methodcaller(P, S)(ON)",
    "partial": "import functools\nfunctools.partial(getattr(ON, P), S)()",
    "a table by name": "steps = {P: getattr(ON, P)}\nfor name in steps:\n    steps[name](S)",
    "words joined": "ON.METHOD(' '.join(W))",
    "a template": "import string\nON.METHOD(string.Template('$first $rest').substitute(first=W[0], rest=' '.join(W[1:])))",
    "a format": "ON.METHOD('{} {}'.format(W[0], ' '.join(W[1:])))",
    "a builder": "class Query:\n    def __init__(self):\n        self.words = []\n    def add(self, word):\n        self.words.append(word)\n        return self\nquery = Query()\nfor word in W:\n    query.add(word)\nON.METHOD(' '.join(query.words))",
    "a thread": "import threading\nworker = threading.Thread(target=getattr(ON, P), args=(S,))\nworker.start()\nworker.join()",
    "a loop's thread": "import asyncio\nawait asyncio.to_thread(getattr(ON, P), S)",
    "starmap": "import itertools\nfor found in itertools.starmap(getattr(ON, P), [(S,)]):\n    pass",
    "a module that it writes": "import importlib\nfrom pathlib import Path\nPath('query_N.py').write_text('def work(connection, text):\\n    return connection.METHOD(text)\\n')\nimportlib.invalidate_caches()\nimportlib.import_module('query_N').work(ON, S)",
}  # fmt: skip
