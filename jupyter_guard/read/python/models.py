"""Library functions whose results the reader knows -> their results, by full name (``MODELS``)."""

# ruff: noqa: ARG001, ARG005 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python import (
    models_codecs,
    models_containers,
    models_counts,
    models_environment,
    models_files,
    models_functions,
    models_installed,
    models_loaders,
    models_objects,
    models_paths,
    models_queues,
    models_shown,
    models_sizes,
    models_texts,
)
from jupyter_guard.read.python.access import attribute
from jupyter_guard.read.python.acts import TAINTS
from jupyter_guard.read.python.changes import set_attribute
from jupyter_guard.read.python.fold import shown, text
from jupyter_guard.read.python.methods import lifted
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import (
    ANYTHING,
    BUILT,
    DECODED,
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
    Unknown,
    Value,
    derived,
    items_of,
    join,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

Model = Callable[[Run, Site], Value | None]


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


def _pushed(run: Run, site: Site) -> Value:
    """``get_ipython().push({"name": value})``: names of the session."""
    for atom in arg(site, 0, "variables").atoms:
        if type(atom) is Map:
            run.scope.module.names.update({key: one for key, one in atom.items.items() if isinstance(key, str)})
    return NONE


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
    name = names[0] if not site.name.endswith("__import__") else names[0].partition(".")[0]
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
    found += [Value((Name(atom.type),)) for atom in arg(site, 0).atoms if type(atom) is Inst and atom.type in _SHELLS]
    return join(found) if found else ANYTHING


# Whoever changes the class changes the shell.
_SHELLS = frozenset({"IPython.core.interactiveshell.InteractiveShell", "ipykernel.ipkernel.IPythonKernel"})


def _partial(run: Run, site: Site) -> Value:
    return Value((Partial(arg(site, 0), site.args[1:], dict(site.kwargs)),))


def _getter(kind: str) -> Model:
    return lambda _run, site: Value((Getter(kind, list(site.args), dict(site.kwargs)),))


def _call_first(run: Run, site: Site) -> Value:
    from jupyter_guard.read.python.calls import apply

    return apply(run, arg(site, 0).marked({INDIRECT}), site.args[1:], site.kwargs, site.node, open_=site.open)


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
    if only is None or not isinstance(only.value, (str, bytes)) or len(only.value) > 20_000:
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
        run.emit(
            Kind.RESOURCE_EXHAUST,
            "threads or processes",
            node=site.node,
            via=site.name,
            tags=("fork",),
            scope=Reach.SYSTEM,
            certainty=Certainty.LIKELY,
        )


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
    **models_containers.MODELS,
    **models_counts.MODELS,
    **models_environment.MODELS,
    **models_files.MODELS,
    **models_functions.MODELS,
    **models_installed.MODELS,
    **models_loaders.MODELS,
    **models_objects.MODELS,
    **models_queues.MODELS,
    **models_shown.MODELS,
    **models_sizes.MODELS,
    **models_texts.MODELS,
    "getattr": _getattr,
    "setattr": _setattr,
    "vars": _vars,
    "globals": _globals,
    "locals": _locals,
    "__import__": _import,
    "importlib.import_module": _import,
    "importlib.__import__": _import,
    "importlib._bootstrap._gcd_import": _import,
    "imp.load_module": _import,
    "type": _type,
    "iter": _same,
    "float": _clean,
    "bool": _clean,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "operator.attrgetter": _getter("attrgetter"),
    "operator.itemgetter": _getter("itemgetter"),
    "operator.methodcaller": _getter("methodcaller"),
    "operator.call": _call_first,
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
    "IPython.core.interactiveshell.InteractiveShell.push": _pushed,
    "os.dup2": _dup,
    "contextlib.closing": _same,
    "contextlib.nullcontext": _same,
    "typing.cast": lambda run, site: arg(site, 1),
    "threading.Thread.start": _fork_bomb,
    "multiprocessing.Process.start": _fork_bomb,
    "subprocess.Popen": _fork_bomb,
    "re.compile": lambda run, site: Value((Inst("re.Pattern", arg(site, 0, "pattern")),)),
}
MODELS |= {f"builtins.{name}": model for name, model in MODELS.items() if "." not in name}
