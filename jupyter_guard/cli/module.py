"""A cell of Python as IPython reads it -> what a change to its strings has to know."""

from __future__ import annotations

import ast
import re
import warnings

import msgspec

# IPython's own lines are no Python; as a number and a comment of the same length they move nothing.
_OWN_LINE = re.compile(r"^([ \t]*)[%!?](?=[^\n]{2})[^\n]*(?:(?<=\\)\n[^\n]*)*", re.MULTILINE)
_ASSIGNED = re.compile(r"^([ \t]*[\w.,\[\]'\" \t]+)(=[ \t]*)[!%](?=[^\s=])[^\n]*(?:(?<=\\)\n[^\n]*)*", re.MULTILINE)
_ASKED = re.compile(r"^([ \t]*)[\w.]+\?{1,2}[ \t]*$", re.MULTILINE)
_INDENT = re.compile(r"(?:[ \t]*\n)*([ \t]+)\S")
_LINE_END = re.compile(r"\r\n|\r|\n")


class Module(msgspec.Struct):
    """``code`` and, of the same length, ``plain`` Python. All places are in characters of ``code``.

    ``strings`` are the places of its strings (those written one after the other are one), in order. ``unused`` is where
    those begin that are statements: nobody reads them. ``fixed``: those that must be literals, as in ``case "a":``.
    ``imports_os`` is where a statement at the top ends that imports it, -1 for none.
    """

    code: str
    plain: str
    start: int
    indent: str
    strings: list[tuple[int, int]] = []
    unused: set[int] = set()
    fixed: set[int] = set()
    imports_os: int = -1
    shadows_os: bool = False
    after_future: int = -1

    def os_name(self, quote: str) -> str:
        """What to write for the module ``os``."""
        return f"__import__({quote}os{quote})" if self.shadows_os else "os"

    def place_for(self, statement: str) -> tuple[int, str]:
        """Where a statement can stand before all others, and as what."""
        if self.after_future < 0:
            return self.start, f"{self.indent}{statement}\n"
        line = re.compile(r"[ \t]*(?:#[^\n]*)?(?=\r?\n|\Z)").match(self.code, self.after_future)
        if line is None:
            return self.after_future, f"; {statement}"
        return line.end(), f"\n{self.indent}{statement}"


def read_module(code: str, start: int = 0) -> Module | None:
    """What ``code`` is from ``start`` on, after a magic's line; ``None`` for what is no Python."""
    body = code[start:]
    plain = _ASKED.sub(_as_comment, _ASSIGNED.sub(_as_value, _OWN_LINE.sub(_as_number, body)))
    indented = _INDENT.match(body)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(f"if 1:\n{plain}" if indented is not None else plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    module = Module(code, code[:start] + plain, start, indented[1] if indented is not None else "")
    _look(module, tree, 1 if indented is not None else 0)
    return module


def own_lines(module: Module, comments: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places of comments, and of IPython's own lines, from their ``!`` or ``%`` on, with those that go on."""
    out: list[tuple[int, int]] = []
    code = module.code
    for start, end in comments:
        if code[start] not in "!%?#" and module.plain[start - 1 : start] == "0" and code[start - 1] in "!%?":
            start -= 1
        if out and code[out[-1][0]] in "!%" and code[out[-1][1] - 1] == "\\" and code[out[-1][1] : start] == "\n":
            out[-1] = (out[-1][0], end)
        elif start >= module.start:
            out.append((start, end))
    return out


def _as_comment(found: re.Match[str]) -> str:
    return _commented(found[0], len(found[1]))


def _as_number(found: re.Match[str]) -> str:
    """``!ls`` as ``0#s``: a block may hold nothing else."""
    at = len(found[1])
    return found[0][:at] + "0" + _commented(found[0], at + 1)[at + 1 :]


def _as_value(found: re.Match[str]) -> str:
    """``x = !ls`` as ``x =0#ls``, ``x=!ls`` as ``x;#ls``."""
    at = found.end(2) - found.start()
    lead = found[1] + (f"{found[2][:-1]}0" if found[2] != "=" else ";")
    return lead + _commented(found[0], at)[at:]


def _commented(text: str, at: int) -> str:
    lines = (text[:at] + "#" + text[at + 1 :]).split("\n")
    return "\n".join([lines[0], *("#" + line[1:] if line else line for line in lines[1:])])


def _look(module: Module, tree: ast.Module, shift: int) -> None:
    code = module.code
    lines = [module.start, *(found.end() for found in _LINE_END.finditer(code, module.start))]

    def place(row: int, column: int) -> int:
        start = lines[row - 1 - shift]
        end = lines[row - shift] if row - shift < len(lines) else len(code)
        return start + len(code[start:end].encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass"))

    def begin(node: ast.expr | ast.stmt) -> int:
        return place(node.lineno, node.col_offset)

    def end(node: ast.expr | ast.stmt) -> int:
        return place(node.end_lineno or node.lineno, node.end_col_offset or 0)

    body = tree.body[0].body if shift and isinstance(tree.body[0], ast.If) else tree.body
    waiting: list[ast.AST] = list(body)
    strings = []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            strings.append((begin(node), end(node)))
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.JoinedStr) and node is not body[-1]:
            module.unused.add(begin(node.value))
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
            module.fixed.add(begin(node.value))
        module.shadows_os = module.shadows_os or _binds_os(node)
        waiting += ast.iter_child_nodes(node)
    module.strings = sorted(strings)
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            module.after_future = end(statement)
        if isinstance(statement, ast.Import) and module.imports_os < 0 and any(map(_is_os, statement.names)):
            module.imports_os = end(statement)


def _is_os(alias: ast.alias) -> bool:
    if alias.asname is None:
        return alias.name.split(".")[0] == "os"
    return alias.name == alias.asname == "os"


def _binds_os(node: ast.AST) -> bool:
    """Whether ``os`` becomes something that is not the module."""
    if isinstance(node, ast.Name):
        return node.id == "os" and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.arg):
        return node.arg == "os"
    if isinstance(node, ast.alias):
        return (node.asname or node.name) == "os" and node.name != "os"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == "os"
