"""Modules that are found and loaded by hand (``find_spec("x").loader``) -> the import that it is."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import INDIRECT, Inst, Name, Value

SPEC = "importlib.machinery.ModuleSpec"
LOADER = "importlib.machinery.Loader"


def _spec(_run: Run, site: Site) -> Value:
    """``importlib.util.find_spec(name)``: its ``origin`` is the module's file. Nothing is imported by finding it."""
    return Value((Inst(SPEC, arg(site, 0, "name")),))


def _finder(name: str) -> Callable[[Run, Site], Value]:
    return lambda _run, site: Value((Inst(LOADER, arg(site, 0, name)),))


def _module_of(value: Value) -> str:
    only = value.only()
    return only.value if only is not None and isinstance(only.value, str) and HOLE not in only.value else ""


def _made(_run: Run, site: Site) -> Value | None:
    """``module_from_spec(spec)``: the module by its name, empty until the loader has run it."""
    for atom in arg(site, 0, "spec").atoms:
        if type(atom) is Inst and atom.type == SPEC and atom.made is not None and (name := _module_of(atom.made)):
            return Value((Name(name),), frozenset({INDIRECT}))
    return None


def _loaded(run: Run, site: Site) -> Value | None:
    """``loader.load_module()``, ``loader.exec_module(module)``."""
    name = _module_of(site.made())
    if not name:
        return None
    run.note("import", name, site.node)
    return Value((Name(name),), frozenset({INDIRECT}))


MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    "importlib.util.find_spec": _spec,
    "importlib.machinery.PathFinder.find_spec": _spec,
    "importlib.machinery.BuiltinImporter.find_spec": _spec,
    "importlib.machinery.FrozenImporter.find_spec": _spec,
    "importlib.util.module_from_spec": _made,
    "importlib.find_loader": _finder("name"),
    "pkgutil.find_loader": _finder("fullname"),
    "pkgutil.get_loader": _finder("module_or_name"),
    f"{LOADER}.load_module": _loaded,
    f"{LOADER}.exec_module": _loaded,
}
PROPERTIES: dict[str, Callable[[Run, Value], Value]] = {
    f"{SPEC}.loader": lambda _run, made: Value((Inst(LOADER, made),)),
}
