"""A module's text -> the part of it that runs when it is imported, with every line in its place.

A project's own modules are imported by the dozen, and most of their text are functions that nobody calls meanwhile:
without their bodies they are read in a tenth of the time. What might be called is kept: whatever the code that runs
names, in any way that a reader of names can see.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

# Decorators that do not call what they decorate.
INERT = frozenset(
    """
    abstractmethod asynccontextmanager cache cached_property classmethod contextmanager dataclass deleter final getter
    lru_cache overload override property runtime_checkable setter staticmethod total_ordering wraps
    """.split()
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def runs_at_import(code: str) -> str:
    """``code`` with ``...`` for the bodies of functions that importing it cannot reach; as it is when unreadable."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return code
    functions: list[tuple[_Function, str]] = []
    executed: list[ast.AST] = []
    unreached: list[list[ast.stmt]] = []
    _split(tree.body, "", functions, executed, unreached)
    named = _named(executed)
    left = functions
    while True:
        reached = [one for one in left if _is_reached(*one, named)]
        if not reached:
            break
        left = [one for one in left if one not in reached]
        named |= _named(part for function, _ in reached for part in function.body)
    return _without(code, [*(function.body for function, _ in left), *unreached])


def _split(
    body: Iterable[ast.stmt],
    owner: str,
    functions: list[tuple[_Function, str]],
    executed: list[ast.AST],
    unreached: list[list[ast.stmt]],
) -> None:
    """Sort statements into functions (with the class that they are in) and what runs."""
    for node in body:
        if isinstance(node, _Function):
            functions.append((node, owner))
            executed += [*node.decorator_list, node.args]
        elif isinstance(node, ast.ClassDef):
            executed += [*node.decorator_list, *node.bases, *(one.value for one in node.keywords)]
            _split(node.body, node.name, functions, executed, unreached)
        elif isinstance(node, ast.If) and _is_main(node.test):
            unreached.append(node.body)
            _split(node.orelse, owner, functions, executed, unreached)
        elif isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try):
            for name, value in ast.iter_fields(node):
                if name in ("body", "orelse", "finalbody"):
                    _split(value, owner, functions, executed, unreached)
                elif name == "handlers":
                    for handler in value:
                        _split(handler.body, owner, functions, executed, unreached)
                else:
                    executed += [
                        one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)
                    ]
        elif not _is_export_list(node):
            executed.append(node)


def _is_export_list(node: ast.stmt) -> bool:
    """``__all__ = [...]``: names that nobody calls by being listed."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(one, ast.Name) and one.id == "__all__" for one in targets)


def _is_main(test: ast.expr) -> bool:
    return ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")


def _is_reached(function: _Function, owner: str, named: set[str]) -> bool:
    if function.name in named or any(_last_name(one) not in INERT for one in function.decorator_list):
        return True
    is_special = function.name.startswith("__") and function.name.endswith("__")
    return is_special and (not owner or owner in named)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _named(nodes: Iterable[ast.AST]) -> set[str]:
    return {name for node in nodes for one in ast.walk(node) for name in _names_of(one)}


def _names_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        # `getattr(self, "name")`, `globals()["name"]`
        yield node.value


def _without(code: str, bodies: Iterable[list[ast.stmt]]) -> str:
    # As Python counts lines, whatever ends them.
    lines = code.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for body in bodies:
        first, last = body[0], body[-1]
        start, end = first.lineno - 1, (last.end_lineno or last.lineno) - 1
        decorated = getattr(first, "decorator_list", None)
        if decorated:
            start = decorated[0].lineno - 1
        before = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
        if lines[start].lstrip()[:1] == "" or lines[start][: first.col_offset].strip():
            # It begins on the line of its header.
            continue
        lines[start : end + 1] = [before + "...", *[""] * (end - start)]
    return "\n".join(lines)
