"""What cells may change -> set aside, and brought back, in a thread of the helper: judging goes on meanwhile."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_guard.guard.protocol import Aside, Judged, SetAside, to_text

if TYPE_CHECKING:
    from jupyter_guard.policy.policy import Undo
    from jupyter_guard.undo import Step, Steps, Uncovered

log = logging.getLogger("jupyter_guard")

SHOWN = 20
CHANGES_TOLD = 1000
# So often a cell that runs may name what it is about to change: each time all of its step is written.
MOST_MORE = 500
MANY = f"only the first {MOST_MORE} files that the cell changes one by one are set aside"


class Undoing:
    """The steps of one kernel. ``send`` takes each answer, from another thread."""

    def __init__(self, workspace: str, send: Callable[[SetAside], None]) -> None:
        self._workspace, self._send = workspace, send
        self._queue: queue.SimpleQueue[tuple[Aside, Undo, str] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._steps: Steps | None = None
        self._open: dict[str, Step] = {}
        # What was said of each already, and how often something was added.
        self._said: dict[str, set[str]] = {}
        self._added: Counter[str] = Counter()

    def take(self, request: Aside, undo: Undo, mode: str) -> None:
        """Work on a request when the earlier ones are done."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="undo", daemon=True)
            self._thread.start()
        self._queue.put((request, undo, mode))

    def close(self) -> None:
        """The kernel has ended: keep what its last cell has changed."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        if self._steps is not None:
            self._steps.finish_all()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            request, undo, mode = item
            try:
                found = self._done(request, undo, mode)
            except Exception as error:
                log.exception("the guard failed to %s", request.what)
                why = f"the guard failed on it: {type(error).__name__}: {error}"
                found = SetAside(request.id, why)
                if request.what in ("begin", "more"):
                    judged = _judged(request, undo, mode, f"everything ({why})")
                    found = SetAside(request.id, judged=judged, partial=request.what == "more")
            try:
                self._send(found)
            except OSError:
                # The wrapper is gone; what is left to do is in `close`.
                return

    def _opened(self, undo: Undo) -> Steps:
        from jupyter_guard.undo import Steps
        from jupyter_guard.undo.store import store_of, undo_directory

        if self._steps is None:
            place = store_of(undo_directory(os.environ, Path.home()), self._workspace)
            self._steps = Steps(self._workspace, place, undo.size, undo.days, undo.whole)
        self._steps.size, self._steps.days, self._steps.whole = undo.size, undo.days, undo.whole
        return self._steps

    def _done(self, request: Aside, undo: Undo, mode: str) -> SetAside:
        steps = self._opened(undo)
        if request.what == "begin":
            return self._begin(steps, request, undo, mode)
        if request.what == "more":
            return self._more(steps, request, undo, mode)
        if request.what == "finish":
            step = self._open.pop(request.msg_id, None)
            self._said.pop(request.msg_id, None)
            del self._added[request.msg_id]
            step = None if step is None else steps.finish(step, request.paths)
            return SetAside(request.id, changed=_changes(step) if step is not None else ())
        from jupyter_guard.guard.undo_words import answer

        text, question = answer(steps, request.rest, request.over, os.environ.get("JPY_SESSION_NAME", ""))
        return SetAside(request.id, text, _asked(request, question) if question else None)

    def _begin(self, steps: Steps, request: Aside, undo: Undo, mode: str) -> SetAside:
        from jupyter_guard.undo import Header

        lines = to_text(request.code[:500]).strip().splitlines()
        header = Header(request.msg_id, request.number, request.origin, lines[0][:100] if lines else "")
        step, missed = steps.begin(header, request.paths)
        self._open[request.msg_id] = step
        self._said[request.msg_id] = {one.path for one in missed}
        judged = _judged(request, undo, mode, _list_of(missed)) if missed and undo.uncovered != "allow" else None
        return SetAside(request.id, judged=judged, partial=not step.whole)

    def _more(self, steps: Steps, request: Aside, undo: Undo, mode: str) -> SetAside:
        from jupyter_guard.undo import Uncovered

        step = self._open.get(request.msg_id)
        if step is None:
            why = "what it changes from now on (the process that set aside the rest has ended)"
            is_said = undo.uncovered != "allow"
            return SetAside(request.id, judged=_judged(request, undo, mode, why) if is_said else None)
        self._added[request.msg_id] += 1
        is_last = self._added[request.msg_id] > MOST_MORE
        missed = [Uncovered("", 0, MANY)] if is_last else steps.add(step, request.paths)
        said = self._said[request.msg_id]
        missed = [one for one in missed if one.path not in said or is_last]
        said.update(one.path for one in missed)
        judged = _judged(request, undo, mode, _list_of(missed)) if missed and undo.uncovered != "allow" else None
        return SetAside(request.id, judged=judged, partial=not is_last)


def _changes(step: Step) -> tuple[str, ...]:
    """What a cell has changed, as effects."""
    from jupyter_guard.undo.tree import ABSENT, FOLDER

    found = []
    for path, state in list((step.after or {}).items())[:CHANGES_TOLD]:
        kind = "file.delete" if state.kind == ABSENT else "file.write"
        if kind == "file.delete" or state.kind != FOLDER:
            found.append(f"{kind}\x1f{path}\x1fworkspace")
    return tuple(found)


def _list_of(missed: list[Uncovered]) -> str:
    from jupyter_guard.guard.undo_words import in_words

    shown = [
        f"`{one.path}` ({in_words(one.size)}: {one.why})" if one.path else f"the workspace ({one.why})"
        for one in missed[:SHOWN]
    ]
    return ", ".join(shown) + (f" and {len(missed) - SHOWN} more" if len(missed) > SHOWN else "")


def _judged(request: Aside, undo: Undo, mode: str, what: str) -> Judged:
    """What the policy says to a cell whose changes cannot all be taken back."""
    return _answer(request, f"may change what cannot be brought back afterwards: {what}", undo.uncovered, mode)


def _asked(request: Aside, question: str) -> Judged:
    return _answer(request, question, "confirm", "enforce")


def _answer(request: Aside, sentence: str, verdict: str, mode: str) -> Judged:
    from jupyter_guard.guard.pipeline import answer
    from jupyter_guard.terms import Cell, Origin, Report, Verdict

    cell = Cell(to_text(request.code), Origin(request.origin), number=request.number)
    would_be = Verdict(verdict)
    enforced = would_be if mode == "enforce" else min(would_be, Verdict.WARN)
    report = Report(cell, enforced, sentence, would_be=would_be)
    return answer(request.id, report)
