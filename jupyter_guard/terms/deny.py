"""What an organisation refuses, and what alone it allows, as plain values: the judge does not know the policy."""

from __future__ import annotations

import msgspec


class Deny(msgspec.Struct, frozen=True):
    """The policy's ``[deny]`` table: full module names, full callable names, SQL verbs, command prefixes.

    ``only`` is its ``allow.imports``: the modules that may be imported, with all below them; ``*`` is any, ``stdlib``
    any of Python's own. ``only_commands`` is its ``allow.commands``, in the same way: beginnings of command lines.
    """

    imports: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    sql: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset({"*"})
    only_commands: frozenset[str] = frozenset({"*"})
