"""Text that a call would run -> the effects of that text, read by the reader of its language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from jupyter_guard.knowledge import Act
from jupyter_guard.read.context import HOLE, MAX_DEPTH
from jupyter_guard.read.python.acts import TAINTS
from jupyter_guard.read.python.fold import path_texts, shown
from jupyter_guard.read.python.reach import database_scope
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.source import Source, Unreadable, parse
from jupyter_guard.read.python.values import ANYTHING, Class, Const, Inst, Name, Seq, Unknown, Value, items_of
from jupyter_guard.terms import Certainty, Effect, Kind
from jupyter_guard.terms import Scope as Reach

MAX_TEXTS = 6
SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*|\{[{%#].*?[}%#]\}\s*|\(\s*)*(?:SELECT|INSERT|UPDATE|DELETE|DROP|TRUNCATE|ALTER|CREATE|MERGE|REPLACE|GRANT"
    r"|REVOKE|COPY|WITH|EXEC|EXECUTE|CALL|VACUUM|UNLOAD|LOAD\s+DATA|PRAGMA|ATTACH|DETACH|SET\s|USE\s|BEGIN|OPTIMIZE"
    r"|RENAME|PURGE|EXPORT|IMPORT\s+(?:FOREIGN|FROM|INTO|TABLE|DATA|DATABASE)|INSTALL|MSCK|REFRESH|SHOW\s|DESCRIBE\s|DECLARE|DO|PREPARE|LOCK|KILL\s|SHUTDOWN|FLUSH|IF\s+(?:EXISTS|NOT|OBJECT_ID))\b",
    re.IGNORECASE | re.DOTALL,
)
# What SQLAlchemy makes of a table: a statement about all of its rows, until somebody narrows it.
_STATEMENTS = {"sqlalchemy.Delete": ("DELETE FROM ", ""), "sqlalchemy.Update": ("UPDATE ", " SET changed = 1")}
# Statements that are narrowed, or only read or add: whatever else is called on them.
_HARMLESS = "SELECT 1"
_BUILT_QUERY = re.compile(r"(?:sqlalchemy|sqlmodel)\.(?:\w+\.)*(?:select|insert|Narrowed)\b")
_INJECTED = re.compile(rf"(?:['\"%]|=\s*|\bLIKE\s+['\"]?|\bIN\s*\(){HOLE}", re.IGNORECASE)
_ATTACHES = re.compile(r"\bATTACH\b", re.IGNORECASE)


def _is_harmless(atom: object) -> bool:
    if type(atom) is Inst:
        return atom.type == "sqlalchemy.Narrowed"
    return type(atom) is Unknown and _BUILT_QUERY.match(atom.path) is not None


def texts_of(value: Value | None) -> list[str]:
    """The texts that ``value`` may be; ``HOLE`` for what is not known."""
    if value is None:
        return []
    found: dict[str, None] = {}
    for atom in value.atoms:
        if type(atom) is Const and isinstance(atom.value, (str, bytes)):
            found.setdefault(shown(atom.value))
        elif type(atom) is Inst and atom.type in _STATEMENTS:
            before, after = _STATEMENTS[atom.type]
            for text in texts_of(atom.made):
                found.setdefault(before + (text if text.strip(HOLE) else "rows") + after)
        elif _is_harmless(atom):
            found.setdefault(_HARMLESS)
        elif type(atom) is Name and atom.dotted[:1].isalpha() and atom.dotted.rpartition(".")[2][:1].isupper():
            # A class that stands for a table, of a module that is not seen.
            found.setdefault(atom.dotted.rpartition(".")[2])
        elif type(atom) is Class and "__tablename__" in atom.attrs:
            found.setdefault(atom.name)
        elif type(atom) is Inst and atom.made is not None:
            for text in texts_of(atom.made):
                found.setdefault(text)
        elif type(atom) is Const:
            continue
        else:
            found.setdefault(HOLE)
    if not value.atoms:
        return [HOLE]
    return list(found)[:MAX_TEXTS]


def read_argument(run: Run, act: Act, site: Site, tags: set[str]) -> bool:
    """Read the text argument of ``act``. Returns whether nothing is left to say about the call itself."""
    value = site.take(act.text) if act.text is not None else None
    if value is None:
        return not site.open
    flow = {f"from:{mark}" for mark in value.marks if mark in TAINTS}
    inherited = flow | (tags & {"obfuscated", "persist", "reflection"})
    for name in ("stdin", "stdout", "stderr"):
        stream = site.kwargs.get(name)
        if stream is not None and "network" in stream.marks:
            inherited.add("from:network")
    language = act.language
    # Tags of its own (it stays, it changes the kernel) are worth saying even where the text is harmless.
    plain = not (act.tags - {"shell"}) and "from:network" not in inherited - flow
    if language == "argv":
        if not plain:
            tags |= inherited
        return _argv(run, site, value, inherited, tags) and plain
    texts = texts_of(value)
    if not texts:
        return True
    done = True
    for text in texts:
        if text.strip(HOLE) == "":
            tags.add("dynamic")
            done = False
        elif language == "shell":
            done = read_shell(run, text, site, inherited) and done
            if HOLE in text:
                # Python put the command together: what fills the hole may hold a whole other command (CWE-78).
                tags |= {"dynamic", "shell"}
                done = False
        elif language == "sql":
            read_sql(run, text, site, inherited, act.scope)
        elif language == "python":
            done = _python(run, text, site, tags, inherited) and done
    return done and plain and "obfuscated" not in tags


def _argv(run: Run, site: Site, value: Value, inherited: set[str], tags: set[str]) -> bool:
    shell = site.kwargs.get("shell")
    in_shell = shell is not None and any(type(atom) is Const and atom.value for atom in shell.atoms)
    done = True
    for atom in value.atoms:
        if type(atom) is Seq:
            # `spawn("ssh", [host, command])`: the words behind the program in a list of their own.
            parts = [items_of(one) if one.atoms and type(one.atoms[0]) is Seq else None for one in atom.items]
            words = [_word(one) for item, part in zip(atom.items, parts, strict=True) for one in part or [item]]
            if atom.rest is not None:
                words.append(HOLE)
            if words and words[0].strip(HOLE):
                done = read_argv(run, words, site, inherited) and done
                continue
        elif type(atom) is Const and isinstance(atom.value, (str, bytes)) and shown(atom.value).strip(HOLE):
            text = shown(atom.value)
            if in_shell:
                done = read_shell(run, text, site, inherited | {"shell"}) and done
                if HOLE in text:
                    tags |= {"dynamic", "shell"}
                    done = False
            else:
                done = read_argv(run, text.split() or [text], site, inherited) and done
            continue
        elif type(atom) is Inst and atom.type == "pathlib.Path":
            done = read_argv(run, path_texts(atom.made or ANYTHING)[:1], site, inherited) and done
            continue
        tags.add("dynamic")
        run.emit(
            Kind.PROCESS_RUN,
            node=site.node,
            via=site.name,
            tags=tags | inherited | ({"shell"} if in_shell else set()),
            scope=Reach.UNKNOWN,
            origin=site.origin,
        )
    if not value.atoms:
        tags.add("dynamic")
        return False
    # A harmless command is still one that runs.
    return done and "obfuscated" not in tags


def _word(value: Value) -> str:
    texts = path_texts(value) if value.atoms else [HOLE]
    only = value.only()
    if only is not None:
        return shown(only.value)
    if any(type(atom) is Name and atom.dotted == "sys.executable" for atom in value.atoms):
        return "python"
    return texts[0]


def read_shell(run: Run, text: str, site: Site, tags: set[str]) -> bool:
    """Add the effects of a shell text. Returns whether there are any."""
    from jupyter_guard.read.shell import read_shell as reader

    found = _printing(run, reader(text, run.here(site.node, tags).deeper(), _fed(site), seen=_is_seen(site)), site)
    if HOLE in text:
        # Python put the command together: what fills the hole may hold a whole other command (CWE-78).
        program = text.strip().partition(" ")[0]
        run.emit(
            Kind.PROCESS_RUN,
            program,
            node=site.node,
            via=site.name,
            tags={*tags, "dynamic", "shell"},
            origin=site.origin,
        )
        return True
    return found


def read_argv(run: Run, words: list[str], site: Site, tags: set[str]) -> bool:
    """Add the effects of a command that is given word by word. Returns whether there are any."""
    for word in words if run.memory.written else ():
        tags = tags | {f"from:{mark}" for mark in run.memory.written.get(run.here(None).resolve(word), ())}
    from jupyter_guard.read.shell import read_argv as reader

    context = run.here(site.node, tags).deeper()
    return _printing(run, reader(words, context, _fed(site), seen=_is_seen(site)), site)


# Whatever the command prints comes back to the caller.
_CAPTURING = frozenset({"check_output", "getoutput", "getstatusoutput", "popen", "popen2"})


def _is_seen(site: Site) -> bool:
    """Whether what a command prints ends in the cell's output."""
    if site.name.rpartition(".")[2] in _CAPTURING or "stdout" in site.kwargs:
        return False
    captured = site.kwargs.get("capture_output")
    return captured is None or not any(type(atom) is Const and atom.value for atom in captured.atoms)


