"""Cells in the order in which they run -> readings: what each would do, given what the earlier ones defined."""

from __future__ import annotations

import ast
import functools
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from jupyter_guard.knowledge import Entry, Knowledge
from jupyter_guard.read.context import HOLE, Budget, BudgetSpent, Context
from jupyter_guard.read.literals import may_hold_secrets, secrets_in
from jupyter_guard.read.python.definitions import read_uncalled
from jupyter_guard.read.python.fleeting import is_fleeting
from jupyter_guard.read.python.fold import text as shown
from jupyter_guard.read.python.meddling import meddling
from jupyter_guard.read.python.run import Memory, Run
from jupyter_guard.read.python.scope import Scope
from jupyter_guard.read.python.source import MAX_LENGTH, MAX_NESTING, Source, Unreadable, nesting, parse
from jupyter_guard.read.python.statements import execute_cell
from jupyter_guard.read.python.texts import run_text, texts_of
from jupyter_guard.read.python.values import ANYTHING, MANY, Seq, Value, const
from jupyter_guard.read.python.values import Name as LibraryName
from jupyter_guard.read.segments import Segment, segments
from jupyter_guard.terms import Cell, Effect, Kind, Observation, Origin, Reading, Span

STEPS = 200_000
_NOWHERE = Context()


class SessionReader:
    """Reads the cells of one session and remembers what they define.

    ``knowledge`` says what library calls do, ``workspace`` and ``home`` which paths are the user's own. ``calls`` are
    the full names of the calls that are noted as observations (``None``: all).
    """

    def __init__(
        self,
        knowledge: Knowledge | None = None,
        workspace: str | os.PathLike[str] | None = None,
        home: str | os.PathLike[str] | None = None,
        calls: frozenset[str] | None = None,
    ) -> None:
        self.knowledge = knowledge or Knowledge.builtin()
        self.workspace = str(workspace) if workspace else str(Path.cwd())
        self.home = str(home) if home else os.path.expanduser("~")  # noqa: PTH111
        self.calls = calls
        self._memory = Memory(Scope("module"))
        self._before: Memory | None = None

    def learn(self, entries: Mapping[str, Entry]) -> None:
        """Know these APIs too, in the place of those learnt before, from the next cell on."""
        self.knowledge = Knowledge.builtin().extended(entries)

    def library_names(self) -> frozenset[str]:
        """The session's names that are a library's module, function or class, or may be."""
        return frozenset(
            name
            for name, value in self._memory.scope.names.items()
            if any(type(atom) is LibraryName for atom in value.atoms)
        )

    def forget_last(self) -> None:
        """The cell that was read last did not run: drop the names that it defined."""
        if self._before is not None:
            # Functions close over the scope object, so its names change in place.
            self._memory.scope.names = dict(self._before.scope.names)
            self._memory.patched = dict(self._before.patched)
            self._memory.directory = self._before.directory
            self._memory.written = dict(self._before.written)
            self._memory.files = dict(self._before.files)
            self._memory.links = dict(self._before.links)
            self._memory.seeded = self._before.seeded
            self._memory.saved = self._before.saved
            self._before = None

    def read(self, cell: Cell) -> Reading:
        """What ``cell`` would do. Never raises on any text; what is not readable is an ``unread`` effect."""
        self._before = self._memory.copy()
        context = Context(
            knowledge=self.knowledge,
            workspace=self.workspace,
            home=self.home,
            origin=cell.origin,
            span=Span.whole(cell.code),
            budget=Budget(STEPS),
            directory=self._memory.directory,
            lookup=lambda text: _looked_up(run, text),
            python=lambda text, inner: _nested(run, text, inner),
            files=self._memory.files,
            links=self._memory.links,
        )
        run = Run(self._memory, context, self.knowledge, _blank(cell.origin))
        run.noted_calls = self.calls
        lasting = True
        try:
            lasting = self._read(run, cell)
        except BudgetSpent:
            run.tags = frozenset()
            run.anchors.clear()
            run.unread("the cell is too much work to read")
        except (RecursionError, MemoryError) as error:
            run.tags = frozenset()
            run.anchors.clear()
            run.unread(f"the cell is too deep to read ({type(error).__name__})")
        finally:
            # No cycle is left behind: the tree goes at once, and is nothing for the garbage collector.
            run.context = _NOWHERE
        observations = (*run.noted.values(), *dict.fromkeys(context.programs))
        if may_hold_secrets(cell.code):
            observations += tuple(
                Observation("hard-coded-secret", name, span, cell.origin) for name, span in secrets_in(cell.code)
            )
        return Reading(
            cell=cell,
            effects=tuple(run.found.values()),
            observations=observations,
            problems=tuple(dict.fromkeys(run.problems)) if run.problems else (),
            lasting=lasting,
        )

    def _read(self, run: Run, cell: Cell) -> bool:
        """Read into ``run``; whether the session's memory may have changed."""
        if cell.language == "bash":
            from jupyter_guard.read.shell import read_shell

            _add(run, read_shell(cell.code, run.context))
            return True
        if cell.language == "sql":
            from jupyter_guard.read.sql import read_sql

            _add(run, read_sql(cell.code, run.context))
            return True
        code = cell.code
        found = segments(code, self._memory.scope.names)
        tree = _tree(found[0])
        if isinstance(tree, str) and len(code) <= MAX_LENGTH:
            again = segments(code, self._memory.scope.names, lenient=True)
            second = _tree(again[0])
            if isinstance(second, ast.Module):
                found, tree = again, second
        run.segments = found
        run.read_segment = _placeholder
        if isinstance(tree, str):
            run.unread(f"this Python does not parse: {tree}")
            for segment in found[1:]:
                _segment(run, segment)
            self._read_what_parses(run, found[0].text)
            return True
        run.source = Source(found[0].text, tree, cell.origin, cut=found[0].cut)
        run.context.spend(len(code) // 50)
        execute_cell(run, tree.body)
        read_uncalled(run)
        if "jupyter_" in code and "guard" in code:
            meddling(run, tree)
        return len(found) > 1 or not is_fleeting(code, tree, self._memory.scope.names)

    def _read_what_parses(self, run: Run, text: str) -> None:
        """What of a broken cell can be read, with whole lines as places; the cell stays unread as well."""
        from jupyter_guard.read.salvage import salvage

        found = salvage(text) if nesting(text) <= MAX_NESTING and len(text) <= MAX_LENGTH else None
        if found is None:
            return
        try:
            tree = ast.increment_lineno(parse(found.text), -found.shift)
        except Unreadable:
            return
        lines = text.split("\n")
        run.source = Source("\n".join(found.text.split("\n")[found.shift :]), tree, run.context.origin)
        known, noted = set(run.found), set(run.noted)
        execute_cell(run, tree.body)
        read_uncalled(run)
        for key in run.found.keys() - known:
            run.found[key] = msgspec.structs.replace(run.found[key], span=_whole_lines(run.found[key].span, lines))
        for what in run.noted.keys() - noted:
            run.noted[what] = msgspec.structs.replace(run.noted[what], span=_whole_lines(run.noted[what].span, lines))


@functools.cache
def _blank(origin: Origin) -> Source:
    """What stands for the text of a cell before it is parsed: nothing, by its author."""
    return Source("", ast.Module([], []), origin)


def _whole_lines(span: Span, lines: list[str]) -> Span:
    first, last = (min(max(number, 1), len(lines)) for number in (span.line, span.end_line))
    return Span(first, 0, last, len(lines[last - 1]))


def _tree(segment: Segment) -> ast.Module | str:
    try:
        return parse(segment.text)
    except Unreadable as error:
        return str(error)


def _add(run: Run, effects: Iterable[Effect]) -> None:
    for effect in effects:
        run.add(effect)


def _placeholder(run: Run, node: ast.Call) -> Value:
    """``__segment__(k)`` in the Python text: the segment runs here."""
    number = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else 0
    if not isinstance(number, int) or not 0 < number < len(run.segments):
        return ANYTHING
    return _segment(run, run.segments[number])


def _segment(run: Run, segment: Segment) -> Value:
    """Read a part in another language with the names as they are now; what ``x = !cmd`` gives."""
    context = run.here(None).with_(span=run.anchors[-1] if run.anchors else segment.span)
    text = _expanded(run, segment.text) if segment.expands else segment.text
    if segment.language == "shell":
        from jupyter_guard.read.shell import read_shell

        effects = list(read_shell(text, context, seen=not segment.assigns))
        _add(run, effects)
        kinds = {effect.kind for effect in effects}
        marks = {"network" if Kind.NETWORK_CONNECT in kinds else "file"}
        if segment.assigns and Kind.CREDENTIAL_READ in kinds:
            marks.add("credential")
        line = Value((), frozenset(marks))
        return Value((Seq([], "list", line),), line.marks | {MANY})
    if segment.language == "sql":
        from jupyter_guard.read.sql import read_sql

        # `%sql URL` and `%sql engine` only connect; `%sql URL select ..` connects first (JupySQL, ipython-sql).
        text = _CONNECTION.sub("", text, count=1)
        if text.strip() and text.strip() not in run.memory.scope.names:
            _add(run, read_sql(text, context))
        return Value((), frozenset({"database"}))
    if segment.language == "help":
        return ANYTHING
    own = run.memory.patched.get("%" + segment.name.lstrip("%")) if run.memory.patched else None
    if own is not None:
        from jupyter_guard.read.python.calls import apply

        return apply(run, own, [const(_expanded(run, one)) for one in (segment.args, segment.text) if one], {}, None)
    from jupyter_guard.read.magics import directory_after, read_magic

    after = directory_after(segment.name, _expanded(run, segment.args), context)
    if after is not None:
        run.memory.directory = after
    _add(run, read_magic(segment, context))
    return ANYTHING


_CONNECTION = re.compile(r"\A\s*[A-Za-z][\w+]*://[^\s;]*(?=\s|\Z)")
_EXPANDED = re.compile(r"(?<![{$])\{([A-Za-z_\"'\[(][^{}\n]*)\}|(?<!\$)\$([A-Za-z_]\w*)")


def _expanded(run: Run, text: str) -> str:
    """What IPython makes of ``{expr}`` and ``$name``: names of the session are replaced, others stay."""

    def put(found: re.Match[str]) -> str:
        expression = found[1] or found[2]
        names = re.findall(r"[A-Za-z_]\w*", expression)
        if expression[0] not in "\"'[(":
            # Only behind a text or a bracket the first name may be another than the one that matters.
            names = names[:1]
        if all(run.scope.find(name) is None for name in names):
            return found[0]
        known = _looked_up(run, expression)
        return known if known is not None else HOLE

    return _EXPANDED.sub(put, text)


def _looked_up(run: Run, text: str) -> str | None:
    """The text of a Python expression in ``{...}`` or ``$name`` of a shell or SQL text."""
    from jupyter_guard.read.python.expressions import evaluate_text

    value = evaluate_text(run, text, None)
    known = shown(value)
    return known if known != HOLE or texts_of(value) == [HOLE] else None


def _nested(run: Run, text: str, inner: Context) -> list[Effect]:
    """Python text inside a shell text (``python -c``): its effects, in a namespace of its own."""
    before, context = run.found, run.context
    run.found = {}
    memory_scope, scope = run.scope, Scope("module")
    run.scope = scope
    run.context = inner.with_(lookup=None)
    author = run.origin
    if inner.origin.rank > author.rank:
        run.origin = inner.origin
    run.anchors.append(inner.span)
    try:
        run_text(run, text, None, set())
        return list(run.found.values())
    finally:
        run.anchors.pop()
        run.found, run.scope, run.context, run.origin = before, memory_scope, context, author
