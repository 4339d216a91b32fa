"""Drivers whose cursors are written in C -> the same drivers, whose statements are put before the guard first.

Nobody can put a function into a class of C. psycopg2's can have classes below them, which its modules give out from
then on. pyodbc's cannot: what its ``connect`` gives is held by an object that hands everything on.
"""

import functools
import sys

PSYCOPG2 = "import psycopg2\npsycopg2.connect(%r).cursor().execute(%r)"
PYODBC = "import pyodbc\npyodbc.connect(%r).cursor().execute(%r)"
IDLE = 0  # PQTRANS_IDLE (libpq-fe.h)
# The arguments of psycopg2's `connection.cursor`, by their places.
OF_A_CURSOR = ("name", "cursor_factory", "scrollable", "withhold")

_about_to = None
_held = _counting = None
_asking = set()


def start(about_to, held, counting, asking):
    """Call ``about_to`` of ``statements.py`` before each statement; ``held`` is the module of that name.

    ``counting`` is that of ``drivers.py``; to ``asking`` are added the drivers that ask themselves from now on.
    """
    global _about_to, _held, _counting, _asking
    _about_to, _held, _counting, _asking = about_to, held, counting, asking


# --- psycopg2


class Asks:
    """Above a class of psycopg2's cursors."""

    def execute(self, query, vars=None):  # noqa: A002 (psycopg2's own name)
        return _done(self, "execute", query, vars, functools.partial(super().execute, query, vars), sys._getframe(1))

    def executemany(self, query, vars_list):
        run = functools.partial(super().executemany, query, vars_list)
        return _done(self, "executemany", query, None, run, sys._getframe(1))

    def copy_expert(self, sql, *args, **kwargs):
        run = functools.partial(super().copy_expert, sql, *args, **kwargs)
        return _done(self, "copy_expert", sql, None, run, sys._getframe(1))

    def callproc(self, procname, *args, **kwargs):
        run = functools.partial(super().callproc, procname, *args, **kwargs)
        return _done(self, "callproc", "SELECT * FROM %s()" % procname, None, run, sys._getframe(1))  # noqa: S608 (nobody runs it)


class Opens:
    """Above a class of psycopg2's connections."""

    def cursor(self, *args, **kwargs):
        made = super().cursor(*args, **kwargs)
        if isinstance(made, Asks):
            return made
        # Of a class of the cell's own that was made from the one below.
        given = dict(zip(OF_A_CURSOR, args), **kwargs)  # noqa: B905 (Python 3.8)
        return super().cursor(**dict(given, cursor_factory=_below(Asks, type(made))))


@functools.lru_cache(maxsize=500)
def _below(asks, kind):
    """The class ``kind`` below ``asks``: itself where it is."""
    if issubclass(kind, asks):
        return kind
    return type(kind.__name__, (asks, kind), {"__module__": kind.__module__, "__doc__": kind.__doc__})


def _done(cursor, name, query, parameters, run, frame):
    connection = cursor.connection
    sql = query.as_string(cursor) if hasattr(query, "as_string") else query
    text = sql.decode("utf-8", "replace") if isinstance(sql, bytes) else sql
    can_wait = name in ("execute", "executemany") and not connection.async_ and cursor.name is None
    holds = (lambda _: _held.can_be_held(text)) if can_wait else None
    place = "host=%s dbname=%s" % (connection.info.host, connection.info.dbname)
    ask = _about_to(PSYCOPG2, place, sql, frame, holds)
    if ask is None:
        return run()
    plain_connection, plain = _plain(connection), _plain(cursor)

    def execute(other, told, *given):
        if told == "ROLLBACK" and not connection.autocommit:
            # It counts for itself whether it is in a transaction.
            plain_connection.rollback(connection)
        else:
            plain.execute(other, told, *given)
        return other

    with plain_connection.cursor(connection, cursor_factory=plain) as other:
        is_whole = name == "execute" and text.lstrip()[:1].lower() not in "du"
        count = _held.asked_for(text, parameters) if is_whole or _held.bare(text)[:4].lower() == "drop" else None
        return _held.psycopg(cursor, IDLE, execute, other, run, count, ask)


def _plain(one):
    """The class of C that an object is made of."""
    return next(kind for kind in type(one).__mro__ if kind.__module__.startswith("psycopg2") and not _is_made(kind))


