"""SQL text -> its statements, its text without comments and literals, and what leading words alone say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_guard.read.context import HOLE, Context
from jupyter_guard.terms import Certainty, Effect, Kind, Scope

MOST_TAGS = 200
_PIECES = re.compile(
    r"--[^\n]*|#[^\n]*(?=\n|$)|/\*(?:!\d*)?|\$(?P<tag>\w*)\$|'(?:''|\\.|[^'\\])*'?|\"(?:\"\"|[^\"])*\"?|`[^`]*`?|;",
    re.DOTALL,
)
_NAME = r"(?P<name>[\w.\"`\[\]$" + HOLE + r"*-]+)"
_WHO = r"['\"`\[]?(?P<name>[\w.*@%-]+)"
_IF = r"(?:if\s+(?:not\s+)?exists\s+)?"

# Leading words -> kind, what it is called, tags. In order: the first that fits speaks.
_WORDS: tuple[tuple[re.Pattern[str], Kind, str, tuple[str, ...], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), kind, via, tags, what)
    for pattern, kind, via, tags, what in (
        (r"\bcopy\b.*\b(?:from|to)\s+program\b", Kind.CODE_EXECUTE, "COPY PROGRAM", ("os-command",), "a program"),
        (r"\b(?:xp_cmdshell|sys_exec|sys_eval|xp_reg\w+)\b", Kind.CODE_EXECUTE, "xp_cmdshell", ("os-command",), "a command"),
        (r"\binto\s+(?:out|dump)file\b", Kind.FILE_WRITE, "INTO OUTFILE", ("os-command",), "a file of the server"),
        (r"\b(?:load_file|pg_read_file|lo_import|pg_read_binary_file|openrowset|utl_file)\s*[\(.]", Kind.FILE_READ, "LOAD_FILE", (), "a file of the server"),
        (r"\blo_export\s*\(", Kind.FILE_WRITE, "lo_export", (), "a file of the server"),
        (r"\bpg_(?:terminate|cancel)_backend\s*\(", Kind.PROCESS_SIGNAL, "pg_terminate_backend", (), "connections of the database server"),
        (rf"^\s*drop\s+owned\s+by\s+{_NAME}", Kind.DATA_DESTROY, "DROP OWNED", ("ddl",), "everything of user"),
        (rf"^\s*set\s+password\b(?:\s+for\s+{_WHO})?", Kind.PRIVILEGE_RAISE, "SET PASSWORD", ("grants",), ""),
        (rf"^\s*alter\s+system\s+(?:re)?set\s+{_NAME}", Kind.DATA_WRITE, "ALTER SYSTEM", ("server-setting",), "setting"),
        (rf"^\s*alter\s+account\s+(?:un)?set\s+{_NAME}", Kind.DATA_WRITE, "ALTER ACCOUNT", ("server-setting",), ""),
        (rf"^\s*set\s+(?:global\s+|persist(?:_only)?\s+|@@(?:global|persist(?:_only)?)\.){_NAME}", Kind.DATA_WRITE, "SET GLOBAL", ("server-setting",), "setting"),
        (r"^\s*pragma\s+(?:\w+\.)?(?P<name>writable_schema|trusted_schema|journal_mode|synchronous|secure_delete)\s*[=(]\s*(?:1|on|true|yes|off)\b", Kind.DATA_WRITE, "PRAGMA", ("server-setting",), "setting"),
        (rf"^\s*create\s+extension\s+{_IF}{_NAME}", Kind.DATA_WRITE, "CREATE EXTENSION", ("server-setting",), "extension"),
        (rf"^\s*drop\s+(?:\w+\s+)??(?P<what>table|database|schema|view|index|keyspace|collection|catalog|user|role|column|function|materialized\s+view|stage|warehouse|volume|sequence|type|tablespace|partition)s?\b\s*{_IF}{_NAME}?", Kind.DATA_DESTROY, "DROP", ("ddl",), "table"),
        (rf"^\s*drop\s+{_IF}{_NAME}", Kind.DATA_DESTROY, "DROP", ("ddl",), "table"),
        (rf"^\s*truncate\s+(?:table\s+)?{_IF}{_NAME}", Kind.DATA_DESTROY, "TRUNCATE", ("no-where",), "table"),
        (rf"^\s*replace\s+into\s+{_NAME}", Kind.DATA_WRITE, "REPLACE", ("replace",), "table"),
        (rf"\bdelete\s+from\s+{_NAME}(?!.*\bwhere\b)", Kind.DATA_DESTROY, "DELETE", ("no-where",), "table"),
        (rf"\bdelete\s+from\s+{_NAME}.*\bwhere\s+(?:1\s*=\s*1|true|1)\b", Kind.DATA_DESTROY, "DELETE", ("no-where",), "table"),
        (rf"^\s*delete\s+{_NAME}(?!.*\bwhere\b)", Kind.DATA_DESTROY, "DELETE", ("no-where",), "table"),
        (rf"\bdelete\s+from\s+{_NAME}", Kind.DATA_WRITE, "DELETE", (), "table"),
        (rf"^\s*update\s+{_NAME}\s+set\b(?!.*\bwhere\b)", Kind.DATA_DESTROY, "UPDATE", ("no-where",), "table"),
        (rf"^\s*update\s+{_NAME}\s+set\b", Kind.DATA_WRITE, "UPDATE", (), "table"),
        (rf"^\s*alter\s+(?:table|schema|database)\s+{_IF}{_NAME}.*\bdrop\b", Kind.DATA_DESTROY, "ALTER DROP", ("ddl",), "table"),
        (rf"^\s*grant\b(?:.*?\b(?:on|to)\s+(?:table\s+|all\s+tables\s+in\s+|schema\s+|database\s+|role\s+|user\s+)*{_WHO})?", Kind.PRIVILEGE_RAISE, "GRANT", ("grants",), ""),
        (rf"^\s*(?:alter|create)\s+(?:user|role|login)\s+{_IF}{_WHO}?", Kind.PRIVILEGE_RAISE, "GRANT", ("grants",), ""),
        (rf"^\s*revoke\b(?:.*?\bon\s+(?:table\s+|all\s+tables\s+in\s+|schema\s+|database\s+)*{_NAME})?", Kind.DATA_WRITE, "REVOKE", ("ddl",), "table"),
        (rf"^\s*alter\s+\w+\s+{_IF}{_NAME}", Kind.DATA_WRITE, "ALTER", ("ddl",), "table"),
        (rf"\binsert\s+overwrite\s+(?:table\s+)?(?:directory\s+)?{_NAME}", Kind.DATA_DESTROY, "INSERT OVERWRITE", ("replace",), "table"),
        (rf"\bmerge\s+into\s+{_NAME}.*\bdelete\b", Kind.DATA_DESTROY, "MERGE DELETE", ("bulk",), "table"),
        (rf"\b(?:insert|merge)\s+into\s+{_NAME}", Kind.DATA_WRITE, "INSERT", ("append",), "table"),
        (rf"^\s*create\s+or\s+replace\s+(?:transient\s+)?table\s+{_NAME}", Kind.DATA_DESTROY, "CREATE OR REPLACE TABLE", ("replace",), "table"),
        (rf"^\s*create\s+or\s+replace\s+(?:transient\s+)?(?P<what>database|schema)\s+{_NAME}", Kind.DATA_DESTROY, "CREATE OR REPLACE", ("ddl",), "database"),
        (rf"^\s*create\b.*?\b(?:table|view|schema|database|index)\s+{_IF}{_NAME}", Kind.DATA_WRITE, "CREATE", ("ddl", "new-only"), "table"),
        (r"^\s*copy\s+.*\bto\s+(?P<name>'[^']*'|\S+)", Kind.FILE_WRITE, "COPY TO", (), "a file"),
        (r"^\s*(?:export|unload|backup)\b", Kind.FILE_WRITE, "EXPORT", (), "a file"),
        (rf"^\s*copy\s+{_NAME}", Kind.DATA_WRITE, "COPY", ("append",), "table"),
        (r"^\s*load\s+data\b.*?\binfile\s+(?P<name>'[^']*')", Kind.FILE_READ, "LOAD DATA", (), "a file of the server"),
        (r"^\s*(?:force\s+)?install\s+(?P<name>[\w'./-]+)\s+from\s+'http:", Kind.PACKAGE_INSTALL, "INSTALL", ("cleartext", "from:network"), ""),
        (r"^\s*(?:force\s+)?install\s+(?P<name>[\w'./-]+)\s+from\s+'\w+:", Kind.PACKAGE_INSTALL, "INSTALL", ("from:network",), ""),
        (r"^\s*(?:install|load)\s+'(?P<name>\w+://[^']+)'", Kind.PACKAGE_INSTALL, "INSTALL", ("from:network",), ""),
        (r"^\s*(?:install|load)\s+(?P<name>[\w'./-]+)", Kind.PACKAGE_INSTALL, "INSTALL", (), ""),
        (r"^\s*attach\b", Kind.FILE_READ, "ATTACH", (), "a database"),
        (rf"^\s*vacuum\b(?:.*\bretain\s+0\b)|^\s*purge\b\s*{_NAME}?", Kind.DATA_DESTROY, "VACUUM", (), "table"),
        (r"^\s*kill\b", Kind.PROCESS_SIGNAL, "KILL", (), "a connection of the database server"),
        (r"^\s*shutdown\b", Kind.PROCESS_SIGNAL, "SHUTDOWN", (), "the database server"),
        (rf"^\s*lock\s+(?:tables?\s+)?{_NAME}", Kind.DATA_WRITE, "LOCK", ("exclusive",), "table"),
        (r"^\s*(?:optimize|flush|comment|reset|unlock|cluster)\b", Kind.DATA_WRITE, "OPTIMIZE", (), "a table"),
        (r"^\s*rename\b", Kind.DATA_WRITE, "RENAME", ("ddl", "move"), "table"),
        (r"^\s*(?:exec(?:ute)?|call|do)\b", Kind.DATA_WRITE, "EXECUTE", ("dynamic",), "a procedure"),
    )
)  # fmt: skip


def statements(text: str) -> list[str]:
    """The statements of ``text``, split at the semicolons outside literals and comments; comments are taken out."""
    found, current, at = [], [], 0
    for start, end, kind in _pieces(text):
        current.append(text[at:start])
        if kind == "comment":
            current.append(" ")
        elif kind == "end":
            found.append("".join(current))
            current = []
        else:
            current.append(text[start:end])
        at = end
    found.append("".join([*current, text[at:]]))
    return [one for one in found if one.strip()]


def bare(text: str) -> str:
    """``text`` without comments, and with literals emptied."""
    out, at = [], 0
    for start, end, kind in _pieces(text):
        out.append(text[at:start])
        out.append({"comment": " ", "end": ";", "literal": "''"}.get(kind, text[start:end]))
        at = end
    return "".join([*out, text[at:]])


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    at = dollars = 0
    open_tags: set[str] = set()
    while found := _PIECES.search(text, at):
        start, end, piece = found.start(), found.end(), found[0]
        if piece.startswith("/*!"):
            # MySQL runs what stands in such a comment.
            yield start, end, "comment"
            closing = text.find("*/", end)
            if closing >= 0:
                yield closing, closing + 2, "comment"
                at = closing + 2
                continue
            return
        if piece == "/*":
            closing = text.find("*/", end)
            end = len(text) if closing < 0 else closing + 2
            yield start, end, "comment"
        elif piece.startswith(("--", "#")):
            if piece.startswith("#") and start and not text[start - 1].isspace():
                at = start + 1
                continue
            yield start, end, "comment"
        elif piece.startswith("$"):
            closing = -1 if piece in open_tags else text.find(piece, end)
            if closing < 0:
                # Each tag is looked for once: otherwise many different ones take quadratic time.
                open_tags.add(piece)
                dollars += 1
                if dollars > MOST_TAGS:
                    return
                at = end
                continue
            end = closing + len(piece)
            yield start, end, "text"
        elif piece == ";":
            yield start, end, "end"
        else:
            yield start, end, "literal" if piece[0] == "'" else "text"
        at = end


def scanned(text: str, context: Context, made: set[str], *, parsed: bool) -> Iterator[Effect]:
    """What the words of one statement say. ``parsed`` statements are looked at for what the grammar hides only."""
    from jupyter_guard.read.sql.reader import target

    flat = re.sub(r"\s+", " ", bare(text)).strip()
    files = re.sub(r"\s+", " ", text).strip()
    for pattern, kind, via, tags, what in _WORDS:
        found = pattern.search(files if via in _WITH_LITERALS else flat)
        if not found:
            continue
        groups = found.groupdict()
        name = (groups.get("name") or "").strip("'\"`[]")
        what = (groups.get("what") or what).lower()
        if via == "DROP":
            via = f"DROP {what.upper()}"
        shown = target(name, context, what) if what in _NAMED or groups.get("what") else name or what
        scope = context.data_scope
        if kind is Kind.FILE_WRITE and via == "COPY TO" and name:
            yield context.file(kind, name, via=via)
            return
        if kind in (Kind.FILE_WRITE, Kind.FILE_READ, Kind.CODE_EXECUTE):
            scope = Scope.REMOTE if "server" in what or kind is Kind.CODE_EXECUTE else scope
        extra = {"self-made"} if name.lower() in made and name else set()
        certainty = Certainty.LIKELY if HOLE in text and kind is Kind.DATA_DESTROY else Certainty.CERTAIN
        yield context.effect(kind, shown, via=via, scope=scope, tags={*tags, *extra}, certainty=certainty)
        return
    if not parsed and HOLE in text:
        yield context.effect(Kind.DATA_WRITE, via="SQL", tags=("dynamic",), certainty=Certainty.UNKNOWN)


# Names in these may stand in quotes.
_WITH_LITERALS = frozenset(("COPY TO", "LOAD DATA", "INSTALL", "GRANT", "SET PASSWORD"))
_NAMED = frozenset(("table", "rights"))
