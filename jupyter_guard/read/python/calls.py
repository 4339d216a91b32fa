"""Calling a value with arguments -> what it gives; effects of library calls, bodies of the session's own functions."""

from __future__ import annotations

import ast
import re

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python import models
from jupyter_guard.read.python.access import attribute, class_attribute, item, library_bases, touch
from jupyter_guard.read.python.acts import TAINTS, Site, perform
from jupyter_guard.read.python.methods import of_constant, of_mapping, of_sequence
from jupyter_guard.read.python.run import MAX_CALLS, Run
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.texts import SQL, read_sql, texts_of
from jupyter_guard.read.python.values import (
    ANYTHING,
    INDIRECT,
    NONE,
    Bound,
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
    items_of,
    join,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

_VERB = re.compile(
    r"(?:batch_|bulk_|force_|hard_|permanently_|async_)?(?:delete|drop|destroy|purge|terminate|truncate|wipe|erase"
    r"|deprovision|nuke|flushall|flushdb|obliterate)(?:_|[A-Z]|s?$|All|Many)"
)
_BARE = frozenset({"delete", "destroy", "purge", "wipe", "erase", "nuke", "delete_all", "destroy_all", "drop_all"})
_CLIENT = re.compile(
    r"(?:^|[._(\]])(?:\w*(?:client|api|service|svc|admin|manager|mgr|bucket|cluster|collection|registry|queue|topic"
    r"|instance|volume|blob|container|index|indice|namespace|stack|tenant|account|session|database|db|repo|store|storage|vault"
    r"|catalog|warehouse|sdk|resource|project|org|conn|connection|cloud|server|engine|metadata|objects|customers|orders"
    r"|users|records|workspace)s?)(?:\(\)|\[\])?(?:[.(\[]|$)",
    re.IGNORECASE,
)
_QUIET = re.compile(
    r"(?:^|\.)(?:df|data|frame|train|test|X|x|y|ax|axs|fig|plt|self|np|pd|model|tokenizer|w|widget)(?:\.|\[|\(|$)"
)
_SPAWNS = frozenset({"Process", "Thread", "Timer", "start_new_thread", "submit", "Popen"})
_EXECUTES = frozenset(
    "execute executemany executescript exec_driver_sql sql query raw run_query execute_query execute_sql run_sql "
    "read_sql command statement fetch fetch_all fetchall fetchval scalar scalars do text Raw sql_query ddl".split()
)
_CONNECTION = re.compile(r"^(?:\w*_)?(?:con|conn|connection|cnx|cur|curs|cursor|engine|eng)\d?$")
_TRANSPARENT = frozenset(
    "staticmethod classmethod property functools.wraps functools.lru_cache functools.cache contextlib.contextmanager "
    "abc.abstractmethod dataclasses.dataclass typing.final typing.overload typing.no_type_check atexit.register".split()
)


def apply(
    run: Run,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    *,
    open_: bool = False,
) -> Value:
    """What ``callee(*args, **kwargs)`` gives. ``open_``: there are further arguments that are not seen."""
    run.context.spend(3)
    found = [_one(run, callee, atom, args, kwargs, node, open_) for atom in callee.atoms]
    if not found:
        return _taken(args, kwargs, callee)
    result = found[0] if len(found) == 1 else join(found)
    return result.by(callee.origin)


def _taken(args: list[Value], kwargs: dict[str, Value], callee: Value) -> Value:
    marks = derived(*args, *kwargs.values(), callee)
    return Value((), marks.marks & TAINTS, marks.origin)


def _one(
    run: Run,
    callee: Value,
    atom: object,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    if isinstance(atom, Func):
        return call_function(run, atom, args, kwargs, node, marks=callee.marks, open_=open_)
    if isinstance(atom, Name):
        return call_name(run, atom, callee, args, kwargs, node, open_)
    if isinstance(atom, Bound):
        return _bound(run, atom, args, kwargs, node)
    if isinstance(atom, Class):
        return instantiate(run, atom, args, kwargs, node)
    if isinstance(atom, Partial):
        return apply(run, atom.func, [*atom.args, *args], {**atom.kwargs, **kwargs}, node, open_=open_)
    if isinstance(atom, Getter):
        return _get(run, atom, args, node)
    if isinstance(atom, Obj):
        method = class_attribute(run, atom.cls, "__call__")
        if method is not None:
            owner = Value((atom,))
            bound = Value(tuple(one.bound(owner) if type(one) is Func else one for one in method.atoms))
            return apply(run, bound, args, kwargs, node, open_=open_)
        return _taken(args, kwargs, callee)
    if isinstance(atom, Inst):
        name = f"{atom.type}.__call__"
        entry = run.known(name)
        if entry is not None:
            return perform(run, entry, Site(name, args, kwargs, node, owner=Value((atom,)), open_=open_, callee=callee))
        return _taken(args, kwargs, callee)
    if isinstance(atom, Unknown):
        return _unknown(run, atom, callee, args, kwargs, node, open_)
    return _taken(args, kwargs, callee)


def call_name(
    run: Run,
    atom: Name,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    """Call a library's function, class or method by its full name."""
    name = atom.dotted
    run.note("call", name, node)
    site = Site(name, args, kwargs, node, owner=atom.owner, open_=open_, callee=callee)
    model = models.MODELS.get(name)
    modelled = model(run, site) if model is not None else None
    entry = run.known(name)
    if entry is None and "." in name:
        entry, inner = _reexported(run, name)
        if entry is not None:
            site.name = inner
            site.marks |= {INDIRECT}
            inner_model = models.MODELS.get(inner)
            modelled = inner_model(run, site) if inner_model is not None and modelled is None else modelled
    if entry is None:
        return modelled if modelled is not None else _undescribed(run, atom, site, callee)
    given = perform(run, entry, site)
    for slot in entry.calls:
        called = site.take(slot)
        if called is not None:
            call_back(run, called, site)
    if modelled is not None:
        return modelled.marked(given.marks)
    return given


_CARRIED = frozenset("os sys subprocess shutil builtins importlib socket pickle ctypes pathlib requests io".split())


def _reexported(run: Run, name: str) -> tuple[object, str] | tuple[None, str]:  # type: ignore[return]
    """``pd.io.common.os.system`` is ``os.system``."""
    parts = name.split(".")
    for index in range(1, len(parts) - 1):
        if parts[index] in _CARRIED:
            inner = ".".join(parts[index:])
            entry = run.known(inner)
            if entry is not None:
                return entry, inner
    return None, name


def call_back(run: Run, called: Value, site: Site) -> None:
    """A function that is handed over to be called, now or later, with arguments that are not known."""
    arguments = site.kwargs.get("args") or (site.args[1] if len(site.args) > 1 else None)
    items = items_of(arguments) if arguments is not None else None
    for atom in called.atoms:
        if isinstance(atom, Func):
            if any(one.node is atom.node for one in run.calls) and site.name.rpartition(".")[2] in _SPAWNS:
                run.emit(Kind.RESOURCE_EXHAUST, "", node=site.node, via=site.name, tags=("fork",), scope=Reach.SYSTEM)
                continue
            count = len(atom.node.args.args) - (1 if atom.owner is not None else 0)
            given = items if items is not None and len(items) == count else [ANYTHING] * max(count, 0)
            call_function(run, atom, given, {}, site.node)
        elif isinstance(atom, Name | Partial):
            given = items if items is not None else []
            apply(run, Value((atom,), called.marks, called.origin), given, {}, site.node, open_=items is None)


def _undescribed(run: Run, atom: Name, site: Site, callee: Value) -> Value:
    name = atom.dotted
    last = name.rpartition(".")[2]
    owner = site.owner
    if owner is not None and last in _EXECUTES:
        _perhaps_sql(run, site, last, "")
    if _VERB.match(last) and "." in name:
        receiver = name.rpartition(".")[0]
        typed = owner is not None and any(type(one) is Inst for one in owner.atoms)
        if (typed and _CLIENT.search(receiver)) or (typed and not run.knowledge.knows_module(name)):
            _unvetted(run, name, site)
    if owner is not None and not run.known(receiver_type(owner)):
        entry = run.known("?." + last)
        if entry is not None:
            return perform(run, entry, site, Certainty.LIKELY)
    secret = _private(run, site)
    if last[:1].isupper() and owner is None and not name.startswith("."):
        made = site.args[0] if site.args else None
        return Value((Inst(name, made),), secret, callee.origin)
    kept = derived(*site.args, *site.kwargs.values(), *([owner] if owner is not None else []))
    path = Unknown(name + "()", "", Value((atom,), callee.marks))
    return Value((path,), (kept.marks & TAINTS) | secret, kept.origin)


def receiver_type(owner: Value) -> str:
    """The type of a method's receiver, ``""`` when it is not known."""
    return next((atom.type for atom in owner.atoms if isinstance(atom, Inst)), "")


def _private(run: Run, site: Site) -> frozenset[str]:
    """A call that nothing describes, given a place where credentials are kept, is taken to read it."""
    found = frozenset[str]()
    for value in (*site.args, *site.kwargs.values()):
        for atom in value.atoms:
            path = atom.value if isinstance(atom, Const) else None
            if isinstance(path, str) and 4 < len(path) < 300 and ("/" in path or "~" in path) and "\n" not in path:
                context = run.here(site.node)
                if "credential-store" in context.path_tags(path) and not site.name.startswith(("os.path.", "pathlib.")):
                    run.add(context.file(Kind.FILE_READ, path, via=site.name.lstrip("."), certainty=Certainty.LIKELY))
                    found = frozenset({"credential", "file"})
    if found and site.owner is not None:
        for one in site.owner.atoms:
            if isinstance(one, Inst):
                one.attrs = one.attrs or {}
                one.attrs["__private__"] = Value((), found)
    return found


def _unvetted(run: Run, name: str, site: Site) -> None:
    run.emit(
        Kind.DATA_DESTROY,
        _subject(site),
        node=site.node,
        via=name.lstrip(".").replace("()", ""),
        tags=("unvetted-api",),
        certainty=Certainty.UNKNOWN,
        scope=Reach.UNKNOWN,
    )


def _subject(site: Site) -> str:
    for value in (*site.args, *site.kwargs.values()):
        only = value.only()
        if only is not None and isinstance(only.value, str) and len(only.value) < 80:
            return only.value
    return ""


def _unknown(
    run: Run,
    atom: Unknown,
    callee: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    open_: bool,
) -> Value:
    site = Site(atom.path, args, kwargs, node, owner=atom.owner, open_=open_, callee=callee)
    if atom.path:
        run.note("call", atom.path.lstrip("."), node)
    result: Value | None = None
    if atom.attr:
        entry = run.known("?." + atom.attr)
        if entry is not None:
            site.name = atom.path.lstrip(".")
            result = perform(run, entry, site, Certainty.LIKELY)
            for slot in entry.calls:
                called = site.take(slot)
                if called is not None:
                    call_back(run, called, site)
        else:
            if atom.attr in _EXECUTES:
                _perhaps_sql(run, site, atom.attr, atom.path.rpartition(".")[0])
            receiver = atom.path.rpartition(".")[0]
            if atom.attr in ("delete", "update") and _QUERY.search(receiver) and not _NARROWED.search(receiver):
                run.emit(
                    Kind.DATA_DESTROY if atom.attr == "delete" else Kind.DATA_WRITE,
                    _queried(atom),
                    node=node,
                    via=atom.path.replace("()", ""),
                    tags=("no-where",),
                    certainty=Certainty.LIKELY,
                )
            elif _QUERY.search(receiver):
                pass
            elif _VERB.match(atom.attr) and not _QUIET.search(receiver):
                if atom.attr in _BARE:
                    if _CLIENT.search(receiver):
                        _unvetted(run, atom.path, site)
                elif receiver and atom.attr not in ("drop_duplicates", "drop_nulls", "truncate", "drops"):
                    _unvetted(run, atom.path, site)
    for value in (*args, *kwargs.values()):
        for one in value.atoms:
            # A function that is handed to something unknown may be called by it.
            if isinstance(one, Func) and one not in run.calls and len(run.calls) < 3:
                _handed_over(run, one, node)
    if result is not None and result.atoms:
        return result
    marks = _taken(args, kwargs, callee).marks
    if result is not None:
        marks |= result.marks
    path = f"{atom.path}()"[-200:]
    return Value((Unknown(path, "", Value((atom,))),), marks, callee.origin)


_QUERY = re.compile(r"(?:^|\.)(?:query|objects|select)(?:\(\)|\.|$)")
_NARROWED = re.compile(r"\.(?:filter|filter_by|where|get|exclude|one|first|having|limit)\(\)")


def _queried(atom: Unknown) -> str:
    return atom.path.partition(".objects")[0].rpartition(".")[2] if ".objects" in atom.path else ""


def _handed_over(run: Run, func: Func, node: ast.AST | None) -> None:
    before = run.certainty
    run.certainty = min(run.certainty, Certainty.LIKELY, key=lambda one: one.rank)
    try:
        call_function(run, func, [ANYTHING] * len(func.node.args.args), {}, node)
    finally:
        run.certainty = before


def _perhaps_sql(run: Run, site: Site, attr: str, receiver: str) -> None:
    """SQL text that is handed to an object of unknown type."""
    value = (
        site.args[0]
        if site.args
        else next((site.kwargs[key] for key in ("sql", "query", "statement") if key in site.kwargs), None)
    )
    if value is None:
        return
    tags = {f"from:{mark}" for mark in value.marks if mark in TAINTS}
    for text in texts_of(value):
        if SQL.match(text.replace(HOLE, " ", 1) if text.startswith(HOLE) else text):
            read_sql(run, text, site, tags)
        elif not text.strip(HOLE) and _CONNECTION.match(receiver.rpartition(".")[2]) and attr.startswith("execute"):
            run.emit(
                Kind.DATA_WRITE,
                node=site.node,
                via=site.name,
                tags=tags | {"dynamic"},
                certainty=Certainty.UNKNOWN,
            )


def _bound(run: Run, atom: Bound, args: list[Value], kwargs: dict[str, Value], node: ast.AST | None) -> Value:
    found: list[Value] = []
    marks = atom.owner.marks
    for one in atom.owner.atoms:
        result: Value | None = None
        if type(one) is Const:
            if isinstance(one.value, str) and atom.name in ("format", "format_map") and "__" in one.value:
                if re.search(r"__(?:class|globals|init|subclasses|builtins|mro)__", one.value):
                    run.emit(Kind.CODE_EXECUTE, node=node, via="str.format", tags=("reflection",), scope=Reach.SESSION)
            result = of_constant(one.value, atom.name, args, kwargs, marks)
        elif type(one) is Seq:
            result = of_sequence(one, atom.name, args, run.branches > 0 and bool(run.loops))
        elif type(one) is Map:
            result = of_mapping(one, atom.name, args, kwargs)
        elif type(one) is NameDict:
            if atom.name in ("get", "__getitem__", "pop", "setdefault") and args:
                result = item(run, Value((one,)), args[0], node)
            elif atom.name in ("update", "clear", "__setitem__", "setdefault") and one.prefix == "builtins":
                run.emit(Kind.GUARD_TAMPER, "builtins", node=node, via=atom.name, tags=("alias",), scope=Reach.SESSION)
        found.append(result if result is not None else derived(*args, atom.owner))
    if not found:
        return derived(*args, atom.owner)
    return join(found).marked(marks & TAINTS)


def _get(run: Run, atom: Getter, args: list[Value], node: ast.AST | None) -> Value:
    if not args:
        return ANYTHING
    subject = args[0]
    if atom.kind == "methodcaller":
        name = atom.args[0].only() if atom.args else None
        if name is None or not isinstance(name.value, str):
            return ANYTHING
        method = attribute(run, subject, name.value, node).marked({INDIRECT})
        return apply(run, method, atom.args[1:], atom.kwargs, node)
    results = []
    for one in atom.args:
        only = one.only()
        if atom.kind == "itemgetter":
            results.append(item(run, subject, one, node))
        elif only is not None and isinstance(only.value, str):
            value = subject
            for part in only.value.split("."):
                value = attribute(run, value, part, node)
            results.append(value.marked({INDIRECT} | one.marks))
        else:
            results.append(ANYTHING)
    return results[0] if len(results) == 1 else Value((Seq(results, "tuple"),))


def instantiate(run: Run, cls: Class, args: list[Value], kwargs: dict[str, Value], node: ast.AST | None) -> Value:
    """An object of a class of the session; its ``__init__`` runs."""
    obj = Obj(cls)
    value = Value((obj,), frozenset(), cls.origin)
    made = False
    for special in ("__new__", "__init__", "__post_init__"):
        method = class_attribute(run, cls, special)
        if method is None:
            continue
        made = made or special == "__init__"
        for one in method.atoms:
            if isinstance(one, Func):
                owner = Value((cls,)) if special == "__new__" else value
                call_function(run, one.bound(owner), args if special != "__post_init__" else [], kwargs, node)
            elif isinstance(one, Name):
                call_name(run, one, ANYTHING, args, kwargs, node, False)
    if not made:
        names = [
            name
            for name, one in cls.attrs.items()
            if not name.startswith("__") and not any(isinstance(a, Func) for a in one.atoms)
        ]
        for name, one in [*zip(names, args, strict=False), *kwargs.items()]:
            obj.attrs[name] = one
    for base in library_bases(cls):
        entry = run.known(base)
        if entry is not None:
            if not made:
                perform(run, entry, Site(base, args, kwargs, node))
            starts = class_attribute(run, cls, "run")
            if starts is not None and base.rpartition(".")[2] in ("Thread", "Process", "Timer"):
                obj.attrs.setdefault(
                    "start", Value(tuple(o.bound(value) if isinstance(o, Func) else o for o in starts.atoms))
                )
    return value


def call_function(
    run: Run,
    func: Func,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST | None,
    *,
    marks: frozenset[str] = frozenset(),
    open_: bool = False,
) -> Value:
    """Read the body of a function of the session with these arguments; returns what it may return."""
    from jupyter_guard.read.python.expressions import evaluate
    from jupyter_guard.read.python.statements import execute

    run.context.spend(5)
    run.reached.add(id(func.node))
    if len(run.calls) >= MAX_CALLS or sum(1 for one in run.calls if one.node is func.node) >= 2:
        return derived(*args, *kwargs.values())
    scope = Scope("function", func.scope)
    parameters = func.node.args
    names = [one.arg for one in (*parameters.posonlyargs, *parameters.args)]
    given = [func.owner, *args] if func.owner is not None else list(args)
    for name, value in func.defaults.items():
        scope.names[name] = value
    for name, value in zip(names, given, strict=False):
        scope.names[name] = value
    if parameters.vararg is not None:
        scope.names[parameters.vararg.arg] = Value((Seq(given[len(names) :], "tuple", ANYTHING if open_ else None),))
    allowed = {*names, *(one.arg for one in parameters.kwonlyargs)}
    rest = {}
    for name, value in kwargs.items():
        if name in allowed:
            scope.names[name] = value
        else:
            rest[name] = value
    if parameters.kwarg is not None:
        scope.names[parameters.kwarg.arg] = Value((Map(dict(rest), ANYTHING if open_ else None),))
    for name in allowed:
        scope.names.setdefault(name, ANYTHING)
    before, source, branches, loops = run.scope, run.source, run.branches, run.loops
    anchored = func.source is not run.source or func.source.anchor is not None
    if anchored:
        run.anchors.append(run.span(node))
        run.source = func.source
    run.scope = scope
    run.calls.append(func)
    run.origins.append(func.origin)
    run.loops = list(loops)
    tags = run.tags
    run.tags = tags | ({"obfuscated"} if INDIRECT in marks and "obfuscated" in tags else frozenset())
    try:
        if isinstance(func.node, ast.Lambda):
            return evaluate(run, func.node.body).by(func.origin)
        execute(run, func.node.body)
    finally:
        run.scope, run.branches, run.loops, run.tags = before, branches, loops, tags
        run.calls.pop()
        run.origins.pop()
        if anchored:
            run.anchors.pop()
            run.source = source
    if scope.yielded:
        return Value((Seq([], "list", join(scope.yielded)),))
    return (join(scope.returned) if scope.returned else NONE).by(func.origin)


def decorate(run: Run, decorator: Value, subject: Value, node: ast.expr) -> Value:
    """``@decorator`` on a function or class."""
    for atom in decorator.atoms:
        if isinstance(atom, Name):
            if atom.dotted in ("staticmethod", "classmethod", "property", "functools.cached_property"):
                kind = atom.dotted.rpartition(".")[2].replace("cached_", "")
                for one in subject.atoms:
                    if isinstance(one, Func):
                        one.kind = kind
                return subject
            if atom.dotted in ("exec", "eval", "builtins.exec", "builtins.eval"):
                # Nobody decorates with exec to be understood.
                decorator = decorator.marked({INDIRECT})
    result = apply(run, decorator, [subject], {}, node)
    useful = any(not isinstance(atom, Unknown) for atom in result.atoms)
    is_function = any(isinstance(atom, Func | Class) for atom in subject.atoms)
    if is_function and not any(isinstance(atom, Func | Class | Obj | Partial | Const | Name) for atom in result.atoms):
        return join((subject, result)) if useful else subject
    return result


def touched(run: Run, value: Value, node: ast.AST | None) -> None:
    """Whatever ``value`` names is changed in place."""
    for atom in value.atoms:
        if isinstance(atom, Name):
            touch(run, atom, node)


def constant(value: object) -> Value:
    """A plain constant."""
    return const(value)