def _fed(site: Site) -> str:
    """What a command is given to read: a text, and marks of where it comes from."""
    from jupyter_guard.read.shell.streams import SOURCES

    fed = ""
    for name in ("input", "stdin"):
        value = site.kwargs.get(name)
        if name == "input" and site.args and site.name.endswith(".communicate"):
            value = site.args[0]
        if value is not None:
            fed += next((text for text in texts_of(value) if name == "input"), "")
            fed += "".join(SOURCES[mark] for mark in sorted(value.marks) if mark in SOURCES)
    return fed


def _printing(run: Run, effects: list[Effect], site: Site) -> bool:
    """Add a command's effects, and mark what it prints where it reads credentials."""
    if any(one.kind is Kind.CREDENTIAL_READ or "credential-store" in one.tags for one in effects):
        site.printed = site.printed | {"credential", "file"}
    return _add(run, effects)


def read_sql(run: Run, text: str, site: Site, tags: set[str], scope: Reach | None = None) -> None:
    """Add the effects of an SQL text that goes to the receiver's database."""
    from jupyter_guard.read.sql import read_sql as reader

    typed = site.owner is not None and any(type(atom) is Inst for atom in site.owner.atoms)
    made = site.made() if typed else site.args[1] if len(site.args) > 1 else ANYTHING
    connection = [atom.made for atom in made.atoms if type(atom) is Inst and atom.made is not None]
    made = connection[0] if connection else made
    names = [name for name in path_texts(made) if name.strip(HOLE)]
    context = run.here(site.node, tags).deeper()
    if scope is None and site.owner is not None and all(_is_in_memory(atom) for atom in site.owner.atoms or (None,)):
        scope = Reach.SESSION
    run.memory.attached |= _ATTACHES.search(text) is not None
    if run.memory.attached and scope is Reach.SESSION:
        scope = None
    context = context.with_(database=names[0] if names else "", data_scope=scope or database_scope(run, made))
    if HOLE in text:
        context = context.with_(tags=context.tags | {"dynamic"})
    if not _add(run, reader(text, context)) and HOLE in text:
        # A query that only reads can carry another statement in the place of a value (CWE-89).
        run.emit(
            Kind.DATA_WRITE,
            node=site.node,
            via="SQL",
            tags=tags | {"dynamic"},
            scope=context.data_scope,
            certainty=Certainty.UNKNOWN,
        )
    if _INJECTED.search(text) and tags & {"from:user", "from:network", "from:model"}:
        run.emit(
            Kind.DATA_WRITE,
            names[0] if names else "",
            node=site.node,
            via=site.name,
            tags=tags | {"sql-injection"},
            scope=context.data_scope,
            certainty=Certainty.LIKELY,
        )
    elif HOLE in text:
        run.note("sql-injection" if _INJECTED.search(text) else "sql-with-holes", site.name, site.node)


