"""Library functions whose results the reader knows -> their results, by full name (``MODELS``)."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python import models_codecs, models_paths
from jupyter_guard.read.python.access import attribute, environment, set_attribute, set_environment
from jupyter_guard.read.python.acts import TAINTS, Site
from jupyter_guard.read.python.fold import joined, shown, text
from jupyter_guard.read.python.methods import lifted, of_mapping
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    DECODED,
    ENVIRON,
    INDIRECT,
    NONE,
    Class,
    Const,
    Func,
    Getter,
    Inst,
    Map,
    Name,
    NameDict,
    Obj,
    Partial,
    Seq,
    Unknown,
    Value,
    const,
    derived,
    element,
    items_of,
    join,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

Model = Callable[[Run, Site], Value | None]


def arg(site: Site, index: int, name: str = "") -> Value:
    """An argument, or ``ANYTHING`` when it is not given."""
    if index < len(site.args):
        return site.args[index]
    return site.kwargs.get(name, ANYTHING)


def _getattr(run: Run, site: Site) -> Value:
    names = [atom.value for atom in arg(site, 1).atoms if type(atom) is Const and isinstance(atom.value, str)]
    subject = arg(site, 0)
    if not names or HOLE in names[0]:
        return Value((Unknown("getattr()", ""),), arg(site, 1).marks & TAINTS)
    marks = {INDIRECT} | (arg(site, 1).marks & {BUILT, DECODED})
    found = [attribute(run, subject, name, site.node).marked(marks) for name in names[:6]]
    # A default that is a plain constant is what is left when the attribute is missing: nothing that runs.
    return join(found)


def _setattr(run: Run, site: Site) -> Value:
    only = arg(site, 1).only()
    if only is not None and isinstance(only.value, str):
        set_attribute(run, arg(site, 0), only.value, arg(site, 2), site.node)
    return NONE


def _vars(run: Run, site: Site) -> Value:
    if not site.args:
        return _locals(run, site)
    found: list[Value] = []
    for atom in site.args[0].atoms:
        if type(atom) is Name:
            found.append(Value((NameDict(atom.dotted),)))
        elif type(atom) is Obj or type(atom) is Class:
            found.append(Value((Map(atom.attrs),)))
    return join(found) if found else ANYTHING


def _globals(run: Run, site: Site) -> Value:
    return Value((Map({"__builtins__": Value((Name("builtins"),))}, None, run.scope.module),))


def _locals(run: Run, site: Site) -> Value:
    return Value((Map({}, None, run.scope),))


def _import(run: Run, site: Site) -> Value:
    names = [atom.value for atom in arg(site, 0, "name").atoms if type(atom) is Const and isinstance(atom.value, str)]
    marks = arg(site, 0, "name").marks
    if not names or HOLE in names[0]:
        if marks & {"network", "user", "model"}:
            tags = {f"from:{mark}" for mark in marks & TAINTS}
            run.emit(Kind.CODE_EXECUTE, node=site.node, via=site.name, tags={"dynamic", *tags}, scope=Reach.SESSION)
        return Value((Unknown("import()", ""),), marks & TAINTS)
    run.note("import", names[0], site.node)
    name = names[0] if site.name.endswith("import_module") else names[0].partition(".")[0]
    return Value((Name(name),), frozenset({INDIRECT}) | (marks & {BUILT, DECODED}))


def _type(run: Run, site: Site) -> Value:
    if len(site.args) == 3:
        attrs: dict[str, Value] = {}
        for atom in site.args[2].atoms:
            if type(atom) is Map:
                attrs.update({str(key): value for key, value in atom.items.items()})
        cls = Class(text(site.args[0]).replace(HOLE, "") or "type", attrs, items_of(site.args[1]) or [], run.origin)
        run.classes.append(cls)
        return Value((cls,))
    found = [Value((atom.cls,)) for atom in arg(site, 0).atoms if type(atom) is Obj]
    return join(found) if found else ANYTHING


def _map(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    function = arg(site, 0).marked({INDIRECT})
    lists = [items_of(one) for one in site.args[1:]]
    if lists and all(one is not None and len(one) <= 512 for one in lists):
        rows = zip(*(one for one in lists if one is not None), strict=False)
        return Value((Seq([apply(run, function, list(row), {}, site.node) for row in rows]),))
    result = apply(run, function, [element(one) for one in site.args[1:]], {}, site.node)
    return Value((Seq([], "list", result),))


def _filter(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    inner = element(arg(site, 1))
    if any(not isinstance(atom, Const) for atom in arg(site, 0).atoms):
        apply(run, arg(site, 0), [inner], {}, site.node)
    return Value((Seq([], "list", inner),), arg(site, 1).marks)


def _reduce(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    items = items_of(arg(site, 1))
    if items is None or len(items) > 256:
        inner = element(arg(site, 1))
        return apply(run, arg(site, 0), [inner, inner], {}, site.node)
    values = [*site.args[2:3], *items]
    if not values:
        return ANYTHING
    result = values[0]
    for value in values[1:]:
        result = apply(run, arg(site, 0), [result, value], {}, site.node)
    return result


def _list(run: Run, site: Site) -> Value:
    kind = site.name.rpartition(".")[2]
    if not site.args:
        return Value((Seq([], kind),))
    value = iterated(run, site.args[0], site)
    for atom in value.atoms:
        if type(atom) is Const and isinstance(atom.value, range) and _length(atom.value) > 200_000_000:
            run.emit(
                Kind.RESOURCE_EXHAUST,
                f"{_length(atom.value) * 8:,} bytes of memory",
                node=site.node,
                via=site.name,
                tags=("giant",),
                scope=Reach.SESSION,
            )
    items = items_of(value)
    if items is not None:
        return Value((Seq(list(items), kind),))
    return Value((Seq([], kind, element(value)),), value.marks)


def _length(numbers: range) -> int:
    """``len`` without its limit."""
    return max(0, (numbers.stop - numbers.start) // numbers.step)


def iterated(run: Run, value: Value, site: Site | None) -> Value:
    """What going through ``value`` gives: types know what they hold, files and listings are of unknown length."""
    found: list[Value] = []
    changed = False
    for atom in value.atoms:
        if isinstance(atom, Inst | Name):
            type_ = atom.type if isinstance(atom, Inst) else ""
            if isinstance(atom, Name):
                entry = run.known(atom.dotted)
                type_ = entry.returns if entry is not None else ""
            entry = run.known(f"{type_}.__iter__") if type_ else None
            if entry is not None and entry.returns:
                found.append(Value((Seq([], "list", Value((Inst(entry.returns, getattr(atom, "made", None)),))),)))
                changed = True
                continue
        found.append(Value((atom,)))
    return join(found).marked(value.marks).by(value.origin) if changed else value


def _reversed(run: Run, site: Site) -> Value:
    items = items_of(arg(site, 0))
    if items is None:
        return arg(site, 0)
    return Value((Seq([one.marked({DECODED}) if len(items) > 1 and isinstance(getattr(one.only(), "value", None), str) else one for one in reversed(items)]),))


def _sorted(run: Run, site: Site) -> Value:
    items = items_of(arg(site, 0))
    return Value((Seq([], "list", join(items)),), arg(site, 0).marks) if items else _list(run, site)


def _zip(run: Run, site: Site) -> Value:
    lists = [items_of(one) for one in site.args]
    if lists and all(one is not None for one in lists):
        return Value((Seq([Value((Seq(list(row), "tuple"),)) for row in zip(*(o for o in lists if o is not None), strict=False)]),))
    return Value((Seq([], "list", Value((Seq([element(one) for one in site.args], "tuple"),))),))


def _enumerate(run: Run, site: Site) -> Value:
    items = items_of(arg(site, 0))
    if items is not None and len(items) <= 512:
        return Value((Seq([Value((Seq([const(index), one], "tuple"),)) for index, one in enumerate(items)]),))
    return Value((Seq([], "list", Value((Seq([ANYTHING, element(iterated(run, arg(site, 0), site))], "tuple"),))),))


def _dict(run: Run, site: Site) -> Value:
    mapping = Map(dict(site.kwargs))
    marks = frozenset[str]()
    for value in site.args:
        marks |= value.marks
        pairs = items_of(value)
        if any(type(atom) is Map for atom in value.atoms):
            of_mapping(mapping, "update", [value], {})
        elif pairs is not None and all(len(items_of(pair) or []) == 2 for pair in pairs):
            for pair in pairs:
                key, one = items_of(pair) or [ANYTHING, ANYTHING]
                only = key.only()
                if only is not None and isinstance(only.value, str | int | bytes):
                    mapping.items[only.value] = one
        else:
            mapping.rest = element(value)
    return Value((mapping,), marks)


def _next(run: Run, site: Site) -> Value:
    value = iterated(run, arg(site, 0), site)
    items = items_of(value)
    return items[0] if items else element(value)


def _str(run: Run, site: Site) -> Value:
    if not site.args:
        return const("")
    value = joined([site.args[0]])
    if len(site.args) > 1 and any(type(atom) is Const and isinstance(atom.value, bytes) for atom in site.args[0].atoms):
        return value.marked({DECODED}) if DECODED in site.args[0].marks else value
    return value


def _print(run: Run, site: Site) -> None:
    if "file" in site.kwargs:
        return
    show(run, [*site.args], site.node, site.name)


def show(run: Run, values: list[Value], node: object, via: str) -> None:
    """Values that end in an output: a credential among them is shown."""
    from jupyter_guard.read.python.acts import deep_marks

    for value in values:
        marks = deep_marks(value)
        if "credential" in marks or ENVIRON in marks:
            run.emit(
                Kind.CREDENTIAL_READ,
                "the environment" if ENVIRON in marks or "environment" in marks else "",
                node=node,  # type: ignore[arg-type]
                via=via,
                tags=("show",),
                scope=Reach.SESSION if "environment" in marks else Reach.HOME,
            )


def _int(run: Run, site: Site) -> Value:
    only = arg(site, 0).only()
    base = site.args[1].only() if len(site.args) > 1 else None
    if only is not None and isinstance(only.value, str | int | float | bytes):
        try:
            return const(int(only.value, base.value) if base is not None else int(only.value))  # type: ignore[call-overload]
        except (ValueError, TypeError, OverflowError):
            pass
    return ANYTHING


def _range(run: Run, site: Site) -> Value:
    numbers = [one.only() for one in site.args]
    if numbers and all(one is not None and isinstance(one.value, int) for one in numbers):
        try:
            return const(range(*(one.value for one in numbers if one is not None)))
        except (ValueError, TypeError):
            pass
    return ANYTHING


def _len(run: Run, site: Site) -> Value:
    items = items_of(arg(site, 0))
    return const(len(items)) if items is not None else ANYTHING


def _any_of(run: Run, site: Site) -> Value:
    return join(site.args) if len(site.args) > 1 else element(arg(site, 0))


def _partial(run: Run, site: Site) -> Value:
    return Value((Partial(arg(site, 0), site.args[1:], dict(site.kwargs)),))


def _getter(kind: str) -> Model:
    return lambda _run, site: Value((Getter(kind, list(site.args), dict(site.kwargs)),))


def _call_first(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    return apply(run, arg(site, 0).marked({INDIRECT}), site.args[1:], site.kwargs, site.node, open_=site.open)


def _environ_get(run: Run, site: Site) -> Value:
    found = environment(arg(site, 0, "key"))
    name = arg(site, 0, "key").only()
    if name is not None and name.value == "HOME":
        return const(run.context.home)
    default = site.args[1] if len(site.args) > 1 else site.kwargs.get("default")
    if default is not None and default.only() is not None:
        return Value((*default.atoms, Unknown("os.environ", "")), found.marks)
    return found


def _environ_set(run: Run, site: Site) -> Value:
    for atom in arg(site, 0).atoms:
        if type(atom) is Map:
            for key in atom.items:
                set_environment(run, const(key), site.node)
    set_environment(run, arg(site, 0), site.node)
    for key in site.kwargs:
        set_environment(run, const(key), site.node)
    return ANYTHING


def _input(run: Run, site: Site) -> Value:
    return Value((), frozenset({"user"}))


def _getpass(run: Run, site: Site) -> Value:
    return Value((), frozenset({"user", "credential"}))


def _super(run: Run, site: Site) -> Value:
    owner = next((func.owner for func in reversed(run.calls) if func.owner is not None), None)
    if owner is None:
        return ANYTHING
    found: list[Value] = []
    for atom in owner.atoms:
        if type(atom) is Obj:
            for base in atom.cls.bases:
                for one in base.atoms:
                    if type(one) is Class:
                        parent = Obj(one)
                        parent.attrs = atom.attrs
                        found.append(Value((parent,)))
                    elif type(one) is Name:
                        found.append(Value((Inst(one.dotted),)))
    return join(found) if found else ANYTHING


def _compile(run: Run, site: Site) -> Value:
    return Value((Inst("types.CodeType", arg(site, 0, "source")),), arg(site, 0, "source").marks)


def _eval(run: Run, site: Site) -> Value | None:
    """The value of an expression in a text; its effects are the knowledge's business."""
    from jupyter_guard.read.python.expressions import evaluate_text

    only = arg(site, 0).only()
    if only is None or not isinstance(only.value, str) or len(only.value) > 2000:
        return Value((), arg(site, 0).marks & TAINTS)
    return evaluate_text(run, only.value, site.node)


