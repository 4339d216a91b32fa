"""Python text and a finding's place -> a title and the changes, by libcst, which keeps all that is not changed."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from jupyter_guard.fix import calls, secrets
from jupyter_guard.fix.edit import comments_in, offset
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
    for node, where in places.items():
        if isinstance(node, cst.Call) and _is_at(where, span):
            return _call(text, wrapper.module, node, where, calls.REWRITES.get(rule), via)
    return None


def _is_at(where: object, span: Span) -> bool:
    start, end = where.start, where.end  # type: ignore[attr-defined]
    return (start.line, start.column, end.line, end.column) == (span.line, span.column, span.end_line, span.end_column)


def _call(
    text: str,
    module: cst.Module,
    node: cst.Call,
    where: object,
    rewrite: Callable[[cst.Call, tuple[str, ...]], calls.Choices] | None,
    via: tuple[str, ...],
) -> Rewritten | None:
    if rewrite is None or any(argument.star for argument in node.args):
        return None
    start = offset(text, where.start.line, where.start.column)  # type: ignore[attr-defined]
    # Brackets around the whole call are the node's own, and stand before and after its place.
    bare = node.with_changes(lpar=(), rpar=())
    old = module.code_for_node(bare)
    if text[start : start + len(old)] != old:
        return None
    for title, new in rewrite(bare, via):
        changed = module.code_for_node(new)
        if comments_in(changed) == comments_in(old) and changed != old:
            return title, [(start, old, changed)]
    return None
