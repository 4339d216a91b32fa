"""A cell's tree -> how many ways lead through each of its functions, and through the statements around them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BRANCHES: Final = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler)


def ways(tree: ast.Module) -> Iterator[tuple[ast.AST, int]]:
    """The module and each function in it, with its cyclomatic complexity (T. J. McCabe, A Complexity Measure, 1976).

    A function's branches are its own, and count for nothing around it.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        outer = waiting.pop()
        count = 1
        inside = list(ast.iter_child_nodes(outer))
        while inside:
            node = inside.pop()
            if isinstance(node, FUNCTIONS):
                waiting.append(node)
                continue
            count += _branches(node)
            inside += ast.iter_child_nodes(node)
        yield outer, count


def _branches(node: ast.AST) -> int:
    if isinstance(node, _BRANCHES):
        return 1
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.match_case):
        is_rest = isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None
        return int(not is_rest)
    return 0
