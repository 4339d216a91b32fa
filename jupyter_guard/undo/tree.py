"""Paths below one folder -> what is there, read and written without following a link out of it.

Whoever runs cells also makes the links in the workspace, while this reads with rights that the cell may not have. So
every path is walked part by part, and no part may be a link.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator

import msgspec

FILE, FOLDER, LINK, OTHER, ABSENT = "file", "folder", "link", "other", "absent"
# Two changes within one tick of the kernel's clock leave the same times: what changed so shortly before it was looked
# at may change again unseen (the longest tick is 10 ms at 100 Hz; coarser file systems count two seconds for `mtime`).
TICK = 50_000_000
# What is made again by the program that made it, and too large to set aside before each cell.
MADE_AGAIN = frozenset({"node_modules", "__pycache__", ".ipynb_checkpoints"})
# Where an undo lays out what it is about to put in place: nobody's work.
STAGE = ".jupyter_guard-undo-"
MARKS = ("pyvenv.cfg", "CACHEDIR.TAG")
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is at a path: times in ns, ``size`` in bytes, ``link`` where a link points, ``inode`` with its device.

    ``blob`` names the contents set aside, ``""`` when there are none; ``taken`` is when it was looked at (ns).
    """

    kind: str
    mode: int = 0
    size: int = 0
    mtime: int = 0
    atime: int = 0
    ctime: int = 0
    inode: tuple[int, int] = (0, 0)
    links: int = 1
    owner: tuple[int, int] = (0, 0)
    link: bytes = b""
    xattrs: dict[str, bytes] = {}
    blob: str = ""
    taken: int = 0

    @property
    def is_racy(self) -> bool:
        """Whether it may have changed after it was looked at and still look the same."""
        return self.taken - self.ctime < TICK


NOTHING = State(ABSENT)


def same(one: State, other: State) -> bool | None:
    """Whether nothing has changed between two looks at a path; ``None`` when only the contents can tell.

    A folder's times and its number of links follow from what is in it, a file's ``ctime`` from its other names.
    """
    if one.kind != other.kind:
        return False
    if one.kind == ABSENT:
        return True
    if (one.mode, one.owner, one.link, one.xattrs) != (other.mode, other.owner, other.link, other.xattrs):
        return False
    if one.kind == LINK:
        # One that was made anew with the same target.
        return one.mtime == other.mtime
    if one.kind != FILE:
        return True
    if (one.size, one.mtime) != (other.size, other.mtime):
        return False
    if (one.inode, one.ctime) != (other.inode, other.ctime) or one.is_racy:
        return None
    return True


class Tree:
    """One folder. Paths are relative to it, with ``/`` between parts; ``""`` is the folder itself."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._top = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        # A folder that is none of the workspace's, by its inode.
        self.left_out = 0
        self.device = os.fstat(self._top).st_dev

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._top)

    def relative(self, path: str) -> str | None:
        """The path below the folder that ``path`` leads to, links in its parents followed; ``None`` for any other.

        The last part is not followed: who deletes a link deletes the link.
        """
        path = os.path.join(self.root, path)
        folder, name = os.path.split(os.path.normpath(path))
        found = os.path.join(os.path.realpath(folder), name)
        if found == self.root:
            return ""
        return found[len(self.root) + 1 :] if found.startswith(self.root.rstrip("/") + "/") else None

    @contextlib.contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """A descriptor of a folder. Raises ``OSError``, also where a part of the path is a link."""
        handle = os.dup(self._top)
        try:
            for part in path.split("/") if path else ():
                inner = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """A descriptor of the folder that a path lies in, and its name there."""
        above, _, name = path.rpartition("/")
        with self.folder(above) as handle:
            yield handle, name

    def look(self, path: str) -> State:
        """What is at ``path``; absent where its parents are, too."""
        try:
            if not path:
                return state_at(self._top, ".")
            with self.parent(path) as (handle, name):
                return state_at(handle, name)
        except (FileNotFoundError, NotADirectoryError):
            return NOTHING
        except OSError as error:
            if error.errno == 40:  # ELOOP: a link stands where a folder was
                return NOTHING
            raise

    def walk(self, path: str = "", most: int = 0, skip: bool = True) -> Iterator[tuple[str, State]]:
        """Everything at and below ``path``, folders before what is in them; nothing of other file systems.

        With ``skip``, what is made again by itself is left out. Raises ``TooManyError`` beyond ``most`` entries.
        """
        count = 0
        todo = [path]
        first = self.look(path)
        yield path, first
        if first.kind != FOLDER:
            return
        while todo:
            at = todo.pop()
            try:
                with self.folder(at) as handle:
                    names = os.listdir(handle)
                    if skip and at and any(mark in names for mark in MARKS):
                        continue
                    count += len(names)
                    if most and count > most:
                        raise TooManyError
                    for name in names:
                        if name.startswith(STAGE):
                            continue
                        try:
                            found = state_at(handle, name)
                        except OSError:
                            continue
                        below = f"{at}/{name}" if at else name
                        if found.kind == FOLDER:
                            if (
                                found.inode[0] != self.device
                                or found.inode[1] == self.left_out
                                or (skip and name in MADE_AGAIN)
                            ):
                                continue
                            todo.append(below)
                        yield below, found
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue


class TooManyError(Exception):
    """There is more in a folder than may be looked at."""


def state_at(handle: int, name: str) -> State:
    """What ``name`` is in the folder ``handle``. Raises ``OSError``."""
    found = os.stat(name, dir_fd=handle, follow_symlinks=False)
    kind, link = OTHER, b""
    if stat.S_ISREG(found.st_mode):
        kind = FILE
    elif stat.S_ISDIR(found.st_mode):
        kind = FOLDER
    elif stat.S_ISLNK(found.st_mode):
        kind, link = LINK, os.fsencode(os.readlink(name, dir_fd=handle))
    return State(
        kind=kind,
        mode=stat.S_IMODE(found.st_mode),
        size=found.st_size if kind == FILE else 0,
        mtime=found.st_mtime_ns,
        atime=found.st_atime_ns,
        ctime=found.st_ctime_ns,
        inode=(found.st_dev, found.st_ino),
        links=found.st_nlink,
        owner=(found.st_uid, found.st_gid),
        link=link,
        xattrs=_xattrs(handle, name) if kind in (FILE, FOLDER) else {},
        taken=time.time_ns(),
    )


def _xattrs(handle: int, name: str) -> dict[str, bytes]:
    if not hasattr(os, "listxattr"):
        return {}
    # There is no call for a name in a folder; the path of the descriptor's own entry follows no link in its parents.
    path = f"/proc/self/fd/{handle}/{name}"
    try:
        names = os.listxattr(path, follow_symlinks=False)
        return {one: os.getxattr(path, one, follow_symlinks=False) for one in names if one.startswith("user.")}
    except OSError:
        return {}
