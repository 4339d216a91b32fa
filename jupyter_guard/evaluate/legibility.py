"""The cells of one sample -> for each that is Python and parses, counts of what makes code hard to read."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Final

import msgspec

from jupyter_guard.evaluate.repeats import repeated
from jupyter_guard.practice.names import NOTHING, UNREADABLE, CellNames, cell_names, left_by_later, names
from jupyter_guard.read.python.source import Unreadable, parse
from jupyter_guard.read.segments import PLACEHOLDER, segments
from jupyter_guard.terms import Cell

# Names of one letter that every reader of numerical code knows.
_USUAL: Final = frozenset("_ i j k n x y X".split())
# Words that stand for nothing, and any word that is only told apart from others by a number.
_EMPTY: Final = re.compile(r"(?:foo|bar|baz|spam|tmp|temp|stuff|thing|blah)\d*$|[A-Za-z_]*[A-Za-z]\d+$")
# What needs no name: counting, halving, turning round, and shares.
_PLAIN: Final = frozenset({0, 1, 2, 10, 100})
_BLOCKS: Final = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match,
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
)  # fmt: skip


class Legibility(msgspec.Struct, frozen=True):
    """Counts of one cell.

    ``lines`` hold code, not only a comment or nothing. ``cognitive_complexity`` is the sum over the cell and its
    functions (G. A. Campbell, Cognitive Complexity, 2018), ``None`` where nothing is installed that counts it.
    ``nesting`` is how deep blocks stand in blocks, ``chain_length`` how many calls the longest ``a.b().c()`` has.
    ``names`` are those the cell binds, ``poor_names`` those of one letter outside a loop, without a meaning or only
    numbered. ``unexplained_literals`` are numbers that stand in the middle of an expression without a name.
    ``undefined_names`` are bound in no cell above, ``hidden_state`` those of them that a later cell binds, and
    those that one had bound last when the cell ran.
    ``repeated_statements`` lie in a run that was there before.
    """

    lines: int
    statements: int
    cognitive_complexity: int | None
    nesting: int
    chain_length: int
    names: int
    poor_names: int
    unexplained_literals: int
    undefined_names: int
    hidden_state: int
    repeated_statements: int


def legibility(cells: Sequence[Cell]) -> list[Legibility | None]:
    """The counts of each cell; ``None`` where it is no Python, empty or does not parse. Never raises for code."""
    read = [_read(cell) for cell in cells]
    trees = [None if one is None else one.tree for one in read]
    known = [_names(cell) for cell in cells]
    missing, left = names(known), left_by_later(known, [cell.executed for cell in cells])
    try:
        again = repeated(trees)
    except (RecursionError, MemoryError):
        again = [0] * len(trees)
    return [
        None if one is None else _counts(one, len(lacks.undefined), len(lacks.hidden | later), repeats)
        for one, lacks, later, repeats in zip(read, missing, left, again, strict=True)
    ]


class _Read(msgspec.Struct, frozen=True):
    text: str
    tree: ast.Module


def parses(cell: Cell) -> bool:
    """Whether a cell's Python can be read; a cell of another language, or of magics only, has none that could not."""
    if cell.language != "python":
        return True
    python = segments(cell.code)[0]
    return python.language != "python" or _tree(python.text) is not None


def _read(cell: Cell) -> _Read | None:
    if cell.language != "python":
        return None
    found = segments(cell.code)
    tree = _tree(found[0].text) if found[0].language == "python" else None
    # A cell of nothing but magics and comments has nothing that these counts are about.
    if tree is None or all(_is_placeholder(statement) for statement in tree.body):
        return None
    return _Read(found[0].text, tree)


def _names(cell: Cell) -> CellNames:
    """What a cell binds and uses, be it only by magics; one in another language binds nothing."""
    if cell.language != "python":
        return NOTHING
    found = segments(cell.code)
    is_readable = found[0].language == "python" and _tree(found[0].text) is not None
    return cell_names(found[0].text, found) if is_readable else UNREADABLE


def _tree(text: str) -> ast.Module | None:
    try:
        return parse(text)
    except Unreadable:
        return None


