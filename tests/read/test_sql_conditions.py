"""WHEREs that hold for every row are none; those that narrow are left alone."""

from __future__ import annotations

import pytest
import sqlglot

from jupyter_guard.read.sql.conditions import is_bounded


def bounded(where: str) -> bool:
    return is_bounded(sqlglot.parse_one(f"DELETE FROM orders WHERE {where}"))


@pytest.mark.parametrize(
    "where",
    [
        "1=1",
        "1",
        "'a'='a'",
        "TRUE",
        "NOT FALSE",
        "NOT (1 = 0)",
        "2 > 1",
        "'b' > 'a'",
        "1 + 1 = 2",
        "-1 < 0",
        "1 IN (3, 1)",
        "2 BETWEEN 1 AND 3",
        "COALESCE(NULL, 1) = 1",
        "LENGTH('abc') = 3",
        "UPPER('a') = 'A'",
        "'abc' LIKE 'a%'",
        "id = id",
        "price >= price",
        "name LIKE '%'",
        "id IS NOT NULL",
        "order_id > 0",
        "id <> -1",
        "LENGTH(name) >= 0",
        "a >= 0 OR a < 0",
        "a > 0 OR a < 5",
        "a = 3 OR a <> 3",
        "a <> 1 OR a <> 2",
        "x IS NULL OR x IS NOT NULL",
        "x LIKE 'a%' OR NOT x LIKE 'a%'",
        "id = 5 OR 1 = 1",
        "(1 = 1) AND (TRUE)",
        "EXISTS (SELECT 1)",
        "EXISTS (SELECT 1 FROM orders)",
        "EXISTS (SELECT 1 FROM x WHERE 1 = 1)",
        "id IN (SELECT id FROM orders)",
        "created_at <= CURRENT_TIMESTAMP",
    ],
)
def test_what_holds_for_every_row_is_no_condition(where: str) -> None:
    assert not bounded(where)


@pytest.mark.parametrize(
    "where",
    [
        "id = 4",
        "1 = 0",
        "FALSE",
        "NULL = NULL",
        "id IN (1, 2)",
        "id = :id",
        "price > 0",
        "price >= 0",
        "deleted_at IS NOT NULL",
        "email IS NOT NULL",
        "id IS NULL",
        "name LIKE 'a%'",
        "a > 5 OR a < 0",
        "a = 1 OR a = 2",
        "a >= 0 OR b < 0",
        "x IS NULL OR y IS NOT NULL",
        "1 = 1 AND id = 3",
        "EXISTS (SELECT 1 FROM x WHERE x.order_id = orders.id)",
        "id IN (SELECT order_id FROM refunds)",
        "id IN (SELECT id FROM orders WHERE old)",
        "expires_at < CURRENT_TIMESTAMP",
        "created_at < '2020-01-01'",
        "LENGTH(name) > 5",
        "1 IN (a, b)",
    ],
)
def test_what_narrows_is_one(where: str) -> None:
    assert bounded(where)


def test_a_limit_narrows() -> None:
    assert is_bounded(sqlglot.parse_one("DELETE FROM orders LIMIT 5", read="mysql"))


def test_a_long_or_costs_no_square() -> None:
    assert bounded(" OR ".join(f"a = {number}" for number in range(500)))
