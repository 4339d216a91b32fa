"""A parameter's annotation -> what an argument that nothing else is known of may be."""

from __future__ import annotations

import ast

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import Atom, Class, Const, Inst, Name, Obj, Unknown, Value

# What wraps other types without being one: any of those that it names may come.
_WRAPPERS = frozenset({"Optional", "Union", "Annotated", "Final", "ClassVar"})


def typed(run: Run, parameters: ast.arguments, bound: dict[str, Value]) -> None:
    """Give the parameters in ``bound`` whose arguments are not known the types that their annotations name.

    Only types that the knowledge has methods of, and classes of the session: of any other the name says more.
    """
    for parameter in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs):
        if parameter.annotation is None:
            continue
        value = bound[parameter.arg]
        if not all(type(atom) is Unknown or (type(atom) is Const and atom.value is None) for atom in value.atoms):
            continue
        atoms = _types(run, parameter.annotation)
        if atoms:
            bound[parameter.arg] = Value((*value.atoms, *atoms), value.marks, value.origin)


def _types(run: Run, node: ast.expr, depth: int = 0) -> tuple[Atom, ...]:
    if depth > 4:
        return ()
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 100:
        try:
            return _types(run, ast.parse(node.value, mode="eval").body, depth + 1)
        except (SyntaxError, ValueError):
            return ()
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return (*_types(run, node.left, depth + 1), *_types(run, node.right, depth + 1))
    if isinstance(node, ast.Subscript):
        head = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return tuple(atom for one in inner for atom in _types(run, one, depth + 1)) if head in _WRAPPERS else ()
    dotted: list[str] = []
    while isinstance(node, ast.Attribute):
        dotted.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ()
    value = run.scope.find(node.id)
    found: list[Atom] = []
    for atom in value.atoms if value is not None else ():
        if type(atom) is Name:
            name = ".".join([atom.dotted, *reversed(dotted)])
            entry = run.known(name)
            kind = next((act.returns for act in entry.acts if act.returns), "") if entry is not None else ""
            if kind or run.knowledge.below(name):
                found.append(Inst(kind or name))
        elif type(atom) is Class and not dotted:
            found.append(Obj(atom))
    return tuple(found)
