"""Calls of what no knowledge describes -> what their names, texts and paths still say."""

from __future__ import annotations

import ast
import re

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python import bodies, calls
from jupyter_guard.read.python.acts import TAINTS, Site, perform
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.texts import SQL, read_sql, texts_of
from jupyter_guard.read.python.values import (
    ANYTHING,
    Const,
    Func,
    Inst,
    Name,
    Seq,
    Unknown,
    Value,
    derived,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

_VERB = re.compile(
    r"(?:batch_|bulk_|force_|hard_|permanently_|async_)?(?:delete|drop|destroy|purge|terminate|truncate|wipe|erase"
    r"|deprovision|nuke|flushall|flushdb|obliterate)(?:_|[A-Z]|s?$|All|Many)"
)


# How rows and columns are dropped from a table in memory.
_OF_A_FRAME = frozenset({"axis", "columns", "index", "labels", "inplace", "level", "errors", "subset", "how", "drop"})


def _drops_from_frame(site: Site, verb: str) -> bool:
    """Whether ``x.drop(...)`` is given labels, as a data frame is, and not a connection or nothing, as a table is."""
    if verb not in ("drop", "truncate"):
        return False
    if site.kwargs.keys() & (_OF_A_FRAME | {"before", "after"}):
        return True
    return any(type(atom) in (Const, Seq) for value in site.args[:1] for atom in value.atoms)


# What shows, measures or compares a text does not open the file that it names.
_SHOWING = frozenset(
    """
    print display pprint len str repr sorted isinstance hash type logging.info logging.debug logging.warning
    logging.error warnings.warn IPython.display.Markdown IPython.display.display
    """.split()
)
# A path rather than a sentence that names one.
_PLACE = re.compile(r"(?:[~/$.]|file:)[^\n]*\Z|[^\s]*/[^\s]*\Z")


_BARE = frozenset({"delete", "destroy", "purge", "wipe", "erase", "nuke", "delete_all", "destroy_all", "drop_all"})


_CLIENT = re.compile(
    r"(?:^|[._(\]])(?:\w*(?:client|api|service|svc|admin|manager|mgr|bucket|cluster|collection|registry|queue|topic"
    r"|instance|volume|blob|container|index|indice|namespace|stack|tenant|account|session|database|db|repo|store|storage|vault"
    r"|catalog|warehouse|sdk|resource|project|org|conn|connection|cloud|server|engine|metadata|objects|customers|orders"
    r"|users|records|workspace)s?)(?:\(\)|\[\])?(?:[.(\[]|$)",
    re.IGNORECASE,
)


_QUIET = re.compile(
    r"(?:^|\.)(?:df|data|frame|train|test|X|x|y|ax|axs|fig|plt|self|np|pd|model|tokenizer|w|widget)(?:\.|\[|\(|$)"
)


_EXECUTES = frozenset(
    """
    execute executemany executescript exec_driver_sql sql query raw run_query execute_query
    execute_sql run_sql read_sql command statement fetch fetch_all fetchall fetchval scalar scalars
    do text Raw sql_query ddl
    """.split()
)


_CONNECTION = re.compile(r"^(?:\w*_)?(?:con|conn|connection|cnx|cur|curs|cursor|engine|eng)\d?$")


def taken(args: list[Value], kwargs: dict[str, Value], callee: Value) -> Value:
    marks = derived(*args, *kwargs.values(), callee)
    return Value((), marks.marks & TAINTS, marks.origin)


def undescribed(run: Run, atom: Name, site: Site, callee: Value) -> Value:
    name = atom.dotted
    last = name.rpartition(".")[2]
    owner = site.owner
    if owner is not None and last in _EXECUTES:
        _perhaps_sql(run, site, last, "")
    if _VERB.match(last) and "." in name:
        receiver = name.rpartition(".")[0]
        typed = owner is not None and any(type(one) is Inst for one in owner.atoms)
        named = _CLIENT.search(receiver) or not run.knowledge.knows_module(name)
        if typed and named and not _drops_from_frame(site, last):
            _unvetted(run, name, site)
    if owner is not None and not run.known(receiver_type(owner)):
        entry = run.known("?." + last)
        if entry is not None:
            return perform(run, entry, site, Certainty.LIKELY)
    secret = _private(run, site)
    if last[:1].isupper() and owner is None and not name.startswith("."):
        made = site.args[0] if site.args else None
        return Value((Inst(name, made),), secret, callee.origin)
    kept = derived(*site.args, *site.kwargs.values(), *([owner] if owner is not None else []))
    path = Unknown(name + "()", "", Value((atom,), callee.marks))
    return Value((path,), ((kept.marks | callee.marks) & TAINTS) | secret, kept.origin)


def receiver_type(owner: Value) -> str:
    """The type of a method's receiver, ``""`` when it is not known."""
    return next((atom.type for atom in owner.atoms if isinstance(atom, Inst)), "")


def _private(run: Run, site: Site) -> frozenset[str]:
    """A call that nothing describes, given a place where credentials are kept, is taken to read it."""
    found = frozenset[str]()
    if site.name in _SHOWING:
        return found
    for value in (*site.args, *site.kwargs.values()):
        for atom in value.atoms:
            path = atom.value if isinstance(atom, Const) else None
            if isinstance(path, str) and 4 < len(path) < 300 and _PLACE.match(path):
                context = run.here(site.node)
                if "credential-store" in context.path_tags(path) and not site.name.startswith(("os.path.", "pathlib.")):
                    run.add(context.file(Kind.FILE_READ, path, via=site.name.lstrip("."), certainty=Certainty.LIKELY))
                    found = frozenset({"credential", "file"})
    if found and site.owner is not None:
        for one in site.owner.atoms:
            if isinstance(one, Inst):
                one.attrs = one.attrs or {}
                one.attrs["__private__"] = Value((), found)
    return found


def _unvetted(run: Run, name: str, site: Site) -> None:
    run.emit(
        Kind.DATA_DESTROY,
        _subject(site),
        node=site.node,
        via=name.lstrip(".").replace("()", ""),
        tags=("unvetted-api",),
        certainty=Certainty.UNKNOWN,
        scope=Reach.UNKNOWN,
    )


def _subject(site: Site) -> str:
    for value in (*site.args, *site.kwargs.values()):
        only = value.only()
        if only is not None and isinstance(only.value, str) and len(only.value) < 80:
            return only.value
    return ""


def unknown_method(
    run: Run,
    atom: Unknown,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    site = Site(atom.path, args, kwargs, node, owner=atom.owner, open_=open_, callee=callee)
    if atom.path:
        run.note("call", atom.path.lstrip("."), node)
    result: Value | None = None
    if atom.attr:
        entry = run.known("?." + atom.attr)
        if entry is not None:
            site.name = atom.path.lstrip(".")
            result = perform(run, entry, site, Certainty.LIKELY)
            for slot in entry.calls:
                called = site.take(slot)
                if called is not None:
                    calls.call_back(run, called, site)
        else:
            if atom.attr in _EXECUTES:
                _perhaps_sql(run, site, atom.attr, atom.path.rpartition(".")[0])
            if atom.attr in ("delete", "update") or _VERB.match(atom.attr):
                _perhaps_destroys(run, site, atom)
    for value in (*args, *kwargs.values()):
        for one in value.atoms:
            # A function that is handed to something unknown may be called by it.
            if isinstance(one, Func) and one not in run.calls and len(run.calls) < 3:
                _handed_over(run, one, node)
    if result is not None and result.atoms:
        return result
    marks = taken(args, kwargs, callee).marks
    if result is not None:
        marks |= result.marks
    path = f"{atom.path}()"[-200:]
    return Value((Unknown(path, "", Value((atom,))),), marks, callee.origin)


def _perhaps_destroys(run: Run, site: Site, atom: Unknown) -> None:
    """A method whose name deletes, on an object of unknown type: a query without a filter, or an unvetted client."""
    receiver = atom.path.rpartition(".")[0]
    if _QUERY.search(receiver):
        if atom.attr in ("delete", "update") and not _NARROWED.search(receiver):
            run.emit(
                Kind.DATA_DESTROY if atom.attr == "delete" else Kind.DATA_WRITE,
                _queried(atom),
                node=site.node,
                via=atom.path.replace("()", ""),
                tags=("no-where",),
                certainty=Certainty.LIKELY,
            )
    elif atom.attr == "update" or _QUIET.search(receiver) or _drops_from_frame(site, atom.attr):
        return
    elif atom.attr in _BARE:
        if _CLIENT.search(receiver):
            _unvetted(run, atom.path, site)
    elif receiver and atom.attr not in ("drop_duplicates", "drop_nulls", "truncate", "drops"):
        _unvetted(run, atom.path, site)


_QUERY = re.compile(r"(?:^|\.)(?:query|objects|select)(?:\(\)|\.|$)")


_NARROWED = re.compile(r"\.(?:filter|filter_by|where|get|exclude|one|first|having|limit)\(\)")


def _queried(atom: Unknown) -> str:
    return atom.path.partition(".objects")[0].rpartition(".")[2] if ".objects" in atom.path else ""


def _handed_over(run: Run, func: Func, node: ast.AST | None) -> None:
    before = run.certainty
    run.certainty = min(run.certainty, Certainty.LIKELY, key=lambda one: one.rank)
    try:
        bodies.call_function(run, func, [ANYTHING] * len(func.node.args.args), {}, node)
    finally:
        run.certainty = before


def _perhaps_sql(run: Run, site: Site, attr: str, receiver: str) -> None:
    """SQL text that is handed to an object of unknown type."""
    value = (
        site.args[0]
        if site.args
        else next((site.kwargs[key] for key in ("sql", "query", "statement") if key in site.kwargs), None)
    )
    if value is None:
        return
    tags = {f"from:{mark}" for mark in value.marks if mark in TAINTS}
    for text in texts_of(value):
        if SQL.match(text.replace(HOLE, " ", 1) if text.startswith(HOLE) else text):
            read_sql(run, text, site, tags)
        elif not text.strip(HOLE) and _CONNECTION.match(receiver.rpartition(".")[2]) and attr.startswith("execute"):
            run.emit(
                Kind.DATA_WRITE,
                node=site.node,
                via=site.name,
                tags=tags | {"dynamic"},
                certainty=Certainty.UNKNOWN,
            )
