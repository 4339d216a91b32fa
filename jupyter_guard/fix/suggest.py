"""A finding's rule and place -> the rewrite, if there is an exact one."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from jupyter_guard.fix.edit import Edit, Fix, applied, comments_in, difference
from jupyter_guard.fix.likely import is_offered
from jupyter_guard.read.segments import segments
from jupyter_guard.terms import Span


def suggest(code: str, rule: str, span: Span, via: tuple[str, ...] = (), seen: Iterable[str] = ()) -> Fix | None:
    """The rewrite of what ``rule`` found at ``span`` of a Python cell, or ``None``: a safe one where that is exact.

    ``via`` are the qualified names of what is called there, as the finding's effects have them. ``seen`` are other
    cells of the same notebook: what they register may make a rewrite one to look at. IPython's lines stay as they
    are; what stands in one of them has no rewrite. Never raises for code, whatever it is.
    """
    python = next((one for one in segments(code) if one.language == "python"), None)
    if python is None or python.joined or any(python.cut):
        return None
    # Loaded here: a tenth of a second, and few sessions ever ask.
    from jupyter_guard.fix.rewrite import rewritten

    try:
        found = rewritten(python.text, rule, span, via)
    except (RecursionError, ValueError):
        return None
    if found is None:
        return None
    title, changes = found
    edits = []
    for start, old, new in changes:
        edit = difference(python.text, start, old, new)
        if not _is_same_place(code, python.text, edit):
            return None
        edits.append(edit)
    try:
        # The Python alone with the edits made must still be Python, and no remark in it may be lost.
        after = applied(python.text, edits)
        ast.parse(after)
        whole = applied(code, edits)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if comments_in(python.text) != comments_in(after) or whole == code:
        return None
    return Fix(title, tuple(edits), whole, not is_offered(rule, code, span, via, seen))


def _is_same_place(code: str, python: str, edit: Edit) -> bool:
    """Whether the lines of an edit are the cell's own, and not what stands in for a magic."""
    cell, own = code.split("\n"), python.split("\n")
    lines = range(edit.span.line - 1, edit.span.end_line)
    return all(at < len(cell) and at < len(own) and cell[at] == own[at] for at in lines)
