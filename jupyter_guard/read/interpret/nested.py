"""A text that a call runs (a shell command, SQL, Python) -> the effects of that text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_guard.read.context import HOLE, BudgetSpent, Context
from jupyter_guard.read.interpret.values import Const, Items, Value, is_whole, text_of, texts
from jupyter_guard.terms import Certainty, Effect, Kind, Scope

if TYPE_CHECKING:
    from jupyter_guard.read.interpret.machine import Machine


def read_text(
    it: Machine, language: str, text: Value, context: Context, database: Value | None, via: str
) -> list[Effect]:
    """The effects of ``text`` in ``language`` (``shell``, ``argv``, ``sql``, ``python``), which ``via`` runs."""
    try:
        if language == "argv":
            return _argv(text, context, via)
        found = [one for one in texts(text) if one.strip(HOLE + " \n\t;")]
        if not found:
            return _unknown(language, context, via)
        effects: list[Effect] = []
        for one in found:
            effects += _one(it, language, one, context.deeper(), database, via)
        return effects
    except BudgetSpent:
        return [context.effect(Kind.UNREAD, via=via)]


def _one(it: Machine, language: str, text: str, context: Context, database: Value | None, via: str) -> list[Effect]:
    if language == "shell":
        from jupyter_guard.read.shell import read_shell

        effects = list(read_shell(text, context))
        if HOLE in text:
            # Python put the command together: what fills the hole may hold a whole other command (CWE-78).
            program = text.strip().partition(" ")[0].replace(HOLE, "…")
            effects.append(context.effect(Kind.PROCESS_RUN, program, via=via, tags=("dynamic", "shell")))
        return effects
    if language == "sql":
        from jupyter_guard.read.sql import read_sql

        where = text_of(database) if database is not None else ""
        known = where if where and HOLE not in where else ""
        if known:
            context = context.with_(database=known, data_scope=_scope(context, known))
        if HOLE in text:
            context = context.with_(tags=context.tags | {"dynamic"})
        effects = list(read_sql(text, context))
        if HOLE in text and not effects:
            # A query that only reads can carry another statement in the place of a value (CWE-89).
            effects.append(context.effect(Kind.DATA_WRITE, via="SQL", certainty=Certainty.UNKNOWN))
        return effects
    return it_python(it, text, context, via)


def it_python(it: Machine, text: str, context: Context, via: str) -> list[Effect]:
    """Python text that the session would run in its own names."""
    from jupyter_guard.read.interpret.reader import run_text

    del via
    return run_text(it, text, context)


def _argv(text: Value, context: Context, via: str) -> list[Effect]:
    from jupyter_guard.read.shell import read_argv

    effects: list[Effect] = []
    known = False
    for atom in text.atoms:
        known = known or isinstance(atom, Items | Const)
        if isinstance(atom, Items):
            words = [text_of(item) for item in atom.items]
            if atom.rest is not None:
                words.append(HOLE)
            if words:
                effects += read_argv(words, context.deeper())
        elif isinstance(atom, Const) and isinstance(atom.value, str):
            effects += read_argv([atom.value], context.deeper())
        elif isinstance(atom, Const) and isinstance(atom.value, list | tuple):
            effects += read_argv([str(word) for word in atom.value], context.deeper())
    return effects if known else _unknown("argv", context, via)


def _unknown(language: str, context: Context, via: str) -> list[Effect]:
    if language == "sql":
        return [context.effect(Kind.DATA_WRITE, via=via, tags=("dynamic",), certainty=Certainty.UNKNOWN)]
    if language == "python":
        return [context.effect(Kind.CODE_EXECUTE, via=via, tags=("dynamic",), certainty=Certainty.LIKELY)]
    return [context.effect(Kind.PROCESS_RUN, via=via, tags=("dynamic",), certainty=Certainty.LIKELY)]


def _scope(context: Context, database: str) -> Scope:
    if database in (":memory:", "sqlite://", "sqlite:///:memory:"):
        return Scope.SESSION
    if "://" in database:
        return Scope.WORKSPACE if database.startswith(("sqlite:", "duckdb:")) else Scope.REMOTE
    if "/" in database or database.endswith((".db", ".sqlite", ".sqlite3", ".duckdb")):
        return context.path_scope(database)
    return Scope.UNKNOWN


__all__ = ["is_whole", "read_text"]
