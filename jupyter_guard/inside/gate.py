"""A cell about to run in this process -> it runs, or it is refused with a card.

IPython calls a gate at the last moment before it compiles a cell, after every transformation. What is judged is the
text as the user has it, with its magics; where other transformers may have changed it, the changed code as well.
"""

from __future__ import annotations

import ast
import json
import logging
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NoReturn

import msgspec
from IPython.core.error import InputRejected

from jupyter_guard.guard.approvals import Approvals, Choice
from jupyter_guard.guard.pipeline import Pipeline, answer
from jupyter_guard.guard.protocol import Judged, Learn, Vet, to_bytes
from jupyter_guard.guard.session import failed
from jupyter_guard.inside.child.watch import is_native, text_transformers
from jupyter_guard.origin import code_hash
from jupyter_guard.terms import Cell, Origin

log = logging.getLogger("jupyter_guard")


class CellStopped(InputRejected):
    """A cell that did not run; its traceback is the card's short form."""

    lines: tuple[str, ...] = ()

    def _render_traceback_(self) -> list[str]:
        return list(self.lines)


class CellBlocked(CellStopped):
    """The policy stops the cell."""


class CellDeclined(CellStopped):
    """The policy asks about the cell, and nobody allowed it."""


@dataclass
class Run:
    """One call of ``run_cell``: the text as it came in, who wrote it, and what was decided."""

    raw: str
    silent: bool = False
    origin: Origin = Origin.UNKNOWN
    cell_id: str = ""
    number: int = 0
    judged: bool = False
    allowed: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)


_RUN: ContextVar[Run | None] = ContextVar("jupyter_guard_run", default=None)


def current_run() -> Run | None:
    """The innermost cell that is running in this context."""
    return _RUN.get()


def enter(run: Run) -> Any:
    """Make ``run`` the innermost one; the token goes to ``leave``."""
    return _RUN.set(run)


def leave(token: Any) -> None:
    """End the run that ``enter`` began."""
    _RUN.reset(token)


class Gate:
    """The AST transformer that judges, and the same check for code that got around it.

    ``ask`` puts a question and gives a choice, or ``None`` when nobody is there; ``show`` displays a MIME bundle;
    ``record`` takes each judged cell with how it went on: ``ran``, ``confirmed``, ``declined``, ``blocked``.
    """

    def __init__(
        self,
        shell: Any,
        pipeline: Pipeline,
        ask: Callable[[str], Choice | None],
        show: Callable[[dict[str, Any]], None],
        record: Callable[[Judged, str, Run, str], None],
    ) -> None:
        self.shell = shell
        self._pipeline = pipeline
        self._ask = ask
        self._show = show
        self._record = record
        self._approvals = Approvals()
        self._strictest = Origin.UNKNOWN
        self._turn = threading.RLock()

    def visit(self, tree: ast.AST) -> ast.AST:
        """IPython's call with the tree that it is about to compile. Raises ``CellStopped`` for one that may not run."""
        self.check(tree)
        return tree

    def check(self, tree: ast.AST) -> None:
        """Judge the current cell, and ``tree`` too where it need not be the cell's own. Raises ``CellStopped``."""
        run = current_run()
        if run is None:
            # Compiled outside any run_cell that we saw: all there is to judge is the tree.
            run = Run(raw="", judged=True)
            changed = True
        else:
            changed = self.transformers_may_differ()
        if not run.judged:
            run.judged = True
            self.admit(run, run.raw)
        if changed:
            self.admit(run, _text(tree))

    def meet(self, found: Any) -> None:
        """Judge a ``child.watch.Text`` that is about to run in the current cell. Raises ``CellStopped``."""
        run = current_run() or Run(raw="", judged=True, origin=self._strictest)
        with self._turn:
            self.admit(run, found.code, found)

    def admit(self, run: Run, code: str, found: Any = None) -> None:
        """Judge ``code`` as part of ``run``; returns when it may run, raises ``CellStopped`` when not.

        ``found`` says how it came about where it is not the cell itself.
        """
        self._strictest = max(self._strictest, run.origin)
        judged = self._judged(run, code, found)
        digest = code_hash(code)
        if judged.verdict == "block":
            self._refuse(judged, run, code, "blocked", CellBlocked)
        if judged.verdict != "confirm":
            if "warned" in judged.cards and not run.silent:
                self._show(json.loads(judged.cards["warned"]))
            self._record(judged, "ran", run, code)
            return
        # Code that a transformer changed is not asked about again while it would do the same.
        known = judged.effects in run.allowed or (judged.shown and run.shown.issuperset(judged.shown))
        if not known and not self._approvals.allow(digest, judged.effects):
            choice = self._ask(judged.prompt)
            if choice is None:
                self._refuse(judged, run, code, "unasked", CellDeclined)
            elif choice is Choice.REFUSE:
                self._refuse(judged, run, code, "declined", CellDeclined)
            else:
                self._approvals.remember(choice, digest, judged.effects)
        run.allowed.add(judged.effects)
        run.shown.update(judged.shown)
        if found is None or found.how != "module":
            self._pipeline.learn(Learn(to_bytes(code), str(run.origin)))
        self._record(judged, "confirmed", run, code)

    def _judged(self, run: Run, code: str, found: Any) -> Judged:
        asked = Vet(0, to_bytes(code), str(run.origin), cell_id=run.cell_id, number=run.number)
        if found is not None:
            asked = msgspec.structs.replace(asked, how=found.how, path=found.path, cells=found.cells)
        try:
            self._pipeline.take_up_policy()
            return self._pipeline.judge(asked)
        except Exception as error:
            log.exception("the guard failed on a cell")
            return answer(0, failed(Cell(code, run.origin), f"{type(error).__name__}: {error}"))

    def transformers_may_differ(self) -> bool:
        """Whether anything but IPython's own syntax and this gate can have changed the code."""
        shell = self.shell
        return not all(is_native(one) for one in text_transformers(shell)) or any(
            one is not self for one in shell.ast_transformers
        )

    def _refuse(self, judged: Judged, run: Run, code: str, key: str, kind: type[CellStopped]) -> NoReturn:
        """Show the card under ``key`` and raise; ``unasked`` is a way of being declined."""
        self._record(judged, "declined" if key == "unasked" else key, run, code)
        if not run.silent:
            self._show(json.loads(judged.cards[key]))
        content = json.loads(judged.errors[key])
        stopped = kind(content["evalue"])
        in_terminal = getattr(self.shell, "kernel", None) is None
        # A terminal has printed the whole card just above.
        stopped.lines = tuple(content["traceback"][:1] if in_terminal and not run.silent else content["traceback"])
        raise stopped from None


def _text(tree: ast.AST) -> str:
    try:
        return ast.unparse(tree)
    except (RecursionError, ValueError, AttributeError, TypeError):
        # Unparsable trees exist (built by hand); what cannot be read is judged as unread, not passed.
        return "\0"
