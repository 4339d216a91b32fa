"""Cells -> steps: what lay in the workspace before each of them, and what it left. Kept as one file a step.

A step is on disk before its cell runs, so that a kernel or a guard that is killed in the middle of it loses nothing:
whoever opens the store next finishes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from jupyter_guard.undo import saves, swap
from jupyter_guard.undo.store import FullError, Store
from jupyter_guard.undo.tree import ABSENT, FILE, FOLDER, State, TooManyError, Tree, same

MOST_ENTRIES = 10_000
# What is not referred to yet may be about to be.
FRESH_SECONDS = 3600
SUFFIX = ".step"
_DIGITS = re.compile("[0-9]+")
SAVED = "saved in Jupyter while the cell ran"
NOT_SEEN = "changed while the cell ran by somebody else, or by a program or library that it started"
TOO_LARGE = "it is larger than undo.whole or has too many files, and what the cell may change is not known"


class Header(msgspec.Struct, frozen=True):
    """Which cell a step is of: its request, its number, by whom it was written, how it begins."""

    msg_id: str = ""
    cell: int = 0
    origin: str = ""
    code: str = ""
    time: float = 0.0


class Uncovered(msgspec.Struct, frozen=True):
    """What could not be set aside: the path (``""``: all of the workspace), its size in bytes, and why."""

    path: str
    size: int
    why: str


class Step(msgspec.Struct):
    """``before`` holds what was found at each path, ``after`` what the cell left where that is something else.

    ``whole`` says that ``before`` is all there was. ``after`` is ``None`` until the cell has ended. ``unseen``: nobody
    was there when it ended, so what was found later may be anybody's. ``dated``: folders in which the cell has left
    everything as it was but their time (nanoseconds), as one that makes something and removes it again does.
    ``others`` are files that may be somebody else's doing, and why.
    """

    number: int
    header: Header
    whole: bool
    before: dict[str, State]
    after: dict[str, State] | None = None
    unseen: bool = False
    dated: dict[str, int] = msgspec.field(default_factory=dict)
    others: dict[str, str] = msgspec.field(default_factory=dict)


class Steps:
    """The steps of one workspace. ``size`` bytes and ``days`` are kept; ``whole`` is how large a workspace may be to be
    set aside as a whole.

    Raises ``OSError`` where there is no private place for them.
    """

    def __init__(self, workspace: str, place: Path, size: int, days: int, whole: int) -> None:
        self.tree, self.store = Tree(workspace), Store(place)
        # A workspace can be the home directory, with the store in it.
        self.tree.left_out = place.stat().st_ino
        self.size, self.days, self.whole = size, days, whole
        self._open: dict[int, tuple[Step, int]] = {}
        with swap.turn(place), contextlib.suppress(OSError):
            # What stands in the way is said where somebody brings something back.
            swap.recover(self.tree, place)
        self.finish_others()

    # --- a cell

    def begin(self, header: Header, foreseen: Iterable[str]) -> tuple[Step, list[Uncovered]]:
        """Set aside what a cell may change: the workspace where it is small enough, and what was foreseen.

        What is left out of a workspace for being made again is not where it was foreseen. An empty path in
        ``foreseen`` stands for changes that nobody could foresee.
        """
        missed: list[Uncovered] = []
        with self.store.turn():
            before, whole = self._all(missed)
            for path in foreseen:
                if path:
                    self._below(path, before, missed)
                elif not whole:
                    missed.append(Uncovered("", 0, TOO_LARGE))
            step = Step(self._next(), msgspec.structs.replace(header, time=time.time()), whole, before)
            self._begin(step)
            self._prune()
        return step, missed

    def add(self, step: Step, paths: Iterable[str]) -> list[Uncovered]:
        """A cell that runs is about to change these: set them aside, too. An empty path is as in ``begin``.

        What lies in a folder that was set aside before is the cell's own where it was not there then. Raises
        ``OSError``.
        """
        missed: list[Uncovered] = []
        if step.whole:
            return missed
        with self.store.turn():
            known = len(step.before)
            for path in paths:
                found = self.tree.relative(path) if path else ""
                if not path:
                    missed.append(Uncovered("", 0, TOO_LARGE))
                elif found is not None and not {found, *swap.above_of(found)} & step.before.keys():
                    self._below(path, step.before, missed)
            if len(step.before) != known:
                self._write(step)
        return missed

    def finish(self, step: Step, wrote: Iterable[str] | None = None) -> Step | None:
        """The cell has ended: keep what it changed. ``None`` when that is nothing.

        ``wrote`` are the paths that the cell is known to have written; what else is there by now may be somebody
        else's. Where it is not given, all of it is the cell's but what Jupyter has saved.
        """
        with self.store.turn():
            handle = self._open.pop(step.number, (step, -1))[1]
            try:
                return self._finish(step, wrote)
            finally:
                if handle >= 0:
                    os.close(handle)

    def finish_all(self) -> None:
        """No cell runs any more."""
        for step, _ in list(self._open.values()):
            self.finish(step)

    def finish_others(self) -> None:
        """Finish what a guard that was killed has left."""
        with self.store.turn():
            for number in self._numbers():
                step = self._read(number)
                if step is None or step.after is not None or number in self._open or self._is_held(number):
                    continue
                step.unseen = True
                self._finish(step)
            self._prune()

    def all(self) -> list[Step]:
        """The finished steps, the latest first."""
        found = (self._read(number) for number in reversed(self._numbers()))
        return [step for step in found if step is not None and step.after is not None]

    def drop(self, step: Step) -> None:
        """Forget a step."""
        self._path(step.number).unlink(missing_ok=True)

    def changed(self, path: str, before: State, now: State | None = None) -> tuple[bool, State]:
        """Whether a path is not as it was, and how it is (``now``, where that is known)."""
        now = now or self.tree.look(path)
        alike = same(before, now)
        if alike is None:
            alike = bool(before.blob) and self.store.same_contents(self.tree, path, before.blob)
        return not alike, now

    # --- setting aside

    def _all(self, missed: list[Uncovered]) -> tuple[dict[str, State], bool]:
        """All of the workspace, unless it is too large; whether it is."""
        found: dict[str, State] = {}
        total = 0
        try:
            for path, state in self.tree.walk(most=MOST_ENTRIES):
                found[path] = state
                total += state.size
                if total > self.whole:
                    return {}, False
        except TooManyError:
            return {}, False
        for path, state in found.items():
            found[path] = self._kept(path, state, missed)
        return found, True

    def _below(self, target: str, before: dict[str, State], missed: list[Uncovered]) -> None:
        path = self.tree.relative(target)
        if path is None or (path in before and before[path].kind != FOLDER):
            return
        try:
            found = [one for one in self.tree.walk(path, MOST_ENTRIES, skip=False) if one[0] not in before]
        except TooManyError:
            missed.append(Uncovered(path, 0, f"it holds more than {MOST_ENTRIES} files"))
            return
        total = sum(state.size for _, state in found)
        if total > self.size:
            missed.append(Uncovered(path, total, "it is larger than undo.size allows"))
            return
        for one, state in found:
            before[one] = self._kept(one, state, missed)

    def _kept(self, path: str, state: State, missed: list[Uncovered]) -> State:
        if state.kind != FILE:
            # Sockets and pipes have nothing in them to lose.
            return state
        try:
            return self.store.keep(self.tree, path, state)
        except FileNotFoundError:
            return self.tree.look(path)
        except FullError as full:
            missed.append(Uncovered(path, state.size, str(full)))
        except OSError as error:
            missed.append(Uncovered(path, state.size, str(error.strerror or error)))
        return state

    def _finish(self, step: Step, wrote: Iterable[str] | None = None) -> Step | None:
        with self.reachable(step) as shut:
            return self._compared(step, shut, wrote)

    def reachable(self, step: Step) -> contextlib.AbstractContextManager[dict[str, State]]:
        """Look also into the folders of a step that its cell has closed; gives those, as they are."""
        return swap.reachable(self.tree, [path for path, one in step.before.items() if one.kind == FOLDER])

    def _others(self, step: Step, after: dict[str, State], wrote: Iterable[str] | None) -> dict[str, str]:
        """Of what is there by now, what may be somebody else's. What was deleted leaves nothing to write over."""
        saved = {self.tree.relative(one) for one in saves.since(self.store.path.parent, step.header.time)}
        mine = None if wrote is None else {self.tree.relative(one) for one in wrote}
        found = {}
        for path, state in after.items():
            if state.kind in (ABSENT, FOLDER):
                continue
            if path in saved:
                found[path] = SAVED
            elif mine is not None and not _is_of(path, mine):
                found[path] = NOT_SEEN
        return found

    def _compared(self, step: Step, shut: dict[str, State], wrote: Iterable[str] | None) -> Step | None:
        after: dict[str, State] = {}
        for path, state in step.before.items():
            differs, now = self.changed(path, state, shut.get(path))
            if differs:
                after[path] = now
        if step.whole:
            with contextlib.suppress(TooManyError):
                for path, now in self.tree.walk(most=10 * MOST_ENTRIES):
                    if path not in step.before:
                        step.before[path], after[path] = State(ABSENT), now
        # A folder's time changes with what is in it: no change of its own, and brought back with the others.
        folders = {path: one for path, one in step.before.items() if one.kind == FOLDER}
        kept = {path: step.before[path] for path in after}
        # A name that a file lost may still be there under its other names.
        groups = {one.inode for one in kept.values() if one.kind == FILE and one.links > 1}
        kept |= {path: one for path, one in step.before.items() if one.kind == FILE and one.inode in groups}
        if not after:
            self.drop(step)
            return None
        dated = {} if step.unseen else self._dated(folders, after)
        is_undo = step.header.origin == "undo"
        others = {} if is_undo or step.unseen else self._others(step, after, wrote)
        step = Step(step.number, step.header, step.whole, kept | folders, after, step.unseen, dated, others)
        self._write(step)
        return step

    def _dated(self, folders: dict[str, State], after: dict[str, State]) -> dict[str, int]:
        times = {path: self.tree.look(path).mtime for path in folders if path not in after}
        return {path: time for path, time in times.items() if time != folders[path].mtime}

    # --- on disk

    def _path(self, number: int) -> Path:
        return self.store.path / f"{number:08d}{SUFFIX}"

    def _numbers(self) -> list[int]:
        names = (path.name.removesuffix(SUFFIX) for path in self.store.path.glob("*" + SUFFIX))
        return sorted(int(name) for name in names if name.isdigit())

    def _next(self) -> int:
        return max([*self._numbers(), *self._open], default=0) + 1

    def _begin(self, step: Step) -> None:
        self._write(step)
        handle = os.open(self.store.path / f"{step.number:08d}.open", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        self._open[step.number] = step, handle

    def _is_held(self, number: int) -> bool:
        try:
            handle = os.open(self.store.path / f"{number:08d}.open", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    def _write(self, step: Step) -> None:
        path = self._path(step.number)
        part = path.with_suffix(".part")
        try:
            part.write_bytes(msgspec.msgpack.encode(step))
            part.replace(path)
        except OSError:
            # A full disk takes the beginning of it.
            part.unlink(missing_ok=True)
            raise

    def _read(self, number: int) -> Step | None:
        try:
            return msgspec.msgpack.decode(self._path(number).read_bytes(), type=Step)
        except (OSError, msgspec.MsgspecError):
            return None

    def _prune(self) -> None:
        """Forget what is older or more than the policy keeps, the oldest first; steps under way never."""
        steps = [step for number in self._numbers() if (step := self._read(number)) is not None]
        sizes = self.store.sizes()
        oldest = time.time() - self.days * 86400
        done = [step for step in steps if step.after is not None]
        for step in [one for one in done if one.header.time < oldest]:
            self.drop(step)
            done.remove(step)
            steps.remove(step)
        while done and sum(sizes[one][0] for one in _blobs(steps) if one in sizes) > self.size:
            self.drop(done[0])
            steps.remove(done.pop(0))
        for path in self.store.path.glob("*.open"):
            if not path.with_suffix(SUFFIX).exists():
                path.unlink(missing_ok=True)
        wanted, now = _blobs(steps), time.time_ns()
        for blob, (_, made) in sizes.items():
            if blob not in wanted and now - made > FRESH_SECONDS * 10**9:
                self.store.forget(blob)


def _blobs(steps: Iterable[Step]) -> set[str]:
    return {state.blob for step in steps for state in step.before.values() if state.blob}


def _is_of(path: str, wrote: set[str | None]) -> bool:
    """Whether a path is one that was written, lies below one, or beside one with a longer name, as databases' logs do.

    Names that differ in their digits only count as one: they are not told one by one.
    """
    plain = _DIGITS.sub("", path)
    for one in wrote:
        bare = None if one is None else _DIGITS.sub("", one)
        if bare is not None and (plain == bare or not one or plain.startswith((f"{bare}/", f"{bare}-", f"{bare}."))):
            return True
    return False
