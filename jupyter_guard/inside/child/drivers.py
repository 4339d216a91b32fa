"""Libraries that execute SQL with drivers of their own -> the same, whose statements are put before the guard first.

psycopg holds a statement in an open transaction, as sqlite3 and DuckDB do (``statements.py``). For the others rows are
counted by a query of their own, before anybody is asked, where the statement has one.
"""

import functools
import inspect
import sys

SQLALCHEMY = "import sqlalchemy\nsqlalchemy.create_engine(%r).connect().execute(sqlalchemy.text(%r))"
SPARK = "import pyspark.sql  # %s\npyspark.sql.SparkSession.builder.getOrCreate().sql(%r)"
# Drivers below SQLAlchemy that ask themselves; `compiled.py` adds to them.
ASKING = {"pysqlite", "psycopg", "psycopg_async", "duckdb_engine"}
# Classes with `execute` and its like in Python, as the DB-API has them (PEP 249), or with a name of their own for it.
CURSORS = {
    "pymysql.cursors": ("Cursor", "MySQL"),
    "MySQLdb.cursors": ("BaseCursor", "MySQL"),
    "mysql.connector.cursor": ("MySQLCursor", "MySQL"),
    "mysql.connector.cursor_cext": ("CMySQLCursor", "MySQL"),
    "pg8000.dbapi": ("Cursor", "PostgreSQL"),
    "redshift_connector.cursor": ("Cursor", "Redshift"),
    "oracledb.cursor": ("Cursor AsyncCursor", "Oracle"),
    "snowflake.connector.cursor": ("SnowflakeCursor", "Snowflake"),
    "databricks.sql.client": ("Cursor", "Databricks"),
    "trino.dbapi": ("Cursor", "Trino"),
    "prestodb.dbapi": ("Cursor", "Presto"),
    "vertica_python.vertica.cursor": ("Cursor", "Vertica"),
    "clickhouse_driver.dbapi.cursor": ("Cursor", "ClickHouse"),
    "pyhive.hive": ("Cursor", "Hive"),
    "impala.hiveserver2": ("HiveServer2Cursor", "Impala"),
    "google.cloud.bigquery.dbapi.cursor": ("Cursor", "BigQuery"),
}
# Whatever is done with what `prepare` gives was put before the guard with its text.
ASYNCPG = (
    "execute",
    "executemany",
    "fetch",
    "fetchrow",
    "fetchval",
    "fetchmany",
    "prepare",
    "cursor",
    "copy_from_query",
)
CALLS = {
    "google.cloud.bigquery.client": ("Client", ("query", "query_and_wait"), "BigQuery"),
    "clickhouse_driver.client": ("Client", ("execute", "execute_iter"), "ClickHouse"),
    "clickhouse_connect.driver.httpclient": ("HttpClient", ("command", "query", "raw_query"), "ClickHouse"),
    "asyncpg.connection": ("Connection", ASYNCPG, "PostgreSQL"),
    "pg8000.native": ("Connection", ("run",), "PostgreSQL"),
}
# The first is in every one of them.
METHODS = ("execute", "executemany", "execute_async", "executescript", "prepare")
MADE = "_guard_made"

_about_to = None
_held = None


def start(about_to, held):
    """Call ``about_to`` of ``statements.py`` before each statement; ``held`` is the module of that name."""
    global _about_to, _held
    _about_to, _held = about_to, held


def counting(execute, sql, parameters):
    """What counts the rows of a statement: ``execute(query, ...)`` gives the one row of a query."""

    def count():
        query = _held.asked_for(sql, parameters) if isinstance(sql, str) else None
        found = execute(*[one for one in query if one is not None]) if query else None
        return found[0] if found else None

    return count


# --- psycopg

PSYCOPG = "import psycopg\npsycopg.connect(%r).execute(%r)"


