"""A cell that names the guard's modules as text and goes through what is loaded -> an effect on the guard."""

from __future__ import annotations

import ast

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.secrets_made import dotted_name
from jupyter_guard.terms import Kind, Scope

_GUARD = "jupyter_guard"
# Where loaded modules and living objects are found without importing them.
_LISTINGS = frozenset({"sys.modules", "gc.get_objects", "gc.get_referrers", "inspect.getmembers"})
_CHANGES = frozenset({"setattr", "delattr", "patch", "object", "pop", "clear", "reload", "update"})


def meddling(run: Run, tree: ast.Module) -> None:
    """Add an effect where a cell picks the guard's modules or objects out of all that is loaded and changes them."""
    texts: list[str] = []
    listed = None
    changes = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append(node.value)
        elif isinstance(node, ast.Attribute) and dotted_name(run, node) in _LISTINGS:
            listed = node
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            changes = True
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            changes = changes or called in _CHANGES
    # The name may be put together of two texts.
    begins = [one for one in texts if one.startswith("jupyter_")]
    named = bool(begins) and any("guard" in one for one in texts)
    if named and listed is not None and changes:
        run.emit(Kind.GUARD_TAMPER, "the guard's own modules", node=listed, via=_GUARD, scope=Scope.SESSION)
