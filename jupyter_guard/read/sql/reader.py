"""SQL text -> effects, by sqlglot where it parses and by its leading words where it does not.

Most SQL only reads: text without a word that changes anything is not parsed at all.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from typing import Any

from jupyter_guard.read.context import HOLE, Context
from jupyter_guard.read.sql.embedded import files_read, inner_texts, without_template
from jupyter_guard.read.sql.scan import bare, scanned, statements
from jupyter_guard.terms import Certainty, Effect, Kind, Scope

DIALECTS = ("", "postgres", "spark", "duckdb", "mysql", "tsql", "snowflake", "bigquery", "oracle", "clickhouse")
LONGEST = 200_000
MOST_STATEMENTS = 500
MOST_BRACKETS = 1_000
_CHANGES = re.compile(
    r"\b(?:drop|truncate|delete|update|merge|alter|grant|revoke|create|insert|replace|copy|call|exec(?:ute)?|attach|detach"
    r"|install|load|into|vacuum|rename|set|purge|kill|shutdown|load_file|pg_read_file|lo_import|lo_export|xp_\w+|sp_\w+"
    r"|dblink\w*|pg_terminate_backend|pg_cancel_backend|pragma|undrop|unload|export|restore|backup|optimize|do|query_to_xml|openquery|prepare|comment|lock|flush|reset)\b",
    re.IGNORECASE,
)

# How statements begin that leave data as they are; what begins otherwise has to be parsed, or is unread.
_READS = re.compile(
    r"(?:select|with|declare|show|describe|desc|explain|values|from|use|begin|start|commit|rollback|savepoint|release|end|fetch"
    r"|close|analy[sz]e|table|summarize|pivot|unpivot|refresh|cache|uncache|msck|reindex|checkpoint|listen|help|list|go"
    r"|\.(?:dump|databases|show|print|echo|bail|separator|nullvalue|tables|schema|headers?|mode|databases|help|width|indexes|indices|timer|quit|exit))\b|\\[dlctxz?]",
    re.IGNORECASE,
)
# Commands of sqlite3, psql and mysql themselves that leave the database.
_CLIENT = re.compile(
    r"\s*(?P<name>\.(?:shell|system|read|output|once|backup|save|import|restore|clone)\b|\\[!io]|(?:system|source)(?=\s))"
    r"\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_VENDORS = re.compile(
    r"\s*(?:drop\s+(?:owned|partition|replication|subscription)|alter\s+system|set\b|pragma\b|revoke\b|grant\b"
    r"|create\s+(?:user|role|login|extension)\b|alter\s+(?:user|role|login)\b)",
    re.IGNORECASE,
)
# Settings of one connection, where the words say nothing of a wider reach.
_SETTING = re.compile(r"\s*(?:set|pragma)\b", re.IGNORECASE)
_ONLY = re.compile(
    r"\b(delete\s+from|update|truncate(?:\s+table)?|alter\s+table|from|join)\s+only\s+(?=[\w\"(])", re.IGNORECASE
)
_ONLY_EXPLAINS = re.compile(r"\s*(?:explain(?!\s+analy[sz]e)|describe|desc|show)\b", re.IGNORECASE)


def read_sql(text: str, context: Context, dialect: str | None = None) -> list[Effect]:
    """What the statements of ``text`` would do.

    ``context.database`` names the database where it is known. Text with unknown parts (``HOLE``) is read for what is
    known of it. Never raises for any text, but ``BudgetSpent`` when the cell's work is used up.
    """
    context.spend(10 + len(text) // 50)
    if len(text) > LONGEST:
        return [context.effect(Kind.UNREAD, via="SQL")]
    text, queries, macros = without_template(text)
    effects = [context.file(Kind.FILE_READ, path, via="SELECT") for path in files_read(text)]
    effects += _exhausting(text, context)
    for name, argument in macros:
        effects.append(context.effect(
            Kind.DATA_DESTROY, target(argument, context), via=name, scope=context.data_scope,
            tags=("unvetted-api",), certainty=Certainty.UNKNOWN,
        ))  # fmt: skip
    for query in queries:
        effects += read_sql(query, context.deeper(), dialect)
    return effects + _statements(text, context, dialect)


_SERIES = re.compile(r"\b(?:range|generate_series|numbers|sequence)\s*\((?:[^()]*,)?\s*(\d{11,})\s*[,)]", re.IGNORECASE)
# A series of any length: two of them beside each other are as many rows as their lengths multiplied.
_LENGTHS = re.compile(r"\b(?:range|generate_series|numbers|sequence)\s*\((?:[^()]*,)?\s*(\d{3,10})\s*\)", re.IGNORECASE)
_APART = re.compile(r"\b(?:union|intersect|except|with)\b|;\s*\S", re.IGNORECASE)
MOST_ROWS = 10_000_000_000
_CROSS = re.compile(r"\bcross\s+join\s+(?!unnest|lateral|jsonb?_|generate_|\()", re.IGNORECASE)
_BOUNDED = re.compile(r"\b(?:where|limit|fetch\s+first|top\s+\d|tablesample)\b", re.IGNORECASE)


def _exhausting(text: str, context: Context) -> list[Effect]:
    """Rows that no machine holds: a series of them, or every row of three tables with each other."""
    series = _SERIES.search(text)
    lengths = [int(one) for one in _LENGTHS.findall(text)]
    product = math.prod(lengths) if len(lengths) > 1 and not (_BOUNDED.search(text) or _APART.search(text)) else 0
    if series is None and product < MOST_ROWS and (len(_CROSS.findall(text)) < 2 or _BOUNDED.search(text)):
        return []
    return [
        context.effect(
            Kind.RESOURCE_EXHAUST,
            f"{int(series[1]) if series is not None else product:,} rows"
            if series is not None or product >= MOST_ROWS
            else "every row of several tables with each other",
            via="SELECT", scope=context.data_scope, tags=("unbounded",), certainty=Certainty.LIKELY,
        )
    ]  # fmt: skip


def _statements(text: str, context: Context, dialect: str | None) -> list[Effect]:
    if all(_only_reads(bare(one)) for one in (text, *statements(text))):
        return []
    if text.count("(") > MOST_BRACKETS:
        return [context.effect(Kind.UNREAD, via="SQL"), *scanned(text, context, set(), parsed=True)]
    context.spend(2_000)
    found = statements(text)
    made: set[str] = set()
    effects: list[Effect] = []
    if len(found) > MOST_STATEMENTS:
        effects.append(context.effect(Kind.UNREAD, via="SQL"))
    for statement in found[:MOST_STATEMENTS]:
        for effect in _statement(statement, context, dialect, made):
            tags = effect.tags | ({"stacked"} if len(found) > 1 else set())
            effects.append(context.effect(
                effect.kind, effect.target, via=effect.via, scope=effect.scope, tags=tags,
                reversible=effect.reversible, certainty=effect.certainty,
            ))  # fmt: skip
    return effects


def _statement(text: str, context: Context, dialect: str | None, made: set[str]) -> Iterator[Effect]:
    command = _CLIENT.match(text)
    if command is not None:
        yield from _client(command, context)
        return
    inner = list(inner_texts(text))
    for one in inner:
        yield from _statements(one, context.deeper(), dialect)
    if inner:
        return
    plain = bare(text)
    if _only_reads(plain) or _ONLY_EXPLAINS.match(plain):
        return
    text = _ONLY.sub(r"\1 ", text)
    # Where the grammar takes these for something else, the words speak.
    tree = None if _VENDORS.match(plain) else _parsed(text, dialect)
    handled = False
    if tree is not None:
        try:
            for effect in _of_tree(tree, context, made):
                handled = True
                yield effect
        except RecursionError:
            yield context.effect(Kind.UNREAD, via="SQL")
            return
    if tree is None or not handled:
        # Vendors' statements, and text with unknown parts where the grammar wants a name.
        for effect in scanned(text, context, made, parsed=tree is not None):
            handled = True
            yield effect
    if tree is None and not handled and not _SETTING.match(plain):
        yield context.effect(Kind.UNREAD, via="SQL")


def _client(command: re.Match[str], context: Context) -> Iterator[Effect]:
    """A command to the client itself, among the statements."""
    name, rest = command["name"].lower(), command["rest"].strip().strip("'\"")
    if name in (".shell", ".system", "\\!", "system"):
        from jupyter_guard.read.shell import read_shell

        yield from read_shell(rest, context.deeper())
    elif name in (".read", "\\i", "source"):
        tags = ("from:file",)
        yield context.effect(Kind.CODE_EXECUTE, rest, via=name, scope=context.path_scope(rest), tags=tags)
    elif rest:
        kind = Kind.FILE_READ if name in (".import", ".restore") else Kind.FILE_WRITE
        yield context.file(kind, rest.split()[0], via=name)


def _only_reads(plain: str) -> bool:
    """Whether a text without comments and literals begins as statements that only read do, and names no change."""
    first = plain.lstrip("( \t\r\n;")
    if not first:
        return "(" not in plain and "'" not in plain
    return bool(_READS.match(first)) and not _CHANGES.search(plain)


def _parsed(text: str, dialect: str | None) -> Any:
    import sqlglot
    from sqlglot import exp

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    shown = text.replace(HOLE, "jg_unknown")
    for name in (dialect, *DIALECTS) if dialect else DIALECTS:
        try:
            tree = sqlglot.parse_one(shown, read=name or None)
        except (
            sqlglot.errors.SqlglotError,
            RecursionError,
            ValueError,
            IndexError,
            KeyError,
            AttributeError,
            TypeError,
        ):
            continue
        if tree is not None and not isinstance(tree, exp.Command | exp.Alias | exp.Column | exp.Identifier):
            return tree
    return None


def _of_tree(tree: Any, context: Context, made: set[str]) -> Iterator[Effect]:
    from sqlglot import exp

    for node in tree.walk():
        context.spend()
        if isinstance(node, exp.Drop):
            if isinstance(node.parent, exp.Alter):
                continue
            kind = str(node.args.get("kind") or "TABLE").upper()
            for dropped in _dropped(node):
                yield from _destroys(context, dropped, f"DROP {kind}", ("ddl",), made, kind.lower())
        elif isinstance(node, exp.TruncateTable):
            for table in node.expressions:
                yield from _destroys(context, table, "TRUNCATE", ("no-where",), made)
        elif isinstance(node, exp.Delete | exp.Update):
            from jupyter_guard.read.sql.conditions import is_bounded

            verb = "DELETE" if isinstance(node, exp.Delete) else "UPDATE"
            if is_bounded(node):
                yield _effect(context, Kind.DATA_WRITE, node.this, verb, (), made)
            else:
                yield from _destroys(context, node.this, verb, ("no-where",), made)
        elif isinstance(node, exp.Merge):
            deletes = any("DELETE" in str(when.args.get("then")).upper() for when in node.find_all(exp.When))
            if deletes:
                yield from _destroys(context, node.this, "MERGE DELETE", ("bulk",), made)
            else:
                yield _effect(context, Kind.DATA_WRITE, node.this, "MERGE", (), made)
        elif isinstance(node, exp.Alter):
            yield from _alters(context, node, made)
        elif isinstance(node, exp.Insert):
            if node.args.get("overwrite"):
                yield from _destroys(context, node.this, "INSERT OVERWRITE", ("replace",), made)
            else:
                yield _effect(context, Kind.DATA_WRITE, node.this, "INSERT", ("append",), made)
        elif isinstance(node, exp.Create):
            yield from _creates(context, node, made)
        elif isinstance(node, exp.Copy):
            yield from scanned(node.sql(), context, made, parsed=False)
        elif isinstance(node, exp.Into):
            yield _effect(context, Kind.DATA_WRITE, node.this, "SELECT INTO", ("new-only",), made)


def _creates(context: Context, node: Any, made: set[str]) -> Iterator[Effect]:
    kind = str(node.args.get("kind") or "TABLE").upper()
    name = _name(node.this)
    temporary = bool(node.find(_temporary()))
    if node.args.get("replace") and kind == "TABLE" and not temporary:
        yield from _destroys(context, node.this, "CREATE OR REPLACE TABLE", ("replace",), made)
    elif node.args.get("replace") and kind in ("DATABASE", "SCHEMA"):
        # With all that is in it.
        yield from _destroys(context, node.this, f"CREATE OR REPLACE {kind}", ("ddl",), made, kind.lower())
    elif kind in ("USER", "ROLE"):
        yield _grants(context, f"CREATE {kind}", name)
    else:
        what = kind.lower() if kind in ("DATABASE", "SCHEMA", "VIEW", "INDEX") else "table"
        yield _effect(context, Kind.DATA_WRITE, node.this, f"CREATE {kind}", ("ddl", "new-only"), made, what)
    if kind == "TABLE":
        made.add(name.lower())


def _dropped(node: Any) -> list[Any]:
    """What a DROP names; where it stands in the tree differs between versions of sqlglot."""
    from sqlglot import exp

    return node.args.get("tables") or [node.this or next(iter(node.expressions), None) or node.find(exp.Table)]


# What can be dropped from a table without losing what it holds.
_NO_DATA = frozenset({"CONSTRAINT", "INDEX", "KEY", "PRIMARY KEY", "FOREIGN KEY", "CHECK", "DEFAULT", "NOT NULL"})


def _alters(context: Context, node: Any, made: set[str]) -> Iterator[Effect]:
    from sqlglot import exp

    table = _name(node.this)
    actions = node.args.get("actions", [])
    kept = len(actions)
    for action in actions:
        if isinstance(action, exp.DropPartition):
            gone, what, via = f"of table `{table}`", "a partition", "DROP PARTITION"
        elif isinstance(action, exp.Drop) and str(action.args.get("kind") or "COLUMN").upper() not in _NO_DATA:
            what = str(action.args.get("kind") or "COLUMN").lower()
            via = f"DROP {what.upper()}"
            names = ", ".join(f"`{_name(one)}`" for one in _dropped(action))
            gone = f"of table `{table}`"
            what = f"the {what} {names}"
        else:
            continue
        kept -= 1
        yield _destroyed(context, f"{what} {gone}", via, table, made)
    if kept or not actions:
        yield _effect(context, Kind.DATA_WRITE, node.this, "ALTER", ("ddl",), made)


def _destroyed(context: Context, what: str, verb: str, table: str, made: set[str]) -> Effect:
    own = table.lower() in made
    where = f" in `{context.database}`" if context.database and context.database != HOLE else ""
    return context.effect(
        Kind.DATA_DESTROY,
        what.replace("jg_unknown", "…").replace(HOLE, "…") + where,
        via=verb,
        scope=Scope.SESSION if own else context.data_scope,
        tags={"ddl", *({"self-made"} if own else set())},
    )


def _temporary() -> Any:
    from sqlglot import exp

    return exp.TemporaryProperty


def _destroys(
    context: Context, node: Any, verb: str, tags: tuple[str, ...], made: set[str], what: str = "table"
) -> Iterator[Effect]:
    yield _effect(context, Kind.DATA_DESTROY, node, verb, tags, made, what)


def _effect(
    context: Context, kind: Kind, node: Any, verb: str, tags: tuple[str, ...], made: set[str], what: str = "table"
) -> Effect:
    name = _name(node)
    extra = {"self-made"} if name.lower() in made else set()
    scope = Scope.SESSION if extra else context.data_scope
    return context.effect(
        kind, target(name, context, what), via=verb, scope=scope, tags={*tags, *extra}, certainty=Certainty.CERTAIN
    )


def target(name: str, context: Context, what: str = "table") -> str:
    """``table `sales` in `shop.db```: how a sentence names it."""
    shown = name.replace("jg_unknown", "…").replace(HOLE, "…")
    where = f" in `{context.database}`" if context.database and context.database != HOLE else ""
    return f"{what} `{shown}`{where}" if shown and shown != "…" else f"a {what}{where}"


def _grants(context: Context, verb: str, name: str) -> Effect:
    return context.effect(Kind.PRIVILEGE_RAISE, name, via=verb, scope=context.data_scope, tags=("grants",))


def _name(node: Any) -> str:
    from sqlglot import exp

    if isinstance(node, exp.Schema):
        node = node.this
    if isinstance(node, exp.Table):
        parts = [part.name for part in node.parts] if node.parts else []
        return ".".join(part for part in parts if part)
    return str(getattr(node, "name", "") or "")
