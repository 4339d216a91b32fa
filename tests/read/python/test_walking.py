"""Every node that can hold others or stand for something is walked over, in the standard library's order."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from jupyter_guard.read.python.walking import children, walk

LEAVES = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
HERE = Path(__file__).parents[3]
FILES = [*sorted((HERE / "jupyter_guard" / "read" / "python").glob("*.py")), Path(ast.__file__)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_walks_as_the_standard_library_does(path: Path) -> None:
    tree = ast.parse(path.read_bytes())
    assert list(walk(tree)) == [node for node in ast.walk(tree) if not isinstance(node, LEAVES)]
    for node in walk(tree):
        assert children(node) == [one for one in ast.iter_child_nodes(node) if not isinstance(one, LEAVES)]


def test_patterns_and_handlers_are_walked_over_too() -> None:
    tree = ast.parse(
        "match x:\n    case {'a': [1, *b]} | C(d=2):\n        pass\ntry:\n    pass\nexcept* E as e:\n    f(e)\n"
    )
    assert list(walk(tree)) == [node for node in ast.walk(tree) if not isinstance(node, LEAVES)]
