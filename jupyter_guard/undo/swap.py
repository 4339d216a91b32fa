"""Files laid out beside their places -> put there by renames, all of them or none.

What the renames are to be is written down before the first of them. From that and from what lies in the stage the
others can always be told from those that were done, so whoever comes after a kill turns them back. What stood at a
path is kept in the stage until the last rename.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from jupyter_guard.undo.tree import ABSENT, FILE, FOLDER, STAGE, State, Tree, state_at

JOURNAL = "undo.journal"
PART = "undo.part"
TURN = "undo.turn"


class NotKeptError(Exception):
    """What is wanted cannot be brought back: the text says why."""


class HalfDoneError(NotKeptError):
    """Neither could everything be put in place nor turned back: ``why``, and the ``stage`` that has the rest."""

    def __init__(self, why: str, stage: str) -> None:
        super().__init__(
            f"Not all could be turned back: {why}. What is missing lies in {stage}, and the next %guard undo goes on."
        )


class Move(msgspec.Struct):
    """What happens at a path: what is there goes (``old``), and ``made``, as it was staged, comes."""

    path: str
    number: int
    old: State
    made: State | None = None

    @property
    def is_over(self) -> bool:
        """Whether one file or link takes the place of another, with no moment in which there is none."""
        return self.made is not None and self.old.kind != ABSENT and FOLDER not in (self.old.kind, self.made.kind)


class Plan(msgspec.Struct):
    """The moves, in the order in which things come; ``folders`` are as they were. ``is_done``: all is in place."""

    stage: str
    moves: list[Move] = []
    folders: dict[str, State] = {}
    is_done: bool = False


@contextlib.contextmanager
def turn(place: Path) -> Iterator[None]:
    """Nobody else brings anything back in this workspace meanwhile. ``place`` is its store."""
    handle = os.open(place / TURN, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def recover(tree: Tree, place: Path) -> bool:
    """End what somebody began who was killed; whether there was anything. To be called within ``turn``.

    Raises ``OSError`` where it cannot be turned back; then all is left for the next one.
    """
    try:
        plan = msgspec.msgpack.decode((place / JOURNAL).read_bytes(), type=Plan)
    except FileNotFoundError:
        return False
    if not plan.is_done:
        turn_back(tree, plan)
    clear(tree, place, plan)
    return True


def write(place: Path, plan: Plan) -> None:
    """Put the plan on the disk, where it outlives this process and the machine's power."""
    part = place / PART
    try:
        with part.open("wb") as file:
            file.write(msgspec.msgpack.encode(plan))
            file.flush()
            os.fsync(file.fileno())
        part.replace(place / JOURNAL)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def clear(tree: Tree, place: Path, plan: Plan) -> None:
    """Forget a plan that is at its end, with what is left in its stage."""
    above, _, name = plan.stage.rpartition("/")
    if tree.look(plan.stage).kind == FOLDER:
        # With it go what was replaced and what was never used. The folder that it is in is dated already.
        state = tree.look(above)
        open_up(tree, above, state)
        with tree.folder(above) as handle:
            shutil.rmtree(name, dir_fd=handle)
            to_mode(handle, state.mode)
            with contextlib.suppress(PermissionError):
                os.utime(handle, ns=(state.atime, state.mtime))
    (place / JOURNAL).unlink(missing_ok=True)


def stage_for(tree: Tree, paths: Iterable[str]) -> str:
    """Where to lay things out: in the workspace itself, or as far above the paths as may be written.

    Raises ``PermissionError`` where that is nowhere.
    """
    name = STAGE + os.urandom(6).hex()
    common = os.path.commonpath([f"/{path.rpartition('/')[0]}" for path in paths])[1:]
    for at in ("", *above_of(common + "/x")):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), tree.folder(at) as handle:
            if os.access(".", os.W_OK | os.X_OK, dir_fd=handle):
                return f"{at}/{name}" if at else name
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), tree.root)


