"""A cell where ``code = "tools"`` -> what in it is more than calls of approved tools and plain expressions.

A list of what is allowed, not of what is not: a kind of statement or expression that is not named here is refused, and
so is a call of which nobody can tell what it calls. What a call names is what the reader made of it, through aliases
and earlier cells.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jupyter_guard.judge import RULES
from jupyter_guard.judge.tooling import OUTSIDE
from jupyter_guard.terms import Confidence, Finding, Reading, Severity, Span
from jupyter_guard.terms.sentence import shown

if TYPE_CHECKING:
    from jupyter_guard.tools.approved import Tool

# The reader notes no more than some times that: of a call that it did not note nobody could tell what it calls.
MOST: Final = 2000
ROOM: Final = "jupyter_guard.tools"
PREFIX: Final = ROOM + "."
# Under these names tools are called, and no others: what an alias is by then nobody could be sure of.
_ROOTS: Final = ("tools", "guard", "jupyter_guard")
_STATEMENTS: Final = (
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.If, ast.Pass, ast.Break, ast.Continue,
)  # fmt: skip
_EXPRESSIONS: Final = (
    ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.Set, ast.List, ast.Tuple, ast.ListComp, ast.SetComp,
    ast.DictComp, ast.GeneratorExp, ast.Compare, ast.Call, ast.FormattedValue, ast.JoinedStr, ast.Constant,
    ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.Slice, ast.NamedExpr, ast.keyword, ast.comprehension,
    ast.alias, ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip
_NAMES: Final = {
    "FunctionDef": "defines a function", "AsyncFunctionDef": "defines a function", "ClassDef": "defines a class",
    "Lambda": "makes a function", "While": "loops without an end that is known", "With": "enters a context",
    "Try": "catches errors", "TryStar": "catches errors", "Delete": "deletes a name", "Raise": "raises an error",
    "Assert": "asserts", "Global": "reaches for global names", "Await": "awaits", "AsyncFor": "awaits",
    "AsyncWith": "awaits", "Match": "matches patterns", "Return": "returns", "Yield": "yields", "YieldFrom": "yields",
}  # fmt: skip
# Arguments by which a call that is safe would call something else, or write somewhere.
_CALLING: Final = frozenset(("key", "file", "func", "function", "callback", "converters", "default_factory"))


class Known(msgspec.Struct):
    """What the session's names are: those of ``libraries``, and those that cells of tools only have ``assigned`` to,
    to which this one's are added.
    """

    libraries: frozenset[str] = frozenset()
    assigned: set[str] = msgspec.field(default_factory=set)


def outside(
    reading: Reading, tools: Mapping[str, Tool], safe: Collection[str], known: Known | None = None
) -> Iterator[Finding]:
    """A finding for each thing in the cell that is more than it may be."""
    from jupyter_guard.read.segments import segments

    cell = reading.cell
    other = [one for one in segments(cell.code) if one.language != "python"] if cell.language == "python" else []
    if cell.language != "python" or other:
        what = f"runs `{shown(other[0].name + other[0].text)}`, which is no Python" if other else "is no Python"
        yield _finding(reading, Span.whole(cell.code), what, tools)
        return
    if reading.problems or len(reading.observations) > MOST:
        why = reading.problems[0] if reading.problems else "it is too long"
        yield _finding(reading, Span.whole(cell.code), f"cannot be read as a whole ({shown(why)})", tools)
    try:
        tree = ast.parse(cell.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield _finding(reading, Span.whole(cell.code), f"cannot be parsed ({shown(str(error))})", tools)
        return
    yield from _Cell(reading, tools, frozenset(safe), known or Known()).found(tree)


class _Cell:
    """One walk over a cell's tree."""

    def __init__(self, reading: Reading, tools: Mapping[str, Tool], safe: frozenset[str], known: Known) -> None:
        self._known = known
        # Names and attributes that are part of what is called or looked up, and no values of their own.
        self._parts: set[int] = set()
        self._reading, self._tools, self._safe = reading, tools, safe
        self._lines = reading.cell.code.split("\n")
        self._calls: defaultdict[Span, set[str]] = defaultdict(set)
        self._own = {one.span for one in reading.observations if one.what == "own-call"}
        for one in reading.observations:
            if one.what == "call":
                self._calls[one.span].add(one.detail)
        self._modules = {name.rpartition(".")[0] for name in safe if "." in name.strip(".")}

    def found(self, tree: ast.AST) -> Iterator[Finding]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._known.assigned.add(node.id)
            elif isinstance(node, ast.Attribute):
                self._parts.add(id(node.value))
            elif isinstance(node, ast.Call):
                self._parts.add(id(node.func))
        waiting: list[Any] = [tree]
        while waiting:
            node = waiting.pop()
            refused = self._refused(node)
            if refused:
                what, name = refused
                yield _finding(self._reading, self._span(node), what, self._tools, name)
            if not refused or isinstance(node, ast.Call):
                # Within what is refused as a whole nothing more need be said.
                waiting += reversed(list(ast.iter_child_nodes(node)))

    def _refused(self, node: Any) -> tuple[str, str] | None:
        """What the node does that it may not, and the name that a tool is looked for by."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            return self._imports(node)
        if not isinstance(node, (*_STATEMENTS, *_EXPRESSIONS)):
            kind = type(node).__name__
            return _NAMES.get(kind, f"has a {kind}"), ""
        if isinstance(node, ast.comprehension) and node.is_async:
            return "awaits", ""
        if isinstance(node, ast.Attribute):
            if node.attr.startswith("_"):
                return f"reads `{shown(node.attr)}`, which is not public", node.attr
            if not isinstance(node.ctx, ast.Load):
                return f"sets the attribute `{shown(node.attr)}`", ""
            if id(node) not in self._parts and _root(node) in self._known.libraries:
                name = ast.unparse(node)
                return (f"takes `{shown(name)}` as a value", name) if name not in self._safe else None
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load | ast.Store):
            return "deletes an item", ""
        return self._call(node) if isinstance(node, ast.Call) else None

    def _name(self, node: ast.Name) -> tuple[str, str] | None:
        if node.id.startswith("__"):
            return f"reads `{shown(node.id)}`, which is not public", node.id
        if isinstance(node.ctx, ast.Store):
            taken = node.id in self._safe or node.id in _ROOTS
            return (f"gives `{node.id}` a new meaning", "") if taken else None
        is_library = node.id in self._known.libraries and node.id not in self._known.assigned
        if id(node) not in self._parts and node.id not in self._safe and (is_library or self._is_builtin(node.id)):
            # Whoever may hold one in a name of its own may call it by that name later.
            return f"takes `{shown(node.id)}` as a value", node.id
        return None

    def _is_builtin(self, name: str) -> bool:
        found = getattr(builtins, name, None)
        is_error = isinstance(found, type) and issubclass(found, BaseException)
        return callable(found) and not is_error and name not in self._known.assigned

    def _imports(self, node: ast.Import | ast.ImportFrom) -> tuple[str, str] | None:
        """The guard and its tools, by their usual names, and modules with a call that is safe."""
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module or ''}.{one.name}" for one in node.names]
            bad = [one for one in names if node.level or (one != ROOM and one not in self._safe)]
        else:
            names = [one.name for one in node.names]
            bad = [one for one in names if one not in ("jupyter_guard", ROOM) and one not in self._modules]
        if bad:
            return f"imports `{shown(bad[0])}`", bad[0]
        for name, one in zip(names, node.names, strict=True):
            if name.split(".")[0] == "jupyter_guard" and one.asname not in (None, "tools" if name == ROOM else "guard"):
                return f"imports `{name}` under a name of its own", ""
        # Under a name that is safe, something else would be called by it.
        aliases = [one.asname or one.name for one in node.names]
        taken = next((name for name in aliases if name in self._safe), "")
        return (f"gives `{taken}` a new meaning", "") if taken else None

    def _call(self, node: ast.Call) -> tuple[str, str] | None:
        span = self._span(node)
        if span in self._own:
            name = ast.unparse(node.func)
            return f"calls `{shown(name)}`, which is no approved tool but the session's own", name
        names = self._calls.get(span, set())
        called = [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]
        if called and len(called) == len(names):
            unknown = next((name for name in called if name not in self._tools), "")
            if unknown:
                is_more = "(" in unknown or "[" in unknown
                return (
                    self._method(node, names)
                    if is_more
                    else (f"calls `tools.{shown(unknown)}`, no approved tool", unknown)
                )
            if _root(node.func) not in _ROOTS:
                return f"calls `tools.{shown(called[0])}` by another name", called[0]
            if node.args:
                tool = self._tools[called[0]]
                return f"calls `tools.{tool.name}` without naming its arguments", tool.name
            return None
        if (
            isinstance(node.func, ast.Name)
            and node.func.id in self._safe
            and names <= {node.func.id, f"builtins.{node.func.id}"}
        ):
            return self._arguments(node)
        if names and names <= self._safe and self._is_plain(node.func, names):
            return self._arguments(node)
        if isinstance(node.func, ast.Attribute):
            return self._method(node, names)
        name = min(names) if names else ast.unparse(node.func)
        return f"calls `{shown(name)}`, which is no approved tool", name

    def _is_plain(self, callee: ast.expr, names: Collection[str]) -> bool:
        """Whether what is called is written by its own name, below a name that no such cell has assigned to."""
        last = callee.attr if isinstance(callee, ast.Attribute) else callee.id if isinstance(callee, ast.Name) else ""
        root = _root(callee)
        return bool(root) and root not in self._known.assigned and {one.rpartition(".")[2] for one in names} == {last}

    def _method(self, node: ast.Call, names: Collection[str]) -> tuple[str, str] | None:
        """A method of some value: by its name alone, where it is sure that it is no function of a module."""
        assert isinstance(node.func, ast.Attribute)
        method = f".{node.func.attr}"
        span = self._span(node)
        # By the same name a text is changed and a file moved (`Path.replace`), a key looked up and a page fetched.
        does_more = not self._safe.issuperset(names) and any(one.span == span for one in self._reading.effects)
        if method in self._safe and not does_more and not any(_is_of_module(name) for name in names):
            return self._arguments(node)
        name = min(names) if names else ast.unparse(node.func)
        return f"calls `{shown(name)}`, which is no approved tool", name

    def _arguments(self, node: ast.Call) -> tuple[str, str] | None:
        for one in node.keywords:
            is_safe = isinstance(one.value, ast.Name) and one.value.id in self._safe
            if one.arg in _CALLING and not is_safe and not isinstance(one.value, ast.Constant):
                return f"hands `{one.arg}=` something to call or to write to", ""
            if one.arg is None:
                return "hands over arguments that are not written out", ""
        return None

    def _span(self, node: Any) -> Span:
        if not hasattr(node, "lineno"):
            return Span.whole(self._reading.cell.code)
        return Span(
            node.lineno,
            self._column(node.lineno, node.col_offset),
            node.end_lineno,
            self._column(node.end_lineno, node.end_col_offset),
        )

    def _column(self, line: int, offset: int) -> int:
        # `ast` counts bytes.
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return offset if text.isascii() else len(text.encode()[:offset].decode("utf-8", "replace"))


def _root(node: ast.expr) -> str:
    """The name below a chain of attributes; ``""`` where it is something else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_of_module(name: str) -> bool:
    """Whether the full name of what is called is that of a module's function (`shutil.copy`), not of a value's method
    (`pandas.DataFrame.head`, `shop.find()[].strip`), or cannot be told from one.
    """
    before = name.rpartition(".")[0]
    last = before.rpartition(".")[2]
    return bool(before) and not before.endswith((")", "]")) and not last[:1].isupper()


def _finding(reading: Reading, span: Span, what: str, tools: Mapping[str, Tool], name: str = "") -> Finding:
    return Finding(
        rule=OUTSIDE,
        family="guard",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        message=what,
        span=span,
        why=RULES[OUTSIDE].why,
        instead=_instead(reading, span, tools, name),
        origin=reading.cell.origin,
        via=name if re.fullmatch(r"[\w.]+", name) else "",
    )


def _instead(reading: Reading, span: Span, tools: Mapping[str, Tool], name: str) -> str:
    """The nearest tool: by what the call would do, else by its name."""
    from jupyter_guard.tools.approved import nearest

    kinds = {str(effect.kind) for effect in reading.effects if effect.span == span}
    fitting = {one.name: one for one in tools.values() if not kinds.isdisjoint(one.effects)}
    found: Mapping[str, Tool] = fitting or tools
    words = name.replace(".", "_").lower()
    if len(fitting) == 1:
        words = next(iter(fitting))
    elif fitting and not difflib.get_close_matches(words, list(fitting), 1, 0.55):
        words = difflib.get_close_matches(words, list(fitting), 1, 0.0)[0]
    return f"Call an approved tool.{nearest(words, found)}"