def psycopg(module):
    idle, originals = module.pq.TransactionStatus.IDLE, {}

    def prepared(self, query, args, kwargs, name, frame):
        """What is needed to hold a statement; ``None`` where it just runs."""
        sql = query if isinstance(query, (str, bytes)) else query.as_string(self)
        info, connection = self.connection.info, self.connection
        can_wait = name in ("execute", "executemany") and not connection.pgconn.pipeline_status
        parameters = args[0] if args else kwargs.get("params")
        text = sql.decode("utf-8", "replace") if isinstance(sql, bytes) else sql
        # Where it cannot wait nobody counts either: another cursor's turn would come in between.
        holds = (lambda _: _held.can_be_held(text)) if can_wait else None
        ask = _about_to(PSYCOPG, "host=%s dbname=%s" % (info.host, info.dbname), sql, frame, holds)
        if ask is None:
            return None
        is_whole = name == "execute" and text.lstrip()[:1].lower() not in "du"
        return ask, _held.asked_for(text, parameters) if is_whole or _held.bare(text)[:4].lower() == "drop" else None

    def asks(function, name):
        @functools.wraps(function)
        def asked(self, query, *args, **kwargs):
            found = prepared(self, query, args, kwargs, name, sys._getframe(1))
            run = functools.partial(function, self, query, *args, **kwargs)
            if found is None:
                return run()
            plain = module.Cursor(self.connection, row_factory=module.rows.tuple_row)
            return _held.psycopg(self, idle, originals["Cursor"], plain, run, found[1], found[0])

        return asked

    def asks_async(function, name):
        @functools.wraps(function)
        async def asked(self, query, *args, **kwargs):
            found = prepared(self, query, args, kwargs, name, sys._getframe(1))
            run = functools.partial(function, self, query, *args, **kwargs)
            if found is None:
                return await run()
            plain = module.AsyncCursor(self.connection, row_factory=module.rows.tuple_row)
            return await _held.psycopg_async(self, idle, originals["AsyncCursor"], plain, run, found[1], found[0])

        return asked

    kinds = (module.Cursor, module.AsyncCursor, module.ServerCursor, module.AsyncServerCursor, module.ClientCursor)
    for kind in kinds:
        for name in ("execute", "executemany", "copy", "stream"):
            # Each in the class that has it: others inherit what asks already.
            if name in vars(kind) and not hasattr(vars(kind)[name], MADE):
                function = vars(kind)[name]
                if name == "execute":
                    originals[kind.__name__] = function
                is_awaited = kind.__name__.startswith("Async") and name in ("execute", "executemany")
                made = (asks_async if is_awaited else asks)(function, name)
                setattr(made, MADE, True)
                setattr(kind, name, made)


# --- the others


def sqlalchemy(module):
    """Engines of every dialect whose driver does not ask itself."""

    def before(connection, cursor, statement, parameters, _context, executemany):
        if _about_to is None or connection.dialect.driver in ASKING:
            return
        url = connection.engine.url
        place = url.render_as_string(hide_password=True) if hasattr(url, "render_as_string") else repr(url)

        def execute(*query):
            cursor.execute(*query)
            return cursor.fetchone()

        count = counting(execute, statement, parameters or None)
        _about_to(SQLALCHEMY, place, statement, sys._getframe(1), None, None if executemany else count)

    module.event.listen(module.engine.Engine, "before_cursor_execute", before)


def _text(args, kwargs):
    """The statement in a call: drivers have many names for it."""
    return args[0] if args else next((one for one in kwargs.values() if isinstance(one, (str, bytes))), None)


def _replaced(kind, names, asks):
    """Replace the methods of a class that it has, inherited ones too. Raises ``AttributeError`` without the first."""
    for name in names:
        function = getattr(kind, name, None) if name != names[0] else getattr(kind, name)
        if function is not None and not hasattr(function, MADE):
            made = asks(function, name)
            setattr(made, MADE, True)
            setattr(kind, name, made)


def _cursors(kind_names, database, module):
    """A module whose cursors are Python classes."""
    first, *more = kind_names.split()
    for kind in (getattr(module, first), *(getattr(module, one) for one in more if hasattr(module, one))):
        _cursor(kind, database)


def _cursor(kind, database):
    plain = kind.execute

    def asks(function, name):
        @functools.wraps(function)
        def asked(self, *args, **kwargs):
            def execute(*query):
                with_it = self.connection.cursor()
                try:
                    plain(with_it, *query)
                    return with_it.fetchone()
                finally:
                    with_it.close()

            sql, parameters = _text(args, kwargs), args[1] if len(args) > 1 else None
            can_count = name == "execute" and hasattr(self, "connection") and not inspect.iscoroutinefunction(plain)
            count = counting(execute, sql, parameters) if can_count else None
            _about_to(SQLALCHEMY, "a %s database" % database, sql, sys._getframe(1), None, count)
            return function(self, *args, **kwargs)

        return asked

    _replaced(kind, METHODS, asks)


def _calls(kind_name, names, database, module):
    """A module with a class that takes statements itself."""

    def asks(function, _name):
        @functools.wraps(function)
        def asked(self, *args, **kwargs):
            _about_to(SQLALCHEMY, "a %s database" % database, _text(args, kwargs), sys._getframe(1))
            return function(self, *args, **kwargs)

        return asked

    _replaced(getattr(module, kind_name), names, asks)


def _spark(module):
    """``SparkSession.sql``, of a session in this process or of one elsewhere (Spark Connect)."""
    kind = module.SparkSession
    function = vars(kind)["sql"]
    if hasattr(function, MADE):
        return

    @functools.wraps(function)
    def sql(self, sqlQuery, *args, **kwargs):  # noqa: N803 (Spark's own name)
        def execute(*query):
            return function(self, *query, *args, **kwargs).collect()[0]

        count = counting(execute, sqlQuery, None)
        _about_to(SPARK, "Spark", sqlQuery, sys._getframe(1), None, count)
        return function(self, sqlQuery, *args, **kwargs)

    setattr(sql, MADE, True)
    kind.sql = sql


DRIVERS = {
    "psycopg": psycopg,
    "sqlalchemy": sqlalchemy,
    "pyspark.sql.session": _spark,
    "pyspark.sql.connect.session": _spark,
}
DRIVERS.update((name, functools.partial(_cursors, *about)) for name, about in CURSORS.items())
DRIVERS.update((name, functools.partial(_calls, *about)) for name, about in CALLS.items())


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
