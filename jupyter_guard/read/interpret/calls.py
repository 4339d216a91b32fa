"""A called value and its arguments -> what the call gives and does."""

from __future__ import annotations

import ast
import re
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.interpret import fold
from jupyter_guard.read.interpret.acts import perform
from jupyter_guard.read.interpret.builtin_calls import BUILTIN_CALLS
from jupyter_guard.read.interpret.expressions import attributes_of, elements, evaluate, path_value
from jupyter_guard.read.interpret.machine import DEEPEST_CALL, Frame, Machine, Scope
from jupyter_guard.read.interpret.methods import container_method
from jupyter_guard.read.interpret.values import (
    PATHS,
    UNKNOWN,
    Class,
    Const,
    Function,
    Instance,
    Items,
    Method,
    Name,
    Object,
    Partial,
    Table,
    Value,
    const,
    constants,
    derived,
    inner_taint,
    join,
    text_of,
)
from jupyter_guard.terms import Certainty, Kind

_CLEAN = frozenset(
    f"builtins.{one}"
    for one in (
        *("len", "int", "float", "bool", "round", "abs", "isinstance", "issubclass", "type", "id", "hash"),
        *("callable", "hasattr", "all", "any", "sum", "min", "max"),
    )
)
_DESTRUCTIVE = (
    *("delete", "destroy", "drop", "purge", "terminate", "truncate", "wipe", "erase", "remove_all", "flush_all"),
    *("flushall", "deprovision", "revoke", "uninstall", "nuke"),
)
_HARMLESS_DROPS = frozenset(
    ("drop", "drop_duplicates", "dropna", "droplevel", "drop_vars", "truncate", "dropout", "drop_path")
)
_CLIENT = (
    "client",
    "conn",
    "db",
    "database",
    "api",
    "service",
    "session",
    "bucket",
    "cluster",
    "store",
    "admin",
    "repo",
    "queue",
    "warehouse",
    "catalog",
    "cursor",
    "cur",
    "collection",
    "index",
)


