"""``import helpers`` where a cell wrote ``helpers.py`` -> what the file does, and the names that it gives."""

from __future__ import annotations

import ast

from jupyter_guard.read.context import HOLE, Written
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import Class, Const, Obj, Value
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach


def own_module(run: Run, module: str, node: ast.AST | None) -> Value | None:
    """The module that a file of the session makes; ``None`` when no cell wrote it. It runs once, as a real one does."""
    if not run.memory.files or module.startswith("."):
        return None
    known = run.memory.patched.get(f"import {module}")
    if known is not None:
        return known
    found = _file(run, module, node)
    if found is None:
        return None
    path, written = found
    if HOLE in written.text or written.tags:
        run.emit(
            Kind.CODE_EXECUTE, path, node=node, via="import", tags=written.tags or {"from:file"}, scope=Reach.SESSION
        )
        return None
    from jupyter_guard.read.python.texts import run_text

    scope, before, author = Scope("module"), run.scope, run.origin
    run.scope, run.origin = scope, max(author, written.origin, key=lambda one: one.rank)
    try:
        run_text(run, written.text, node, set())
        made = Obj(Class(module, {}, [], run.origin))
    finally:
        run.scope, run.origin = before, author
    made.attrs = scope.names
    value = Value((made,), frozenset(), written.origin)
    run.memory.patched[f"import {module}"] = value
    return value


def _file(run: Run, module: str, node: ast.AST | None) -> tuple[str, Written] | None:
    """The file of a module: where the cell stands, or in any folder that the module path may hold."""
    inner = module.replace(".", "/")
    for place in (f"{inner}.py", f"{inner}/__init__.py"):
        resolved = run.here(node).resolve(place)
        if resolved in run.memory.files:
            return resolved, run.memory.files[resolved]
        for path, written in run.memory.files.items():
            if path.endswith("/" + place):
                return path, written
    return None


def path_grown(run: Run, site: Site) -> None:
    """``sys.path.insert(0, place)``: what was downloaded there is what later imports run."""
    for value in site.args:
        for atom in value.atoms:
            if type(atom) is Const and isinstance(atom.value, str) and run.memory.written:
                place = run.here(site.node).resolve(atom.value)
                arrived = [marks for path, marks in run.memory.written.items() if _within(path, place)]
                if any("network" in marks for marks in arrived):
                    run.emit(
                        Kind.CODE_EXECUTE, atom.value, node=site.node, via=site.name, tags=("from:network",),
                        scope=Reach.SESSION,
                    )  # fmt: skip


def _within(path: str, place: str) -> bool:
    """Whether a downloaded archive or module stands at ``place``; data in the same folder is none."""
    return path == place or (path.startswith(place + "/") and path.endswith((".py", ".so", ".zip", ".whl")))
