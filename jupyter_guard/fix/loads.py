"""A loader of YAML that is called by a name of its own, ``load(x, Loader=Loader)`` -> the safe one, imported beside it.

The old name stays imported: cells below may use it, for what is safe too.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import MetadataWrapper, PositionProvider, Scope, ScopeProvider

from jupyter_guard.fix import calls
from jupyter_guard.fix.edit import comments_in
from jupyter_guard.fix.likely import is_imported

Change = tuple[int, str, str]
MODULES: Final = ("yaml", "ruamel.yaml")
_SAFE_LOADER: Final = "SafeLoader"
# The name that a choice needs to be imported, its title, and the call by what that name is here.
_Choice = tuple[str, str, Callable[[str], cst.Call]]


def rewritten(
    text: str, wrapper: MetadataWrapper, node: cst.Call, via: tuple[str, ...], *, is_dangerous: bool
) -> tuple[str, list[Change]] | None:
    """The rewrite of the call ``node`` of a plain name, or ``None``.

    ``is_dangerous`` says whether the cell itself shows that the loader is one of the library's own that run code.
    """
    module, function = wrapper.module, node.func
    scope = wrapper.resolve(ScopeProvider).get(function)
    if not isinstance(function, cst.Name) or not isinstance(scope, Scope) or module.code != text:
        return None
    if any(argument.star for argument in node.args):
        return None
    places = wrapper.resolve(PositionProvider)
    known = scope[function.value]
    if known:
        made = _beside(scope, node, places) if is_dangerous else ()
    elif is_imported(text, function.value):
        # Somewhere in the cell, and not where this call looks.
        return None
    else:
        made = _by_module(module, scope, node, places, via, is_dangerous=is_dangerous)
    old = comments_in(text)
    for title, replaced, before in made:
        changed = _changed(module, replaced, before)
        if changed != text and comments_in(changed) == old:
            return title, _changes(text, changed)
    return None


# What is put in the place of which node, and a line to come before which statement.
_Made = tuple[str, dict[cst.CSTNode, cst.CSTNode], tuple[cst.CSTNode, cst.BaseStatement] | None]


def _beside(scope: Scope, node: cst.Call, places: Mapping[cst.CSTNode, Any]) -> Iterator[_Made]:
    """The safe name is imported wherever the one that is called was: in the same statements."""
    assert isinstance(node.func, cst.Name)
    name = node.func.value
    statements: dict[cst.ImportFrom, str] = {}
    for one in scope[name]:
        statement = getattr(one, "node", None)
        called = _imported_as(statement, name)
        if not isinstance(statement, cst.ImportFrom) or called not in calls.LOADS:
            return
        if not _is_before(places, statement, node):
            return
        statements[statement] = called
    safe = {calls.LOADS[called] for called in statements.values()}
    if len(safe) != 1:
        return
    for needed, title, call in _choices(node, safe.pop()):
        replaced: dict[cst.CSTNode, cst.CSTNode] = {}
        if not needed:
            yield title, {node: call("")}, None
            continue
        bound = [getattr(one, "node", None) for one in scope[needed]]
        if any(_imported_as(one, needed) != needed for one in bound):
            continue
        if not any(_is_before(places, one, node) for one in bound):
            replaced = {statement: _with_name(statement, needed, name) for statement in statements}
        yield title, {**replaced, node: call(needed)}, None


def _by_module(
    module: cst.Module,
    scope: Scope,
    node: cst.Call,
    places: Mapping[cst.CSTNode, Any],
    via: tuple[str, ...],
    *,
    is_dangerous: bool,
) -> Iterator[_Made]:
    """The name comes from an earlier cell: the safe one is called by its module, which is imported before."""
    package, _, called = via[0].rpartition(".") if len(via) == 1 else ("", "", "")
    if package not in MODULES or called not in calls.LOADS:
        return
    at = calls.position(node, "Loader", 1)
    if not is_dangerous and (at is None or not _looks_dangerous(scope, node.args[at].value)):
        return
    root = package.partition(".")[0]
    bound = [getattr(one, "node", None) for one in scope[root]]
    if not all(_imports_whole(one, package) for one in bound):
        return
    statement = next((one for one in module.body if _holds(places, one, node)), None)
    if statement is None:
        return
    line = cst.parse_statement(f"import {package}")
    before = None if any(_is_before(places, one, node) for one in bound) else (line, statement)
    for needed, title, call in _choices(node, calls.LOADS[called]):
        yield title, {node: call(f"{package}.{needed}" if needed else "")}, before


def _choices(node: cst.Call, safe: str) -> Iterator[_Choice]:
    at = calls.position(node, "Loader", 1)
    if len(node.args) != 1 + (at is not None):
        return

    def named(call: cst.Call) -> Callable[[str], cst.Call]:
        return lambda name: call.with_changes(func=cst.parse_expression(name))

    if at is None:
        yield safe, f"Use yaml.{safe}", named(node)
        return
    for title, call in calls.without(node, at, f"Use yaml.{safe}"):
        yield safe, title, named(call)
    value, place = node.args[at].value, at
    title = f"Use yaml.{_SAFE_LOADER}"
    if isinstance(value, cst.Attribute):
        changed = calls.with_value(node, place, value.with_changes(attr=cst.Name(_SAFE_LOADER)))
        yield "", title, lambda _name: changed
    else:
        yield _SAFE_LOADER, title, lambda name: calls.with_value(node, place, cst.parse_expression(name))


def _looks_dangerous(scope: Scope, loader: cst.BaseExpression) -> bool:
    """Whether a loader that an earlier cell imported has the name of one of the library's own that run code."""
    if isinstance(loader, cst.Attribute):
        return loader.attr.value in calls.LOADERS and get_full_name_for_node(loader.value) in MODULES
    return isinstance(loader, cst.Name) and loader.value in calls.LOADERS and not scope[loader.value]


