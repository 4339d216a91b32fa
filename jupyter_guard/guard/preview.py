"""Cells that nobody has run yet -> reports of what they would do; nothing of it stays with the session.

A ``"draft"`` is judged as the next cell of the session, a ``"notebook"`` cell as one of a whole notebook that is run
from its first cell (``number`` 1) in a fresh kernel; ``path`` names such a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_guard.guard.protocol import Vet, to_text
from jupyter_guard.guard.session import Session
from jupyter_guard.terms import Cell, Report

if TYPE_CHECKING:
    from jupyter_guard.practice.notebook import Notebook

# Two tabs may look at one kernel.
RUNS_KEPT = 2
# Of the cells above one, so many and so much text: a preview is made while somebody writes.
ABOVE_KEPT = 200
LONGEST_ABOVE = 100_000


class Above:
    """The Python cells that came before one, for what a linter knows by them; of one that ran again its last text."""

    def __init__(self) -> None:
        self._cells: list[Cell] = []

    def note(self, cell: Cell) -> None:
        """One more; the first ones go where there are too many."""
        if cell.language != "python":
            return
        self._cells = [*self.without(cell.cell_id), cell][-ABOVE_KEPT:]
        while sum(len(one.code) for one in self._cells) > LONGEST_ABOVE:
            del self._cells[0]

    def without(self, cell_id: str) -> tuple[Cell, ...]:
        """All but the cell of that id."""
        return tuple(one for one in self._cells if not cell_id or one.cell_id != cell_id)


class Previews:
    """The runs of whole notebooks that are under way."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._runs: dict[str, tuple[Session, Notebook, Above]] = {}
        self.above: tuple[Cell, ...] = ()

    def report(self, request: Vet, session: Session, ran: Above) -> Report:
        """What a cell would do; ``session`` knows afterwards what it knew before.

        ``above`` is from then on what came before that cell: what ``ran``, or the cells of a whole notebook.
        """
        # Loaded here: a kernel whose panel asks for nothing does without.
        from jupyter_guard.guard.practising import with_findings
        from jupyter_guard.practice.notebook import BETWEEN_CELLS, Notebook, python_of

        code, about = to_text(request.code), (request.origin, request.language)
        if request.how == "draft":
            found = session.vet(code, *about, cell_id=request.cell_id)
            session.refused()
            self.above = ran.without(request.cell_id)
            notes = Notebook(session.policy.practice.complexity).look(found, python_of(found.cell))
            # What other cells define is not known here.
            return with_findings(found, [one for one in notes if one.rule not in BETWEEN_CELLS], session.policy)
        run, notebook, above = self._runs.pop(request.path, (None, None, Above()))
        if run is None or notebook is None or request.number == 1:
            run = Session(session.policy, workspace=self._workspace)
            notebook, above = Notebook(session.policy.practice.complexity), Above()
        elif run.policy is not session.policy:
            run.adopt(session.policy)
        run.privileges, run.box = session.privileges, session.box
        self._runs[request.path] = run, notebook, above
        while len(self._runs) > RUNS_KEPT:
            del self._runs[next(iter(self._runs))]
        # A cell that is asked about counts as allowed: the ones after it are written for that.
        found = run.vet(code, *about, cell_id=request.cell_id, number=request.number)
        self.above = above.without(request.cell_id)
        above.note(found.cell)
        return with_findings(found, notebook.look(found, python_of(found.cell)), run.policy)
