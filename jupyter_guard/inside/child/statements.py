"""A driver of a database -> the same driver, whose statements are put before the guard when they are executed.

Text that a program builds has no words to read until then. The statement that is about to be executed, with the
database that it is executed in, is judged as if it stood in the cell. sqlite3 has its own classes replaced by ones that
ask; a connection made past them has sqlite's authorizer, which knows the tables and no text.
"""

import functools
import os
import re
import sys
import weakref

# A statement without any of these changes nothing that is there already, and reads nothing but the database.
MAY_HARM = re.compile(
    r"(?i)\b(?:delete|drop|truncate|update|alter|replace|copy|attach|outfile|dumpfile|export|install|load|grant|revoke"
    r"|function|extension|trigger|role|user|vacuum|merge|call|do|exec|execute|kill|shutdown|global|rename|reset|detach"
    r"|import|overwrite|writable_schema|optimize|purge|unload|undrop|use)\b|/\.|pg_|lo_|dblink|xp_|read_|load_|secret|'[/.~]"
)
ATTACH = re.compile(r"(?i)\battach\s+(?:database\s+)?(?:if\s+not\s+exists\s+)?'([^']+)'(?:\s+as\s+(\w+))?")
LONGEST = 1000000
MEMORY = ":memory:"
MADE = "_guard_made"

_put = None
# Files that were attached in memory, by the names that their tables go by.
_attached = {}
# Where a duckdb connection leads, as long as it lives.
_places = weakref.WeakKeyDictionary()


def start(put):
    """Call ``put(code, frame)`` before each statement that may do harm; it raises when the statement may not run."""
    global _put
    _put = put


def about_to(template, place, sql, frame):
    """A statement is about to be executed at ``place``."""
    if isinstance(sql, (bytes, bytearray)):
        sql = bytes(sql).decode("utf-8", "replace")
    if _put is None or not isinstance(sql, str) or len(sql) > LONGEST or not MAY_HARM.search(sql):
        return
    if place == MEMORY:
        _attached.update(
            (name or os.path.splitext(os.path.basename(path))[0], path) for path, name in ATTACH.findall(sql)
        )
        place = next((path for name, path in _attached.items() if name + "." in sql), place)
    _put(_replaced(frame, place) or template % (place, sql), frame)


def _replaced(frame, place):
    """What pandas does to replace a table, as the call that it was told by: dropping it is a part of that."""
    for _ in range(12):
        if frame is None:
            return ""
        if frame.f_code.co_name == "drop_table" and frame.f_globals.get("__name__") == "pandas.io.sql":
            table = str(frame.f_locals.get("table_name") or frame.f_locals.get("name"))
            return "import pandas, sqlite3\npandas.DataFrame().to_sql(%r, sqlite3.connect(%r), if_exists='replace')" % (
                table,
                place,
            )
        frame = frame.f_back
    return ""


# --- sqlite3

SQLITE = "import sqlite3\nsqlite3.connect(%r).executescript(%r)"


def _sqlite(module):
    real = module.connect
    if getattr(real, MADE, False):
        return

    class Cursor(module.Cursor):
        def execute(self, sql, *args):
            about_to(SQLITE, _sqlite_place(self), sql, sys._getframe(1))
            return super().execute(sql, *args)

        def executemany(self, sql, *args):
            about_to(SQLITE, _sqlite_place(self), sql, sys._getframe(1))
            return super().executemany(sql, *args)

        def executescript(self, sql):
            about_to(SQLITE, _sqlite_place(self), sql, sys._getframe(1))
            return super().executescript(sql)

    class Connection(module.Connection):
        def __init__(self, database, *args, **kwargs):
            self._guard_place = _text(database)
            super().__init__(database, *args, **kwargs)

        def cursor(self, factory=None):
            return super().cursor(factory or Cursor)

        # These make cursors without the method.
        def execute(self, sql, *args):
            about_to(SQLITE, self._guard_place, sql, sys._getframe(1))
            return super().execute(sql, *args)

        def executemany(self, sql, *args):
            about_to(SQLITE, self._guard_place, sql, sys._getframe(1))
            return super().executemany(sql, *args)

        def executescript(self, sql):
            about_to(SQLITE, self._guard_place, sql, sys._getframe(1))
            return super().executescript(sql)

    for kind, name in ((Cursor, "Cursor"), (Connection, "Connection")):
        kind.__module__, kind.__name__, kind.__qualname__ = "sqlite3", name, name

    @functools.wraps(real)
    def connect(database, *args, **kwargs):
        if len(args) < 5:
            kwargs.setdefault("factory", Connection)
        return real(database, *args, **kwargs)

    setattr(connect, MADE, True)
    for name in ("sqlite3", "sqlite3.dbapi2", "_sqlite3"):
        found = sys.modules.get(name)
        if found is not None:
            found.connect, found.Connection, found.Cursor = connect, Connection, Cursor


