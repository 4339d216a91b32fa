"""Python statements -> names bound, effects seen."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_guard.read.interpret.expressions import attributes_of, call, elements, evaluate, is_hashable, item_of, show
from jupyter_guard.read.interpret.machine import Machine, Scope
from jupyter_guard.read.interpret.shapes import look_at_function, look_at_loop
from jupyter_guard.read.interpret.values import (
    UNKNOWN,
    Class,
    Const,
    Function,
    Instance,
    Items,
    Name,
    Object,
    Table,
    Value,
    const,
    derived,
    join,
    name,
)
from jupyter_guard.terms import Kind

_SECRET_NAME = ("password", "passwd", "secret", "api_key", "apikey", "token", "access_key", "private_key")


def execute(it: Machine, body: Sequence[ast.stmt]) -> None:
    """Run statements in order."""
    for statement in body:
        it.spend()
        handler = _HANDLERS.get(type(statement))
        if handler is not None:
            handler(it, statement)


def _expression(it: Machine, node: ast.Expr) -> None:
    value = evaluate(it, node.value)
    if len(it.frames) == 1 and it.site is None and not isinstance(node.value, ast.Call | ast.Await):
        show(it, node.value, [value])


def _assign(it: Machine, node: ast.Assign) -> None:
    value = evaluate(it, node.value)
    for target in node.targets:
        assign(it, target, value, node)


def _annotated(it: Machine, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(it, node.target, evaluate(it, node.value), node)


def _augmented(it: Machine, node: ast.AugAssign) -> None:
    changed = ast.copy_location(ast.BinOp(_loaded(node.target), node.op, node.value), node)
    assign(it, node.target, evaluate(it, changed), node)


def _loaded(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    assert isinstance(target, ast.Subscript)
    return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)


def assign(it: Machine, target: ast.expr, value: Value, node: ast.AST) -> None:
    """Bind a target of any form to a value."""
    if isinstance(target, ast.Name):
        if any(part in target.id.lower() for part in _SECRET_NAME):
            _hard_coded(it, target.id, value, node)
        it.bind(target.id, value)
    elif isinstance(target, ast.Starred):
        assign(it, target.value, Value((Items([], elements(value)),), value.taint, value.marks, value.origin), node)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(it, target.elts, value, node)
    elif isinstance(target, ast.Attribute):
        owner = evaluate(it, target.value)
        set_attribute(it, owner, target.attr, value, target)
    elif isinstance(target, ast.Subscript):
        _set_item(it, evaluate(it, target.value), evaluate(it, target.slice), value, target)


def _hard_coded(it: Machine, key: str, value: Value, node: ast.AST) -> None:
    for atom in value.atoms:
        if (
            isinstance(atom, Const)
            and isinstance(atom.value, str)
            and isinstance(getattr(node, "value", None), ast.Constant)
        ):
            text = atom.value
            if (
                len(text) >= 8
                and " " not in text
                and not text.isalpha()
                and "<" not in text
                and "your" not in text.lower()
            ):
                it.observe("hard-coded-secret", key, node)


def _unpack(it: Machine, targets: Sequence[ast.expr], value: Value, node: ast.AST) -> None:
    starred = next((at for at, one in enumerate(targets) if isinstance(one, ast.Starred)), None)
    for at, target in enumerate(targets):
        if starred is None or at < starred:
            assign(it, target, item_of(value, at), node)
        elif at == starred:
            assign(it, target, value, node)
        else:
            assign(it, target, item_of(value, at - len(targets)), node)


def set_attribute(it: Machine, owner: Value, attribute: str, value: Value, node: ast.AST) -> None:
    """``owner.attribute = value``, which may replace something of a library's or of the guard's."""
    for atom in owner.atoms:
        if isinstance(atom, Object):
            atom.attributes[attribute] = value.with_(origin=it.origins[0])
        elif isinstance(atom, Class):
            atom.members[attribute] = value.with_(origin=it.origins[0])
        elif isinstance(atom, Name | Instance):
            base = atom.name if isinstance(atom, Name) else atom.type
            _replaced(it, f"{base}.{attribute}", value, node)


def _replaced(it: Machine, full: str, value: Value, node: ast.AST) -> None:
    entry = it.knowledge.lookup(full)
    acts = entry.acts if entry is not None else ()
    module = full.partition(".")[0]
    if any(Kind.GUARD_TAMPER in act.kinds for act in acts):
        from jupyter_guard.read.interpret.acts import perform

        perform(it, full, [], {}, node, Value((Name(full),)))
    elif module == "builtins" or module in (
        "IPython",
        "ipykernel",
        "jupyter_guard",
        "jupyter_client",
        "jupyter_server",
    ):
        it.effect(Kind.GUARD_TAMPER, node, full, via="assignment", tags=("alias",), values=(value,))
    elif entry is not None and any(act.kinds for act in acts):
        it.effect(
            Kind.CODE_EXECUTE, node, full, via="assignment", tags=("alias", "alters-guarded-state"), values=(value,)
        )
    it.top.names[f"{full}"] = value


def _set_item(it: Machine, owner: Value, key: Value, value: Value, node: ast.AST) -> None:
    for atom in owner.atoms:
        if isinstance(atom, Table):
            if len(key.atoms) == 1 and isinstance(key.atoms[0], Const) and is_hashable(key.atoms[0].value):
                atom.items[key.atoms[0].value] = value
                if key.atoms[0].value in ("api_key", "password", "secret", "token"):
                    _hard_coded(it, str(key.atoms[0].value), value, node)
            else:
                atom.rest = join([one for one in (atom.rest, value) if one is not None])
        elif isinstance(atom, Items):
            atom.rest = join([one for one in (atom.rest, value) if one is not None])
        elif isinstance(atom, Instance):
            entry = it.knowledge.lookup(atom.type)
            if entry is not None and any(Kind.GUARD_TAMPER in act.kinds for act in entry.acts):
                from jupyter_guard.read.interpret.acts import perform

                perform(it, atom.type, [], {}, node)
        elif isinstance(atom, Name):
            full = atom.name
            if full == "os.environ":
                _environment_set(it, key, value, node)
            elif full.endswith(".__dict__") or full == "sys.modules":
                for inner in key.atoms:
                    if isinstance(inner, Const) and isinstance(inner.value, str):
                        base = full.removesuffix(".__dict__") + "." if full != "sys.modules" else ""
                        _replaced(it, base + inner.value, value, node)


def _environment_set(it: Machine, key: Value, value: Value, node: ast.AST) -> None:
    from jupyter_guard.read.interpret.acts import environment_effects

    for atom in key.atoms:
        if isinstance(atom, Const) and isinstance(atom.value, str):
            it.emit(environment_effects(it.at(node, value), atom.value))


def _delete(it: Machine, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            it.scope.owner(target.id).names.pop(target.id, None)
        elif isinstance(target, ast.Attribute):
            owner = evaluate(it, target.value)
            for atom in owner.atoms:
                if isinstance(atom, Name | Instance):
                    base = atom.name if isinstance(atom, Name) else atom.type
                    _replaced(it, f"{base}.{target.attr}", UNKNOWN, node)
        elif isinstance(target, ast.Subscript):
            evaluate(it, target.value)


def _import(it: Machine, node: ast.Import) -> None:
    for alias in node.names:
        it.observe("import", alias.name, node)
        top = alias.name.partition(".")[0]
        it.bind(alias.asname or top, name(alias.name if alias.asname else top))


def _import_from(it: Machine, node: ast.ImportFrom) -> None:
    module = "." * node.level + (node.module or "")
    it.observe("import", module, node)
    for alias in node.names:
        if alias.name == "*":
            for known in it.knowledge.below(module):
                it.bind(known, name(f"{module}.{known}"))
        else:
            it.observe("import", f"{module}.{alias.name}", node)
            it.bind(alias.asname or alias.name, name(f"{module}.{alias.name}"))


def _if(it: Machine, node: ast.If) -> None:
    test = evaluate(it, node.test)
    verdict = _truth(test, node.test)
    if verdict is not None:
        execute(it, node.body if verdict else node.orelse)
        return
    before = it.snapshot()
    execute(it, node.body)
    after = it.snapshot()
    it.restore(before)
    execute(it, node.orelse)
    it.merge(after, it.snapshot())


def _truth(test: Value, node: ast.expr) -> bool | None:
    """Only what is written as a constant decides; a value that merely happens to be known does not."""
    if isinstance(node, ast.Constant) and len(test.atoms) == 1 and isinstance(test.atoms[0], Const):
        return bool(test.atoms[0].value)
    return None


def _for(it: Machine, node: ast.For | ast.AsyncFor) -> None:
    over = evaluate(it, node.iter)
    _loop(it, node, over)


def _loop(it: Machine, node: ast.For | ast.AsyncFor, over: Value) -> None:
    look_at_loop(it, node, over)
    many = bool({"many"} & over.marks)
    before = it.snapshot()
    assign(it, node.target, elements(over, it), node)
    it.bulk += many
    try:
        execute(it, node.body)
        execute(it, node.orelse)
    finally:
        it.bulk -= many
    it.merge(before, it.snapshot())


def _while(it: Machine, node: ast.While) -> None:
    test = evaluate(it, node.test)
    endless = look_at_loop(it, node, test)
    before = it.snapshot()
    it.endless += endless
    try:
        execute(it, node.body)
        # Once more, with what the first round left behind.
        if it.budget.left > 100_000:
            execute(it, node.body)
    finally:
        it.endless -= endless
    execute(it, node.orelse)
    it.merge(before, it.snapshot())


def _with(it: Machine, node: ast.With | ast.AsyncWith) -> None:
    for item in node.items:
        value = evaluate(it, item.context_expr)
        entered = call_enter(it, value, item.context_expr)
        if item.optional_vars is not None:
            assign(it, item.optional_vars, entered, node)
    execute(it, node.body)


def call_enter(it: Machine, value: Value, node: ast.AST) -> Value:
    """What ``with value as x`` binds: the session's own ``__enter__``, or the value itself."""
    for atom in value.atoms:
        if isinstance(atom, Object):
            entered = attributes_of(it, value, "__enter__", node)
            if entered.known:
                return call(it, entered, [], {}, node)
        if isinstance(atom, Instance) and atom.type.startswith("tempfile.TemporaryDirectory"):
            return atom.target.with_(marks=("made",)) if atom.target is not None else const("/tmp/made")  # noqa: S108
    return value


