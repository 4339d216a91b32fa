"""A driver of a database -> the same driver, whose statements are put before the guard when they are executed.

Text that a program builds has no words to read until then. The statement that is about to be executed, with the
database that it is executed in, is judged as if it stood in the cell. Where somebody is to be asked about it, it is
done first, in a transaction that waits for the answer, and the rows are counted (``held.py``). sqlite3 has its own
classes replaced by ones that ask; what comes to their connections past them meets sqlite's authorizer, which knows the
tables and no text.
"""

import functools
import os
import re
import sys
import threading
import weakref

# A statement without any of these changes nothing that is there already, and reads nothing but the database.
MAY_HARM = re.compile(
    r"(?i)\b(?:delete|drop|truncate|update|alter|replace|copy|attach|outfile|dumpfile|export|install|load|grant|revoke"
    r"|function|extension|trigger|role|user|vacuum|merge|call|do|exec|execute|kill|shutdown|global|rename|reset|detach"
    r"|import|overwrite|writable_schema|optimize|purge|unload|undrop|use)\b|/\.|pg_|lo_|dblink|xp_|read_|load_|secret|'[/.~]"
)
ATTACH = re.compile(r"(?i)\battach\s+(?:database\s+)?(?:if\s+not\s+exists\s+)?'([^']+)'(?:\s+as\s+(\w+))?")
# Nobody reads more than this: it is put before the guard as what cannot be read.
LONGEST = 1000000
NO_TEXT = "\0"
MEMORY = ":memory:"
MADE = "_guard_made"

_put = None
# The module that counts and holds.
_held = None
# Says on which connection a statement that was put before the guard is under way in a thread.
_asked = threading.local()
# Files that were attached in memory, by the names that their tables go by.
_attached = {}
# Where a duckdb connection leads, as long as it lives.
_places = weakref.WeakKeyDictionary()


def start(put, held):
    """Call ``put(code, frame, about)`` before each statement that may do harm; it raises when it may not run.

    ``about`` is empty, or says that the statement can wait done (``holds``) and what came of that (``rows``,
    ``waits``). ``held`` is the module of that name.
    """
    global _put, _held
    _put, _held = put, held


