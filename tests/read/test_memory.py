"""What stays in the session's memory is not worth a question; what only looks like that is."""

from __future__ import annotations

import pytest

from jupyter_guard import Session
from jupyter_guard.terms import Verdict

MEMORY = "import duckdb\ncon = duckdb.connect()\ncon.execute('create table t (n int)')"


def verdict(*cells: str) -> Verdict:
    session = Session(origin="assistant")
    return [session.vet(cell) for cell in cells][-1].verdict


@pytest.mark.parametrize(
    "cells",
    [
        (MEMORY, "con.execute('DROP TABLE t').fetchall()"),
        ("import duckdb\nduckdb.sql('DROP TABLE t')",),
        ("import sqlite3\nfrom contextlib import closing\nwith closing(sqlite3.connect(':memory:')) as con:\n"
         "    con.execute('DROP TABLE t')",),
    ],
)  # fmt: skip
def test_a_database_in_memory(cells: tuple[str, ...]) -> None:
    assert verdict(*cells) == Verdict.ALLOW


@pytest.mark.parametrize(
    "cells",
    [
        (MEMORY, "con.execute(\"ATTACH 'prod.db' AS p\")", "con.execute('DROP TABLE p.t')"),
        ("import duckdb\nduckdb.sql(\"attach 'prod.db' as p\")\nduckdb.sql('DROP TABLE p.t')",),
        ("import duckdb\ncon = duckdb.connect(where)\ncon.execute('DROP TABLE t')",),
        ("import duckdb\ncon = duckdb.connect('md:sales')\ncon.execute('DROP TABLE t')",),
        ("import sqlite3\nfrom contextlib import closing\nwith closing(sqlite3.connect('a.db')) as con:\n"
         "    con.execute('DROP TABLE t')",),
    ],
)  # fmt: skip
def test_a_database_that_is_none(cells: tuple[str, ...]) -> None:
    assert verdict(*cells) == Verdict.BLOCK


def test_what_stands_in_for_the_guard() -> None:
    assert verdict("import sys, types\nsys.modules['jupyter_guard'] = types.ModuleType('x')") == Verdict.CONFIRM
    assert verdict("import sys, types\nsys.modules['acme'] = types.ModuleType('x')") == Verdict.ALLOW
