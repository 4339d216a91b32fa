"""The tables ``[own.ID]`` of a policy or a rule pack: their keys, and the rules that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from jupyter_guard.policy.checks import text as _text
from jupyter_guard.policy.checks import texts as _texts
from jupyter_guard.policy.fields import Field
from jupyter_guard.policy.fields import kept as _kept
from jupyter_guard.terms import Severity
from jupyter_guard.terms.own import OwnRule

ID: Final = re.compile(r"(?!JG)[A-Z][A-Z]{1,11}\d{1,4}\Z")
ID_SHAPE: Final = '2 to 12 capital letters and a number of 1 to 4 digits, such as "ACME01", not beginning with JG'
SEVERITY: Final = Severity.MEDIUM
_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+\Z")
_NEEDED: Final = ("title", "instead")
_FINDS: Final = ("calls", "imports", "match")


def _severity(value: Any) -> str:
    if value not in [*Severity]:
        raise ValueError(" or ".join(f'"{one}"' for one in Severity))
    return str(value)


def _examples(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise ValueError("a list of cells, each a text")
    return tuple(value)


def _replacements(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(one, str) and _DOTTED.match(one) for one in value.values()):
        raise ValueError('a table such as {"pandas.read_sql" = "acme.db.read"}, with names that lie in a module')
    return dict(value)


OWN_FIELDS: Final[dict[str, Field]] = {
    field.key: field
    for field in [
        Field("title", "a text", "what a cell does that has it, as a sentence without its end", _text, _kept),
        Field("why", "a text", "why that matters", _text, _kept),
        Field("instead", "a text", "what to write in its place", _text, _kept),
        Field("severity", "a severity", f"how bad it is (default: {SEVERITY})", _severity, _kept),
        Field("calls", "full names", "finds calls of these, through aliases and earlier cells", _texts(), _kept),
        Field("imports", "module names", "finds imports of these, and of what lies below them", _texts(), _kept),
        Field("match", "a libcst matcher", "finds what it matches; slower than the others", _text, _kept),
        Field(
            "replace",
            "a table",
            "what to call instead, by names of `calls`: said on the card, and offered as a difference",
            _replacements,
            _kept,
        ),
        Field("bad", "cells", "examples that it must find: `jupyter guard rules test` runs them", _examples, _kept),
        Field("good", "cells", "examples that it must not find", _examples, _kept),
    ]
}


def missing(table: Mapping[str, Any]) -> str:
    """What an entry lacks, in words; ``""`` where it is whole."""
    lacks = [f'"{key}"' for key in _NEEDED if key not in table]
    if not any(table.get(key) for key in _FINDS):
        lacks.append("something to find: " + " or ".join(f'"{key}"' for key in _FINDS))
    replace, calls = table.get("replace", ()), table.get("calls", ())
    lacks += [f'"{name}", which "replace" has, among "calls"' for name in replace if name not in calls]
    return " and ".join(lacks)


def own_rule(name: str, table: Mapping[str, Any]) -> OwnRule:
    """The rule of a checked entry."""
    return OwnRule(
        id=name,
        title=table["title"],
        why=table.get("why", "It is a rule of your organisation's."),
        instead=table["instead"],
        severity=Severity(table.get("severity", SEVERITY)),
        calls=frozenset(table.get("calls", ())),
        imports=frozenset(table.get("imports", ())),
        match=table.get("match", ""),
        replace=tuple(table.get("replace", {}).items()),
        bad=table.get("bad", ()),
        good=table.get("good", ()),
    )
