"""JG3xx: tables, collections, buckets and clusters."""

from __future__ import annotations

import re
from typing import Final

from jupyter_guard.judge.rule import Rule, has
from jupyter_guard.terms import Effect, Kind

_DESTROYS = (Kind.DATA_DESTROY,)
_WRITES = (Kind.DATA_WRITE,)
_BOTH = (Kind.DATA_DESTROY, Kind.DATA_WRITE)
_DROP = re.compile(r"\b(?:drop|truncate)(?:\b|_|[A-Z])|[._](?:Drop|drop)", re.IGNORECASE)


def _drops(effect: Effect, seen: frozenset[str]) -> bool:
    if "unvetted-api" in seen or "replace" in seen:
        return False
    return bool(_DROP.search(effect.via)) or ("ddl" in seen and effect.via.isupper())


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG306",
        title="Runs a system command from inside a database",
        why="It runs on the database's machine, as the database's user.",
        instead="Load data with the client's own import.",
        kinds=(*_BOTH, Kind.CODE_EXECUTE, Kind.PROCESS_RUN),
        check=has("os-command"),
        bad=("cur.execute(\"COPY t FROM PROGRAM 'curl http://x.test'\")",),
        good=("cur.execute('SELECT 1')",),
    ),
    Rule(
        id="JG309",
        title="Deletes through an interface that nobody has vetted",
        why="The call's name says that it destroys something, and no knowledge says what, or whether it comes back.",
        instead="Read its documentation, then teach the guard: a [knowledge] line in the policy.",
        kinds=_DESTROYS,
        check=has("unvetted-api"),
        bad=("import requests\nrequests.delete('https://api.acme.test/v1/orders/7')",),
        good=("import requests\nrequests.get('https://api.acme.test/v1/orders/7')",),
    ),
    Rule(
        id="JG301",
        title="Drops or empties a table, a schema or a database",
        why="The data is gone for everybody who uses it, usually without a way back.",
        instead="Rename it, or make a copy first; drop temporary tables only.",
        kinds=_DESTROYS,
        check=_drops,
        bad=(
            "%%sql\nDROP TABLE orders;",
            "t = 'orders'\nspark.sql(f'TRUNCATE TABLE {t}')",
            "sql = 'DROP TABLE shops'\n# %%\nimport sqlite3\ncon = sqlite3.connect('prod.db')\n# %%\ncon.execute(sql)",
            "Base.metadata.drop_all(engine)",
        ),
        good=(
            "con.execute('DROP TABLE IF EXISTS tmp_stage')",
            "print('DROP TABLE users')",
            "df.drop(columns=['a'])",
            "df.truncate(before=3)",
            "spark.sql('SELECT 1 -- DROP TABLE x').show()",
        ),
    ),
    Rule(
        id="JG302",
        title="Deletes or changes every row of a table",
        why="Without a WHERE that narrows it, nothing of what was there is left as it was.",
        instead="Add a WHERE, and count what it matches with a SELECT first.",
        kinds=_BOTH,
        check=has("no-where"),
        bad=(
            "import sqlite3\nsqlite3.connect('a.db').execute('DELETE FROM users')",
            "con.execute('delete /* x */ from a where 1=1')",
            "cur.execute(\"UPDATE users SET role = 'admin'\")",
        ),
        good=(
            "con.execute('DELETE FROM t WHERE id = ?', (3,))",
            "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute('DELETE FROM t')",
        ),
    ),
    Rule(
        id="JG304",
        title="Replaces a table",
        why="What it held before is gone.",
        instead="Write to a new name, or append; then swap when you have looked at it.",
        kinds=_BOTH,
        check=has("replace"),
        bad=(
            "df.to_sql('customers', con, if_exists='replace')",
            "df.write.mode('overwrite').saveAsTable('prod.sales')",
        ),
        good=("df.to_sql('customers', con, if_exists='append')", "df.to_sql('customers', con)"),
    ),
    Rule(
        id="JG305",
        title="Puts SQL together from text that is not constant",
        why="Text in the place of a value can carry another statement, and then that runs too.",
        instead="Pass values as parameters: execute('... WHERE id = ?', (value,)).",
        kinds=_BOTH,
        check=has("sql-injection"),
        observes=("sql-injection", "sql-with-holes"),
        bad=('name = input()\ncur.execute("SELECT * FROM users WHERE name = \'" + name + "\'")',),
        good=("cur.execute('SELECT * FROM users WHERE name = ?', (name,))",),
    ),
    Rule(
        id="JG303",
        title="Deletes everything that a query, collection or bucket holds",
        why="A filter that is missing or empty matches all of it.",
        instead="Filter, count what matches, then delete.",
        kinds=_BOTH,
        check=has("bulk", "recursive"),
        bad=(
            "import pymongo\ndb = pymongo.MongoClient()['shop']\ndb.customers.delete_many({})",
            "import boto3\nboto3.resource('s3').Bucket('prod').objects.all().delete()",
        ),
        good=("names = []\nnames.clear()",),
    ),
    Rule(
        id="JG307",
        title="Gives rights on data",
        why="Somebody can read or change it from now on.",
        instead="Ask the owner of the database, who keeps track of it.",
        kinds=(*_BOTH, Kind.PRIVILEGE_RAISE),
        check=lambda effect, seen: "grants" in seen and (effect.kind in _BOTH or effect.via.isupper()),
        bad=("cur.execute('GRANT ALL ON DATABASE prod TO PUBLIC')",),
        good=("cur.execute('SHOW GRANTS')",),
    ),
    Rule(
        id="JG308",
        title="Has a database write a file outside the workspace",
        why="Data leaves the database's own access control.",
        instead="Query into a DataFrame, or write into the workspace.",
        kinds=(Kind.FILE_WRITE,),
        check=has("by-database"),
        bad=("import duckdb\nduckdb.sql(\"COPY (SELECT * FROM secrets) TO '/dev/shm/o.csv'\")",),
        good=("import duckdb\nduckdb.sql('SELECT 1')",),
    ),
    Rule(
        id="JG310",
        title="Deletes or replaces data or machines elsewhere",
        why="It is gone for everybody who uses it, usually without a way back.",
        instead="Name what you delete, check it is yours, and keep a version or a snapshot.",
        kinds=_DESTROYS,
        bad=(
            "import boto3\nboto3.client('s3').delete_bucket(Bucket='prod')",
            "import subprocess\nsubprocess.run(['git', 'push', '--force', 'origin', 'main'])",
        ),
        good=(
            "import boto3\nboto3.client('s3').list_buckets()",
            "import subprocess\nsubprocess.run(['git', 'status'])",
        ),
    ),
    Rule(
        id="JG311",
        title="Changes data or a schema for others",
        why="Others rely on what it changes.",
        instead="Work on a copy, or in a transaction that you can roll back.",
        kinds=_WRITES,
        bad=("cur.execute('ALTER TABLE orders ADD COLUMN note TEXT')", "cur.execute('SET GLOBAL general_log = 1')"),
        good=("cur.execute('SELECT note FROM orders')", "cur.execute('SET search_path TO shop')"),
    ),
)