def about_to(template, place, sql, frame, holds=None, count=None):
    """A statement is about to be executed at ``place``.

    ``holds(text)`` says whether it can be done in a transaction that waits: then what is returned, if not ``None``, is
    to be called with the rows that it touched; it raises where it is to be taken back. ``count()`` tells them before.
    """
    if isinstance(sql, (bytes, bytearray)):
        sql = bytes(sql).decode("utf-8", "replace")
    if _put is None or not isinstance(sql, str) or not (sql == NO_TEXT or MAY_HARM.search(sql)):
        return None
    if sql == NO_TEXT or len(sql) > LONGEST:
        _put(NO_TEXT, frame, {})
        return None
    if place == MEMORY:
        _attached.update(
            (name or os.path.splitext(os.path.basename(path))[0], path) for path, name in ATTACH.findall(sql)
        )
        place = next((path for name, path in _attached.items() if name + "." in sql), place)
    code = _replaced(frame, place) or template % (place, sql)
    can_be_held = holds is not None and holds(sql)
    told = _put(code, frame, {"holds": True} if can_be_held or count is not None else {})
    if not told.get("hold"):
        return None

    def ask(rows, waits=True):
        _put(code, frame, {"holds": True, "rows": rows, "waits": waits})

    if can_be_held:
        return ask
    ask(_held.number(count), False)
    return None


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

    base, base_cursor = module.Connection, module.Cursor

    def done(run, connection, sql, place, frame):
        ask = about_to(SQLITE, place, sql[0], frame, _can_wait, _count(connection, base, sql))
        before, _asked.busy = getattr(_asked, "busy", None), connection
        try:
            return run() if ask is None else _held.sqlite(base, connection, run, sql[0], ask)
        finally:
            _asked.busy = before

    def done_script(run, connection, cursor, sql, place, frame):
        is_read = isinstance(sql, str) and len(sql) <= LONGEST and MAY_HARM.search(sql)
        texts = _held.script_of(sql) if is_read else None
        ask = about_to(SQLITE, place, sql, frame, lambda _: bool(texts), lambda: None)
        before, _asked.busy = getattr(_asked, "busy", None), connection
        try:
            if ask is None:
                return run()
            return _held.script(base, connection, cursor(), texts, ask, base_cursor.execute)
        finally:
            _asked.busy = before

    class Cursor(module.Cursor):
        def execute(self, sql, *args):
            run = functools.partial(base_cursor.execute, self, sql, *args)
            # Before Python 3.11 the connection's own method comes by here.
            if not _may_harm(sql) or getattr(_asked, "busy", None) is self.connection:
                return run()
            return done(run, self.connection, (sql, *args), _sqlite_place(self), sys._getframe(1))

        def executemany(self, sql, *args):
            run = functools.partial(base_cursor.executemany, self, sql, *args)
            # Before Python 3.11 the connection's own method comes by here.
            if not _may_harm(sql) or getattr(_asked, "busy", None) is self.connection:
                return run()
            return done(run, self.connection, (sql, MANY), _sqlite_place(self), sys._getframe(1))

        def executescript(self, sql):
            run = functools.partial(base_cursor.executescript, self, sql)
            return done_script(run, self.connection, lambda: self, sql, _sqlite_place(self), sys._getframe(1))

    class Connection(module.Connection):
        def __init__(self, database, *args, **kwargs):
            self._guard_place = _text(database)
            super().__init__(database, *args, **kwargs)
            self._guard_own = None
            super().set_authorizer(self._guard_authorizes)

        def cursor(self, factory=None):
            return super().cursor(factory or Cursor)

        # These make cursors without the method.
        def execute(self, sql, *args):
            run = functools.partial(base.execute, self, sql, *args)
            return run() if not _may_harm(sql) else done(run, self, (sql, *args), self._guard_place, sys._getframe(1))

        def executemany(self, sql, *args):
            run = functools.partial(base.executemany, self, sql, *args)
            return run() if not _may_harm(sql) else done(run, self, (sql, MANY), self._guard_place, sys._getframe(1))

        def executescript(self, sql):
            run = functools.partial(base.executescript, self, sql)
            return done_script(run, self, self.cursor, sql, self._guard_place, sys._getframe(1))

        def set_authorizer(self, authorizer_callback):
            self._guard_own = authorizer_callback

        def _guard_authorizes(self, action, *about):
            if action in DESTROYS and getattr(_asked, "busy", None) is not self:
                refused = _unasked(self._guard_place, action, about, sys._getframe(1))
                if refused:
                    return module.SQLITE_DENY
            own = self._guard_own
            return module.SQLITE_OK if own is None else own(action, *about)

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


MANY = object()
# Actions of sqlite's authorizer (sqlite3.h), and statements that do the same.
DESTROYS = {
    9: "DELETE FROM %s",
    23: "UPDATE %s SET a = 0",
    11: "DROP TABLE %s",
    17: "DROP VIEW %s",
    26: "ALTER TABLE %s DROP COLUMN a",
}


def _may_harm(sql):
    return not isinstance(sql, str) or MAY_HARM.search(sql) is not None


def _can_wait(sql):
    # What gives rows back is not done before they are read.
    return _held.can_be_held(sql) and "returning" not in sql.lower()


def _count(connection, base, given):
    sql, parameters = given[0], given[1] if len(given) > 1 else None

    def count():
        query = _held.asked_for(sql, parameters) if parameters is not MANY else None
        return base.execute(connection, *[one for one in query if one is not None]).fetchone()[0] if query else None

    return count


def _unasked(place, action, about, frame):
    """Whether what reached sqlite by another way than its module's own methods may not be done."""
    table = about[1] if action == 26 else about[0]
    if _put is None or not table or str(table).startswith("sqlite_"):
        return False
    try:
        _put(SQLITE % (place, DESTROYS[action] % ('"%s"' % str(table).replace('"', '""'))), frame, {})
    except Exception:
        return True
    return False


def _text(place):
    return place.decode("utf-8", "replace") if isinstance(place, bytes) else str(place)


def _sqlite_place(cursor):
    return getattr(cursor.connection, "_guard_place", "a database")


# --- duckdb

