"""A step -> the workspace as it was before it: all of it or one path, contents, modes, links, times and attributes.

Everything is laid out in a folder beside first; from there it is only renamed into place (``swap``). A failure has
changed nothing, and what was brought back is undone like any other step.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable

from jupyter_guard.undo import swap
from jupyter_guard.undo.steps import Header, Step, Steps, Uncovered
from jupyter_guard.undo.store import copy_contents
from jupyter_guard.undo.swap import HalfDoneError, Move, NotKeptError, Plan, above_of, named
from jupyter_guard.undo.tree import ABSENT, FILE, FOLDER, LINK, OTHER, State, same, state_at

# What decides about cells, or is what the front end itself keeps writing: only by name.
BY_NAME_ONLY = ("jupyter_guard.toml",)


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
    with steps.reachable(step) as shut:
        return [path for path in paths if _is_newer(steps, step, path, shut.get(path))]


def of_others(steps: Steps, step: Step, paths: Iterable[str]) -> dict[str, list[str]]:
    """Those that may be somebody else's doing while the cell ran, by why that is so."""
    found: dict[str, list[str]] = {}
    with steps.reachable(step) as shut:
        for path in sorted(paths):
            why = step.others.get(path)
            if why and steps.changed(path, step.before[path], shut.get(path))[0]:
                found.setdefault(why, []).append(path)
    return found


def _is_newer(steps: Steps, step: Step, path: str, shut: State | None) -> bool:
    differs, now = steps.changed(path, step.before[path], shut)
    if not differs:
        # Somebody has brought it back already.
        return False
    # What a cell left was not set aside: the same times and inode have to do, and a `ctime` that differs counts.
    left = (step.after or {})[path]
    is_other = left.kind == FILE and (left.inode, left.ctime) != (now.inode, now.ctime)
    return step.unseen or is_other or same(left, now) is False


def bring_back(steps: Steps, step: Step, paths: list[str]) -> tuple[Step | None, list[Uncovered]]:
    """Put ``paths`` back as they were before ``step``, all of them or none.

    What was there by now is a step of its own, which is returned, with what of it could not be set aside. Raises
    ``NotKeptError``; then nothing has changed.
    """
    lost = [path for path in paths if step.before[path].kind == FILE and not step.before[path].blob]
    if lost:
        raise NotKeptError(f"{', '.join(lost[:5])}: the contents were not set aside")
    tree = steps.tree
    header = Header(cell=step.header.cell, origin="undo", code=f"undo of cell {step.header.cell}")
    try:
        with swap.turn(steps.store.path):
            swap.recover(tree, steps.store.path)
            with steps.reachable(step) as shut:
                redo, missed = steps.begin(header, [os.path.join(tree.root, path) for path in paths])
            redo.before.update({path: state for path, state in shut.items() if path in redo.before})
            try:
                _swapped(steps, step, paths)
            finally:
                done = steps.finish(redo)
    except OSError as error:
        raise NotKeptError(swap.why(error, tree)) from error
    return done, [one for one in missed if one.path in paths]


def _swapped(steps: Steps, step: Step, paths: list[str]) -> None:
    """All or nothing. Raises ``OSError`` and ``NotKeptError``."""
    tree, place = steps.tree, steps.store.path
    plan = Plan(swap.stage_for(tree, paths))
    _follow(steps, step, paths, plan)
    # Whoever is killed from here on has left this.
    swap.write(place, plan)
    try:
        for path in sorted(plan.folders, key=lambda one: one.count("/")):
            if _is_as_left(step, path, plan.folders[path]):
                swap.open_up(tree, path, plan.folders[path])
        plan.moves = _moves(steps, step, paths)
        _check_rights(steps, plan)
        _staged(steps, step, plan)
        swap.write(place, plan)
        swap.place_all(tree, plan)
        _dated(steps, step, paths, plan)
        plan.is_done = True
        swap.write(place, plan)
    except BaseException:
        plan.is_done = False
        try:
            swap.turn_back(tree, plan)
            swap.clear(tree, place, plan)
        except OSError as error:
            # The journal and the stage stay for the next one.
            raise HalfDoneError(swap.why(error, tree), plan.stage) from error
        raise
    swap.clear(tree, place, plan)


def _follow(steps: Steps, step: Step, paths: list[str], plan: Plan) -> None:
    """Note the folders that are changed with what is in them, as they are now."""
    with steps.reachable(step) as shut:
        for path in {part for one in _meant(steps, step, paths) for part in ("", *above_of(one), one)}:
            now = shut.get(path) or steps.tree.look(path)
            if now.kind == FOLDER:
                plan.folders[path] = now


def _is_as_left(step: Step, path: str, now: State) -> bool:
    """Whether a folder is as the step saw it last: whoever has closed it since has meant that."""
    left = (step.after or {}).get(path) or step.before.get(path)
    return left is not None and left.kind == FOLDER and left.mode == now.mode


