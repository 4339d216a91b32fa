"""Python expressions -> values; calls are passed on to ``calls``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.interpret import fold
from jupyter_guard.read.interpret.acts import mentioned, perform
from jupyter_guard.read.interpret.machine import Machine
from jupyter_guard.read.interpret.shapes import look_at_size
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
    is_whole,
    join,
    name,
    text_of,
    texts,
)
from jupyter_guard.terms import Kind

_CLIMBS = frozenset(
    (
        *("__subclasses__", "__globals__", "__builtins__", "__bases__", "__mro__", "__base__", "__code__"),
        *("__closure__", "__getattribute__", "func_globals", "f_globals", "f_locals", "f_back", "f_builtins"),
        *("gi_frame", "cr_frame", "ag_frame", "tb_frame", "gi_code"),
    )
)


def evaluate(it: Machine, node: ast.expr) -> Value:
    """What an expression may be."""
    it.spend()
    handler = _HANDLERS.get(type(node))
    if handler is None:
        return derived([evaluate(it, child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)])
    return handler(it, node)


def _constant(_it: Machine, node: ast.Constant) -> Value:
    return UNKNOWN if node.value is Ellipsis else const(node.value)


def _name(it: Machine, node: ast.Name) -> Value:
    value = it.lookup(node.id)
    if _is_disguised(it, node):
        value = value.with_(marks=("rebuilt",))
    for atom in value.atoms:
        if isinstance(atom, Name) and atom.name == "builtins.__builtins__":
            return name("builtins", value)
    return _resolved(it, value)


def _is_disguised(it: Machine, node: ast.Name) -> bool:
    """Whether a plain name is spelled in look-alike letters, which the parser normalises (PEP 3131)."""
    if it.site is not None or not node.id.isascii() or not 0 < node.lineno <= len(it.lines):
        return False
    line = it.lines[node.lineno - 1]
    if line.isascii():
        return False
    written = line.encode("utf-8", "surrogatepass")[node.col_offset : node.end_col_offset]
    return not written.isascii()


def _resolved(it: Machine, value: Value) -> Value:
    """A constant for a name that stands for one, and the taint that knowledge gives it."""
    if len(value.atoms) == 1 and isinstance(value.atoms[0], Name):
        full = value.atoms[0].name
        replaced = it.top.names.get(full) if "." in full else None
        if replaced is not None:
            return replaced
        if full in fold.CONSTANTS:
            return const(fold.CONSTANTS[full], value)
        entry = it.knowledge.lookup(full)
        if entry is not None:
            gives = {act.gives for act in entry.acts if act.gives and not act.kinds}
            if gives and not entry.calls and not any(act.target for act in entry.acts) and full == "os.environ":
                return value.with_(taint=gives)
    return value


def _joined(it: Machine, node: ast.JoinedStr) -> Value:
    parts, pieces = [], []
    for piece in node.values:
        if isinstance(piece, ast.FormattedValue):
            value = evaluate(it, piece.value)
            parts.append(value)
            text = text_of(value)
            if piece.format_spec is not None or piece.conversion not in (-1, 115):
                text = text if is_whole(value) and piece.conversion == -1 and piece.format_spec is None else HOLE
                if piece.conversion == 114 and is_whole(value):
                    text = repr(constants(value)[0])
            pieces.append(text)
        else:
            pieces.append(str(getattr(piece, "value", "")))
    like = derived(parts)
    marks = frozenset({"rebuilt", "formatted"}) if len(pieces) > 1 else frozenset()
    made = {"made"} if any("made" in part.marks for part in parts[:1]) else set()
    return const("".join(pieces), Value((), like.taint, marks | made, like.origin))


def _sequence(it: Machine, node: ast.List | ast.Tuple | ast.Set) -> Value:
    items: list[Value] = []
    rest: Value | None = None
    for element in node.elts:
        if isinstance(element, ast.Starred):
            inner = evaluate(it, element.value)
            known = next((atom for atom in inner.atoms if isinstance(atom, Items)), None)
            if known is not None and known.rest is None:
                items += known.items
            else:
                rest = elements(inner)
        else:
            items.append(evaluate(it, element))
    like = derived(items)
    kind = {ast.List: "list", ast.Tuple: "tuple"}.get(type(node), "set")
    return Value((Items(items, rest, kind),), like.taint, frozenset(), like.origin)


def _table(it: Machine, node: ast.Dict) -> Value:
    table = Table({})
    values = []
    for key, item in zip(node.keys, node.values, strict=True):
        value = evaluate(it, item)
        values.append(value)
        if key is None:
            known = next((atom for atom in value.atoms if isinstance(atom, Table)), None)
            if known is not None:
                table.items.update(known.items)
            table.rest = join([one for one in (table.rest, derived([value])) if one is not None])
            continue
        where = evaluate(it, key)
        if is_whole(where) and isinstance(constants(where)[0], str | int | bytes | float | bool):
            table.items[constants(where)[0]] = value
        else:
            table.rest = join([one for one in (table.rest, value) if one is not None])
    like = derived(values)
    return Value((table,), like.taint, frozenset(), like.origin)


def _attribute(it: Machine, node: ast.Attribute) -> Value:
    owner = evaluate(it, node.value)
    return attributes_of(it, owner, node.attr, node)


def attributes_of(it: Machine, owner: Value, attribute: str, node: ast.AST) -> Value:
    """``owner.attribute``."""
    if attribute in _CLIMBS:
        owner = owner.with_(marks=("reflected",))
        tags = ("reflection",)
        if attribute in (
            "__subclasses__",
            "__globals__",
            "__builtins__",
            "f_globals",
            "f_builtins",
            "f_back",
            "__code__",
        ):
            inside = any(isinstance(atom, Class) for atom in owner.atoms) and attribute == "__subclasses__"
            if not inside:
                it.effect(Kind.CODE_EXECUTE, node, attribute, via=attribute, tags=tags, values=(owner,))
    found: list[Value] = []
    for atom in owner.atoms:
        value = _attribute_of_atom(it, owner, atom, attribute)
        if value is not None:
            found.append(
                value.with_(
                    taint=owner.taint, marks=owner.marks & {"rebuilt", "reflected", "made", "many"}, origin=owner.origin
                )
            )
    if not found and not owner.atoms:
        if "reflected" in owner.marks and attribute in ("modules", "system", "popen", "eval", "exec"):
            found.append(
                name(
                    {"modules": "sys.modules", "system": "os.system", "popen": "os.popen"}.get(
                        attribute, f"builtins.{attribute}"
                    ),
                    owner,
                )
            )
        elif attribute in _TYPED_BY_NAME:
            kind = Instance(_TYPED_BY_NAME[attribute])
            found.append(Value((kind,), owner.taint, owner.marks, owner.origin))
        else:
            found.append(Value((Method(owner, attribute),), owner.taint, owner.marks, owner.origin))
    return join(found) if found else Value((), owner.taint, owner.marks, owner.origin)


# Attributes whose name alone says what they are, on an object that reading knows nothing of.
_TYPED_BY_NAME = {"write": "pyspark.sql.DataFrameWriter", "objects": "django.db.models.QuerySet"}


def _attribute_of_atom(it: Machine, owner: Value, atom: Any, attribute: str) -> Value | None:
    if isinstance(atom, Name):
        return _of_name(it, atom.name, attribute)
    if isinstance(atom, Object):
        if attribute in atom.attributes:
            return atom.attributes[attribute]
        if attribute == "__class__":
            return Value((atom.cls,))
        if attribute == "__dict__":
            return Value((Table(dict(atom.attributes)),))
        return _of_class(it, atom.cls, attribute, Value((atom,), origin=owner.origin))
    if isinstance(atom, Class):
        if attribute == "__dict__":
            return Value((Table(dict(atom.members)),))
        return _of_class(it, atom, attribute, None)
    if isinstance(atom, Instance):
        return _of_instance(it, owner, atom, attribute)
    if isinstance(atom, Function) and attribute in ("__globals__", "func_globals"):
        return Value((Table(dict(it.top.names), name("builtins")),), marks=frozenset({"reflected"}))
    return Value((Method(Value((atom,), owner.taint, owner.marks, owner.origin), attribute),))


def _of_name(it: Machine, base: str, attribute: str) -> Value:
    if attribute == "__self__" and base.startswith("builtins."):
        return name("builtins")
    if attribute == "__dict__":
        return name(f"{base}.__dict__")
    full = f"{base}.{attribute}"
    # `pd.io.common.os.system`: a library's own import of a module that knowledge describes.
    if it.knowledge.lookup(full) is None:
        for module in ("os", "sys", "subprocess", "shutil", "builtins"):
            if attribute == module and base not in ("os", "sys") and not base.startswith(("os.", "sys.")):
                return name(module)
            if f".{module}." in full and full.rpartition(f".{module}.")[0]:
                tail = full[full.index(f".{module}.") + 1 :]
                if it.knowledge.lookup(tail) is not None:
                    return name(tail)
    entry = it.knowledge.lookup(full)
    if entry is not None and not any(act.kinds for act in entry.acts):
        kind = entry.returns
        if kind and not attribute[:1].isupper() and _is_property(entry.example, attribute):
            return Value((Instance(kind),))
    return _resolved(it, name(full))


def _is_property(example: str, attribute: str) -> bool:
    return f".{attribute}(" not in example


def _of_instance(it: Machine, owner: Value, atom: Instance, attribute: str) -> Value:
    if atom.type in PATHS and atom.target is not None:
        where = text_of(atom.target)
        if attribute == "parent":
            return path_value(fold.function("os.path.dirname", [where], {}) if where != HOLE else HOLE, owner)
        if attribute in ("name", "stem", "suffix", "anchor", "root"):
            import posixpath

            parts = {
                "name": posixpath.basename(where),
                "stem": posixpath.splitext(posixpath.basename(where))[0],
                "suffix": posixpath.splitext(where)[1],
            }
            return const(parts.get(attribute, "/"), owner)
    if atom.type.startswith("tempfile.") and attribute == "name" and atom.target is not None:
        return atom.target.with_(marks=("made",))
    full = f"{atom.type}.{attribute}"
    entry = it.knowledge.lookup(full)
    if entry is not None and _is_property(entry.example, attribute) and not any(act.kinds for act in entry.acts):
        gives = {act.gives for act in entry.acts if act.gives}
        if entry.returns:
            return Value((Instance(entry.returns, atom.target),), frozenset(gives))
        if gives:
            return Value((), frozenset(gives))
    if (
        entry is not None
        and any(Kind.GUARD_TAMPER in act.kinds for act in entry.acts)
        and f".{attribute}(" not in entry.example
    ):
        return Value((Instance(full, atom.target),))
    return Value((Method(Value((atom,), owner.taint, owner.marks, owner.origin), attribute),))


def _of_class(it: Machine, cls: Class, attribute: str, receiver: Value | None) -> Value | None:
    for one in _lineage(cls):
        if attribute in one.members:
            member = one.members[attribute]
            if receiver is None:
                return member
            bound: list[Value] = []
            for atom in member.atoms:
                if isinstance(atom, Function) and not isinstance(atom.node, ast.Lambda) and _is_static(atom.node):
                    bound.append(Value((atom,), member.taint, member.marks, member.origin))
                elif isinstance(atom, Function):
                    bound.append(Value((Method(receiver, attribute, atom),), member.taint, member.marks, member.origin))
                else:
                    bound.append(Value((atom,), member.taint, member.marks, member.origin))
            return join(bound) if bound else member
        for base in one.bases:
            for atom in base.atoms:
                if isinstance(atom, Name) and it.knowledge.lookup(f"{atom.name}.{attribute}"):
                    return Value((Method(Value((Instance(atom.name),)), attribute),))
    if attribute == "__subclasses__":
        return Value((), marks=frozenset({"reflected"})) if not cls.bases else UNKNOWN
    return None


def _lineage(cls: Class) -> list[Class]:
    found: list[Class] = []
    todo = [cls]
    while todo and len(found) < 20:
        one = todo.pop(0)
        if one not in found:
            found.append(one)
            todo += [atom for base in one.bases for atom in base.atoms if isinstance(atom, Class)]
    return found


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list)


def path_value(text: str, like: Value | None = None) -> Value:
    """A ``pathlib.Path`` to ``text``."""
    target = const(text, like)
    return Value((Instance("pathlib.Path", target),), target.taint, target.marks, target.origin)


def _subscript(it: Machine, node: ast.Subscript) -> Value:
    owner = evaluate(it, node.value)
    if isinstance(node.slice, ast.Slice):
        return _sliced(it, owner, node.slice)
    return subscript(it, owner, evaluate(it, node.slice), node)


def _sliced(it: Machine, owner: Value, node: ast.Slice) -> Value:
    bounds: list[int | None] = []
    for part in (node.lower, node.upper, node.step):
        value = evaluate(it, part) if part is not None else const(None)
        known = constants(value)
        if part is not None and (not is_whole(value) or not isinstance(known[0], int)):
            return Value((), owner.taint, owner.marks, owner.origin)
        bounds.append(known[0])
    cut = slice(*bounds)
    found: list[Value] = []
    for atom in owner.atoms:
        if isinstance(atom, Const) and isinstance(atom.value, str | bytes) and cut.step != 0:
            found.append(const(atom.value[cut], owner).with_(marks=("rebuilt",)))
        elif isinstance(atom, Items) and cut.step != 0:
            found.append(Value((Items(atom.items[cut], atom.rest, atom.kind),), owner.taint, owner.marks, owner.origin))
    return join(found) if found else Value((), owner.taint, owner.marks, owner.origin)


def subscript(it: Machine, owner: Value, key: Value, node: ast.AST) -> Value:
    """``owner[key]``."""
    found: list[Value] = []
    rebuilt = {"rebuilt"} & key.marks
    for atom in owner.atoms:
        if isinstance(atom, Items):
            found.append(
                item_of(
                    Value((atom,), owner.taint, owner.marks, owner.origin), constants(key)[0] if is_whole(key) else None
                )
            )
        elif isinstance(atom, Table):
            for one in constants(key):
                if is_hashable(one) and one in atom.items:
                    found.append(atom.items[one].with_(marks=rebuilt))
                elif atom.rest is not None and isinstance(one, str):
                    found += [
                        attributes_of(it, Value((held,)), one, node).with_(marks={"rebuilt"})
                        for held in atom.rest.atoms
                        if isinstance(held, Name)
                    ]
            if not constants(key):
                found += [*atom.items.values()]
            if not found and atom.rest is not None:
                found.append(atom.rest)
        elif isinstance(atom, Name) and (atom.name.endswith(".__dict__") or atom.name in ("sys.modules", "builtins")):
            for one in texts(key):
                if atom.name == "sys.modules":
                    found.append(name(one).with_(marks={"rebuilt"} if rebuilt else ()))
                else:
                    base = Value((Name(atom.name.removesuffix(".__dict__")),), owner.taint, owner.marks, owner.origin)
                    found.append(attributes_of(it, base, one, node).with_(marks={"rebuilt"}))
        elif isinstance(atom, Name) and atom.name == "os.environ":
            perform(it, "os.environ.__getitem__", [key], {}, node, owner)
            found.append(environment_value(key))
        elif isinstance(atom, Const) and isinstance(atom.value, str | bytes) and is_whole(key):
            index = constants(key)[0]
            if isinstance(index, int) and -len(atom.value) <= index < len(atom.value):
                found.append(const(atom.value[index], owner).with_(marks=("rebuilt",)))
        elif isinstance(atom, Object):
            for special in ("__getitem__", "__missing__"):
                getter = attributes_of(it, Value((atom,), origin=owner.origin), special, node)
                if getter.known:
                    found.append(call(it, getter, [key], {}, node))
        elif isinstance(atom, Instance):
            entry = it.knowledge.lookup(f"{atom.type}.__getitem__")
            kind = entry.returns if entry is not None and entry.returns else ""
            if kind:
                target = atom.target if not texts(key) else key
                found.append(Value((Instance(kind, target),), owner.taint, owner.marks, owner.origin))
    if found:
        return join(found).with_(taint=owner.taint, origin=owner.origin)
    return Value((), owner.taint | key.taint, owner.marks, owner.origin)


_SECRETS = ("KEY", "TOKEN", "SECRET", "PASSW", "PWD", "CREDENTIAL", "AUTH", "DSN", "CONNECTION_STRING")


def environment_value(key: Value) -> Value:
    """What an environment variable holds: home is where it is, and a name that sounds secret is a credential."""
    for one in texts(key):
        if one in ("HOME", "USERPROFILE"):
            return const("~").with_(taint=())
        if any(part in one.upper() for part in _SECRETS):
            return Value((), frozenset({"environment", "credential"}))
    return Value((), frozenset({"environment"}))


def item_of(value: Value, index: object) -> Value:
    """One item of a sequence; any of them when the index is not known."""
    found: list[Value] = []
    for atom in value.atoms:
        if isinstance(atom, Items):
            if isinstance(index, int) and -len(atom.items) <= index < len(atom.items):
                found.append(atom.items[index])
            else:
                found += atom.items
                if atom.rest is not None:
                    found.append(atom.rest)
        elif (
            isinstance(atom, Const)
            and isinstance(atom.value, tuple | list | str)
            and isinstance(index, int)
            and -len(atom.value) <= index < len(atom.value)
        ):
            found.append(const(atom.value[index], value))
    if found:
        return join(found)
    return Value((), value.taint, value.marks, value.origin)


def elements(value: Value, it: Machine | None = None) -> Value:
    """What iterating over a value gives; with ``it``, also over an object that knowledge describes."""
    found: list[Value] = []
    for atom in value.atoms:
        described = (
            it.knowledge.lookup(f"{atom.type}.__iter__") if it is not None and isinstance(atom, Instance) else None
        )
        if isinstance(atom, Instance) and described is not None and described.returns:
            found.append(Value((Instance(described.returns, atom.target),), value.taint, value.marks, value.origin))
        elif isinstance(atom, Instance) and "many" in value.marks:
            found.append(Value((atom,), value.taint, value.marks, value.origin))
        elif isinstance(atom, Items):
            found += atom.items
            if atom.rest is not None:
                found.append(atom.rest)
        elif isinstance(atom, Table):
            found += [const(key) for key in list(atom.items)[:8]]
        elif isinstance(atom, Const) and isinstance(atom.value, str):
            found += [const(one, value) for one in dict.fromkeys(atom.value[:64])][:8]
        elif isinstance(atom, Const) and isinstance(atom.value, list | tuple | bytes):
            found += [const(one, value) for one in list(atom.value)[:8]]
    if found:
        return join(found).with_(taint=value.taint, origin=value.origin)
    return Value((), value.taint, value.marks, value.origin)


def is_hashable(value: object) -> bool:
    """Whether a constant can be a key."""
    return isinstance(value, str | bytes | int | float | bool | type(None))


def _binary(it: Machine, node: ast.BinOp) -> Value:
    left, right = evaluate(it, node.left), evaluate(it, node.right)
    operator = type(node.op).__name__
    if operator in ("Mult", "Pow"):
        look_at_size(it, operator, left, right, node)
    like = derived([left, right])
    marks = (left.marks | right.marks) & {"rebuilt", "many"} | ({"made"} & left.marks)
    for atom in left.atoms:
        if isinstance(atom, Instance) and atom.type in PATHS and operator == "Div" and atom.target is not None:
            whole = fold.function("os.path.join", [text_of(atom.target), text_of(right)], {})
            return path_value(whole, Value((), like.taint, marks, like.origin))
        if isinstance(atom, Items) and operator == "Add":
            other = next((one for one in right.atoms if isinstance(one, Items)), None)
            rest = join([one for one in (atom.rest, other.rest if other else elements(right)) if one is not None])
            items = atom.items + (other.items if other else [])
            return Value((Items(items, rest if rest.known else None, atom.kind),), like.taint, marks, like.origin)
        if isinstance(atom, Table) and operator == "BitOr":
            other_table = next((one for one in right.atoms if isinstance(one, Table)), None)
            merged = {**atom.items, **(other_table.items if other_table else {})}
            return Value((Table(merged, atom.rest),), like.taint, marks, like.origin)
    results = []
    for one in _sides(left, operator):
        for other in _sides(right, operator):
            try:
                results.append(
                    fold.binary(
                        operator, one, _arguments(right) if operator == "Mod" and isinstance(one, str) else other
                    )
                )
            except fold.Unfoldable:
                continue
    shaped = Value(
        (),
        like.taint,
        marks | ({"rebuilt"} if results and isinstance(results[0], str | bytes) else frozenset()),
        like.origin,
    )
    return (
        join([const(result, shaped) for result in results[:8]])
        if results
        else Value((), like.taint, marks, like.origin)
    )


def _sides(value: Value, operator: str) -> list[Any]:
    known = constants(value)
    if (
        operator in ("Add", "Mod")
        and not known
        and not any(isinstance(atom, Items | Table | Instance) for atom in value.atoms)
    ):
        return [HOLE]
    return known or ([HOLE] if operator == "Mod" else [])


def _arguments(value: Value) -> Any:
    """The right side of ``text % value``."""
    for atom in value.atoms:
        if isinstance(atom, Items):
            return tuple(
                text_of(item) if not isinstance(next(iter(constants(item)), ""), int) else constants(item)[0]
                for item in atom.items
            )
        if isinstance(atom, Table):
            return {key: text_of(item) for key, item in atom.items.items()}
    known = constants(value)
    return known[0] if known else HOLE


def _boolean(it: Machine, node: ast.BoolOp) -> Value:
    return join([evaluate(it, value) for value in node.values])


def _choice(it: Machine, node: ast.IfExp) -> Value:
    evaluate(it, node.test)
    return join([evaluate(it, node.body), evaluate(it, node.orelse)])


def _compare(it: Machine, node: ast.Compare) -> Value:
    for part in (node.left, *node.comparators):
        evaluate(it, part)
    return UNKNOWN


def _unary(it: Machine, node: ast.UnaryOp) -> Value:
    value = evaluate(it, node.operand)
    known = constants(value)
    if len(known) == 1 and isinstance(known[0], int | float) and isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
        if isinstance(node.op, ast.Not):
            return const(not known[0], value)
        return const(-known[0] if isinstance(node.op, ast.USub) else known[0], value)
    return derived([value])


def _walrus(it: Machine, node: ast.NamedExpr) -> Value:
    value = evaluate(it, node.value)
    it.bind(node.target.id, value)
    return value


def _lambda(it: Machine, node: ast.Lambda) -> Value:
    from jupyter_guard.read.interpret.statements import make_function

    return make_function(it, node, "<lambda>")


def _comprehension(it: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
    from jupyter_guard.read.interpret.statements import assign

    before = it.snapshot()
    many = False
    whole: list[Value] | None = None
    try:
        for generator in node.generators:
            over = evaluate(it, generator.iter)
            many = many or "many" in over.marks
            listed = next((atom for atom in over.atoms if isinstance(atom, Items) and atom.rest is None), None)
            simple = len(node.generators) == 1 and not generator.ifs and not isinstance(node, ast.DictComp)
            if simple and listed is not None and len(listed.items) <= 64:
                whole = []
                for item in listed.items:
                    assign(it, generator.target, item, node)
                    whole.append(evaluate(it, node.elt))  # type: ignore[union-attr]
                return Value((Items(whole),), derived(whole).taint, frozenset(), derived(whole).origin)
            assign(it, generator.target, elements(over, it), node)
            for test in generator.ifs:
                evaluate(it, test)
        it.bulk += many
        try:
            if isinstance(node, ast.DictComp):
                evaluate(it, node.key)
                item = evaluate(it, node.value)
                return Value((Table({}, item),), item.taint, frozenset(), item.origin)
            item = evaluate(it, node.elt)
        finally:
            it.bulk -= many
        return Value((Items([], item),), inner_taint(item), frozenset({"many"} if many else ()), item.origin)
    finally:
        it.restore(before)


def _await(it: Machine, node: ast.Await | ast.YieldFrom) -> Value:
    return evaluate(it, node.value)


def _yield(it: Machine, node: ast.Yield) -> Value:
    if node.value is not None:
        value = evaluate(it, node.value)
        it.frames[-1].returned.append(Value((Items([], value),), value.taint, value.marks, value.origin))
    return UNKNOWN


def _call(it: Machine, node: ast.Call) -> Value:
    from jupyter_guard.read.interpret.calls import arguments_of

    function = evaluate(it, node.func)
    args, keywords = arguments_of(it, node)
    return call(it, function, args, keywords, node)


def call(it: Machine, function: Value, args: Sequence[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """Call a value with arguments."""
    from jupyter_guard.read.interpret.calls import call_value

    return call_value(it, function, list(args), keywords, node)


def show(it: Machine, node: ast.AST, values: Sequence[Value]) -> None:
    """A value is printed or displayed: private ones should not be."""
    for value in values:
        if "credential" in inner_taint(value) or _is_environment(value):
            it.effect(Kind.CREDENTIAL_READ, node, mentioned(value), via="output", tags=("show",), values=(value,))


def _is_environment(value: Value) -> bool:
    return any(isinstance(atom, Name) and atom.name == "os.environ" for atom in value.atoms) or (
        "environment-all" in value.marks
    )


_HANDLERS: dict[type[ast.expr], Callable[[Machine, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.JoinedStr: _joined,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _table,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.IfExp: _choice,
    ast.Compare: _compare,
    ast.UnaryOp: _unary,
    ast.NamedExpr: _walrus,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Await: _await,
    ast.YieldFrom: _await,
    ast.Yield: _yield,
    ast.Call: _call,
}

__all__ = ["Partial", "attributes_of", "call", "elements", "evaluate", "item_of", "path_value", "show", "subscript"]
