"""Code that a running cell builds, imports or changes -> what it is judged as, and how people are told of it."""

from __future__ import annotations

import ast
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from jupyter_guard.guard.protocol import Vet
from jupyter_guard.policy.policy import FAILURE_RULE
from jupyter_guard.terms import Effect, Kind, Origin, Report, Verdict

# Ways in which code is evaluated that leave nothing defined.
PASSING = frozenset({"act", "look", "comm"})
# What a cell is about to do, or a library in its name: no cell, which may have to consist of calls of tools.
PARTS = PASSING | {"text", "module"}
# What a cell does while it runs, or has run: the policy may say that it is only told (`watch.mode`).
WATCHED = frozenset({"act", "text", "cell", "changed", "run", "module"})
# Ways in which code is judged that may never run.
PREVIEWS = frozenset({"draft", "notebook"})
FILES_KEPT = 1000
SHOWN_KEPT = 500

# In what a sentence calls a table: ``table `sales` in `shop.db```.
_DATABASE = re.compile(r" in `([^`]+)`$")
_FILE_URL = re.compile(r"^(?:sqlite|duckdb)(?:\+\w+)?://(?:/|$)")
# What sqlite and DuckDB keep beside a database: without it the file alone may not be the database.
_BESIDE = ("-wal", "-shm", "-journal", ".wal")

_WHAT = {
    "text": "code run by {place}",
    "act": "what {place} is about to do",
    "cell": "a cell run by {place}",
    "changed": "this cell, as transformers changed it,",
    "run": "`{file}`, run by {place}",
    "module": "`{file}`, imported by {place}",
    "look": "looking up what stands at the cursor",
    "comm": "a message to a comm",
}


def is_expression(code: str) -> bool:
    """Whether this is one Python expression."""
    try:
        ast.parse(code, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class Writers:
    """Which cells wrote which files, as far as their effects said so."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._files: dict[str, tuple[Origin, int]] = {}
        # File systems stamp by a coarser clock than ours.
        self._since = time.time() - 1.0

    def note(self, report: Report) -> None:
        """Remember the files that a cell which runs may write."""
        for effect in report.effects:
            if effect.kind is Kind.FILE_WRITE and effect.target:
                path = self._path(effect.target)
                before = self._files.pop(path, None)
                origin = max(effect.origin, report.cell.origin)
                # A file that two cells write into is as suspect as the more suspect of them.
                self._files[path] = (max(origin, before[0]) if before else origin, report.cell.number)
        while len(self._files) > FILES_KEPT:
            del self._files[next(iter(self._files))]

    def of(self, path: str) -> tuple[Origin, int] | None:
        """Who wrote a file, and in which cell (0 when unknown)."""
        return self._files.get(self._path(path)) if path else None

    def is_new(self, path: str) -> bool:
        """Whether a file was written, changed or moved since this session began, as far as anybody can tell."""
        if self.of(path) is not None:
            return True
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            return True
        return max(found.st_mtime, found.st_ctime) >= self._since

    def _path(self, target: str) -> str:
        return os.path.realpath(self._workspace / Path(os.path.expanduser(target)))  # noqa: PTH111


def origin(request: Vet, writers: Writers) -> Origin:
    """By whom the code counts as written: the strictest of the running cells and whoever wrote its file."""
    asked = Origin(request.origin)
    written = writers.of(request.path)
    return max(asked, written[0]) if written else asked


def about(request: Vet, writers: Writers) -> str:
    """What the code is, as the subject of a sentence; empty for a plain cell."""
    what = _WHAT.get(request.how)
    if what is None:
        return ""
    place = "this cell"
    if request.cells:
        number, line = request.cells[0]
        place = f"line {line} of cell {number}" if number else f"line {line} of a cell"
        outer = request.cells[-1][0]
        if outer not in (0, number):
            place += f", called from cell {outer},"
    file = os.path.relpath(request.path) if request.path else ""
    if file.startswith(".."):
        file = request.path
    text = what.format(place=place, file=file.replace("`", "'"))
    written = writers.of(request.path)
    if written is None:
        return text
    return f"{text}, written by cell {written[1]}" if written[1] else f"{text}, written by an earlier cell"


def let_pass(report: Report) -> Report:
    """The report where the policy has what cells do only told; where the guard itself failed nothing passes."""
    if any(finding.rule == FAILURE_RULE for finding in report.findings):
        return report
    return msgspec.structs.replace(report, verdict=min(report.verdict, Verdict.WARN), would_be=report.would_be)


def with_rows(report: Report, request: Vet) -> Report:
    """The report with what a statement touches in its sentence, where that was counted."""
    if request.rows is None:
        return report
    number = (
        f"{request.rows:,} row{'s' * (request.rows != 1)}" if request.rows >= 0 else "a number of rows nobody knows"
    )
    how = "touches {}, in a transaction that is kept only on a yes" if request.held else "would touch {}"
    return msgspec.structs.replace(report, sentence=f"{report.sentence.rstrip('.')}: {how.format(number)}")


def to_set_aside(report: Report, origins: Iterable[str]) -> tuple[str, ...] | None:
    """The paths that a cell may change, as reading foresaw them; ``None`` for an origin that is not
    covered. An empty path stands for programs and code that nobody has read: they may change anything.
    """
    author = Origin.strictest((report.cell.origin, *(effect.origin for effect in report.effects)), report.cell.origin)
    if str(author) not in origins and str(report.cell.origin) not in origins:
        return None
    found = [path for effect in report.effects for path in _paths_of(effect)]
    paths = dict.fromkeys(os.path.expanduser(one) for one in found)  # noqa: PTH111
    anything = (Kind.PROCESS_RUN, Kind.CODE_EXECUTE, Kind.UNREAD)
    if len(paths) >= SHOWN_KEPT or any(effect.kind in anything for effect in report.effects):
        paths = {"": None, **paths}
    # What nobody can name comes first: it is never cut off.
    return tuple(sorted(paths, key=bool))[:SHOWN_KEPT]


def _paths_of(effect: Effect) -> Iterable[str]:
    """The files that an effect may change; an empty path for some that it does not name."""
    if effect.kind in (Kind.FILE_WRITE, Kind.FILE_DELETE):
        return (effect.target,)
    if effect.kind not in (Kind.DATA_DESTROY, Kind.DATA_WRITE) or not effect.target:
        return ()
    if "`" not in effect.target:
        return (effect.target,)
    place = _DATABASE.search(effect.target)
    if place is None:
        return ()
    file = _FILE_URL.sub("", place.group(1))
    if not file or "://" in file or file.startswith(":memory:"):
        return ()
    return (file, *(file + suffix for suffix in _BESIDE))


def shown(effects: Iterable[Effect]) -> tuple[str, ...]:
    """An identity of each effect that people are shown: what was allowed once is not asked about again on the way."""
    found = {"\x1f".join((effect.kind, effect.target, effect.scope)) for effect in effects if effect.target}
    return tuple(sorted(found))[:SHOWN_KEPT]