def _moves(steps: Steps, step: Step, paths: list[str]) -> list[Move]:
    """What goes and what comes, folders before what is in them. Raises ``NotKeptError``."""
    tree, moves = steps.tree, dict[str, Move]()
    for path in sorted(paths, key=lambda one: one.count("/")):
        state, now = step.before[path], tree.look(path)
        if not path or state.kind == OTHER or state.kind == now.kind in (FOLDER, ABSENT):
            continue
        if now.kind == FOLDER and (others := _others(steps, path, paths)):
            if state.kind == ABSENT:
                # Somebody has put something new into a folder that the cell made.
                continue
            raise NotKeptError(f"`{path}` has to go and holds what the cell did not make: {', '.join(others[:5])}")
        for above in above_of(path) if state.kind != ABSENT else ():
            found = tree.look(above)
            if above in moves or found.kind == FOLDER:
                continue
            if found.kind != ABSENT:
                raise NotKeptError(f"`{above}` stands where the folder of {path} was: undo that as well, or move it")
            before = step.before.get(above)
            is_known = before is not None and before.kind == FOLDER
            moves[above] = Move(above, len(moves), found, before if is_known else State(FOLDER, 0o700))
        moves[path] = Move(path, len(moves), now, None if state.kind == ABSENT else state)
    return list(moves.values())


def _others(steps: Steps, path: str, paths: list[str]) -> list[str]:
    """What lies in a folder that has to go and does not go itself."""
    mine = {path, *paths}
    return [one for one, _ in steps.tree.walk(path, skip=False) if one not in mine]


def _check_rights(steps: Steps, plan: Plan) -> None:
    """Most that could go wrong is seen before anything is touched. Raises ``PermissionError``."""
    coming = {move.path for move in plan.moves}
    for above in {move.path.rpartition("/")[0] for move in plan.moves} - coming:
        with named(above), steps.tree.folder(above) as handle:
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=handle):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), above)


def _staged(steps: Steps, step: Step, plan: Plan) -> None:
    """Lay out what comes, and note how it looks there."""
    tree = steps.tree
    groups: dict[tuple[int, int], str] = {}
    coming = {move.path for move in plan.moves}
    for path, state in step.before.items():
        if state.kind == FILE and state.links > 1 and path not in coming and not steps.changed(path, state)[0]:
            groups.setdefault(state.inode, path)
    above, _, name = plan.stage.rpartition("/")
    with named(above), tree.folder(above) as top:
        os.mkdir(name, 0o700, dir_fd=top)
    with tree.folder(plan.stage) as folder:
        for move in plan.moves:
            wanted, made = move.made, f"new-{move.number}"
            if wanted is None:
                continue
            with named(move.path):
                _laid_out(steps, wanted, folder, made, groups)
            if wanted.kind == FILE:
                groups.setdefault(wanted.inode, f"{plan.stage}/{made}")
            move.made = state_at(folder, made)


def _laid_out(steps: Steps, state: State, folder: int, name: str, groups: dict[tuple[int, int], str]) -> None:
    if state.kind == LINK:
        os.symlink(state.link, name, dir_fd=folder)
        os.utime(name, ns=(state.atime, state.mtime), dir_fd=folder, follow_symlinks=False)
    elif state.kind == FOLDER:
        os.mkdir(name, 0o700, dir_fd=folder)
    elif state.links > 1 and state.inode in groups:
        with steps.tree.parent(groups[state.inode]) as (other, its):
            os.link(its, name, src_dir_fd=other, dst_dir_fd=folder, follow_symlinks=False)
    else:
        _file(steps, state, folder, name)


def _file(steps: Steps, state: State, folder: int, name: str) -> None:
    source = steps.store.open(state.blob)
    try:
        target = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            copy_contents(source, target)
            swap.dress(target, state)
            os.utime(target, ns=(state.atime, state.mtime))
        finally:
            os.close(target)
    finally:
        os.close(source)


def _meant(steps: Steps, step: Step, paths: list[str]) -> set[str]:
    """The paths, and folders with nothing to bring back but their times, where nobody has been since."""
    rest = set(step.after or ()).difference(paths)
    if not all(path in BY_NAME_ONLY or path.endswith(".ipynb") for path in rest):
        return set(paths)
    return set(paths) | {path for path, left in step.dated.items() if steps.tree.look(path).mtime == left}


def _dated(steps: Steps, step: Step, paths: list[str], plan: Plan) -> None:
    """Folders get their modes, attributes and times last: writing into one changes them. Raises ``OSError``."""
    made = {move.path for move in plan.moves if move.made is not None}
    folders = {part for one in (*paths, *plan.folders) for part in ("", *above_of(one), one)}
    for path in sorted(folders, key=lambda one: -one.count("/")):
        state = step.before.get(path)
        was = plan.folders.get(path)
        if steps.tree.look(path).kind != FOLDER:
            continue
        with named(path), steps.tree.folder(path) as handle:
            if state is not None and state.kind == FOLDER:
                if path in paths or path in made:
                    swap.dress(handle, state)
                elif was is not None:
                    swap.to_mode(handle, was.mode)
                with contextlib.suppress(PermissionError):
                    os.utime(handle, ns=(state.atime, state.mtime))
            elif was is not None:
                swap.to_mode(handle, was.mode)