def _is_placeholder(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == PLACEHOLDER
    )


def _counts(one: _Read, undefined: int, hidden: int, repeats: int) -> Legibility:
    nodes = list(ast.walk(one.tree))
    bound, poor = _names_bound(nodes)
    return Legibility(
        lines=sum(bool(line) and line[0] != "#" for line in map(str.strip, one.text.split("\n"))),
        statements=sum(isinstance(node, ast.stmt) for node in nodes),
        cognitive_complexity=cognitive_complexity(one.text),
        nesting=_nesting(one.tree),
        chain_length=max((_chain(node) for node in nodes if isinstance(node, ast.Call)), default=0),
        names=bound,
        poor_names=poor,
        unexplained_literals=sum(1 for _ in _unexplained(one.tree)),
        undefined_names=undefined,
        hidden_state=hidden,
        repeated_statements=repeats,
    )


@functools.cache
def _counter() -> ModuleType | None:
    try:
        return import_module("complexipy")
    except ImportError:
        return None


def counter() -> str:
    """The library that counts cognitive complexity, with its version; ``""`` where none is installed."""
    from importlib.metadata import version

    return "" if _counter() is None else f"complexipy {version('complexipy')}"


def cognitive_complexity(text: str) -> int | None:
    """The cognitive complexity of Python ``text``, functions and the code around them; ``None``: nothing counts it."""
    library = _counter()
    if library is None:
        return None
    try:
        # A comment does not make code simpler: what it asks to be ignored counts.
        return int(library.code_complexity(text, check_script=True, no_ignore=True, with_plans=False).complexity)
    except Exception:
        # Its parser knows another version of the language than the interpreter's.
        return None


def _nesting(tree: ast.Module) -> int:
    deepest = 0
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        for child in ast.iter_child_nodes(node):
            # `elif` is an `if` in an `else`, and stands no deeper.
            is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and [child] == node.orelse
            waiting.append((child, depth + (isinstance(child, _BLOCKS) and not is_elif)))
    return deepest


def _chain(call: ast.Call) -> int:
    length = 0
    node: ast.expr = call
    while True:
        if isinstance(node, ast.Call):
            length += 1
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            return length


def _names_bound(nodes: Sequence[ast.AST]) -> tuple[int, int]:
    """How many names a cell binds, and how many of them say nothing."""
    passing: set[int] = set()
    for node in nodes:
        targets: list[ast.AST] = []
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            targets = [node.target]
        elif isinstance(node, ast.Lambda):
            targets = [node.args]
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            targets = [node.optional_vars]
        passing.update(id(below) for target in targets for below in ast.walk(target))
    kept: set[str] = set()
    short: set[str] = set()
    for node in nodes:
        name = ""
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.arg):
            name = node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = node.name
        if name:
            (short if id(node) in passing else kept).add(name)
    poor = {name for name in kept if (len(name) == 1 and name not in _USUAL) or _EMPTY.match(name)}
    return len(kept | short), len(poor)


def _unexplained(tree: ast.Module) -> Iterator[ast.Constant]:
    """Numbers without a name: not an argument's by name, a default, an index, nor what a name is directly given."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, explained = waiting.pop()
        if isinstance(node, ast.Constant):
            value = node.value
            is_number = isinstance(value, int | float | complex) and not isinstance(value, bool)
            if is_number and not explained and value not in _PLAIN:
                yield node
            continue
        # What a name explains is explained in a list, a tuple, a dictionary and behind a sign too.
        is_display = isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict | ast.UnaryOp)
        inside = explained and is_display
        explains = isinstance(
            node, ast.Assign | ast.AnnAssign | ast.keyword | ast.arguments | ast.Slice | ast.NamedExpr
        )
        for name, field in ast.iter_fields(node):
            by_index = isinstance(node, ast.Subscript) and name == "slice"
            by_key = isinstance(node, ast.Dict) and name == "values"
            below = field if isinstance(field, list) else [field]
            named = inside or explains or by_index or by_key
            waiting += [(child, named) for child in below if isinstance(child, ast.AST)]
