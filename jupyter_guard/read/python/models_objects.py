"""Objects that hold callables (named tuples, name spaces, fields, stacks of contexts) -> what they hold."""

# ruff: noqa: ARG001 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    DECODED,
    INDIRECT,
    Class,
    Inst,
    Map,
    Name,
    Obj,
    Seq,
    Value,
    const,
    items_of,
)


def _namespace(run: Run, site: Site) -> Value:
    """``types.SimpleNamespace(do=f)``: an object with these attributes."""
    made = Obj(Class(site.name.rpartition(".")[2], {}, [], run.origin))
    for value in site.args:
        for atom in value.atoms:
            if type(atom) is Map:
                made.attrs.update({key: one for key, one in atom.items.items() if isinstance(key, str)})
    made.attrs.update(site.kwargs)
    return Value((made,))


def _named_tuple(run: Run, site: Site) -> Value:
    """``namedtuple("Step", "do where")`` and ``make_dataclass``: a class whose objects take these fields in order."""
    fields = arg(site, 1, "fields" if site.name.endswith("make_dataclass") else "field_names")
    only = fields.only()
    if only is not None and isinstance(only.value, str):
        names = [const(one) for one in only.value.replace(",", " ").split()]
    else:
        names = [_first(one) for one in items_of(fields) or []]
    texts = [one.value for value in names if (one := value.only()) is not None and isinstance(one.value, str)]
    name = arg(site, 0, "typename").only()
    cls = Class(str(name.value) if name is not None else "tuple", dict.fromkeys(texts, ANYTHING), [], run.origin)
    run.classes.append(cls)
    return Value((cls,))


def _first(field: Value) -> Value:
    """The name of a field, which may be given with its type: ``("do", object)``."""
    parts = items_of(field)
    return parts[0] if parts and field.only() is None else field


def _field(run: Run, site: Site) -> Value:
    """``dataclasses.field(default_factory=f)``: what the field holds when nothing is given."""
    from jupyter_guard.read.python.calls import apply

    for name in ("default_factory", "factory"):
        if name in site.kwargs:
            return apply(run, site.kwargs[name], [], {}, site.node)
    return site.kwargs.get("default", ANYTHING)


def _entered(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.statements import entered

    return entered(run, arg(site, 0, "cm"), site.node)


def _located(run: Run, site: Site) -> Value | None:
    """``pydoc.locate("shutil.rmtree")``: a library's name that is given as a text."""
    name = arg(site, 0)
    only = name.only()
    if only is None or not isinstance(only.value, str) or HOLE in only.value:
        return None
    dotted = only.value.replace(":", ".")
    run.note("import", dotted, site.node)
    return Value((Name(dotted.removeprefix("builtins.")),), frozenset({INDIRECT}) | (name.marks & {BUILT, DECODED}))


def _same(run: Run, site: Site) -> Value:
    return arg(site, 0)


def _path_grown(run: Run, site: Site) -> None:
    from jupyter_guard.read.python.imported import path_grown

    path_grown(run, site)


def _started(run: Run, site: Site) -> Value:
    """``multiprocessing.get_context("spawn")``: the same functions, with another way to start processes."""
    return Value((Name("multiprocessing"),))


def _located_files(run: Run, site: Site) -> Value:
    """``fsspec.core.url_to_fs(url)``: a file system and the path in it."""
    return Value((Seq([Value((Inst("fsspec.AbstractFileSystem"),)), arg(site, 0, "url")], "tuple"),))


MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    "types.SimpleNamespace": _namespace,
    "argparse.Namespace": _namespace,
    "collections.namedtuple": _named_tuple,
    "dataclasses.make_dataclass": _named_tuple,
    "dataclasses.field": _field,
    "attr.ib": _field,
    "attrs.field": _field,
    "contextlib.ExitStack.enter_context": _entered,
    "contextlib.ExitStack.push": _entered,
    "pydoc.locate": _located,
    "pkgutil.resolve_name": _located,
    "joblib.delayed": _same,
    "multiprocessing.get_context": _started,
    "sys.path.insert": _path_grown,
    "sys.path.append": _path_grown,
    "site.addsitedir": _path_grown,
    "fsspec.core.url_to_fs": _located_files,
    "fsspec.url_to_fs": _located_files,
    "functools.singledispatch": _same,
}