def place_all(tree: Tree, plan: Plan) -> None:
    """Do the moves. Raises ``OSError`` and ``NotKeptError``, with the path that stood in the way as ``filename``."""
    with tree.folder(plan.stage) as stage:
        for move in sorted(plan.moves, key=lambda one: -one.path.count("/")):
            if move.old.kind != ABSENT and not move.is_over:
                with named(move.path), tree.parent(move.path) as (folder, name):
                    os.rename(name, _old(move), src_dir_fd=folder, dst_dir_fd=stage)
                _check_empty(move, stage)
        for move in plan.moves:
            if move.made is None:
                continue
            with named(move.path), tree.parent(move.path) as (folder, name):
                if move.is_over:
                    _keep(name, folder, _old(move), stage)
                os.rename(_new(move), name, src_dir_fd=stage, dst_dir_fd=folder)


def _keep(name: str, folder: int, kept: str, stage: int) -> None:
    try:
        os.link(name, kept, src_dir_fd=folder, dst_dir_fd=stage, follow_symlinks=False)
    except OSError:
        # A file system without hard links, or somebody else's file (`fs.protected_hardlinks`).
        os.rename(name, kept, src_dir_fd=folder, dst_dir_fd=stage)


def _check_empty(move: Move, stage: int) -> None:
    if move.old.kind != FOLDER:
        return
    handle = os.open(_old(move), os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=stage)
    try:
        if os.listdir(handle):
            # Somebody has put something there in this moment.
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), move.path)
    finally:
        os.close(handle)


def turn_back(tree: Tree, plan: Plan) -> None:
    """Put everything back as it was before the moves; what somebody has changed since stays. Raises ``OSError``."""
    made = {move.path: move.made for move in plan.moves if move.made is not None and move.made.kind == FOLDER}
    for path, state in sorted((plan.folders | made).items(), key=lambda one: one[0].count("/")):
        open_up(tree, path, state)
    # Without a stage whoever was killed was not that far, or had turned everything back already.
    if tree.look(plan.stage).kind == FOLDER:
        with tree.folder(plan.stage) as stage:
            _moved_back(tree, plan, stage)
    for path in sorted(plan.folders, key=lambda one: -one.count("/")):
        state = plan.folders[path]
        if tree.look(path).inode == state.inode:
            with contextlib.suppress(PermissionError), tree.folder(path) as handle:
                dress(handle, state)
                os.utime(handle, ns=(state.atime, state.mtime))


def _moved_back(tree: Tree, plan: Plan, stage: int) -> None:
    for move in reversed(plan.moves):
        if move.made is not None and not _has(stage, _new(move)):
            _taken_out(tree, move, stage)
    for move in sorted(plan.moves, key=lambda one: one.path.count("/")):
        if move.old.kind != ABSENT and _has(stage, _old(move)) and tree.look(move.path).kind == ABSENT:
            with named(move.path), tree.parent(move.path) as (folder, name):
                os.rename(_old(move), name, src_dir_fd=stage, dst_dir_fd=folder)


def _taken_out(tree: Tree, move: Move, stage: int) -> None:
    now, made = tree.look(move.path), move.made
    assert made is not None
    is_ours = now.inode == made.inode and (made.kind != FILE or (now.mtime, now.size) == (made.mtime, made.size))
    if not is_ours:
        return
    with named(move.path), tree.parent(move.path) as (folder, name):
        if move.is_over and _has(stage, _old(move)):
            os.rename(_old(move), name, src_dir_fd=stage, dst_dir_fd=folder)
        elif made.kind != FOLDER:
            os.rename(name, _new(move), src_dir_fd=folder, dst_dir_fd=stage)
        else:
            # It stays where somebody has put something into it.
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=folder)


def open_up(tree: Tree, path: str, state: State) -> None:
    """Let a folder of one's own be written to for the time being. Raises ``OSError``."""
    if state.mode & 0o700 == 0o700 and tree.look(path).mode & 0o700 == 0o700:
        return
    if state.owner[0] != os.geteuid() or tree.look(path).inode != state.inode:
        return
    if not path:
        Path(tree.root).chmod(state.mode | 0o700)
        return
    with tree.parent(path) as (folder, name):
        # Without the right to read, nothing but this kind of descriptor can be had of it; macOS has none of the kind.
        flags = getattr(os, "O_PATH", os.O_RDONLY) | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
        handle = os.open(name, flags, dir_fd=folder)
        try:
            target = f"/proc/self/fd/{handle}" if hasattr(os, "O_PATH") else handle
            os.chmod(target, state.mode | 0o700)
        finally:
            os.close(handle)


