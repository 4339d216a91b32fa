"""Clients of databases and machines on a command line -> which data on which of them."""

from __future__ import annotations

import pytest

from jupyter_guard.read.context import Budget, Context
from jupyter_guard.read.shell import read_shell
from jupyter_guard.terms import Effect, Kind, Scope


def effects(text: str) -> list[Effect]:
    return read_shell(text, Context(workspace="/home/sam/work", home="/home/sam", budget=Budget(2_000_000)))


@pytest.mark.parametrize(
    ("text", "target", "scope"),
    [
        ("sqlite3 shop.db 'DROP TABLE sales'", "table `sales` in `shop.db`", Scope.WORKSPACE),
        ("sqlite3 /srv/shop.db 'DROP TABLE sales'", "table `sales` in `/srv/shop.db`", Scope.SYSTEM),
        ("sqlite3 a.db 'select 1' 'DROP TABLE sales'", "table `sales` in `a.db`", Scope.WORKSPACE),
        ("sqlite3 :memory: 'DROP TABLE sales'", "table `sales` in `:memory:`", Scope.SESSION),
        ("echo 'DROP TABLE sales' | sqlite3 shop.db", "table `sales` in `shop.db`", Scope.WORKSPACE),
        ("duckdb shop.db -c 'DROP TABLE sales'", "table `sales` in `shop.db`", Scope.WORKSPACE),
        ("psql -h prod -d shop -c 'TRUNCATE a'", "table `a` in `shop`", Scope.REMOTE),
        ("psql postgresql://prod/shop -c 'TRUNCATE a'", "table `a` in `shop`", Scope.REMOTE),
        ("psql -h localhost shop -c 'TRUNCATE a'", "table `a` in `shop`", Scope.UNKNOWN),
        ("mysql -h prod shop -e 'DROP TABLE a'", "table `a` in `shop`", Scope.REMOTE),
        ("cqlsh prod -e 'DROP KEYSPACE k'", "keyspace `k` in `prod`", Scope.REMOTE),
        ("mongosh mongodb://prod/shop --eval 'db.users.drop()'", "collection `users` in `shop`", Scope.REMOTE),
        ("mongosh shop --eval 'db.users.deleteMany({})'", "collection `users` in `shop`", Scope.UNKNOWN),
        ("mongosh --eval 'db.getCollection(\"users\").remove({})'", "collection `users`", Scope.UNKNOWN),
        ("echo 'db.dropDatabase()' | mongosh shop", "the whole database in `shop`", Scope.UNKNOWN),
        ("redis-cli -h prod FLUSHALL", "every key in `prod`", Scope.REMOTE),
        ("echo flushdb | redis-cli", "every key in Redis", Scope.UNKNOWN),
        ("redis-cli --scan | xargs redis-cli del", "keys in Redis", Scope.UNKNOWN),
        ("kubectl delete namespace prod", "namespace/prod", Scope.REMOTE),
        ("kubectl --context x delete deploy/web", "deploy/web", Scope.REMOTE),
        ("az group delete --name prod --yes", "prod", Scope.REMOTE),
        ("az storage account delete -n data -g group", "data", Scope.REMOTE),
    ],
)
def test_what_is_destroyed_and_where(text: str, target: str, scope: Scope) -> None:
    assert [(one.target, one.scope) for one in effects(text) if one.kind is Kind.DATA_DESTROY] == [(target, scope)]


@pytest.mark.parametrize(
    "text",
    [
        "sqlite3 shop.db .dump",
        "sqlite3 shop.db 'select * from a'",
        "psql -c '\\dt'",
        "mongosh --eval 'db.users.find({})'",
        "redis-cli get a",
        "kubectl get pods",
        "az group list",
    ],
)
def test_what_only_looks_destroys_nothing(text: str) -> None:
    assert {one.kind for one in effects(text)} <= {Kind.NETWORK_CONNECT}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kill -9 -1", [(Kind.PROCESS_SIGNAL, "every process")]),
        ("crontab -r", [(Kind.FILE_DELETE, "/var/spool/cron/crontabs")]),
        (":(){ :|:& };:", [(Kind.RESOURCE_EXHAUST, "a fork bomb")]),
        ("nc -l 4444", [(Kind.NETWORK_LISTEN, "4444")]),
        ("nc x.test 80", [(Kind.NETWORK_CONNECT, "x.test:80")]),
        ("telnet x.test 23", [(Kind.NETWORK_CONNECT, "x.test:23")]),
    ],
)
def test_one_act_is_one_effect(text: str, expected: list[tuple[Kind, str]]) -> None:
    assert [(one.kind, one.target) for one in effects(text)] == expected


@pytest.mark.parametrize(
    "text",
    ["sqlite3 a.db '.shell rm -r /srv/x'", "psql -c '\\! rm -r /srv/x'", "kubectl exec web -- rm -r /srv/x"],
)
def test_a_command_through_a_client_is_one(text: str) -> None:
    assert "/srv/x" in {one.target for one in effects(text) if one.kind is Kind.FILE_DELETE}


def test_a_key_that_is_named_is_one_key() -> None:
    assert [(one.kind, one.target) for one in effects("redis-cli del cart:7")][-1] == (
        Kind.DATA_WRITE,
        "key `cart:7` in Redis",
    )
