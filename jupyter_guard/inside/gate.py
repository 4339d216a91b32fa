"""A cell about to run in this process -> it runs, or it is refused with a card.

IPython calls a gate at the last moment before it compiles a cell, after every transformation. What is judged is the
text as the user has it, with its magics; where other transformers may have changed it, the changed code as well.
"""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from IPython.core.error import InputRejected

from jupyter_guard.guard import card as cards
from jupyter_guard.guard.session import Session, failed
from jupyter_guard.terms import Cell, Origin, Report, Verdict

log = logging.getLogger("jupyter_guard")

# IPython's and ipykernel's own transformers only translate syntax that the reader understands itself.
_NATIVE = ("IPython.core.", "ipykernel.")


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

    ``ask`` puts a question and gives ``True``, ``False`` or ``None`` (nobody there); ``show`` displays a card's MIME
    bundle; ``record`` takes each report with how it ended (``ran``, ``confirmed``, ``declined``, ``blocked``).
    """

    def __init__(
        self,
        shell: Any,
        session: Session,
        ask: Callable[[str], bool | None],
        show: Callable[[dict[str, Any]], None],
        record: Callable[[Report, str], None],
        clean: Callable[[str], str],
    ) -> None:
        self.shell = shell
        self.session = session
        self._ask = ask
        self._show = show
        self._record = record
        self._clean = clean

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

    def admit(self, run: Run, code: str) -> None:
        """Judge ``code`` as part of ``run``; returns when it may run, raises ``CellStopped`` when not."""
        try:
            report = self.session.vet(code, run.origin, cell_id=run.cell_id, number=run.number)
        except Exception as error:
            log.exception("the guard failed on a cell")
            report = failed(Cell(code, run.origin), f"{type(error).__name__}: {error}", self.session.policy.hash)
        if report.verdict is Verdict.BLOCK:
            self._refuse(report, run, "blocked", CellBlocked)
        elif report.verdict is Verdict.CONFIRM and report.sentence not in run.allowed:
            answer = self._ask(cards.prompt(report, self._clean))
            if not answer:
                self._refuse(report, run, "declined", CellDeclined, cards.NOBODY_ASKED if answer is None else "")
            # Code that a transformer changed is not asked about again while it would do the same.
            run.allowed.add(report.sentence)
            self._record(report, "confirmed")
        else:
            if report.verdict is Verdict.WARN and not run.silent:
                state: cards.State = "note" if report.would_be > Verdict.WARN else "warned"
                self._show(cards.card(report, state, clean=self._clean))
            self._record(report, "ran")

    def transformers_may_differ(self) -> bool:
        """Whether anything but IPython's own syntax and this gate can have changed the code."""
        shell = self.shell
        manager = shell.input_transformer_manager
        text = [*manager.cleanup_transforms, *manager.line_transforms, *manager.token_transformers]
        text += [*shell.input_transformers_post]
        return any(not _is_native(one) for one in text) or any(one is not self for one in shell.ast_transformers)

    def _refuse(self, report: Report, run: Run, state: cards.State, kind: type[CellStopped], who: str = "") -> None:
        self.session.refused()
        self._record(report, state)
        if not run.silent:
            self._show(cards.card(report, state, who, self._clean))
        content = cards.error(report, state, who, self._clean)
        stopped = kind(content["evalue"])
        in_terminal = getattr(self.shell, "kernel", None) is None
        # A terminal has printed the whole card just above.
        stopped.lines = tuple(content["traceback"][:1] if in_terminal and not run.silent else content["traceback"])
        raise stopped from None


def _is_native(transformer: Any) -> bool:
    module = getattr(transformer, "__module__", None) or type(transformer).__module__
    return str(module).startswith(_NATIVE)


def _text(tree: ast.AST) -> str:
    try:
        return ast.unparse(tree)
    except (RecursionError, ValueError, AttributeError, TypeError):
        # Unparsable trees exist (built by hand); what cannot be read is judged as unread, not passed.
        return "\0"
