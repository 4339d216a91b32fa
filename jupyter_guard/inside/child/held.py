"""A statement that destroys data -> how many rows it would touch, and the statement done in a transaction that waits.

``counted`` makes a query of a statement that only counts. ``sqlite``, ``duckdb`` and ``psycopg`` do the statement, call
``ask(rows)`` while its transaction is open, and keep it or take it back when that raises.
"""

import re
import sys

# What transactions of these databases can take back, and what only begins with it.
_HOLDABLE = re.compile(r"(?:delete|update|drop|truncate|alter|replace|merge)\b", re.IGNORECASE)
_NEVER = re.compile(r"(?:drop|alter)\s+(?:database|system|tablespace|role|user|subscription)\b", re.IGNORECASE)
_ROWS = re.compile(r"(?:delete|update|insert|replace)\b", re.IGNORECASE)
_OWN_TURNS = re.compile(r"(?:begin|start|commit|end|rollback|savepoint|release|vacuum|attach|detach|pragma)\b", re.I)
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]\[]*\]|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|%\(\w+\)s|%s|[\w$]+|\s+|.""",
    re.DOTALL,
)
_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|[\w$]+)'
_TABLE = r"%s(?:\s*\.\s*%s)*" % (_NAME, _NAME)
_DELETE = re.compile(r"delete\s+from\s+(?:only\s+)?", re.IGNORECASE)
_UPDATE = re.compile(
    r"update\s+(?:or\s+\w+\s+|only\s+)?(%s(?:\s+(?!set\b)(?:as\s+)?%s)?)\s+set\b" % (_TABLE, _NAME), re.I
)
_WHOLE = re.compile(
    r"(?:drop\s+table\s+(?:if\s+exists\s+)?|truncate\s+(?:table\s+)?(?:only\s+)?|alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?)"
    r"(%s(?:\s*,\s*%s)*)" % (_TABLE, _TABLE),
    re.IGNORECASE,
)
_ELSEWHERE = frozenset(["using", "from", "order", "limit", "join"])
POINT, COUNTED = "jupyter_guard_held", "jupyter_guard_counted"


def bare(sql):
    """A statement without comments at its beginning and what ends it."""
    return re.sub(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", sql, flags=re.DOTALL).rstrip("; \t\r\n")


def parts(sql):
    """The statements of a text."""
    found, at, start = [], 0, 0
    for match in _TOKEN.finditer(sql):
        at = match.end()
        if match.group() == ";":
            found.append(sql[start:at])
            start = at
    return [one for one in [*found, sql[start:]] if bare(one)]


def can_be_held(sql):
    """Whether this is one statement that a transaction can take back."""
    text = bare(sql)
    return len(parts(text)) == 1 and _HOLDABLE.match(text) is not None and not _NEVER.match(text)


def counted(sql):
    """A query that counts the rows, and how many of the statement's parameters come before its own; or ``None``."""
    text = bare(sql)
    if len(parts(text)) != 1:
        return None
    match = _WHOLE.match(text)
    if match:
        names = re.findall(_TABLE, match.group(1))
        return "SELECT %s" % " + ".join("(SELECT count(*) FROM %s)" % one for one in names), None  # noqa: S608
    match = _DELETE.match(text)
    if match:
        rest, words, _ = _upto(text[match.end() :], "returning")
        return None if words & _ELSEWHERE else ("SELECT count(*) FROM " + rest, 0)  # noqa: S608
    match = _UPDATE.match(text)
    if match:
        change, words, skipped = _upto(text[match.end() :], "where")
        rest, others, _ = _upto(text[match.end() + len(change) :], "returning")
        if (words | others) & _ELSEWHERE:
            return None
        return "SELECT count(*) FROM %s %s" % (match.group(1), rest), skipped  # noqa: S608 (the cell's own words)
    return None


def _upto(text, word):
    """A text up to a word outside of all brackets, the words there, and the parameters that go by their place."""
    depth, words, places = 0, set(), 0
    for match in _TOKEN.finditer(text):
        found = match.group().lower()
        if found in ("(", ")"):
            depth += 1 if found == "(" else -1
        elif found in ("?", "%s"):
            places += 1
        elif depth == 0 and found == word:
            return text[: match.start()], words, places
        elif depth == 0:
            words.add(found)
    return text, words, places


def asked_for(sql, parameters):
    """A query that counts, with its parameters; ``None`` where there is none."""
    found = counted(sql)
    if found is None:
        return None
    query, skipped = found
    if skipped is None or parameters is None:
        return query, None
    return query, parameters if hasattr(parameters, "keys") else tuple(parameters)[skipped:]


def number(count):
    """What ``count()`` gives; -1 where it cannot be told."""
    try:
        found = count()
        return int(found) if found is not None else -1
    except Exception:
        # The statement itself says what is wrong with it.
        return -1


# --- sqlite3