def _chdir(run: Run, site: Site) -> None:
    texts = [shown(atom.value) for atom in arg(site, 0).atoms if type(atom) is Const]
    if len(texts) == 1:
        run.memory.directory = run.here(site.node).resolve(texts[0])
    else:
        run.memory.directory = HOLE


def _json_loads(run: Run, site: Site) -> Value | None:
    import json

    only = arg(site, 0).only()
    if only is None or not isinstance(only.value, str | bytes) or len(only.value) > 20_000:
        return derived(*site.args)
    try:
        return lifted(json.loads(only.value), arg(site, 0).marks)
    except (ValueError, RecursionError):
        return ANYTHING


def _wrapped(run: Run, site: Site) -> Value:
    kind = site.name.rpartition(".")[2]
    for atom in arg(site, 0).atoms:
        if isinstance(atom, Func):
            atom.kind = kind
    return arg(site, 0)


def _statement(run: Run, site: Site) -> Value:
    return Value((Inst("sqlalchemy.TextClause", arg(site, 0, "text")),), arg(site, 0, "text").marks)


def _cell_magic(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.texts import run_cell

    parts = [text(arg(site, index, name)) for index, name in enumerate(("magic_name", "line", "cell"))]
    run_cell(run, f"%%{parts[0]} {parts[1]}\n{parts[2]}", site.node)
    return ANYTHING


def _line_magic(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.texts import run_cell

    run_cell(run, "%" + " ".join(text(one) for one in site.args[:2]), site.node)
    return ANYTHING


def _same(run: Run, site: Site) -> Value:
    return arg(site, 0)


def _fork_bomb(run: Run, site: Site) -> None:
    if any(loop.endless or loop.huge for loop in run.loops):
        run.emit(Kind.RESOURCE_EXHAUST, "threads or processes", node=site.node, via=site.name, tags=("fork",), scope=Reach.SYSTEM, certainty=Certainty.LIKELY)


def _write(run: Run, site: Site) -> None:
    """What is written into a file: text from the network makes the file one from the network."""
    from jupyter_guard.read.python.fold import path_texts

    marks = frozenset[str]().union(*(one.marks for one in site.args)) & {"network", "model", "user"}
    for path in path_texts(site.made()):
        if not path.strip(HOLE):
            continue
        if marks:
            run.memory.written[run.here(site.node).resolve(path)] = marks
        if any(loop.endless for loop in run.loops):
            run.add(run.here(site.node).file(Kind.FILE_WRITE, path, via=site.name, tags=("unbounded",)))


def _dup(run: Run, site: Site) -> None:
    """Standard input or output handed to a socket: a shell for whoever is at the other end."""
    for atom in arg(site, 0).atoms:
        if "network" in arg(site, 0).marks or (type(atom) is Unknown and "socket" in atom.path):
            run.emit(Kind.CODE_EXECUTE, node=site.node, via=site.name, tags=("from:network",), scope=Reach.REMOTE)


def _clean(run: Run, site: Site) -> Value:
    return ANYTHING


MODELS: dict[str, Model] = {
    **models_paths.MODELS,
    **models_codecs.MODELS,
    "getattr": _getattr,
    "setattr": _setattr,
    "vars": _vars,
    "globals": _globals,
    "locals": _locals,
    "__import__": _import,
    "importlib.import_module": _import,
    "importlib.__import__": _import,
    "type": _type,
    "map": _map,
    "filter": _filter,
    "functools.reduce": _reduce,
    "list": _list,
    "tuple": _list,
    "set": _list,
    "frozenset": _list,
    "iter": _same,
    "reversed": _reversed,
    "sorted": _sorted,
    "zip": _zip,
    "enumerate": _enumerate,
    "dict": _dict,
    "collections.OrderedDict": _dict,
    "types.SimpleNamespace": _dict,
    "next": _next,
    "str": _str,
    "repr": _str,
    "print": _print,
    "display": _print,
    "IPython.display.display": _print,
    "pprint.pprint": _print,
    "pprint": _print,
    "int": _int,
    "float": _clean,
    "bool": _clean,
    "len": _len,
    "range": _range,
    "min": _any_of,
    "max": _any_of,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "operator.attrgetter": _getter("attrgetter"),
    "operator.itemgetter": _getter("itemgetter"),
    "operator.methodcaller": _getter("methodcaller"),
    "operator.call": _call_first,
    "os.environ.get": _environ_get,
    "os.environ.pop": _environ_get,
    "os.environ.setdefault": _environ_set,
    "os.environ.update": _environ_set,
    "os.putenv": _environ_set,
    "os.getenv": _environ_get,
    "input": _input,
    "getpass.getpass": _getpass,
    "super": _super,
    "compile": _compile,
    "eval": _eval,
    "os.chdir": _chdir,
    "json.loads": _json_loads,
    "staticmethod": _wrapped,
    "classmethod": _wrapped,
    "property": _wrapped,
    "sqlalchemy.text": _statement,
    "sqlalchemy.DDL": _statement,
    "sqlalchemy.sql.text": _statement,
    "sqlalchemy.sql.expression.text": _statement,
    "psycopg2.sql.SQL": _statement,
    "psycopg.sql.SQL": _statement,
    "IPython.core.interactiveshell.InteractiveShell.run_cell_magic": _cell_magic,
    "IPython.core.interactiveshell.InteractiveShell.run_line_magic": _line_magic,
    "IPython.core.interactiveshell.InteractiveShell.magic": _line_magic,
    "io.TextIOWrapper.write": _write,
    "io.TextIOWrapper.writelines": _write,
    "os.dup2": _dup,
    "copy.copy": _same,
    "copy.deepcopy": _same,
    "typing.cast": lambda run, site: arg(site, 1),
    "threading.Thread.start": _fork_bomb,
    "multiprocessing.Process.start": _fork_bomb,
}
MODELS |= {f"builtins.{name}": model for name, model in MODELS.items() if "." not in name}
