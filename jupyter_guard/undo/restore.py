"""A step -> the workspace as it was before it: all of it or one path, contents, modes, links, times and attributes.

Everything is laid out in a folder beside first; from there it is only renamed into place. A failure before that has
changed nothing, and one after it is undone like any other step.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable

from jupyter_guard.undo.steps import Header, Step, Steps
from jupyter_guard.undo.store import copy_contents
from jupyter_guard.undo.tree import ABSENT, FILE, FOLDER, LINK, State, same

STAGE = ".jupyter_guard-undo-"
# What decides about cells, or is what the front end itself keeps writing: only by name.
BY_NAME_ONLY = ("jupyter_guard.toml",)


class NotKeptError(Exception):
    """What is wanted cannot be brought back: the text says why."""


def chosen(steps: Steps, step: Step, path: str = "", notebook: str = "") -> list[str]:
    """The changed paths that are meant: all, or ``path`` with what is below. Raises ``NotKeptError``."""
    after = step.after or {}
    if not path:
        mine = steps.tree.relative(notebook) if notebook else None
        return [one for one in after if one not in BY_NAME_ONLY and one != mine]
    wanted = steps.tree.relative(path)
    found = [one for one in after if one == wanted or one.startswith(f"{wanted}/")]
    if not found:
        raise NotKeptError(f"cell {step.header.cell} did not change {path}")
    return found


def newer(steps: Steps, step: Step, paths: Iterable[str]) -> list[str]:
    """Those that somebody has changed since the cell left them, or may have where nobody saw what it left."""
    after = step.after or {}
    found = []
    for path in paths:
        differs, now = steps.changed(path, step.before[path])
        if not differs:
            # Somebody has brought it back already.
            continue
        # What a cell left was not set aside: the same times and inode have to do, and a `ctime` that differs counts.
        left = after[path]
        is_other = left.kind == FILE and (left.inode, left.ctime) != (now.inode, now.ctime)
        if step.unseen or is_other or same(left, now) is False:
            found.append(path)
    return found


def bring_back(steps: Steps, step: Step, paths: list[str]) -> Step | None:
    """Put ``paths`` back as they were before ``step``; what was there by now is a step of its own, which is returned.

    Raises ``NotKeptError`` and ``OSError``; then nothing has changed.
    """
    tree = steps.tree
    lost = [path for path in paths if step.before[path].kind == FILE and not step.before[path].blob]
    if lost:
        raise NotKeptError(f"{', '.join(lost[:5])}: the contents were not set aside")
    header = Header(cell=step.header.cell, origin="undo", code=f"undo of cell {step.header.cell}")
    redo, _ = steps.begin(header, [os.path.join(tree.root, path) for path in paths])
    stage = STAGE + os.urandom(6).hex()
    try:
        with tree.folder("") as top:
            os.mkdir(stage, 0o700, dir_fd=top)
            staged = _staged(steps, step, paths, stage)
            _placed(steps, step, paths, staged)
    finally:
        shutil.rmtree(os.path.join(tree.root, stage), ignore_errors=True)
        _dated(steps, step, paths)
    return steps.finish(redo)


def _staged(steps: Steps, step: Step, paths: list[str], stage: str) -> dict[str, str]:
    """Lay out each file and link; where each is."""
    tree, staged = steps.tree, {}
    groups: dict[tuple[int, int], str] = {}
    for path, state in step.before.items():
        if state.kind == FILE and state.links > 1 and path not in paths and not steps.changed(path, state)[0]:
            groups.setdefault(state.inode, path)
    with tree.folder(stage) as folder:
        for number, path in enumerate(paths):
            state, name = step.before[path], str(number)
            if state.kind == LINK:
                os.symlink(state.link, name, dir_fd=folder)
                os.utime(name, ns=(state.atime, state.mtime), dir_fd=folder, follow_symlinks=False)
            elif state.kind == FILE and state.links > 1 and state.inode in groups:
                with tree.parent(groups[state.inode]) as (other, its):
                    os.link(its, name, src_dir_fd=other, dst_dir_fd=folder, follow_symlinks=False)
            elif state.kind == FILE:
                _file(steps, state, folder, name)
                groups[state.inode] = f"{stage}/{name}"
            else:
                continue
            staged[path] = f"{stage}/{name}"
    return staged


def _file(steps: Steps, state: State, folder: int, name: str) -> None:
    source = steps.store.open(state.blob)
    try:
        target = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            copy_contents(source, target)
            _dressed(target, state)
            os.utime(target, ns=(state.atime, state.mtime))
        finally:
            os.close(target)
    finally:
        os.close(source)


def _dressed(handle: int, state: State) -> None:
    if os.fstat(handle).st_uid != state.owner[0] or os.fstat(handle).st_gid != state.owner[1]:
        with contextlib.suppress(PermissionError):
            os.fchown(handle, *state.owner)
    os.fchmod(handle, state.mode)
    if hasattr(os, "setxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(handle):
                if name.startswith("user.") and name not in state.xattrs:
                    os.removexattr(handle, name)
            for name, value in state.xattrs.items():
                os.setxattr(handle, name, value)


def _placed(steps: Steps, step: Step, paths: list[str], staged: dict[str, str]) -> None:
    tree, before = steps.tree, step.before
    # What is in the way goes, the deepest first.
    for path in sorted(paths, key=lambda one: -one.count("/")):
        now = tree.look(path)
        wanted = before[path].kind
        if now.kind == ABSENT or not path or wanted == now.kind == FOLDER:
            continue
        if wanted == ABSENT or FOLDER in (now.kind, wanted):
            with tree.parent(path) as (folder, name):
                if now.kind == FOLDER:
                    # Somebody may have put something new into a folder that the cell made.
                    with contextlib.suppress(OSError):
                        os.rmdir(name, dir_fd=folder)
                else:
                    os.unlink(name, dir_fd=folder)
    for path in sorted(paths, key=lambda one: one.count("/")):
        state = before[path]
        for above in _above(path) if state.kind != ABSENT else ():
            _folder(steps, above, before.get(above))
        if state.kind == FOLDER:
            _folder(steps, path, state)
        elif path in staged:
            with tree.parent(staged[path]) as (one, name), tree.parent(path) as (other, its):
                os.rename(name, its, src_dir_fd=one, dst_dir_fd=other)


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: at + 1]) for at in range(len(parts))]


def _folder(steps: Steps, path: str, state: State | None) -> None:
    now = steps.tree.look(path)
    if now.kind == ABSENT:
        with steps.tree.parent(path) as (folder, name):
            os.mkdir(name, 0o700, dir_fd=folder)
    if state is not None and (now.kind == ABSENT or now.mode != state.mode or now.xattrs != state.xattrs):
        with steps.tree.folder(path) as handle:
            # Not before what is in it has been put there.
            _dressed(handle, State(state.kind, state.mode | 0o700, owner=state.owner, xattrs=state.xattrs))


def _dated(steps: Steps, step: Step, paths: list[str]) -> None:
    """Folders get their modes and times back last: writing into one changes them."""
    meant = {above for path in paths for above in ("", *_above(path))} | set(paths)
    rest = set(step.after or ()).difference(paths)
    if all(path in BY_NAME_ONLY or path.endswith(".ipynb") for path in rest):
        # With the whole step also folders with nothing to bring back, where nobody has been since.
        meant |= {path for path, left in step.dated.items() if steps.tree.look(path).mtime == left}
    for path in sorted(meant, key=lambda one: -one.count("/")):
        state = step.before.get(path)
        if state is not None and state.kind == FOLDER:
            with contextlib.suppress(OSError), steps.tree.folder(path) as handle:
                os.fchmod(handle, state.mode)
                os.utime(handle, ns=(state.atime, state.mtime))
