"""Calls of what no knowledge describes -> what their names, texts and paths still say."""

from __future__ import annotations

import ast
import functools
import re
import sys
from typing import NamedTuple

from jupyter_guard.knowledge import Entry, Knowledge
from jupyter_guard.read.python import bodies, verification
from jupyter_guard.read.python.acts import TAINTS, perform
from jupyter_guard.read.python.callbacks import call_back, handed_over
from jupyter_guard.read.python.carried import FILLERS, of_form
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.unvetted import (
    BARE,
    CLIENT,
    QUERY,
    drops_from_frame,
    perhaps_destroys,
    perhaps_sql,
    unvetted,
)
from jupyter_guard.read.python.values import (
    ANYTHING,
    NO_MARKS,
    Const,
    Func,
    Inst,
    Name,
    Unknown,
    Value,
    derived,
)
from jupyter_guard.terms import Certainty, Kind, Origin
from jupyter_guard.terms import Scope as Reach

_VERB = re.compile(
    r"(?:batch_|bulk_|force_|hard_|permanently_|async_|begin_)?(?:delete|drop|destroy|purge|terminate|truncate|wipe|erase"
    r"|deprovision|nuke|flushall|flushdb|obliterate|recreate|decommission|deregister|undeploy)(?:_|[A-Z]|s?$|All|Many)"
    r"|(?!(?:on|is|can|has|to|no|after|before|pre|post|should|allow|may|self|np)_)\w+_(?:delete|purge|destroy|wipe)(?:_v\d+|_all|_many)?$"
    r"|(?:batch|bulk|mass|multi|hard|force)(?:Delete|Destroy|Purge)(?:$|[A-Z])|del_(?:worksheet|user|group|table|index|item|object|message|channel)s?$"
    r"|(?:remove|clear|reset|empty|expire|prune)_(?:all|objects?|collection|table|index|indices|database|db|bucket|namespace|topic"
    r"|snapshot|partition|everything|records|rows|documents|users?)s?(?:_|$)"
)


# What shows, measures or compares a text does not open the file that it names.
_SHOWING = frozenset(
    """
    print display pprint len str repr sorted isinstance hash type logging.info logging.debug logging.warning
    logging.error warnings.warn IPython.display.Markdown IPython.display.display
    """.split()
)
# A path rather than a sentence that names one.
_PLACE = re.compile(r"(?:[~/$.]|file:)[^\n]*\Z|[^\s]*/[^\s]*\Z")


_EXECUTES = frozenset(
    """
    execute executemany executescript exec_driver_sql sql query raw run_query execute_query
    execute_sql run_sql read_sql command statement fetch fetch_all fetchall fetchval scalar scalars
    do text Raw sql_query ddl
    """.split()
)


def taken(args: list[Value], kwargs: dict[str, Value], callee: Value) -> Value:
    """What nothing is known of but where it came from: the taints of the arguments and of what is called."""
    marks = derived(*args, *kwargs.values(), callee)
    return Value((), marks.marks & TAINTS, marks.origin)


# An object that was made with a credential is not the credential; one that reads a file gives what is in it.
_DATA = TAINTS - {"credential", "environment"}


class _Said(NamedTuple):
    """What the last part of a name says of a call that nothing describes."""

    entry: Entry | None
    executes: bool
    destroys: bool
    makes: bool


@functools.lru_cache(maxsize=4096)
def _said(knowledge: Knowledge, last: str) -> _Said | None:
    """``None`` for what nearly all names say: nothing."""
    said = _Said(knowledge.callable("?." + last), last in _EXECUTES, _VERB.match(last) is not None, last[:1].isupper())
    return said if any(said) else None


@functools.lru_cache(maxsize=4096)
def _said_by(knowledge: Knowledge, name: str) -> tuple[_Said | None, bool]:
    """What the last part of a full name says, and whether that matters of a method of an object that was imported."""
    last = name.rpartition(".")[2]
    said = _said(knowledge, last)
    does = said is not None and (said.entry is not None or said.executes or said.destroys or last in BARE)
    return said, name.count(".") > 1 and (does or last == "update")