def arguments_of(it: Machine, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
    """The values of a call's arguments, stars unpacked where they are known."""
    args: list[Value] = []
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            value = evaluate(it, argument.value)
            known = next((atom for atom in value.atoms if isinstance(atom, Items)), None)
            args += known.items if known is not None and known.rest is None else [elements(value)]
        else:
            args.append(evaluate(it, argument))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = evaluate(it, keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
            continue
        known_table = next((atom for atom in value.atoms if isinstance(atom, Table)), None)
        if known_table is not None:
            keywords |= {key: item for key, item in known_table.items.items() if isinstance(key, str)}
        else:
            keywords["**"] = value
    return args, keywords


def call_value(it: Machine, function: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """Call each thing that ``function`` may be."""
    it.spend(5)
    results: list[Value] = []
    raised = function.origin.rank > max(origin.rank for origin in it.origins)
    if raised:
        it.origins.append(function.origin)
    try:
        results += [_call_atom(it, function, atom, args, keywords, node) for atom in function.atoms]
    finally:
        if raised:
            it.origins.pop()
    if results:
        return join(results)
    return derived([function, *args, *keywords.values()])


def _call_atom(
    it: Machine, function: Value, atom: Any, args: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    if isinstance(atom, Name):
        return _call_name(it, function, atom.name, args, keywords, node)
    if isinstance(atom, Function):
        return call_function(it, atom, args, keywords, node)
    if isinstance(atom, Class):
        return _make(it, atom, args, keywords, node)
    if isinstance(atom, Method):
        return _call_method(it, function, atom, args, keywords, node)
    if isinstance(atom, Partial):
        return call_value(it, atom.function, [*atom.args, *args], {**atom.keywords, **keywords}, node)
    if isinstance(atom, Object):
        called = attributes_of(it, Value((atom,), origin=function.origin), "__call__", node)
        return call_value(it, called, args, keywords, node) if called.known else UNKNOWN
    if isinstance(atom, Instance):
        result = perform(
            it,
            f"{atom.type}.__call__",
            args,
            keywords,
            node,
            Value((atom,), function.taint, function.marks, function.origin),
        )
        return result if result is not None else derived([function, *args])
    return derived([function, *args, *keywords.values()])


def _call_name(
    it: Machine, function: Value, full: str, args: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    it.observe("call", full, node)
    special = BUILTIN_CALLS.get(full)
    if special is not None:
        answer = special(it, args, keywords, node, function)
        if answer is not None:
            return answer
    folded = _folded(full, args, keywords)
    if folded is not None:
        return Value(folded.atoms, frozenset(), folded.marks, folded.origin) if full in _CLEAN else folded
    if full in PATHS:
        parts = [text_of(arg) for arg in args] or ["."]
        return path_value(fold.function("os.path.join", parts, {}), derived(args).with_(marks=_made(args)))
    marked = function if function.marks & {"rebuilt", "reflected"} else None
    result = _performed(it, full, args, keywords, node, marked)
    if full in _CLEAN:
        return Value((), frozenset(), frozenset(), derived(args).origin)
    if result is not None:
        return result.with_(taint=()) if full in _CLEAN else result
    base, _, attribute = full.rpartition(".")
    mutated = it.knowledge.lookup(base)
    if mutated is not None and attribute in _MUTATORS and any(Kind.GUARD_TAMPER in act.kinds for act in mutated.acts):
        perform(it, base, [], {}, node, function)
    _unvetted(it, full, attribute, args, node, known_module=bool(base))
    if attribute[:1].isupper():
        return Value(
            (Instance(full, args[0] if args else None),),
            derived([*args, *keywords.values()]).taint,
            origin=function.origin,
        )
    return derived([function, *args, *keywords.values()])


_MUTATORS = frozenset(
    [
        "append",
        "clear",
        "pop",
        "remove",
        "insert",
        "extend",
        "update",
        "register",
        "unregister",
        "reset",
        "__setitem__",
        "sort",
    ]
)


def _made(args: list[Value]) -> frozenset[str]:
    return frozenset({"made"}) if args and "made" in args[0].marks else frozenset()


def _performed(
    it: Machine, full: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, marked: Value | None
) -> Value | None:
    """``perform``, with the effects of a name that was put together marked as such."""
    if marked is None:
        return perform(it, full, args, keywords, node)
    tag = "obfuscated" if "rebuilt" in marked.marks else "reflection"
    before = it.context
    it.context = before.with_(tags=before.tags | {tag})
    try:
        result = perform(it, full, args, keywords, node)
        if result is None:
            it.effect(Kind.CODE_EXECUTE, node, full, via=full, tags=(tag, "dynamic"), certainty=Certainty.LIKELY)
        return result
    finally:
        it.context = before


def _folded(full: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    if not fold.is_foldable(full):
        return None
    plain: list[Any] = []
    for value in args:
        known = _plain(value)
        if known is None:
            if full == "os.path.join" or full.startswith("os.path."):
                known = [HOLE]
            else:
                return None
        plain.append(known[0])
    named = {}
    for key, value in keywords.items():
        known = _plain(value)
        if known is not None:
            named[key] = known[0]
    like = derived(args)
    marks = {"made"} if args and "made" in args[0].marks and full.startswith("os.path.") else set()
    marks |= {"rebuilt"} if not full.startswith(("os.path.", "builtins.int", "builtins.len")) else set()
    if full.startswith(("base64.", "codecs.", "zlib.", "gzip.", "binascii.")) or full.endswith(".fromhex"):
        marks |= {"decoded", "rebuilt"}
    for value in args:
        marks |= value.marks & {"rebuilt", "many", "decoded"}
    try:
        return const(fold.function(full, plain, named), Value((), like.taint, frozenset(marks), like.origin))
    except fold.Unfoldable:
        return None


def _plain(value: Value) -> list[Any] | None:
    known = constants(value)
    if known:
        return known[:1]
    for atom in value.atoms:
        if isinstance(atom, Items) and atom.rest is None:
            inner = [constants(item)[:1] for item in atom.items]
            if all(inner):
                return [[one[0] for one in inner]]
        if isinstance(atom, Instance) and atom.type in PATHS and atom.target is not None:
            return [text_of(atom.target)]
    return None


def call_function(
    it: Machine, function: Function, args: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """Interpret a function of the session with these arguments."""
    from jupyter_guard.read.interpret.statements import execute

    function.called = True
    running = [frame.function for frame in it.frames]
    if len(it.frames) > DEEPEST_CALL or running.count(function) > 1:
        return derived([*args, *keywords.values()])
    scope = Scope(function.scope)
    _bind_arguments(scope, function, args, keywords)
    frame = Frame(scope, function=function)
    outer = it.site
    if function.cell != it.cell and it.site is None:
        it.site = it.span(node)
    it.frames.append(frame)
    raised = function.origin.rank > max(origin.rank for origin in it.origins)
    if raised:
        it.origins.append(function.origin)
    try:
        if isinstance(function.node, ast.Lambda):
            frame.returned.append(evaluate(it, function.node.body))
        else:
            execute(it, function.node.body)
    finally:
        it.frames.pop()
        it.site = outer
        if raised:
            it.origins.pop()
    result = join(frame.returned)
    return result if result.known or result.taint else Value((), derived([result]).taint, frozenset(), result.origin)


def _bind_arguments(scope: Scope, function: Function, args: list[Value], keywords: dict[str, Value]) -> None:
    arguments = function.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    scope.names |= function.defaults
    for parameter, value in zip(positional, args, strict=False):
        scope.names[parameter.arg] = value
    if arguments.vararg is not None:
        scope.names[arguments.vararg.arg] = Value((Items(list(args[len(positional) :])),))
    named = {parameter.arg for parameter in [*positional, *arguments.kwonlyargs]}
    for key, value in keywords.items():
        if key in named:
            scope.names[key] = value
    if arguments.kwarg is not None:
        rest = {key: value for key, value in keywords.items() if key not in named and key != "**"}
        scope.names[arguments.kwarg.arg] = Value((Table(dict(rest)),))
    for parameter in [*positional, *arguments.kwonlyargs]:
        scope.names.setdefault(parameter.arg, UNKNOWN)


def _make(it: Machine, cls: Class, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    made = Object(cls)
    value = Value((made,), derived([*args, *keywords.values()]).taint, origin=max(it.origins, key=lambda one: one.rank))
    start = attributes_of(it, value, "__init__", node)
    if start.known:
        call_value(it, start, args, keywords, node)
    else:
        fields = [key for key in cls.members if not key.startswith("_")]
        for key, given in [*zip(fields, args, strict=False), *keywords.items()]:
            made.attributes[key] = given
    reduce = cls.members.get("__reduce__") or cls.members.get("__del__")
    if reduce is not None:
        outcome = call_value(it, reduce, [value], {}, node)
        for atom in outcome.atoms:
            if isinstance(atom, Items) and atom.items and "__reduce__" in cls.members:
                # What unpickling this object would call.
                call_value(it, atom.items[0], [elements(atom.items[1])] if len(atom.items) > 1 else [], {}, node)
    return value


def _call_method(
    it: Machine, function: Value, bound: Method, args: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    if bound.function is not None:
        receiver = bound.receiver
        if _is_class_method(bound.function):
            receiver = Value(tuple(atom.cls if isinstance(atom, Object) else atom for atom in receiver.atoms))
        return call_function(it, bound.function, [receiver, *args], keywords, node)
    receiver = bound.receiver
    results: list[Value] = []
    for atom in receiver.atoms:
        own = Value((atom,), receiver.taint, receiver.marks, receiver.origin)
        if isinstance(atom, Const):
            results.append(_constant_method(own, atom.value, bound.name, args, keywords))
        elif isinstance(atom, Items | Table):
            results.append(container_method(it, own, atom, bound.name, args, node))
        elif isinstance(atom, Instance):
            results.append(_instance_method(it, own, atom, bound.name, args, keywords, node))
    if results:
        return join(results)
    label = (
        ast.unparse(node.func.value)[:60] if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    )
    it.observe("call", f"{label}.{bound.name}", node)
    result = _unknown_method(it, receiver, label, bound.name, args, keywords, node)
    if result is not None:
        return result
    return derived([function, receiver, *args, *keywords.values()])


def _is_class_method(function: Function) -> bool:
    return not isinstance(function.node, ast.Lambda) and any(
        isinstance(one, ast.Name) and one.id == "classmethod" for one in function.node.decorator_list
    )


def _constant_method(own: Value, value: Any, attribute: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    plain = []
    for arg in args:
        known = _plain(arg)
        plain.append(known[0] if known is not None else HOLE)
    named = {key: (_plain(item) or [HOLE])[0] for key, item in keywords.items()}
    like = derived([own, *args, *keywords.values()])
    if isinstance(value, str) and attribute == "join" and args:
        inner = next((atom for atom in args[0].atoms if isinstance(atom, Items)), None)
        if inner is not None:
            plain = [[text_of(item) for item in inner.items] + ([HOLE] if inner.rest is not None else [])]
        elif not isinstance(plain[0], str | list | tuple):
            plain = [[HOLE]]
    marks = own.marks | {"rebuilt"}
    try:
        return const(fold.method(value, attribute, plain, named), Value((), like.taint, marks, like.origin))
    except fold.Unfoldable:
        return Value((), like.taint, marks, like.origin)


def _instance_method(
    it: Machine,
    own: Value,
    atom: Instance,
    attribute: str,
    args: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    if atom.type in PATHS and atom.target is not None:
        where = text_of(atom.target)
        if attribute in ("expanduser", "resolve", "absolute", "as_posix", "__str__", "__fspath__"):
            return own
        if attribute == "joinpath":
            return path_value(
                fold.function("os.path.join", [where, *(text_of(arg) for arg in args)], {}),
                derived([own, *args]).with_(marks=own.marks),
            )
        if attribute in ("with_name", "with_suffix", "with_stem") and args:
            parent = where.rpartition("/")[0]
            return path_value(
                f"{parent}/{text_of(args[0])}".lstrip("/")
                if not where.startswith("/")
                else f"{parent}/{text_of(args[0])}",
                own,
            )
        if attribute in ("iterdir", "glob", "rglob"):
            perform(it, f"pathlib.Path.{attribute}", args, keywords, node, own)
            pattern = re.split(r"[*?\[]", text_of(args[0]))[0] if args and attribute != "iterdir" else ""
            inside = f"{where.rstrip('/')}/{pattern}{HOLE}"
            return path_value(inside, own).with_(marks=("many",))
    full = f"{atom.type}.{attribute}"
    it.observe("call", full, node)
    result = perform(it, full, args, keywords, node, own)
    if result is None:
        base = it.knowledge.lookup(atom.type)
        if base is not None and attribute in _MUTATORS and any(Kind.GUARD_TAMPER in act.kinds for act in base.acts):
            perform(it, atom.type, [], {}, node)
        _unvetted(it, full, attribute, args, node, known_module=True)
        known = base is not None or it.knowledge.knows_module(atom.type)
        kept = (Instance(atom.type, atom.target),) if known and attribute in _FLUENT else ()
        return Value(kept, derived([own, *args, *keywords.values()]).taint, own.marks & {"many"}, own.origin)
    if not result.known and attribute in _FLUENT:
        return Value((atom,), result.taint, result.marks, result.origin)
    return result


_FLUENT = frozenset(
    [
        "options",
        "option",
        "mode",
        "format",
        "filter",
        "where",
        "query",
        "order_by",
        "limit",
        "with_",
        "__enter__",
        "all",
    ]
)

# Methods whose names alone say what they run, whatever object they belong to: a cursor from a helper is still a cursor.
_BY_NAME = dict.fromkeys(
    (
        *("execute", "executemany", "executescript", "exec_driver_sql", "sql", "execute_sql"),
        *("read_sql", "read_sql_query", "run_sql"),
    ),
    "sql",
)


def _unknown_method(
    it: Machine,
    receiver: Value,
    label: str,
    attribute: str,
    args: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value | None:
    """What a method of an unknown object does, by its name alone; ``None`` for an unknown result."""
    if attribute == "query" and label.lower().rpartition(".")[2] in ("session", "db", "s", "sess", "dbsession"):
        return Value((Instance("sqlalchemy.orm.Query", args[0] if args else None),), receiver.taint)
    language = _BY_NAME.get(attribute)
    text = args[0] if args else next((keywords[key] for key in ("sql", "query", "statement") if key in keywords), None)
    if language is not None and text is not None:
        _run_sql(it, text, node, f"{label}.{attribute}", receiver)
        return None
    known = _GENERIC.get(attribute)
    if known is not None and perform(
        it, known, args, keywords, node, Value((Instance(known.rpartition(".")[0]),), receiver.taint)
    ):
        return None
    _unvetted(
        it, f"{label}.{attribute}" if label else attribute, attribute, args, node, known_module=False, label=label
    )
    return None


# Names that no other library gives to anything else.
_GENERIC = {
    "delete_many": "pymongo.collection.Collection.delete_many",
    "drop_all": "sqlalchemy.MetaData.drop_all",
    "flushall": "redis.Redis.flushall",
    "flushdb": "redis.Redis.flushdb",
    "saveAsTable": "pyspark.sql.DataFrameWriter.saveAsTable",
    "to_sql": "pandas.DataFrame.to_sql",
    "drop_database": "pymongo.MongoClient.drop_database",
    "delete_bucket": "boto3.Client.delete_bucket",
    "delete_table": "boto3.Client.delete_table",
    "terminate_instances": "boto3.Client.terminate_instances",
    "extractall": "tarfile.TarFile.extractall",
    "run_line_magic": "IPython.core.interactiveshell.InteractiveShell.run_line_magic",
}


def _run_sql(it: Machine, text: Value, node: ast.AST, via: str, receiver: Value) -> None:
    from jupyter_guard.read.interpret.nested import read_text

    for atom in text.atoms:
        if isinstance(atom, Instance) and atom.target is not None:
            text = atom.target.with_(taint=text.taint)
    context = it.at(node, text, receiver)
    tags = {f"from:{one}" for one in inner_taint(text)}
    it.emit(read_text(it, "sql", text, context.with_(tags=context.tags | tags), None, via))


def _unvetted(
    it: Machine, full: str, attribute: str, args: list[Value], node: ast.AST, *, known_module: bool, label: str = ""
) -> None:
    """A destructive verb on an API that no knowledge describes."""
    lower = attribute.lower()
    if attribute in _HARMLESS_DROPS or not lower.startswith(_DESTRUCTIVE):
        return
    if known_module and full.partition(".")[0] in _OWN_MODULES:
        return
    if not known_module:
        words = label.lower().replace("_", ".").replace("(", ".").split(".")
        client = any(word.startswith(_CLIENT) for word in words)
        compound = "_" in attribute or any(one.isupper() for one in attribute[1:])
        if not client and not compound:
            return
    target = text_of(args[0]) if args and text_of(args[0]) != HOLE else ""
    it.effect(Kind.DATA_DESTROY, node, target or full, via=full, tags=("unvetted-api",), certainty=Certainty.UNKNOWN)


_OWN_MODULES = frozenset(
    (
        *("builtins", "collections", "itertools", "functools", "re", "io", "os", "shutil", "pathlib", "tempfile"),
        *("pandas", "numpy", "polars", "torch", "tensorflow", "keras", "sklearn", "scipy", "matplotlib", "seaborn"),
        *("plotly", "jax", "xarray", "networkx", "PIL", "cv2", "statsmodels", "xgboost", "lightgbm"),
        *("transformers", "datasets", "tokenizers", "diffusers"),
    )
)

__all__ = ["arguments_of", "call_function", "call_value"]
