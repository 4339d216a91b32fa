"""Spark asks before a statement runs, and says how many rows it would touch: a real session on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.inside.child import drivers as untyped_drivers
from jupyter_guard.inside.child import held
from jupyter_guard.inside.child import statements as untyped

drivers: Any = untyped_drivers
statements: Any = untyped
session: Any = pytest.importorskip("pyspark.sql.session", reason="pyspark is not installed")
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java for Spark")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, object]]]:
    """What was put before the guard, which holds what it can and says no to a drop."""
    found: list[tuple[str, object]] = []

    def put(code: str, _frame: object, about: dict[str, object]) -> dict[str, object]:
        found.append((code.splitlines()[-1], about.get("rows")))
        if about.get("rows") is not None:
            raise PermissionError
        return {"hold": bool(about.get("holds"))}

    monkeypatch.setattr(session.SparkSession, "sql", session.SparkSession.sql)
    statements.start(put, held)
    drivers.start(statements.about_to, held)
    drivers.DRIVERS["pyspark.sql.session"](session)
    yield found
    statements.start(None, None)


def test_a_statement_is_put_before_the_guard(asked: list[tuple[str, object]], tmp_path: Path) -> None:
    builder = session.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.warehouse.dir", str(tmp_path / "warehouse")).getOrCreate()
    try:
        spark.range(3).write.saveAsTable("sales")
        assert spark.sql("SELECT count(*) FROM sales").collect()[0][0] == 3
        assert asked == []
        with pytest.raises(PermissionError):
            spark.sql("DROP TABLE sales")
        assert [rows for _, rows in asked] == [None, 3]
        assert "DROP TABLE sales" in asked[0][0]
        assert spark.sql("SELECT count(*) FROM sales").collect()[0][0] == 3
    finally:
        spark.stop()
        shutil.rmtree("metastore_db", ignore_errors=True)