@contextlib.contextmanager
def reachable(tree: Tree, folders: Iterable[str]) -> Iterator[dict[str, State]]:
    """Look into folders of one's own that a cell has closed; gives how they are, and are again afterwards."""
    shut: dict[str, State] = {}
    try:
        for path in sorted(folders, key=lambda one: one.count("/")) if os.geteuid() else ():
            with contextlib.suppress(PermissionError):
                state = tree.look(path)
                if state.kind == FOLDER and state.mode & 0o500 != 0o500 and state.owner[0] == os.geteuid():
                    open_up(tree, path, state)
                    shut[path] = state
        yield shut
    finally:
        for path, state in reversed(shut.items()):
            with contextlib.suppress(OSError), tree.folder(path) as handle:
                to_mode(handle, state.mode)


def to_mode(handle: int, mode: int) -> None:
    """Give what a descriptor is of a mode that it does not have: who does not own it need not be able to."""
    if os.fstat(handle).st_mode & 0o7777 != mode:
        os.fchmod(handle, mode)


def dress(handle: int, state: State) -> None:
    """Give what a descriptor is of the owner, mode and attributes of ``state``; an owner only where that is allowed."""
    found = os.fstat(handle)
    if (found.st_uid, found.st_gid) != state.owner:
        with contextlib.suppress(PermissionError):
            os.fchown(handle, *state.owner)
    to_mode(handle, state.mode)
    if hasattr(os, "setxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(handle):
                if name.startswith("user.") and name not in state.xattrs:
                    os.removexattr(handle, name)
            for name, value in state.xattrs.items():
                os.setxattr(handle, name, value)


def why(error: OSError, tree: Tree) -> str:
    """What stood in the way, and what to do about it."""
    path = error.filename if isinstance(error.filename, str) else ""
    said = f"`{path or '.'}` stood in the way ({error.strerror or error})"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{said}: make room on that disk and undo again"
    if error.errno == errno.EROFS:
        return f"{said}: its file system is mounted read-only"
    if error.errno in (errno.EBUSY, errno.ETXTBSY):
        return f"{said}: unmount it, or end the program that holds it, and undo again"
    if error.errno == errno.ENOTEMPTY:
        return f"{said}: somebody has put something there just now; undo again"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{said}{_rights(tree, path)}; or undo the other files one by one (%guard undo FILE)"
    return f"{said}; the other files can be undone one by one (%guard undo FILE)"


def _rights(tree: Tree, path: str) -> str:
    """Whose the folder is that may not be written to."""
    relative = tree.relative(path)
    if relative is None:
        return ""
    try:
        if (state := tree.look(relative)).kind != FOLDER or os.access(os.path.join(tree.root, relative), os.W_OK):
            relative = relative.rpartition("/")[0]
            state = tree.look(relative)
        owner = pwd.getpwuid(state.owner[0]).pw_name
    except OSError:
        return ""
    except KeyError:
        owner = str(state.owner[0])
    shown = relative or "."
    if state.owner[0] == os.geteuid():
        is_open = state.mode & 0o300 == 0o300
        return "" if is_open else f": {shown} has mode {state.mode:04o}; `chmod u+rwx {shown}` and undo again"
    return f": {shown} has mode {state.mode:04o} and belongs to {owner}, who can let you write there"


@contextlib.contextmanager
def named(path: str) -> Iterator[None]:
    """Errors name the path in the workspace, not the one in a folder that is open."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def _has(stage: int, name: str) -> bool:
    try:
        state_at(stage, name)
    except FileNotFoundError:
        return False
    return True


def _new(move: Move) -> str:
    return f"new-{move.number}"


def _old(move: Move) -> str:
    return f"old-{move.number}"


def above_of(path: str) -> list[str]:
    """The folders that a path lies in, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: at + 1]) for at in range(len(parts))]
