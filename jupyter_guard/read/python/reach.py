"""What an act touches -> where that is: in the session, on this machine, somewhere else."""

from __future__ import annotations

import re

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.fold import path_texts
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import ANYTHING, Inst, Value
from jupyter_guard.terms import Kind, Scope

_LOCAL = re.compile(r"^(?:\w+://)?(?:[^@/]*@)?(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|unix:)(?=[:/]|$)")
_NETWORK = frozenset({Kind.NETWORK_CONNECT, Kind.NETWORK_LISTEN})


def reach(run: Run, kind: Kind, text: str, site: Site) -> Scope:
    """Where what an effect of ``kind`` names by ``text`` is; ``UNKNOWN`` where neither text nor connection says it."""
    known = text.strip(HOLE)
    if kind in _NETWORK:
        return host_scope(text)
    if kind in (Kind.DATA_DESTROY, Kind.DATA_WRITE):
        return database_scope(run, _connected(site) or (site.made() if site.owner is not None else ANYTHING))
    if kind is Kind.CODE_EXECUTE:
        if not known:
            return Scope.UNKNOWN
        return run.here(site.node).path_scope(text) if ("/" in text or "." in text) else Scope.UNKNOWN
    return Scope.UNKNOWN


def host_scope(text: str) -> Scope:
    """Where an address or URL is: on this machine, elsewhere, or not known."""
    if _LOCAL.match(text):
        return Scope.SESSION
    return Scope.REMOTE if text.strip(HOLE) else Scope.UNKNOWN


def _connected(site: Site) -> Value | None:
    """What the connection was made with that a call is given: ``df.to_sql("t", sqlite3.connect(":memory:"))``."""
    for value in (*site.args, *site.kwargs.values()):
        for atom in value.atoms:
            if type(atom) is Inst and atom.made is not None and atom.type.endswith(("Connection", "Engine")):
                return atom.made
    return None


def database_scope(run: Run, made: Value) -> Scope:
    """Where the database is that a connection was made with."""
    found = [scope for text in path_texts(made) if (scope := _database(run, text)) is not None]
    return max(found, key=lambda one: one.rank, default=Scope.UNKNOWN)


def _database(run: Run, text: str) -> Scope | None:
    bare = re.sub(r"^(?:sqlite|duckdb)(?:\+\w+)?:/{0,3}", "", text)
    if text.strip() in (":memory:", "file::memory:") or (bare != text and bare in ("", ":memory:")):
        return Scope.SESSION
    if bare != text or text.endswith((".db", ".sqlite", ".sqlite3", ".duckdb")):
        return run.here(None).path_scope(bare)
    return Scope.REMOTE if "://" in text else None