def sqlite(base, connection, run, sql, ask):
    """``run()`` on a connection of sqlite3, whose own class is ``base``."""

    def do(text):
        return base.execute(connection, text)

    is_legacy = getattr(connection, "autocommit", -1) == -1
    begins = is_legacy and connection.isolation_level is not None and _ROWS.match(bare(sql)) is not None
    begins = begins and not connection.in_transaction
    query = counted(sql) if not _ROWS.match(bare(sql)) else None
    if begins:
        # As the module itself does, so that it is the cell's to commit.
        do("BEGIN " + connection.isolation_level)
    do("SAVEPOINT " + POINT)
    try:
        rows = number(lambda: do(query[0]).fetchone()[0]) if query else 0
        before = connection.total_changes
        made = run()
        ask(rows if query else connection.total_changes - before if _ROWS.match(bare(sql)) else -1)
    except BaseException:
        do("ROLLBACK TO " + POINT)
        do("RELEASE " + POINT)
        if begins:
            do("ROLLBACK")
        raise
    do("RELEASE " + POINT)
    return made


def script(base, connection, cursor, texts, ask, execute):
    """The statements of a script, which ``executescript`` would do one after the other and commit."""
    if connection.in_transaction and getattr(connection, "autocommit", -1) == -1:
        connection.commit()

    def run():
        for one in texts:
            execute(cursor, one)
        return cursor

    base.execute(connection, "SAVEPOINT " + POINT)
    try:
        rows = 0
        for one in texts:
            query = counted(one) if not _ROWS.match(bare(one)) else None
            before = connection.total_changes
            if query:
                rows += max(0, number(lambda query=query: base.execute(connection, query[0]).fetchone()[0]))
            execute(cursor, one)
            rows += connection.total_changes - before
        ask(rows)
    except BaseException:
        base.execute(connection, "ROLLBACK TO " + POINT)
        base.execute(connection, "RELEASE " + POINT)
        raise
    base.execute(connection, "RELEASE " + POINT)
    return cursor


def script_of(sql):
    """The statements of a script that a transaction can take back as a whole; ``None`` where it has its own."""
    texts = parts(sql)
    return None if any(_OWN_TURNS.match(bare(one)) for one in texts) else texts


# --- duckdb


def duckdb(execute, connection, run, count, ask, gives_rows):
    """``run()`` on a connection of DuckDB that is in no transaction."""

    def do(text):
        # A result that nobody has read to its end is in the way of the next statement.
        execute(connection, text).fetchall()

    do("BEGIN TRANSACTION")
    try:
        rows = number(count)
        made = run()
        if gives_rows:
            found = made.fetchall()
            rows = found[0][0] if rows < 0 and len(found) == 1 and found[0] else rows
        ask(rows)
    except BaseException:
        do("ROLLBACK")
        raise
    do("COMMIT")
    if gives_rows:
        # What the statement would have given: the commit has taken its place.
        execute(connection, "SELECT %d::BIGINT AS Count" % rows)
    return made


# --- psycopg


def _turns(connection, idle):
    """How to begin, keep and take back; and whether the cell had a transaction before."""
    is_idle = connection.info.transaction_status == idle
    if connection.autocommit and is_idle:
        return "BEGIN", ["COMMIT"], ["ROLLBACK"]
    back = ["ROLLBACK TO " + POINT, "RELEASE " + POINT]
    return "SAVEPOINT " + POINT, ["RELEASE " + POINT], ["ROLLBACK"] if is_idle else back


def _aside(execute, plain, count):
    """The rows that a query counts; the transaction goes on where it fails, and the statement says what is wrong."""
    execute(plain, "SAVEPOINT " + COUNTED)
    rows = number(lambda: execute(plain, *count).fetchone()[0])
    if rows < 0:
        execute(plain, "ROLLBACK TO " + COUNTED)
    execute(plain, "RELEASE " + COUNTED)
    return rows


def psycopg(cursor, idle, execute, plain, run, count, ask):
    """``run()`` with a cursor of psycopg; ``plain`` is another one on the same connection."""
    begin, keep, back = _turns(cursor.connection, idle)
    execute(plain, begin)
    try:
        rows = _aside(execute, plain, count) if count else None
        made = run()
        ask(cursor.rowcount if rows is None else rows)
    except BaseException:
        for one in back:
            execute(plain, one)
        raise
    for one in keep:
        execute(plain, one)
    return made


async def psycopg_async(cursor, idle, execute, plain, run, count, ask):
    """As ``psycopg``, for a cursor that is awaited."""
    begin, keep, back = _turns(cursor.connection, idle)
    await execute(plain, begin)
    try:
        rows = None
        if count:
            await execute(plain, *count)
            rows = (await plain.fetchone())[0]
        made = await run()
        ask(cursor.rowcount if rows is None else rows)
    except BaseException:
        for one in back:
            await execute(plain, one)
        raise
    for one in keep:
        await execute(plain, one)
    return made


if __name__ == "__main__":
    sys.exit("this file is loaded by the kernel's launcher")
