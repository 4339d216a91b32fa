"""Calls whose meaning is part of the language or of reflection -> their results."""

from __future__ import annotations

import ast
from collections.abc import Callable

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.interpret.acts import environment_effects, perform
from jupyter_guard.read.interpret.expressions import (
    attributes_of,
    call,
    elements,
    environment_value,
    item_of,
    path_value,
    show,
)
from jupyter_guard.read.interpret.machine import Machine
from jupyter_guard.read.interpret.shapes import GIANT
from jupyter_guard.read.interpret.values import (
    UNKNOWN,
    Class,
    Const,
    Instance,
    Items,
    Name,
    Object,
    Partial,
    Table,
    Value,
    const,
    constants,
    derived,
    inner_taint,
    is_whole,
    join,
    name,
    text_of,
    texts,
)
from jupyter_guard.terms import Certainty, Kind

Special = Callable[[Machine, list[Value], dict[str, Value], ast.AST, Value], Value | None]


def _import(it: Machine, args: list[Value], keywords: dict[str, Value], node: ast.AST, function: Value) -> Value | None:
    where = args[0] if args else keywords.get("name", UNKNOWN)
    found = texts(where)
    if not found or all(HOLE in one for one in found):
        if function.marks or "rebuilt" in where.marks or where.taint:
            tags = ["dynamic", *(f"from:{one}" for one in inner_taint(where))]
            it.effect(Kind.CODE_EXECUTE, node, "a module", via="__import__", tags=tags, certainty=Certainty.UNKNOWN)
        return UNKNOWN
    marks = {"rebuilt"} if "rebuilt" in where.marks else set()
    values = []
    for one in found:
        it.observe("import", one, node)
        top = (
            one.partition(".")[0]
            if any(isinstance(a, Name) and a.name == "builtins.__import__" for a in function.atoms)
            else one
        )
        values.append(name(top, where).with_(marks=marks))
    return join(values)


def _getattr(
    it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _function: Value
) -> Value | None:
    if len(args) < 2:
        return None
    found = [one for one in texts(args[1]) if HOLE not in one]
    if not found:
        risky = any(isinstance(atom, Name) and atom.name.partition(".")[0] in _RISKY for atom in args[0].atoms)
        if risky:
            tags = ["dynamic", "reflection", *(f"from:{one}" for one in inner_taint(args[1]))]
            it.effect(
                Kind.CODE_EXECUTE,
                node,
                text_of(args[0]).replace(HOLE, ""),
                via="getattr",
                tags=tags,
                certainty=Certainty.UNKNOWN,
            )
        return Value((), args[0].taint | args[1].taint, args[0].marks, args[0].origin)
    marks = {"rebuilt"} if "rebuilt" in args[1].marks | args[0].marks else set()
    return join([attributes_of(it, args[0], one, node).with_(marks=marks) for one in found])


_RISKY = frozenset(["os", "subprocess", "shutil", "builtins", "sys", "pty", "ctypes", "socket", "importlib"])


def _setattr(
    it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _function: Value
) -> Value | None:
    from jupyter_guard.read.interpret.statements import set_attribute

    if len(args) == 3:
        for one in texts(args[1]) or [HOLE]:
            set_attribute(it, args[0], one.replace(HOLE, "…"), args[2], node)
    return const(None)


def _vars(it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _function: Value) -> Value | None:
    return attributes_of(it, args[0], "__dict__", node) if args else _globals(it, args, {}, node, UNKNOWN)


def _globals(
    it: Machine, _args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _function: Value
) -> Value | None:
    table = Table({**it.top.names, "__builtins__": name("builtins")})
    return Value((table,))


def _attrgetter(
    _it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value
) -> Value | None:
    return Value((Partial(name("guard.attrgetter"), tuple(args), {}),), derived(args).taint, derived(args).marks)


def _got_attribute(
    it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _f: Value
) -> Value | None:
    if len(args) < 2:
        return None
    value = args[1]
    for path in texts(args[0])[:1]:
        for part in path.split("."):
            value = attributes_of(it, value, part, node)
    return value.with_(marks={"rebuilt"} & args[0].marks)