def _is_in_memory(atom: object) -> bool:
    """Whether a connection was made without saying to which database, and that means one in memory."""
    return type(atom) is Inst and atom.type == "duckdb.DuckDBPyConnection" and atom.made is None


def _add(run: Run, effects: Iterable[Effect]) -> bool:
    added = False
    for effect in effects:
        run.add(effect)
        added = True
    return added


def _python(run: Run, text: str, site: Site, tags: set[str], inherited: set[str]) -> bool:
    if HOLE in text:
        tags.add("dynamic")
        return False
    return run_text(run, text, site.node, inherited)


def run_text(run: Run, text: str, node: ast.AST | None, tags: set[str]) -> bool:
    """Read Python ``text`` that runs at ``node`` in the current scope. Returns whether it could be read."""
    from jupyter_guard.read.python.statements import execute

    if run.texts >= MAX_DEPTH:
        run.unread("texts in texts are nested too deeply", node)
        return True
    try:
        tree = parse(text.strip() if text[:1].isspace() else text)
    except Unreadable as error:
        if run.texts < 3 and text.lstrip()[:1] in ("!", "%"):
            run.texts += 1
            try:
                run_cell(run, text, node)
            finally:
                run.texts -= 1
            return True
        run.unread(f"a text that is executed does not parse ({error})", node)
        return True
    run.context.spend(len(text) // 20)
    source, before, known = run.source, run.tags, run.scope
    run.anchors.append(run.span(node))
    run.texts += 1
    run.source = Source(text, tree, run.origin, run.anchors[-1])
    run.tags = run.tags | (frozenset(tags) - {"from:file"} if tags else frozenset())
    try:
        execute(run, tree.body)
    finally:
        run.source, run.tags, run.scope = source, before, known
        run.anchors.pop()
        run.texts -= 1
    return True


def run_cell(run: Run, text: str, node: ast.AST | None) -> None:
    """Read an IPython cell that runs at ``node``: magics and shell lines too."""
    from jupyter_guard.read.segments import segments

    before = run.segments
    found = segments(text)
    run.segments = found
    run.anchors.append(run.span(node))
    try:
        run_text(run, found[0].text, node, set())
    finally:
        run.anchors.pop()
        run.segments = before
