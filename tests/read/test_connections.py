"""The line of a `%sql` magic that names a connection, and what follows it."""

from __future__ import annotations

import pytest

from jupyter_guard import Session
from jupyter_guard.terms import Verdict


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        ("%sql sqlite:///data/shop.db", Verdict.ALLOW),
        ("%sql duckdb://", Verdict.ALLOW),
        ("%sql postgresql+psycopg://ann@db.test/shop", Verdict.ALLOW),
        ("%sql engine", Verdict.ALLOW),
        ("%sql sqlite:///data/shop.db select 1", Verdict.ALLOW),
        ("%sql sqlite:///data/shop.db DROP TABLE sales", Verdict.BLOCK),
        ("%%sql sqlite:///data/shop.db\nDROP TABLE sales", Verdict.BLOCK),
        ("%%sql\nsqlite:///data/shop.db\n", Verdict.ALLOW),
        ("%sql something", Verdict.CONFIRM),
        ("%sql sqlite:///a.db; DROP TABLE sales", Verdict.BLOCK),
    ],
)
def test_a_connection_is_no_statement(cell: str, verdict: Verdict) -> None:
    session = Session(origin="assistant")
    session.vet("import sqlalchemy\nengine = sqlalchemy.create_engine('sqlite:///data/shop.db')")
    assert session.vet(cell).verdict == verdict
