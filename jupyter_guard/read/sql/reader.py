"""SQL text -> effects, by sqlglot where it parses and by its leading words where it does not.

Most SQL only reads: text without a word that changes anything is not parsed at all.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from jupyter_guard.read.context import HOLE, Context
from jupyter_guard.read.sql.scan import bare, scanned, statements
from jupyter_guard.terms import Certainty, Effect, Kind, Scope

DIALECTS = ("", "postgres", "spark", "duckdb", "mysql", "tsql", "snowflake", "bigquery", "oracle", "clickhouse")
LONGEST = 200_000
MOST_STATEMENTS = 500
MOST_BRACKETS = 1_000
_CHANGES = re.compile(
    r"\b(?:drop|truncate|delete|update|merge|alter|grant|revoke|create|insert|replace|copy|call|exec(?:ute)?|attach|detach"
    r"|install|load|into|vacuum|rename|set|purge|kill|shutdown|load_file|pg_read_file|lo_import|lo_export|xp_\w+|sp_\w+"
    r"|dblink\w*|pg_terminate_backend|pragma|undrop|unload|export|restore|backup|optimize|declare|do|prepare|comment|lock|flush|reset)\b",
    re.IGNORECASE,
)

# How statements begin that leave data as they are; what begins otherwise has to be parsed, or is unread.
_READS = re.compile(
    r"(?:select|with|show|describe|desc|explain|values|from|use|begin|start|commit|rollback|savepoint|release|end|fetch"
    r"|close|analy[sz]e|table|summarize|pivot|unpivot|refresh|cache|uncache|msck|reindex|checkpoint|listen|help|list|go"
    r"|\.(?:tables|schema|headers?|mode|databases|help|width|indexes|indices|timer|quit|exit))\b|\\[dlctxz?]",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_ONLY_EXPLAINS = re.compile(r"\s*(?:explain(?!\s+analy[sz]e)|describe|desc|show)\b", re.IGNORECASE)


def read_sql(text: str, context: Context, dialect: str | None = None) -> list[Effect]:
    """What the statements of ``text`` would do.

    ``context.database`` names the database where it is known. Text with unknown parts (``HOLE``) is read for what is
    known of it. Never raises for any text, but ``BudgetSpent`` when the cell's work is used up.
    """
    context.spend(10 + len(text) // 50)
    if len(text) > LONGEST:
        return [context.effect(Kind.UNREAD, via="SQL")]
    text = _TEMPLATE.sub(HOLE, text)
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
    plain = bare(text)
    if _only_reads(plain) or _ONLY_EXPLAINS.match(plain):
        return
    tree = _parsed(text, dialect)
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
    if tree is None and not handled:
        yield context.effect(Kind.UNREAD, via="SQL")


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
            kind = str(node.args.get("kind") or "TABLE").upper()
            dropped = node.this or next(iter(node.expressions), None) or node.find(exp.Table)
            yield from _destroys(context, dropped, f"DROP {kind}", ("ddl",), made, kind.lower())
        elif isinstance(node, exp.TruncateTable):
            for table in node.expressions:
                yield from _destroys(context, table, "TRUNCATE", ("no-where",), made)
        elif isinstance(node, exp.Delete | exp.Update):
            verb = "DELETE" if isinstance(node, exp.Delete) else "UPDATE"
            if _is_bounded(node):
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
            drops = [action for action in node.args.get("actions", []) if isinstance(action, exp.Drop)]
            if drops:
                continue
            yield _effect(context, Kind.DATA_WRITE, node.this, "ALTER", ("ddl",), made)
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
    elif kind in ("USER", "ROLE"):
        yield _grants(context, f"CREATE {kind}", name)
    else:
        yield _effect(context, Kind.DATA_WRITE, node.this, f"CREATE {kind}", ("ddl", "new-only"), made)
    if kind == "TABLE":
        made.add(name.lower())


def _temporary() -> Any:
    from sqlglot import exp

    return exp.TemporaryProperty


def _is_bounded(node: Any) -> bool:
    """Whether a WHERE, a LIMIT or a join narrows what a DELETE or UPDATE touches."""
    from sqlglot import exp

    if node.args.get("limit") is not None:
        return True
    where = node.args.get("where")
    if where is None:
        return False
    return not _is_true(where.this, exp)


def _is_true(condition: Any, exp: Any) -> bool:
    while isinstance(condition, exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.Or):
        return _is_true(condition.left, exp) or _is_true(condition.right, exp)
    if isinstance(condition, exp.And):
        return _is_true(condition.left, exp) and _is_true(condition.right, exp)
    if isinstance(condition, exp.Not):
        inner = condition.this
        while isinstance(inner, exp.Paren):
            inner = inner.this
        if isinstance(inner, exp.Is):
            return False
        return isinstance(inner, exp.Boolean) and not inner.this
    if isinstance(condition, exp.Boolean):
        return bool(condition.this)
    if isinstance(condition, exp.Literal):
        return str(condition.this) not in ("0", "")
    if isinstance(condition, exp.EQ | exp.GTE | exp.LTE):
        return bool(condition.left == condition.right)
    if isinstance(condition, exp.NEQ | exp.LT | exp.GT):
        both = isinstance(condition.left, exp.Literal) and isinstance(condition.right, exp.Literal)
        return both and condition.left != condition.right
    if isinstance(condition, exp.Like):
        return str(condition.expression.this) == "%" if isinstance(condition.expression, exp.Literal) else False
    return False


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
