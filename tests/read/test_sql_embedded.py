"""SQL that SQL runs, templates around it and files that it reads."""

from __future__ import annotations

import pytest

from jupyter_guard.read.context import Budget, Context
from jupyter_guard.read.sql import read_sql
from jupyter_guard.terms import Effect, Kind


def effects(text: str) -> list[Effect]:
    return read_sql(text, Context(workspace="/home/sam/work", home="/home/sam", budget=Budget(2_000_000)))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("EXECUTE IMMEDIATE 'DROP TABLE sales'", "table `sales`"),
        ("EXECUTE IMMEDIATE $$ TRUNCATE TABLE sales $$", "table `sales`"),
        ("EXEC('DROP TABLE sales')", "table `sales`"),
        ("EXEC sp_executesql N'DELETE FROM sales'", "table `sales`"),
        ("PREPARE gone FROM 'DROP TABLE sales'", "table `sales`"),
        ("PREPARE gone AS DELETE FROM sales", "table `sales`"),
        ("DO $$ BEGIN DROP TABLE sales; END $$", "table `sales`"),
        ("DO 'BEGIN EXECUTE ''DROP TABLE sales''; END'", "table `sales`"),
        ("DO $$ BEGIN IF true THEN DELETE FROM sales; END IF; END $$", "table `sales`"),
        ("DO $$ BEGIN FOR r IN SELECT x FROM y LOOP EXECUTE 'DROP TABLE ' || r.x; END LOOP; END $$", "a table"),
        ("DO $$ BEGIN EXECUTE format('TRUNCATE TABLE %I', name); END $$", "a table"),
        ("EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''DROP TABLE sales'''", "table `sales`"),
        ("DECLARE @q nvarchar(max) = N'DROP TABLE sales'; EXEC(@q)", "table `sales`"),
        ("SET @q = 'DROP TABLE sales'; PREPARE s FROM @q; EXECUTE s", "table `sales`"),
        ("IF OBJECT_ID('sales') IS NOT NULL DROP TABLE sales", "table `sales`"),
        ("SELECT dblink_exec('host=prod', 'DROP TABLE sales')", "table `sales`"),
        ("{% for t in names %} DROP TABLE {{ t }}; {% endfor %}", "a table"),
        ("{% set q %} DROP TABLE sales {% endset %}", "table `sales`"),
        ("{% do run_query('DROP TABLE sales') %}", "table `sales`"),
        ("{% do adapter.drop_schema('sales') %}", "table `sales`"),
        ("DELETE FROM ONLY sales", "table `sales`"),
        ("ALTER TABLE sales DROP PARTITION (dt='2024-01-01')", "a partition of table `sales`"),
        ("ALTER TABLE sales DROP COLUMN email", "the column `email` of table `sales`"),
        ("DROP OWNED BY sam", "sam"),
    ],
)
def test_what_takes_data_away_however_it_is_wrapped(text: str, target: str) -> None:
    (effect,) = [one for one in effects(text) if one.kind is Kind.DATA_DESTROY]
    assert effect.target == target


def test_every_table_of_a_drop_is_named() -> None:
    found = {one.target for one in effects("DROP TABLE a, b") if one.kind is Kind.DATA_DESTROY}
    assert found == {"table `a`", "table `b`"}


@pytest.mark.parametrize(
    "text",
    [
        "EXECUTE IMMEDIATE 'SELECT 1'",
        "DO $$ BEGIN PERFORM refresh_views(); END $$",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT 'EXEC(''DROP TABLE x'')'",
        "{{ config(materialized='table') }} select * from {{ ref('orders') }}",
        "{% if is_incremental() %} select 1 {% else %} select 2 {% endif %}",
        "{# DROP TABLE x #} select 1",
        "{% macro drop_old(name) %} select 1 {% endmacro %}",
        "SET search_path TO shop",
        "SET threads = 4",
        "PRAGMA table_info(sales)",
        "DECLARE @n INT = 5",
        "ALTER TABLE sales DROP CONSTRAINT fk",
    ],
)
def test_what_only_looks_like_it_takes_nothing(text: str) -> None:
    kinds = {one.kind for one in effects(text)}
    assert not kinds & {Kind.DATA_DESTROY, Kind.UNREAD}


@pytest.mark.parametrize(
    ("text", "via", "target"),
    [
        ("GRANT ALL ON DATABASE sales TO sam", "GRANT", "sales"),
        ("GRANT ALL PRIVILEGES ON *.* TO 'sam'@'%'", "GRANT", "*.*"),
        ("CREATE USER sam WITH PASSWORD 'x' SUPERUSER", "GRANT", "sam"),
        ("ALTER USER sam WITH PASSWORD 'x'", "GRANT", "sam"),
        ("SET PASSWORD FOR 'root'@'%' = 'x'", "SET PASSWORD", "root"),
        ("REVOKE ALL ON sales FROM sam", "REVOKE", "table `sales`"),
        ("SET GLOBAL general_log = 'ON'", "SET GLOBAL", "general_log"),
        ("SET @@GLOBAL.read_only = 0", "SET GLOBAL", "read_only"),
        ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM", "fsync"),
        ("PRAGMA writable_schema = 1", "PRAGMA", "writable_schema"),
    ],
)
def test_rights_and_settings_are_named(text: str, via: str, target: str) -> None:
    (effect,) = effects(text)
    assert (effect.via, effect.target) == (via, target)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", "/etc/passwd"),
        ("SELECT * FROM '/etc/passwd'", "/etc/passwd"),
        ("SELECT * FROM t JOIN 'data/x.parquet' USING (id)", "data/x.parquet"),
        ("SELECT * FROM read_text(['/home/sam/notes.txt'])", "/home/sam/notes.txt"),
    ],
)
def test_files_that_a_query_reads(text: str, path: str) -> None:
    assert [(one.kind, one.target) for one in effects(text)] == [(Kind.FILE_READ, path)]


@pytest.mark.parametrize("text", ["SELECT EXTRACT(year FROM '2020')", "SELECT TRIM(BOTH FROM ' a/b ')"])
def test_a_text_after_from_need_not_be_a_file(text: str) -> None:
    assert effects(text) == []