def _try(it: Machine, node: ast.Try) -> None:
    before = it.snapshot()
    execute(it, node.body)
    execute(it, node.orelse)
    outcomes = [it.snapshot()]
    for handler in node.handlers:
        it.merge(before, outcomes[0])
        if handler.name:
            it.bind(handler.name, UNKNOWN)
        execute(it, handler.body)
        outcomes.append(it.snapshot())
    it.merge(*outcomes)
    execute(it, node.finalbody)


def _match(it: Machine, node: ast.Match) -> None:
    subject = evaluate(it, node.subject)
    before = it.snapshot()
    outcomes = [before]
    for case in node.cases:
        it.restore(dict(before))
        for pattern in ast.walk(case.pattern):
            if isinstance(pattern, ast.MatchAs | ast.MatchStar) and pattern.name:
                it.bind(pattern.name, subject)
        execute(it, case.body)
        outcomes.append(it.snapshot())
    it.merge(*outcomes)


def _function(it: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    value = make_function(it, node, node.name)
    look_at_function(it, node)
    it.bind(node.name, _decorated(it, node, value))


def _decorated(it: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, value: Value) -> Value:
    """What the decorators make of a function or class: a session's own may replace it, a library's keeps it."""
    made = value
    for decorator in reversed(node.decorator_list):
        applied = evaluate(it, decorator)
        if any(isinstance(atom, Name) and atom.name in ("builtins.exec", "builtins.eval") for atom in applied.atoms):
            applied = applied.with_(marks=("rebuilt",))
        made = call(it, applied, [made], {}, decorator)
        if any(isinstance(atom, Function | Class) for atom in made.atoms):
            value = made
    return value


def make_function(it: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, label: str) -> Value:
    """A function of the session, its defaults evaluated now."""
    arguments = node.args
    defaults: dict[str, Value] = {}
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(
        positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=False
    ):
        defaults[argument.arg] = evaluate(it, default)
    for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=False):
        if value is not None:
            defaults[argument.arg] = evaluate(it, value)
    origin = max(it.origins, key=lambda one: one.rank)
    made = Function(node, it.scope, defaults, it.cell, origin, label)
    if not isinstance(node, ast.Lambda):
        it.defined.append(made)
    return Value((made,), origin=origin)


def _class(it: Machine, node: ast.ClassDef) -> None:
    bases = tuple(evaluate(it, base) for base in node.bases)
    inner = Scope(it.scope)
    it.frames.append(type(it.frames[-1])(inner))
    try:
        execute(it, node.body)
    finally:
        it.frames.pop()
    value = Value((Class(node.name, inner.names, bases),), origin=max(it.origins, key=lambda one: one.rank))
    it.bind(node.name, _decorated(it, node, value))


def _return(it: Machine, node: ast.Return) -> None:
    it.frames[-1].returned.append(evaluate(it, node.value) if node.value is not None else const(None))


def _names(it: Machine, node: ast.Global | ast.Nonlocal) -> None:
    it.scope.globals |= frozenset(node.names)


def _raise(it: Machine, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            evaluate(it, part)


def _assert(it: Machine, node: ast.Assert) -> None:
    evaluate(it, node.test)
    if node.msg is not None:
        evaluate(it, node.msg)


def _type_alias(_it: Machine, _node: ast.AST) -> None:
    derived([])


_HANDLERS: dict[type[ast.stmt], Callable[[Machine, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Return: _return,
    ast.Global: _names,
    ast.Nonlocal: _names,
    ast.Raise: _raise,
    ast.Assert: _assert,
}