CALL = compile("_guard_called(*_guard_args, **_guard_kwargs)", __file__, "eval")
# DuckDB does not tell whether a connection is in a transaction, and to try ends it.
TURN = re.compile(r"\s*(begin|start|commit|end|rollback|abort)\b", re.IGNORECASE)
_in_turn = weakref.WeakSet()
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

    plain = kind.execute

    def asks(function, text_of, connection_of, gives_rows):
        @functools.wraps(function)
        def asked(*args, **kwargs):
            sql, frame = text_of(args, kwargs), sys._getframe(1)
            connection = connection_of(args, kwargs)
            parameters = next((one for one in (*args, *kwargs.values()) if isinstance(one, (list, tuple, dict))), None)

            def count():
                query = _held.asked_for(sql, parameters)
                if not query:
                    return None
                return plain(connection, *[one for one in query if one is not None]).fetchall()[0][0]

            def run():
                # It looks for data frames by the names in the text, where it is called from (replacement scans).
                names = dict(frame.f_locals, _guard_called=function, _guard_args=args, _guard_kwargs=kwargs)
                return eval(CALL, frame.f_globals, names)  # noqa: S307 (our own two words)

            turn = TURN.match(sql) if isinstance(sql, str) else None
            if turn:
                took_turn(connection, turn.group(1))
            # One that the cell itself has begun can only be given up as a whole: then it is asked before.
            can_wait = connection not in _in_turn and _held is not None
            ask = about_to(DUCKDB, place_of(connection), sql, frame, _held.can_be_held if can_wait else None, count)
            if ask is None:
                return run()
            return _held.duckdb(plain, connection, run, count, ask, gives_rows and sql.lstrip()[:1].lower() in "du")

        return asked

    def took_turn(connection, word):
        if word.lower() in ("begin", "start"):
            _in_turn.add(connection)
        else:
            _in_turn.discard(connection)

    def notes(function, word):
        @functools.wraps(function)
        def noted(self, *args, **kwargs):
            took_turn(self, word)
            return function(self, *args, **kwargs)

        return noted

    for word in ("begin", "commit", "rollback"):
        setattr(kind, word, notes(getattr(kind, word), word))

    def place_of(connection):
        return _places.get(connection, MEMORY)

    def own(args, _kwargs):
        return args[0]

    def shared(_args, kwargs):
        default = module.default_connection
        return kwargs.get("connection") or (default() if callable(default) else default)

    def text_at(place):
        return lambda args, kwargs: _statement(args[place] if len(args) > place else kwargs.get("query"))

    for name in ("execute", "executemany", "sql", "query", "from_query"):
        if hasattr(kind, name):
            setattr(kind, name, asks(getattr(kind, name), text_at(1), own, name == "execute"))
        if hasattr(module, name):
            setattr(module, name, asks(getattr(module, name), text_at(0), shared, name == "execute"))
    relation = module.DuckDBPyRelation
    for owner, names in ((relation, RELATIONS), (module, ("query_df", "write_csv"))):
        for name in names:
            if hasattr(owner, name):
                setattr(owner, name, _tells(getattr(owner, name), RELATIONS.get(name) or _queried))
    # A cursor is another connection to the same place.
    cursor = kind.cursor

    def cursor_of(self, *args, **kwargs):
        made = cursor(self, *args, **kwargs)
        _places[made] = place_of(self)
        return made

    kind.cursor = cursor_of


def _statement(given):
    """The text of what DuckDB is given: of one that it has parsed before, too."""
    if given is None or isinstance(given, (str, bytes)):
        return given
    text = getattr(given, "query", None)
    return text if isinstance(text, str) else NO_TEXT


def _updated(relation, *_set, **options):
    some = "" if options.get("condition") is None else " WHERE a = 0"
    return 'UPDATE "%s" SET a = 0%s' % (str(relation.alias).replace('"', '""'), some)  # noqa: S608 (nobody runs it)


def _copied(_relation, *args, **kwargs):
    file = next((one for one in (*args, *kwargs.values()) if isinstance(one, (str, os.PathLike))), "")
    return "COPY (SELECT 1) TO '%s'" % str(file).replace("'", "''")


def _queried(*args, **kwargs):
    return _statement(kwargs.get("sql_query", args[-1] if args else None))


# What relations do that is no statement of the cell's, as one.
RELATIONS = {"update": _updated, "query": _queried}
RELATIONS.update(dict.fromkeys(("to_csv", "write_csv", "to_parquet", "write_parquet"), _copied))


def _tells(function, as_statement):
    @functools.wraps(function)
    def told(*args, **kwargs):
        connection = getattr(args[0], "_con", None) if args else None
        # Before version 2 a relation does not tell.
        place = _places.get(connection, MEMORY) if hasattr(connection, "execute") else "a database"
        about_to(DUCKDB, place, as_statement(*args, **kwargs), sys._getframe(1))
        return function(*args, **kwargs)

    return told


DRIVERS = {"duckdb": _duckdb, "sqlite3": _sqlite}


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
