"""A secret in the text -> the same name read from the environment.

The environment must hold it from then on, which the title says; the value itself is repeated nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import libcst as cst

from jupyter_guard.fix.edit import offset
from jupyter_guard.terms import Span

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

Change = tuple[int, str, str]


def rewritten(
    text: str, module: cst.Module, places: Mapping[cst.CSTNode, Any], span: Span
) -> tuple[str, list[Change]] | None:
    """The rewrite for the secret that is named at ``span``, or ``None``."""
    named = _named(places, span)
    if named is None:
        return None
    name, value = named
    variable = _WORDS.sub("_", name).strip("_").upper()
    where = places.get(value)
    if not variable.isidentifier() or where is None or value.prefix.strip("rRuU") or value.lpar:
        return None
    start = offset(text, where.start.line, where.start.column)
    if text[start : start + len(value.value)] != value.value:
        return None
    changes: list[Change] = [(start, value.value, f'os.environ["{variable}"]')]
    imported = _import_of_os(text, module, places, where.start.line)
    if imported is None:
        return None
    return f"Read it from the environment variable {variable}", [*imported, *changes]


def _named(places: Mapping[cst.CSTNode, Any], span: Span) -> tuple[str, cst.SimpleString] | None:
    """The name and the text of an assignment, an argument or an item of a dictionary that begins at ``span``."""
    for node, where in places.items():
        name: cst.CSTNode | None = None
        value: cst.CSTNode | None = None
        if isinstance(node, cst.Assign) and len(node.targets) == 1:
            name, value = node.targets[0].target, node.value
        elif isinstance(node, cst.AnnAssign):
            name, value = node.target, node.value
        elif isinstance(node, cst.Arg) and node.keyword is not None:
            name, value = node.keyword, node.value
        elif isinstance(node, cst.DictElement):
            name, value = node.key, node.value
        if not isinstance(value, cst.SimpleString) or name is None:
            continue
        begins = {(where.start.line, where.start.column)}
        begins |= {(places[one].start.line, places[one].start.column) for one in (name, value) if one in places}
        word = _word(name)
        if word and (span.line, span.column) in begins:
            return word, value
    return None


def _word(name: cst.CSTNode) -> str:
    if isinstance(name, cst.Name):
        return name.value
    if isinstance(name, cst.Attribute):
        return name.attr.value
    if isinstance(name, cst.SimpleString):
        return str(name.raw_value)
    if isinstance(name, cst.Subscript) and len(name.slice) == 1:
        index = name.slice[0].slice
        if isinstance(index, cst.Index) and isinstance(index.value, cst.SimpleString):
            return str(index.value.raw_value)
    return ""


def _import_of_os(text: str, module: cst.Module, places: Mapping[cst.CSTNode, Any], line: int) -> list[Change] | None:
    """The change that makes ``os`` known before ``line``, none where it is; ``None`` where the name is taken."""
    for node in places:
        taken = (
            node.target if isinstance(node, cst.AssignTarget) else node.name if isinstance(node, cst.Param) else None
        )
        if taken is not None and _word(taken) == "os":
            return None
    before: int | None = None
    for statement in module.body:
        where = places.get(statement)
        if where is None or where.start.line > line:
            break
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        if isinstance(small, cst.Import):
            if any(isinstance(one.name, cst.Name) and one.name.value == "os" and not one.asname for one in small.names):
                return []
            before = before or where.start.line
        elif isinstance(small, cst.ImportFrom):
            # Nothing may come before an import from the future.
            is_future = isinstance(small.module, cst.Name) and small.module.value == "__future__"
            before = before or (None if is_future else where.start.line)
        elif where.end.line >= line:
            before = before or where.start.line
    return None if before is None else [(offset(text, before, 0), "", "import os\n")]
