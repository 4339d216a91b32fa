"""SQL -> effects; what no parser reads is unread, never quiet."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.read.context import HOLE, Budget, Context
from jupyter_guard.read.sql import read_sql
from jupyter_guard.terms import Effect, Kind


def effects(text: str) -> list[Effect]:
    return read_sql(text, Context(workspace="/home/sam/work", database="shop.db", budget=Budget(2_000_000)))


@pytest.mark.parametrize(
    ("text", "via", "target"),
    [
        ("DROP TABLE sales", "DROP TABLE", "table `sales` in `shop.db`"),
        ("drop table if exists a.b cascade", "DROP TABLE", "table `a.b` in `shop.db`"),
        ("/*!50000 DROP TABLE x */", "DROP TABLE", "table `x` in `shop.db`"),
        ("TRUNCATE TABLE x", "TRUNCATE", "table `x` in `shop.db`"),
        ("CREATE OR REPLACE DATABASE x", "CREATE OR REPLACE DATABASE", "database `x` in `shop.db`"),
        ("create or replace schema x", "CREATE OR REPLACE SCHEMA", "schema `x` in `shop.db`"),
        (f"TRUNCATE TABLE {HOLE}", "TRUNCATE", "a table in `shop.db`"),
        ("DELETE FROM users", "DELETE", "table `users` in `shop.db`"),
        ("delete /* x */ from a where 1=1", "DELETE", "table `a` in `shop.db`"),
        ("DELETE FROM a WHERE id = id", "DELETE", "table `a` in `shop.db`"),
        (
            "WITH x AS (SELECT 1) DELETE FROM t WHERE id IN (SELECT id FROM x) OR TRUE",
            "DELETE",
            "table `t` in `shop.db`",
        ),
        ("WITH gone AS (DELETE FROM log RETURNING *) SELECT count(*) FROM gone", "DELETE", "table `log` in `shop.db`"),
        ("UPDATE users SET role = 'x'", "UPDATE", "table `users` in `shop.db`"),
        ("SELECT 1; DELETE FROM logs", "DELETE", "table `logs` in `shop.db`"),
        ("CREATE OR REPLACE TABLE e AS SELECT 1", "CREATE OR REPLACE TABLE", "table `e` in `shop.db`"),
        ("MERGE INTO t USING s ON t.id=s.id WHEN MATCHED THEN DELETE", "MERGE DELETE", "table `t` in `shop.db`"),
    ],
)
def test_what_takes_data_away(text: str, via: str, target: str) -> None:
    (effect,) = [one for one in effects(text) if one.kind is Kind.DATA_DESTROY]
    assert (effect.via, effect.target) == (via, target)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'DROP TABLE x' AS note",
        "-- DROP TABLE x\nSELECT 1",
        "(SELECT 1)",
        "SHOW CREATE TABLE x",
        "EXPLAIN DELETE FROM t",
        "PRAGMA table_info(t)",
        ".tables",
        "\\dt",
        "-- nothing but a comment",
        "{{ config(materialized='view') }} select * from {{ ref('a') }}",
        "",
    ],
)
def test_what_only_reads_is_quiet(text: str) -> None:
    assert not {one.kind for one in effects(text)} - {Kind.DATA_WRITE}
    assert Kind.UNREAD not in {one.kind for one in effects(text)}


@pytest.mark.parametrize(
    "text", ["FROBNICATE TABLE t", "(" * 10_000, "'" * 9_999, "x" * 300_000, "\0", "DROPP TABLE x"]
)
def test_what_no_parser_reads_is_unread(text: str) -> None:
    assert Kind.UNREAD in {one.kind for one in effects(text)}


def test_what_stands_behind_too_much_is_not_lost() -> None:
    assert Kind.UNREAD in {one.kind for one in effects("INSERT INTO t VALUES (1);" * 600 + "DROP TABLE c")}
    assert Kind.DATA_DESTROY in {one.kind for one in effects("DROP TABLE c;" + "(" * 2_000)}


def test_a_where_that_narrows_makes_it_a_change() -> None:
    assert [one.kind for one in effects("DELETE FROM cart WHERE id = ?")] == [Kind.DATA_WRITE]


def test_a_table_that_the_same_text_made_is_its_own() -> None:
    dropped = [one for one in effects("CREATE TEMP TABLE x AS SELECT 1; DROP TABLE x") if one.kind is Kind.DATA_DESTROY]
    assert "self-made" in dropped[0].tags


PIECES = st.sampled_from(
    [
        "DROP",
        "TABLE",
        "DELETE",
        "FROM",
        "t",
        "WHERE",
        "1=1",
        ";",
        "'",
        '"',
        "(",
        ")",
        "--",
        "/*",
        "*/",
        "$a$",
        "{{",
        "}}",
        HOLE,
        "\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=6), max_size=25).map(" ".join))
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(effects(text), list)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["SELECT 1", "SELECT ';'", "-- c\nSELECT 2", "SHOW TABLES"]), max_size=6))
def test_a_drop_is_seen_wherever_it_stands(others: list[str]) -> None:
    for at in range(len(others) + 1):
        text = ";\n".join([*others[:at], "DROP TABLE sales", *others[at:]])
        assert Kind.DATA_DESTROY in {one.kind for one in effects(text)}