def _text(place):
    return place.decode("utf-8", "replace") if isinstance(place, bytes) else str(place)


def _sqlite_place(cursor):
    return getattr(cursor.connection, "_guard_place", "a database")


# --- duckdb

CALL = compile("_guard_called(*_guard_args, **_guard_kwargs)", __file__, "eval")
DUCKDB = "import duckdb\nduckdb.connect(%r).execute(%r)"


def _duckdb(module):
    kind, real = module.DuckDBPyConnection, module.connect
    if getattr(real, MADE, False):
        return

    @functools.wraps(real)
    def connect(database=MEMORY, *args, **kwargs):
        made = real(database, *args, **kwargs)
        _places[made] = _text(database)
        return made

    setattr(connect, MADE, True)
    module.connect = connect

    def asks(function, place_of):
        @functools.wraps(function)
        def asked(*args, **kwargs):
            sql = next((one for one in (*args, *kwargs.values()) if isinstance(one, (str, bytes))), None)
            frame = sys._getframe(1)
            about_to(DUCKDB, place_of(args), sql, frame)
            # It looks for data frames by the names in the text, where it is called from (replacement scans).
            names = dict(frame.f_locals, _guard_called=function, _guard_args=args, _guard_kwargs=kwargs)
            return eval(CALL, frame.f_globals, names)  # noqa: S307 (our own two words)

        return asked

    def own(args):
        return _places.get(args[0], MEMORY) if args else MEMORY

    def nobody(_args):
        return MEMORY

    for name in ("execute", "executemany", "sql", "query", "from_query"):
        if hasattr(kind, name):
            setattr(kind, name, asks(getattr(kind, name), own))
        if hasattr(module, name):
            setattr(module, name, asks(getattr(module, name), nobody))
    # A cursor is another connection to the same place.
    cursor = kind.cursor

    def cursor_of(self, *args, **kwargs):
        made = cursor(self, *args, **kwargs)
        _places[made] = own((self,))
        return made

    kind.cursor = cursor_of


# --- psycopg, and what goes through SQLAlchemy

PSYCOPG = "import psycopg\npsycopg.connect(%r).execute(%r)"
SQLALCHEMY = "import sqlalchemy\nsqlalchemy.create_engine(%r).connect().execute(sqlalchemy.text(%r))"
# Drivers that ask themselves.
ASKING = ("pysqlite", "psycopg", "psycopg_async", "duckdb_engine")


def _psycopg(module):
    def asks(function):
        @functools.wraps(function)
        def asked(self, query, *args, **kwargs):
            sql = query if isinstance(query, (str, bytes)) else query.as_string(self)
            info = self.connection.info
            about_to(PSYCOPG, "host=%s dbname=%s" % (info.host, info.dbname), sql, sys._getframe(1))
            return function(self, query, *args, **kwargs)

        return asked

    for kind in (module.Cursor, module.AsyncCursor, module.ServerCursor, module.ClientCursor):
        for name in ("execute", "executemany", "copy", "stream"):
            # Each in the class that has it: others inherit what asks already.
            if name in vars(kind) and not hasattr(vars(kind)[name], MADE):
                made = asks(vars(kind)[name])
                setattr(made, MADE, True)
                setattr(kind, name, made)


def _sqlalchemy(module):
    def before(connection, _cursor, statement, *_others):
        if connection.dialect.driver not in ASKING:
            url = connection.engine.url
            place = url.render_as_string(hide_password=True) if hasattr(url, "render_as_string") else repr(url)
            about_to(SQLALCHEMY, place, statement, sys._getframe(1))

    module.event.listen(module.engine.Engine, "before_cursor_execute", before)


DRIVERS = {"duckdb": _duckdb, "psycopg": _psycopg, "sqlalchemy": _sqlalchemy, "sqlite3": _sqlite}


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
