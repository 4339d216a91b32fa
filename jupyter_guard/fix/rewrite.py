"""Python text and a finding's place -> a title and the changes, by libcst, which keeps all that is not changed."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
from libcst import matchers
from libcst.metadata import MetadataWrapper, PositionProvider, QualifiedNameProvider

from jupyter_guard.fix import calls, loads, loops, secrets
from jupyter_guard.fix.edit import comments_in
from jupyter_guard.terms import Span

# Start in the text, what stands there, what is put in its place.
Change = tuple[int, str, str]
Rewritten = tuple[str, list[Change]]


def rewritten(text: str, rule: str, span: Span, via: tuple[str, ...]) -> Rewritten | None:
    """The rewrite of what ``rule`` found at ``span``, or ``None``. Raises ``ValueError`` for what does not parse."""
    try:
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    except cst.ParserSyntaxError as error:
        raise ValueError(str(error)) from None
    places = wrapper.resolve(PositionProvider)
    if rule == "JG603":
        return secrets.rewritten(text, wrapper.module, places, span)
    if rule == "JG703":
        return loops.rewritten(text, places, span)
    needed = calls.IMPORTS.get(rule)
    if needed and not _imports_only(wrapper.module, needed):
        return None
    for node, where in places.items():
        if isinstance(node, cst.Call) and _is_at(where, span):
            if rule == "JG112":
                is_dangerous = _is_dangerous_loader(wrapper, node)
                if isinstance(node.func, cst.Name):
                    return loads.rewritten(text, wrapper, node, via, is_dangerous=is_dangerous)
                if not is_dangerous:
                    return None
            return _call(text, wrapper.module, node, calls.REWRITES.get(rule), via)
    return None


def _is_dangerous_loader(wrapper: MetadataWrapper, call: cst.Call) -> bool:
    """Whether the loader that a call names is one of the library's own that run code, whatever it is called here.

    Others may know tags of their own, which the safe loader refuses.
    """
    at = calls.position(call, "Loader", 1)
    if at is None:
        return True
    loader, function = call.args[at].value, call.func
    if isinstance(loader, cst.Attribute) and isinstance(function, cst.Attribute):
        # Of the module whose function this is, which may have been imported in an earlier cell.
        return loader.attr.value in calls.LOADERS and loader.value.deep_equals(function.value)
    names = wrapper.resolve(QualifiedNameProvider).get(loader, set())
    found = {one.name for one in (names() if callable(names) else names)}
    return bool(found) and found <= {f"{module}.{name}" for module in loads.MODULES for name in calls.LOADERS}


def _imports_only(module: cst.Module, name: str) -> bool:
    """Whether ``import name`` stands in the text, and nothing else in it binds that name."""
    imported = bound = 0
    for alias in matchers.findall(module, matchers.ImportAlias()):
        whole = module.code_for_node(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT))
        imported += whole == name
        bound += whole.rpartition(" ")[2] == name
    names = matchers.findall(
        module,
        matchers.AssignTarget(matchers.Name(name))
        | matchers.Param(matchers.Name(name))
        | matchers.For(matchers.Name(name)),
    )
    inside = matchers.findall(
        module,
        matchers.ImportFrom(
            names=[matchers.ZeroOrMore(), matchers.ImportAlias(matchers.Name(name)), matchers.ZeroOrMore()]
        ),
    )
    return imported == bound > 0 and not names and not inside


def _is_at(where: object, span: Span) -> bool:
    start, end = where.start, where.end  # type: ignore[attr-defined]
    return (start.line, start.column, end.line, end.column) == (span.line, span.column, span.end_line, span.end_column)


def _call(
    text: str,
    module: cst.Module,
    node: cst.Call,
    rewrite: Callable[[cst.Call, tuple[str, ...]], calls.Choices] | None,
    via: tuple[str, ...],
) -> Rewritten | None:
    if rewrite is None or any(argument.star for argument in node.args) or module.code != text:
        return None
    # Brackets around the whole call are the node's own, and stand before and after its place.
    bare = node.with_changes(lpar=(), rpar=())
    old = comments_in(text)
    for title, new in rewrite(bare, via):
        # Written with all of the text around it: a line of the call begins with the indentation of its block.
        changed = module.deep_replace(node, new.with_changes(lpar=node.lpar, rpar=node.rpar))
        code = changed.code if isinstance(changed, cst.Module) else text
        if code != text and comments_in(code) == old:
            return title, [(0, text, code)]
    return None