def _methodcaller(
    _it: Machine, args: list[Value], keywords: dict[str, Value], _node: ast.AST, _f: Value
) -> Value | None:
    return Value(
        (Partial(name("guard.methodcaller"), (Value((Items(list(args)),)),), {"": Value((Table(dict(keywords)),))}),)
    )


def _called_method(
    it: Machine, args: list[Value], keywords: dict[str, Value], node: ast.AST, _f: Value
) -> Value | None:
    if len(args) < 2:
        return None
    packed = next((atom for atom in args[0].atoms if isinstance(atom, Items)), None)
    if packed is None or not packed.items:
        return None
    named = next((atom.items for atom in keywords.get("", UNKNOWN).atoms if isinstance(atom, Table)), {})
    method = join([attributes_of(it, args[1], one, node) for one in texts(packed.items[0])])
    return call(it, method, packed.items[1:], dict(named), node)


def _partial(_it: Machine, args: list[Value], keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    if not args:
        return None
    return Value((Partial(args[0], tuple(args[1:]), dict(keywords)),), args[0].taint, args[0].marks, args[0].origin)


def _itself(_it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    return args[0] if args else None


def _sequence(_it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _f: Value) -> Value | None:
    if not args:
        return Value((Items([]),))
    value = args[0]
    for atom in value.atoms:
        if isinstance(atom, Items):
            return Value((Items(list(atom.items), atom.rest),), value.taint, value.marks, value.origin)
        if isinstance(atom, Const) and isinstance(atom.value, str | bytes | list | tuple) and len(atom.value) <= 256:
            return Value((Items([const(one, value) for one in atom.value]),), value.taint, value.marks, value.origin)
    if "giant" in value.marks:
        _it.effect(Kind.RESOURCE_EXHAUST, node, "more items than memory holds", via="list", tags=("giant",))
    return Value((Items([], elements(value)),), value.taint, value.marks, value.origin)


def _reversed(it: Machine, args: list[Value], keywords: dict[str, Value], node: ast.AST, f: Value) -> Value | None:
    whole = _sequence(it, args, keywords, node, f)
    if whole is not None:
        for atom in whole.atoms:
            if isinstance(atom, Items):
                atom.items.reverse()
        return whole.with_(marks=("rebuilt",))
    return None


def _dict(_it: Machine, args: list[Value], keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    table = Table({key: value for key, value in keywords.items() if key != "**"}, keywords.get("**"))
    marks: set[str] = set()
    if args:
        for atom in args[0].atoms:
            if isinstance(atom, Table):
                table.items.update(atom.items)
            elif isinstance(atom, Name) and atom.name == "os.environ":
                marks.add("environment-all")
        table.rest = derived(args)
    taint = frozenset({"environment"}) if marks else derived([*args, *keywords.values()]).taint
    return Value((table,), taint, frozenset(marks))


def _map(it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _f: Value) -> Value | None:
    if len(args) < 2:
        return None
    known = next((atom for atom in args[1].atoms if isinstance(atom, Items) and atom.rest is None), None)
    if known is None:
        text = next((one for one in constants(args[1]) if isinstance(one, str | bytes | list | tuple)), None)
        if text is not None and len(text) <= 256:
            known = Items([const(one, args[1]) for one in text])
    if known is not None and len(known.items) <= 256 and len(args) == 2:
        return Value(
            (Items([call(it, args[0], [item], {}, node) for item in known.items]),), args[1].taint, args[1].marks
        )
    many = "many" in args[1].marks
    it.bulk += many
    try:
        result = call(it, args[0], [elements(one) for one in args[1:]], {}, node)
    finally:
        it.bulk -= many
    return Value((Items([], result),), result.taint, args[1].marks & {"many"}, result.origin)


def _print(it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _f: Value) -> Value | None:
    show(it, node, args)
    return const(None)


def _type(_it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    if len(args) == 3:
        members = next((atom for atom in args[2].atoms if isinstance(atom, Table)), Table({}))
        return Value((Class(text_of(args[0]), {str(key): value for key, value in members.items.items()}),))
    if len(args) == 1:
        for atom in args[0].atoms:
            if isinstance(atom, Object):
                return Value((atom.cls,))
            if isinstance(atom, Instance):
                return name(atom.type)
    return UNKNOWN


def _range(it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    bounds = [constants(arg)[0] for arg in args if is_whole(arg)]
    if len(bounds) == len(args) and all(isinstance(one, int) for one in bounds):
        try:
            items = range(*bounds)
        except (TypeError, ValueError):
            return UNKNOWN
        if len(bounds) and max(abs(one) for one in bounds) > GIANT // 2:
            return Value((), marks=frozenset({"giant"}))
        if len(items) <= 64:
            return Value((Items([const(one) for one in items]),))
    del it
    return UNKNOWN


def _str(_it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    if len(args) == 1:
        for atom in args[0].atoms:
            if isinstance(atom, Instance) and atom.type.startswith("pathlib.") and atom.target is not None:
                return atom.target.with_(taint=args[0].taint, marks=args[0].marks)
            if isinstance(atom, Name) and atom.name == "os.environ":
                return Value((), args[0].taint, frozenset({"environment-all"}))
    return None


def _home(_it: Machine, _args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    return path_value("~")


def _cwd(_it: Machine, _args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    return path_value(".")


def _getcwd(_it: Machine, _args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    return const(".")


def _getenv(it: Machine, args: list[Value], keywords: dict[str, Value], node: ast.AST, function: Value) -> Value | None:
    if not args:
        return None
    perform(it, "os.getenv", args, keywords, node, function)
    value = environment_value(args[0])
    return value if value.known or len(args) < 2 else join([value, args[1]])


def _setenv(it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _f: Value) -> Value | None:
    for one in texts(args[0]) if args else []:
        it.emit(environment_effects(it.at(node, *args), one))
    for atom in args[0].atoms if args else []:
        if isinstance(atom, Table):
            for key in atom.items:
                it.emit(environment_effects(it.at(node), str(key)))
    return const(None)


def _listed(it: Machine, args: list[Value], keywords: dict[str, Value], node: ast.AST, function: Value) -> Value | None:
    """Names found on disk: what is known is where they lie."""
    full = next((atom.name for atom in function.atoms if isinstance(atom, Name)), "glob.glob")
    perform(it, full, args, keywords, node)
    where = args[0] if args else const(".")
    found = []
    for text in texts(where):
        if full.startswith("glob."):
            star = min((text.find(one) for one in "*?[" if one in text), default=-1)
            found.append(const(text[:star] + HOLE if star >= 0 else text, where))
        elif full == "os.listdir":
            found.append(const(HOLE, where))
        else:
            top = const(f"{text.rstrip('/')}/{HOLE}" if text != "/" else f"/{HOLE}", where)
            if full == "os.scandir":
                found.append(Value((Instance("os.DirEntry", top),)))
            else:
                names = Value((Items([], const(HOLE)),), marks=frozenset({"many"}))
                found.append(Value((Items([top, names, names], None, "tuple"),)))
    item = join(found)
    taint = derived(args).taint
    return Value((Items([], item.with_(marks=("many",))),), taint, frozenset({"many"}), item.origin)


def _pow(it: Machine, args: list[Value], _keywords: dict[str, Value], node: ast.AST, _f: Value) -> Value | None:
    from jupyter_guard.read.interpret.shapes import look_at_size

    if len(args) == 2:
        look_at_size(it, "Pow", args[0], args[1], node)
    return UNKNOWN


def _next(_it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    return elements(args[0]) if args else None


def _zip(_it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    known = [next((atom for atom in arg.atoms if isinstance(atom, Items) and atom.rest is None), None) for arg in args]
    if args and all(one is not None for one in known):
        rows = zip(*(one.items for one in known if one is not None), strict=False)
        return Value((Items([Value((Items(list(row), None, "tuple"),)) for row in list(rows)[:64]]),))
    pair = Value((Items([elements(arg) for arg in args], None, "tuple"),), derived(args).taint)
    return Value((Items([], pair),), derived(args).taint)


def _enumerate(_it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    if not args:
        return None
    pair = Value((Items([UNKNOWN, elements(args[0])], None, "tuple"),), args[0].taint)
    return Value((Items([], pair),), args[0].taint, args[0].marks & {"many"})


def _filter(_it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    return args[1] if len(args) > 1 else None


def _item(_it: Machine, args: list[Value], _keywords: dict[str, Value], _node: ast.AST, _f: Value) -> Value | None:
    return item_of(args[0], constants(args[1])[0] if len(args) > 1 and is_whole(args[1]) else None) if args else None


def _made_here(_it: Machine, _args: list[Value], _keywords: dict[str, Value], _node: ast.AST, f: Value) -> Value | None:
    """A new file or directory that nobody else has anything in."""
    path = const(f"/tmp/{HOLE}", Value((), marks=frozenset({"made"})))  # noqa: S108 - only where it is, not a path to use
    full = next((atom.name for atom in f.atoms if isinstance(atom, Name)), "")
    if full == "tempfile.mkstemp":
        return Value((Items([UNKNOWN, path], None, "tuple"),), marks=frozenset({"made"}))
    if full in ("tempfile.mkdtemp", "tempfile.mktemp", "tempfile.gettempdir"):
        return path if full != "tempfile.gettempdir" else const("/tmp")  # noqa: S108
    return Value((Instance(full, path),), marks=frozenset({"made"}))


BUILTIN_CALLS: dict[str, Special] = {
    **dict.fromkeys(
        (
            f"tempfile.{one}"
            for one in (
                *("mkdtemp", "mkstemp", "mktemp", "gettempdir", "TemporaryDirectory", "NamedTemporaryFile"),
                *("TemporaryFile", "SpooledTemporaryFile"),
            )
        ),
        _made_here,
    ),
    "builtins.__import__": _import,
    "importlib.import_module": _import,
    "importlib.__import__": _import,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.vars": _vars,
    "builtins.globals": _globals,
    "builtins.locals": _globals,
    "operator.attrgetter": _attrgetter,
    "guard.attrgetter": _got_attribute,
    "operator.methodcaller": _methodcaller,
    "guard.methodcaller": _called_method,
    "functools.partial": _partial,
    "functools.wraps": _itself,
    "builtins.staticmethod": _itself,
    "builtins.classmethod": _itself,
    "builtins.property": _itself,
    "builtins.iter": _itself,
    "builtins.list": _sequence,
    "builtins.tuple": _sequence,
    "builtins.set": _sequence,
    "builtins.frozenset": _sequence,
    "builtins.sorted": _sequence,
    "tqdm.tqdm": _itself,
    "tqdm.auto.tqdm": _itself,
    "tqdm.notebook.tqdm": _itself,
    "builtins.reversed": _reversed,
    "builtins.dict": _dict,
    "builtins.map": _map,
    "builtins.print": _print,
    "IPython.display.display": _print,
    "builtins.display": _print,
    "display": _print,
    "builtins.type": _type,
    "builtins.range": _range,
    "builtins.str": _str,
    "builtins.pow": _pow,
    "builtins.next": _next,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.filter": _filter,
    "operator.getitem": _item,
    "pathlib.Path.home": _home,
    "pathlib.Path.cwd": _cwd,
    "os.getcwd": _getcwd,
    "os.getenv": _getenv,
    "os.environ.get": _getenv,
    "os.environ.setdefault": _setenv,
    "os.environ.update": _setenv,
    "os.putenv": _setenv,
    "os.listdir": _listed,
    "os.scandir": _listed,
    "os.walk": _listed,
    "glob.glob": _listed,
    "glob.iglob": _listed,
}
