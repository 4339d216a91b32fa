"""What an organisation refuses outright, as plain values that the judge can use without knowing the policy."""

from __future__ import annotations

import msgspec


class Deny(msgspec.Struct, frozen=True):
    """The policy's ``[deny]`` table: full module names, full callable names, SQL verbs, command prefixes."""

    imports: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    sql: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