def _imported_as(statement: object, name: str) -> str:
    """What a ``from yaml import`` makes known as ``name``, by its name in the module; ``""`` for anything else."""
    if not isinstance(statement, cst.ImportFrom) or statement.module is None or statement.relative:
        return ""
    if isinstance(statement.names, cst.ImportStar) or get_full_name_for_node(statement.module) not in MODULES:
        return ""
    return next((str(one.name.value) for one in statement.names if _alias(one) == name), "")


def _alias(one: cst.ImportAlias) -> str:
    return one.evaluated_alias or one.evaluated_name


def _imports_whole(statement: object, package: str) -> bool:
    """Whether ``import yaml`` gives the module its own name."""
    return isinstance(statement, cst.Import) and any(
        one.evaluated_name == package and one.asname is None for one in statement.names
    )


def _with_name(statement: cst.ImportFrom, new: str, beside: str) -> cst.ImportFrom:
    """The statement with one more name, set as the others are: a line of its own where each has one."""
    assert not isinstance(statement.names, cst.ImportStar)
    between: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    if statement.lpar is not None and not statement.lpar.whitespace_after.empty:
        between = statement.lpar.whitespace_after
    added = cst.ImportAlias(cst.Name(new), comma=cst.Comma(whitespace_after=between))
    at = next(at for at, one in enumerate(statement.names) if _alias(one) == beside)
    return statement.with_changes(names=[*statement.names[:at], added, *statement.names[at:]])


def _is_before(places: Mapping[cst.CSTNode, Any], one: object, other: cst.CSTNode) -> bool:
    if not isinstance(one, cst.CSTNode) or one not in places:
        return False
    end, start = places[one].end, places[other].start
    return bool((end.line, end.column) <= (start.line, start.column))


def _holds(places: Mapping[cst.CSTNode, Any], statement: cst.CSTNode, node: cst.CSTNode) -> bool:
    return bool(places[statement].start.line <= places[node].start.line <= places[statement].end.line)


def _changed(
    module: cst.Module,
    replaced: Mapping[cst.CSTNode, cst.CSTNode],
    before: tuple[cst.CSTNode, cst.BaseStatement] | None,
) -> str:
    """The text of the module with nodes replaced: of all of it, so that lines begin with the indentation of a block."""

    class Replacing(cst.CSTTransformer):
        def on_leave(self, original: Any, updated: Any) -> Any:
            new = replaced.get(original, updated)
            return cst.FlattenSentinel([before[0], new]) if before is not None and original is before[1] else new

    return module.visit(Replacing()).code


def _changes(text: str, changed: str) -> list[Change]:
    """The lines that differ, apart from those between them."""
    old, new = text.splitlines(keepends=True), changed.splitlines(keepends=True)
    found = []
    for tag, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            found.append((len("".join(old[:start])), "".join(old[start:end]), "".join(new[first:last])))
    return found