def _is_made(kind):
    """Whether a class is made by a statement of Python's."""
    return bool(kind.__flags__ & 1 << 9)  # Py_TPFLAGS_HEAPTYPE (object.h)


def psycopg2_classes(module):
    """``psycopg2.extensions``: what others make their classes of."""
    for asks, name in ((Asks, "cursor"), (Opens, "connection")):
        made = _below(asks, getattr(module, name))
        setattr(module, name, made)
        setattr(sys.modules["psycopg2._psycopg"], name, made)


def psycopg2(module):
    """``psycopg2``, whose own ``connect`` comes by here."""
    real = module._connect

    @functools.wraps(real)
    def connect(dsn, connection_factory=None, **kwargs):
        factory = connection_factory or module.extensions.connection
        if isinstance(factory, type):
            factory = _below(Opens, factory)
        return real(dsn, connection_factory=factory, **kwargs)

    module._connect = sys.modules["psycopg2._psycopg"]._connect = connect
    _asking.add("psycopg2")


# --- pyodbc


class _Hands:
    """Hands on to ``plain`` what it does not do itself."""

    __slots__ = ("__weakref__", "_guard_plain")

    def __init__(self, plain):
        object.__setattr__(self, "_guard_plain", plain)

    def __getattr__(self, name):
        return getattr(self._guard_plain, name)

    def __setattr__(self, name, value):
        setattr(self._guard_plain, name, value)

    def __dir__(self):
        return dir(self._guard_plain)

    def __enter__(self):
        self._guard_plain.__enter__()
        return self

    def __exit__(self, *about):
        return self._guard_plain.__exit__(*about)


class Connection(_Hands):
    """A connection of pyodbc's."""

    __slots__ = ()

    def cursor(self):
        return Cursor(self._guard_plain.cursor(), self)

    def execute(self, sql, *parameters):
        return _odbc(self.cursor(), "execute", sql, parameters, sys._getframe(1))


class Cursor(_Hands):
    """A cursor of pyodbc's; what gives the cursor itself gives this one."""

    __slots__ = ("_guard_connection",)

    def __init__(self, plain, connection):
        super().__init__(plain)
        object.__setattr__(self, "_guard_connection", connection)

    @property
    def connection(self):
        return self._guard_connection

    def execute(self, sql, *parameters):
        return _odbc(self, "execute", sql, parameters, sys._getframe(1))

    def executemany(self, sql, parameters):
        return _odbc(self, "executemany", sql, (parameters,), sys._getframe(1))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._guard_plain)

    def __getattr__(self, name):
        plain = self._guard_plain
        found = getattr(plain, name)
        if not callable(found):
            return found

        @functools.wraps(found)
        def handed(*args, **kwargs):
            given = found(*args, **kwargs)
            return self if given is plain else given

        return handed


def _odbc(cursor, name, sql, parameters, frame):
    connection, plain = cursor.connection._guard_plain, cursor._guard_plain

    def execute(query, *given):
        with connection.cursor() as other:
            return other.execute(query, *given).fetchone()

    given = parameters[0] if len(parameters) == 1 and isinstance(parameters[0], (list, tuple)) else parameters
    count = _counting(execute, sql, given or None) if name == "execute" else None
    _about_to(PYODBC, _odbc_place(connection), sql, frame, None, count)
    made = getattr(plain, name)(sql, *parameters)
    return cursor if made is plain else made


def _odbc_place(connection):
    module = sys.modules["pyodbc"]
    try:
        server, name = (connection.getinfo(one) for one in (module.SQL_SERVER_NAME, module.SQL_DATABASE_NAME))
    except module.Error:
        return "an ODBC database"
    return "SERVER=%s;DATABASE=%s" % (server, name)


def pyodbc(module):
    """What its ``connect`` gives asks; and goes by the names that the module has for it."""
    real = module.connect
    if isinstance(module.Connection, type) and issubclass(module.Connection, _Hands):
        return

    @functools.wraps(real)
    def connect(*args, **kwargs):
        return Connection(real(*args, **kwargs))

    module.connect = module.Connect = connect
    module.Connection, module.Cursor = Connection, Cursor
    _asking.add("pyodbc")


DRIVERS = {"psycopg2.extensions": psycopg2_classes, "psycopg2": psycopg2, "pyodbc": pyodbc}


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