def undescribed(
    run: Run,
    atom: Name,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    """The result of a library's callable without an entry, and what its name and arguments still say that it does."""
    name = atom.dotted
    owner = atom.owner
    said, may_be_imported = _said_by(run.knowledge, name)
    if said is not None and owner is not None:
        site = Site(name, args, kwargs, node, owner=owner, open_=open_, callee=callee)
        receiver, _, last = name.rpartition(".")
        if said.executes:
            perhaps_sql(run, site, last, "")
        if said.destroys and receiver:
            typed = any(type(one) is Inst for one in owner.atoms)
            named = CLIENT.search(receiver) or not run.knowledge.knows_module(name)
            if typed and named and not drops_from_frame(site, last):
                unvetted(run, name, site)
        if said.entry is not None and not run.known(receiver_type(owner)):
            done = perform(run, said.entry, site, Certainty.LIKELY)
            _calls_back(run, said.entry, site)
            return done
    if kwargs and not _LETS_RUN.keys().isdisjoint(kwargs):
        _lets_run(run, name, args, kwargs, node)
    given = [*args, *kwargs.values()] if kwargs else args
    for value in given:
        if (value.atoms and type(value.atoms[0]) is Name) or len(value.atoms) > 1:
            handed_over(run, name, given, node, owner)
            break
    if may_be_imported and owner is None:
        result = _of_imported(run, atom, said, Site(name, args, kwargs, node, open_=open_, callee=callee))
        if result is not None:
            return result
    secret = _private(run, name, given, node, owner)
    if owner is None and said is not None and said.makes and not name.startswith("."):
        flowing = derived(*args).marks & _DATA if args else NO_MARKS
        return Value((Inst(name, args[0] if args else None),), secret | flowing, callee.origin)
    marks, origin = callee.marks, Origin.HUMAN
    for value in given if owner is None else [*given, owner]:
        if value.marks:
            marks |= value.marks
        if value.origin is not origin and value.origin.rank > origin.rank:
            origin = value.origin
    path = Unknown(name + "()", "", Value((atom,), callee.marks))
    return Value((path,), (marks & TAINTS) | secret if marks else secret, origin)


# Arguments that let run what somebody else has written, by whatever takes them.
_LETS_RUN = {
    "trust_remote_code": "remote-code",
    "allow_dangerous_code": "dynamic",
    "allow_dangerous_deserialization": "deserialise",
}


def _lets_run(run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST | None) -> None:
    for argument, tag in _LETS_RUN.items():
        only = kwargs[argument].only() if argument in kwargs else None
        if only is not None and only.value is True:
            where = args[0].only() if args else None
            target = where.value if where is not None and isinstance(where.value, str) else ""
            run.emit(Kind.CODE_EXECUTE, target, node=node, via=name, tags=(tag,), scope=Reach.UNKNOWN)


def _of_imported(run: Run, atom: Name, said: _Said | None, site: Site) -> Value | None:
    """A method of an object that was imported from where nothing is known: ``from app import db; db.drop_all()``."""
    receiver, _, last = atom.dotted.rpartition(".")
    if not receiver:
        return None
    if run.knowledge.knows_module(atom.dotted):
        # Of a library that is known, a class that is not: `stripe.Customer.delete(x)`.
        known = run.knowledge.below(receiver) or not receiver.rpartition(".")[2][:1].isupper()
        if QUERY.search(receiver) and last in ("update", "delete"):
            # Models of an application whose name is a library's too.
            perhaps_destroys(run, site, Unknown(atom.dotted, last, Value((Unknown(receiver),))))
        elif last in BARE and not known and receiver.partition(".")[0] not in sys.stdlib_module_names:
            unvetted(run, atom.dotted, site)
        return None
    if said is not None and said.executes:
        perhaps_sql(run, site, last, receiver)
    path = Unknown(
        atom.dotted, last, Value((Unknown(receiver, receiver.rpartition(".")[2], Value((Name(receiver),))),))
    )
    if said is not None and said.entry is not None:
        site.owner = path.owner
        return perform(run, said.entry, site, Certainty.LIKELY)
    destroys = said is not None and said.destroys
    if last == "update" or (destroys and (receiver.rpartition(".")[2][:1].isupper() or CLIENT.search(receiver))):
        perhaps_destroys(run, site, path)
    return None


def receiver_type(owner: Value) -> str:
    """The type of a method's receiver, ``""`` when it is not known."""
    return next((atom.type for atom in owner.atoms if isinstance(atom, Inst)), "")


def _may_be_place(text: str) -> bool:
    """What ``_PLACE`` asks for first, without what a pattern costs: a slash, or how a path begins."""
    return "/" in text or text[0] in "~$." or text.startswith("file:")


def _private(
    run: Run,
    name: str,
    given: list[Value],
    node: ast.AST | None,
    owner: Value | None,
) -> frozenset[str]:
    """A call that nothing describes, given a place where credentials are kept, is taken to read it."""
    found = NO_MARKS
    if not given or name in _SHOWING:
        return found
    for value in given:
        for atom in value.atoms:
            path = atom.value if type(atom) is Const else None
            if type(path) is str and 4 < len(path) < 300 and _may_be_place(path) and _PLACE.match(path):
                run.choices += 1
                context = run.context if run.context.directory == run.memory.directory else run.here(node)
                if "credential-store" in context.path_tags(path) and not name.startswith(("os.path.", "pathlib.")):
                    run.add(run.here(node).file(Kind.FILE_READ, path, via=name.lstrip("."), certainty=Certainty.LIKELY))
                    found = frozenset({"credential", "file"})
    if found and owner is not None:
        for one in owner.atoms:
            if isinstance(one, Inst):
                one.attrs = one.attrs or {}
                one.attrs["__private__"] = Value((), found)
    return found


def _calls_back(run: Run, entry: Entry, site: Site) -> None:
    for slot in entry.calls:
        called = site.take(slot)
        if called is not None:
            call_back(run, called, site, slot.index)


def unknown_method(
    run: Run,
    atom: Unknown,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    """The result of a method of something unknown, and what its name and arguments still say that it does."""
    path = atom.path
    if atom.attr in FILLERS:
        run.events += 1
    if path and (run.noted_calls is None or path.lstrip(".") in run.noted_calls):
        run.note("call", path.lstrip("."), node)
    if kwargs:
        verification.of_call(run, path, args, kwargs, node)
    if atom.attr in _FILTERS and args and all(any(map(_is_true, one.atoms)) for one in args):
        # What holds for every row leaves all of them.
        receiver = path.rpartition(".")[0]
        return Value((Unknown(receiver, receiver.rpartition(".")[2], atom.owner),), callee.marks, callee.origin)
    result: Value | None = None
    said = _said(run.knowledge, atom.attr) if atom.attr else None
    if said is not None or atom.attr == "update":
        site = Site(path, args, kwargs, node, owner=atom.owner, open_=open_, callee=callee)
        entry = said.entry if said is not None else None
        if entry is not None:
            site.name = path.lstrip(".")
            result = perform(run, entry, site, Certainty.LIKELY)
            _calls_back(run, entry, site)
        else:
            if said is not None and said.executes:
                perhaps_sql(run, site, atom.attr, path.rpartition(".")[0])
            if atom.attr == "update" or (said is not None and said.destroys):
                perhaps_destroys(run, site, atom)
    marks = callee.marks
    named = False
    for value in (*args, *kwargs.values()) if kwargs else args:
        if value.marks:
            marks |= value.marks
        for one in value.atoms:
            # A function that is handed to something unknown may be called by it.
            if type(one) is Func and one not in run.calls and len(run.calls) < 3:
                _handed_over(run, one, node)
            elif type(one) is Name:
                named = True
    if named and (said is None or said.entry is None):
        handed_over(run, path, [*args, *kwargs.values()], node)
    if marks:
        marks = (marks & TAINTS) | of_form(atom.attr, atom.owner, callee)
    if result is not None:
        if result.atoms:
            return result
        marks |= result.marks
    return Value((Unknown(f"{path}()"[-200:], "", Value((atom,))),), marks, callee.origin)


_FILTERS = frozenset({"filter", "where"})


def _is_true(atom: object) -> bool:
    return type(atom) is Inst and atom.type == "sqlalchemy.True_"


def _handed_over(run: Run, func: Func, node: ast.AST | None) -> None:
    before = run.certainty
    run.certainty = min(run.certainty, Certainty.LIKELY, key=lambda one: one.rank)
    try:
        bodies.call_function(run, func, [ANYTHING] * len(func.node.args.args), {}, node)
    finally:
        run.certainty = before
