"""A call of what an organisation prohibits -> the same call of what it wants in its place: offered, never made."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jupyter_guard.fix.edit import Edit, Fix, applied, comments_in, difference, offset
from jupyter_guard.fix.suggest import _is_same_place
from jupyter_guard.read.segments import segments
from jupyter_guard.terms import Span


def replaced(code: str, span: Span, new: str) -> Fix | None:
    """The Python cell with the call at ``span`` made one of ``new`` (``acme.db.read``), and its module imported.

    The arguments stay as they are: whether they mean the same is for people to read, so that it is never ``safe``.
    ``None`` where there is no such call, or the cell uses the module's name for something else.
    """
    python = segments(code)[0]
    if python.language != "python" or python.joined or any(python.cut):
        return None
    text = python.text
    try:
        tree = ast.parse(text)
        found = next(_calls(tree, text, span), None)
        if found is None:
            return None
        statement, call = found
        module = new.rpartition(".")[0]
        if _binds_otherwise(tree, module.partition(".")[0]):
            return None
        start, end = (_offset(text, *at) for at in _ends(call.func))
        edits = [difference(text, start, text[start:end], new)]
        if not any(name.name == module and name.asname is None for name in _imported(tree, statement.lineno)):
            edits.append(Edit(Span(_first_line(statement), 0, _first_line(statement), 0), f"import {module}\n"))
        if not all(_is_same_place(code, text, edit) for edit in edits):
            return None
        after = applied(text, edits)
        ast.parse(after)
        whole = applied(code, edits)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if comments_in(text) != comments_in(after):
        return None
    ordered = sorted(edits, key=lambda one: (one.span.line, one.span.column))
    return Fix(f"Call {new}", tuple(ordered), whole, safe=False)


def _calls(tree: ast.Module, text: str, span: Span) -> Iterator[tuple[ast.stmt, ast.Call]]:
    wanted = (offset(text, span.line, span.column), offset(text, span.end_line, span.end_column))
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and tuple(_offset(text, *at) for at in _ends(node)) == wanted:
                yield statement, node


def _ends(node: ast.expr) -> tuple[tuple[int, int], tuple[int, int]]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _offset(text: str, line: int, octets: int) -> int:
    """Where a place of a syntax tree's is: it counts columns in bytes."""
    before = text.split("\n")[line - 1].encode()[:octets].decode()
    return offset(text, line, len(before))


def _first_line(statement: ast.stmt) -> int:
    return int(min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))]))


def _imported(tree: ast.Module, before: int) -> Iterator[ast.alias]:
    for statement in tree.body:
        if isinstance(statement, ast.Import) and statement.lineno < before:
            yield from statement.names


def _binds_otherwise(tree: ast.Module, name: str) -> bool:
    """Whether the cell gives a name to anything but the package of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.arg) and node.arg == name:
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return True
        if isinstance(node, ast.ImportFrom) and any((one.asname or one.name) == name for one in node.names):
            return True
        if isinstance(node, ast.Import) and any(one.asname == name for one in node.names):
            return True
    return False
