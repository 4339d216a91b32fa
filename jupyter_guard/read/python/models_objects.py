"""Objects that hold callables (named tuples, name spaces, fields, stacks of contexts) -> what they hold."""

# ruff: noqa: ARG001 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python import programs, replaced
from jupyter_guard.read.python.access import attribute
from jupyter_guard.read.python.acts import deep_marks
from jupyter_guard.read.python.classes import class_attribute
from jupyter_guard.read.python.fold import path_texts
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    DECODED,
    INDIRECT,
    MANY,
    SELF_MADE,
    Class,
    Const,
    Func,
    Inst,
    Map,
    Name,
    Obj,
    Seq,
    Value,
    const,
    items_of,
    join,
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


def _serialised(run: Run, site: Site) -> Value:
    """``pickle.dumps(obj)``: bytes that rebuild plain data which the session itself holds."""
    value = arg(site, 0, "obj")
    rebuilt(run, value, site)
    plain = bool(value.atoms) and all(type(atom) in (Const, Seq, Map) for atom in value.atoms)
    return Value((), frozenset({SELF_MADE}) if plain and not deep_marks(value) else frozenset())


def rebuilt(run: Run, value: Value, site: Site, depth: int = 0) -> None:
    """Objects of the session, anywhere in ``value``, that say themselves what is called to make them again."""
    from jupyter_guard.read.python.calls import apply

    for atom in value.atoms:
        if type(atom) is Seq and depth < 4:
            for one in atom.items[:64]:
                rebuilt(run, one, site, depth + 1)
        elif type(atom) is Map and depth < 4:
            for one in list(atom.items.values())[:64]:
                rebuilt(run, one, site, depth + 1)
        elif type(atom) is Obj:
            for special in ("__reduce_ex__", "__reduce__"):
                if class_attribute(run, atom.cls, special) is None:
                    continue
                made = apply(run, attribute(run, Value((atom,)), special, None), [], {}, site.node)
                for parts in map(items_of, (Value((one,)) for one in made.atoms)):
                    if parts and len(parts) > 1:
                        apply(run, parts[0].marked({INDIRECT}), items_of(parts[1]) or [], {}, site.node)


def _copied(run: Run, site: Site) -> Value:
    rebuilt(run, arg(site, 0), site)
    return arg(site, 0)


def members(run: Run, prefix: str) -> list[Value]:
    """The names that are known below a module or class, each with what it stands for."""
    names = sorted(run.knowledge.below(prefix))[:MOST_MEMBERS]
    marks = frozenset({INDIRECT})
    return [Value((Seq([const(one), Value((Name(f"{prefix}.{one}"),), marks)], "tuple"),)) for one in names]


def _members(run: Run, site: Site) -> Value | None:
    """``inspect.getmembers(module)``."""
    found = [members(run, atom.dotted) for atom in arg(site, 0).atoms if type(atom) is Name]
    return Value((Seq(found[0]),)) if found and found[0] else None


def _dir(run: Run, site: Site) -> Value | None:
    """``dir(module)``: the names among them that are known."""
    names = [
        atom.dotted if isinstance(atom, Name) else atom.type
        for atom in arg(site, 0).atoms
        if isinstance(atom, (Name, Inst))
    ]
    found = [sorted(run.knowledge.below(one)) for one in names]
    return Value((Seq([const(one) for one in found[0][:MOST_MEMBERS]]),)) if found and found[0] else None


def _words(run: Run, site: Site) -> None:
    """``os.execlp(file, "rm", "-r", path)``, ``os.spawnl(mode, file, ...)``: the words of the command one by one."""
    from jupyter_guard.read.python.calls import apply

    spawns = ".spawn" in site.name
    words = site.args[2 if spawns else 1 :]
    if site.name.endswith("e"):
        words = words[:-1]
    if words:
        given = [*site.args[: 2 if spawns else 1], Value((Seq(words),))]
        apply(run, Value((Name("os.spawnvp" if spawns else "os.execvp"),)), given, {}, site.node)


def _pip(run: Run, site: Site) -> None:
    """``pip.main(["install", url])``: the command of that name."""
    from jupyter_guard.read.python.calls import apply

    words = items_of(arg(site, 0, "args"))
    if words is not None:
        apply(run, Value((Name("subprocess.run"),)), [Value((Seq([const("pip"), *words]),))], {}, site.node)


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


def _fields(run: Run, site: Site) -> Value | None:
    """``asdict(obj)``: what an object of the session holds, as a dictionary."""
    found = [Value((Map(dict(atom.attrs)),)) for atom in arg(site, 0).atoms if type(atom) is Obj]
    return join(found) if found else None


def printed(run: Run, value: Value, node: object) -> frozenset[str]:
    """The marks of the text that an object of the session makes of itself."""
    marks = frozenset[str]()
    for atom in value.atoms:
        if type(atom) is Obj and len(run.calls) < 4:
            from jupyter_guard.read.python.calls import apply

            for special in ("__repr__", "__str__"):
                for one in (atom.cls.attrs.get(special) or ANYTHING).atoms:
                    if type(one) is Func:
                        made = apply(run, Value((one.bound(Value((atom,))),)), [], {}, node)  # type: ignore[arg-type]
                        marks |= made.marks
    return marks


def _any_condition(run: Run, site: Site) -> Value | None:
    """``or_(a, b)``: true of every row when one of them is."""
    for value in site.args:
        if any(type(atom) is Inst and atom.type == "sqlalchemy.True_" for atom in value.atoms):
            return value
    return None


def _listed(run: Run, site: Site) -> Value:
    """``fs.ls(path)``: what lies below a path, of unknown length."""
    below = [const(f"{path.rstrip('/')}/{HOLE}") for path in path_texts(arg(site, 0, "path")) if path.strip(HOLE)]
    return Value((Seq([], "list", join(below).marked({MANY}) if below else ANYTHING),), frozenset({MANY}))


MOST_MEMBERS = 200
"""Names of a module that are gone through."""

MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    **replaced.MODELS,
    **dict.fromkeys(
        [f"fsspec.implementations.local.LocalFileSystem.{name}" for name in ("ls", "find", "listdir")], _listed
    ),
    **dict.fromkeys(("pickle.dumps", "cloudpickle.dumps", "dill.dumps"), _serialised),
    **dict.fromkeys(
        ("sqlalchemy.or_", "sqlalchemy.sql.or_", "sqlalchemy.sql.expression.or_", "sqlmodel.or_"), _any_condition
    ),
    **dict.fromkeys(("dataclasses.asdict", "dataclasses.astuple", "attrs.asdict", "attr.asdict"), _fields),
    "types.SimpleNamespace": _namespace,
    "argparse.Namespace": _namespace,
    "threading.local": _namespace,
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
    **dict.fromkeys(("pip.main", "pip._internal.main", "pip._internal.cli.main.main"), _pip),
    **dict.fromkeys([f"os.{how}l{end}" for how in ("exec", "spawn") for end in ("", "e", "p", "pe")], _words),
    "copy.copy": _copied,
    "copy.deepcopy": _copied,
    "dir": _dir,
    "inspect.getmembers": _members,
    "sh.Command": programs.command,
    "multiprocessing.get_context": _started,
    "sys.path.insert": _path_grown,
    "sys.path.append": _path_grown,
    "site.addsitedir": _path_grown,
    "fsspec.core.url_to_fs": _located_files,
    "fsspec.url_to_fs": _located_files,
    "functools.singledispatch": _same,
}
