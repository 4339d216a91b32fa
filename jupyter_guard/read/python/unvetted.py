"""Methods of objects of unknown type whose names delete or run SQL -> what they may destroy."""

from __future__ import annotations

import re
import sys

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.acts import TAINTS
from jupyter_guard.read.python.mocked import in_memory
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.texts import SQL, read_sql, texts_of
from jupyter_guard.read.python.values import (
    Const,
    Inst,
    Name,
    Seq,
    Unknown,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

# How rows and columns are dropped from a table in memory.
_OF_A_FRAME = frozenset({"axis", "columns", "index", "labels", "inplace", "level", "errors", "subset", "how", "drop"})


# Tables in memory and their views: what is left out is still where it came from.
_FRAME_VERBS = frozenset(
    """
    dropDuplicates dropDuplicatesWithinWatermark dropFields dropTempView dropGlobalTempView drop_duplicates drop_nulls
    drop_nans drop_in_place drop_vars drop_sel drop_isel drop_dims drop_encoding drop_indexes drop_attrs drop_first
    drop_empty drop_missing drop_infinities drop_null_rows drop_z drop_edge drop_node dropNulls drop_rows
    """.split()
)


def drops_from_frame(site: Site, verb: str) -> bool:
    """Whether ``x.drop(...)`` is given labels, as a data frame is, and not a connection or nothing, as a table is."""
    if verb in _FRAME_VERBS:
        return True
    if verb not in ("drop", "truncate"):
        return False
    if site.kwargs.keys() & (_OF_A_FRAME | {"before", "after"}):
        return True
    return any(type(atom) in (Const, Seq) for value in site.args[:1] for atom in value.atoms)


BARE = frozenset({"delete", "destroy", "purge", "wipe", "erase", "nuke", "delete_all", "destroy_all", "drop_all"})


CLIENT = re.compile(
    r"(?:^|[._(\]])(?:\w*(?:client|api|service|svc|admin|manager|mgr|bucket|cluster|collection|registry|queue|topic"
    r"|instance|volume|blob|container|index|indice|namespace|stack|tenant|account|session|database|db|repo|store|storage|vault"
    r"|catalog|warehouse|sdk|resource|project|org|conn|connection|cloud|server|engine|metadata|objects|customers|orders"
    r"|users|records|workspace)s?)(?:\(\)|\[\])?(?:[.(\[]|$)",
    re.IGNORECASE,
)


_QUIET = re.compile(
    r"(?:^|\.)(?:df|data|frame|train|test|X|x|y|ax|axs|fig|plt|self|np|pd|model|tokenizer|w|widget)(?:\.|\[|\(|$)"
)


_CONNECTION = re.compile(r"^(?:\w*_)?(?:con|conn|connection|cnx|cur|curs|cursor|engine|eng)\d?$")


def unvetted(run: Run, name: str, site: Site) -> None:
    """A verb that destroys, on a client that no entry describes: ``data.destroy`` of unknown certainty."""
    if in_memory(site.owner):
        return
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


def perhaps_destroys(run: Run, site: Site, atom: Unknown) -> None:
    """A method whose name deletes, on an object of unknown type: a query without a filter, or an unvetted client."""
    receiver = atom.path.rpartition(".")[0]
    if QUERY.search(receiver):
        if atom.attr in ("delete", "update") and not _NARROWED.search(receiver):
            run.emit(
                Kind.DATA_DESTROY if atom.attr == "delete" else Kind.DATA_WRITE,
                _queried(atom),
                node=site.node,
                via=atom.path.replace("()", ""),
                tags=("no-where",),
                certainty=Certainty.LIKELY,
            )
    elif atom.attr == "update" or _QUIET.search(receiver) or drops_from_frame(site, atom.attr):
        return
    elif atom.attr in BARE:
        if CLIENT.search(receiver) or receiver[:1].isupper() or _of_library(run, atom):
            unvetted(run, atom.path, site)
    elif receiver and atom.attr not in ("truncate", "drops"):
        unvetted(run, atom.path, site)


# Libraries that draw, compute or test: what they delete is on a screen or in memory.
_IN_MEMORY = frozenset("pygame pyglet vpython wx PyQt5 PyQt6 PySide6 kivy bpy vtk pyvista folium manim panel".split())


def _of_library(run: Run, atom: Unknown) -> bool:
    """Whether a method's object came from a library of which nothing is known: there is no saying what it deletes."""
    for _ in range(16):
        owner = atom.owner
        root = owner.atoms[0] if owner is not None and owner.atoms else None
        if type(root) is Unknown:
            atom = root
            continue
        name = root.dotted if type(root) is Name else root.type if type(root) is Inst else ""
        top = name.partition(".")[0]
        return (
            "." in name
            and top not in _IN_MEMORY
            and top not in sys.stdlib_module_names
            and not run.knowledge.knows_module(name)
        )
    return False


QUERY = re.compile(r"(?:^|\.)(?:query|objects|select)(?:\(\)|\.|$)")


# Leaving some out is no narrowing: nearly all are left.
_NARROWED = re.compile(r"\.(?:filter|filter_by|where|get|one|first|having|limit)\(\)")


def _queried(atom: Unknown) -> str:
    return atom.path.partition(".objects")[0].rpartition(".")[2] if ".objects" in atom.path else ""


def perhaps_sql(run: Run, site: Site, attr: str, receiver: str) -> None:
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
