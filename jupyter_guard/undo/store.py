"""Contents of files -> kept in a private folder: shared with the original where the file system can, copied elsewhere.

A blob's name says which file it was, and when that last changed: what has not changed since is not copied again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from jupyter_guard.undo.tree import _FLAGS, State, Tree, state_at

# linux/fs.h: _IOW(0x94, 9, int)
FICLONE = 0x40049409
BLOCK = 1 << 20
# What stays free on the disk, whatever the policy allows: a full one stops more than this cell.
RESERVE = 64 * 2**20
TRIES = 3


class FullError(Exception):
    """There is no room for it: the text says where."""


def undo_directory(env: Mapping[str, str], home: Path) -> Path:
    """Where this account's stores lie, below Jupyter's data folder as ``jupyter_core`` finds it."""
    from jupyter_guard.audit.place import audit_directory

    return audit_directory(env, home).with_name("undo")


def store_of(base: Path, workspace: str) -> Path:
    """The folder for one workspace."""
    return base / hashlib.sha256(os.fsencode(os.path.realpath(workspace))).hexdigest()[:24]


class Store:
    """The blobs of one workspace, below ``path``. Raises ``OSError`` where the folder cannot be made private."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = path.stat()
        if found.st_uid != os.getuid():
            raise PermissionError(errno.EPERM, "the folder for what is set aside belongs to somebody else", str(path))
        # The umask or an older version may have left it open.
        path.chmod(0o700)
        self.blobs = path / "blobs"
        self.blobs.mkdir(exist_ok=True, mode=0o700)
        # Bytes that were copied and not shared, for benchmarks and tests.
        self.copied = 0

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else changes the store meanwhile: kernels of one workspace share it."""
        handle = os.open(self.path / "turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def keep(self, tree: Tree, path: str, state: State) -> State:
        """Set aside the contents of a file; its state with them, as it is by then.

        Raises ``FullError``, and ``OSError`` for what cannot be read.
        """
        with tree.parent(path) as (folder, name):
            for attempt in range(TRIES):
                if attempt:
                    state = state_at(folder, name)
                blob = _name(state)
                known = self.blobs / blob
                if not state.is_racy and known.exists():
                    return _with(state, blob)
                if state.is_racy:
                    blob = f"{blob}-{os.urandom(6).hex()}"
                handle = os.open(name, _FLAGS | os.O_NONBLOCK, dir_fd=folder)
                try:
                    before = os.fstat(handle)
                    self._copy(handle, blob, before.st_size)
                    after = os.fstat(handle)
                finally:
                    os.close(handle)
                if (before.st_mtime_ns, before.st_size, before.st_ino, before.st_ctime_ns) == (
                    after.st_mtime_ns, after.st_size, after.st_ino, after.st_ctime_ns,
                ) == (state.mtime, state.size, state.inode[1], state.ctime):  # fmt: skip
                    return _with(state, blob)
                (self.blobs / blob).unlink(missing_ok=True)
        raise OSError(errno.EBUSY, "it changes while it is being set aside", path)

    def _copy(self, source: int, blob: str, size: int) -> None:
        part = self.blobs / f"part-{os.urandom(8).hex()}"
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            if not _shared(source, handle):
                free = os.statvfs(self.blobs)
                if size + RESERVE > free.f_bavail * free.f_frsize:
                    raise FullError(f"the disk with {self.path} has no room for it")
                _copied(source, handle)
                self.copied += size
            os.rename(part, self.blobs / blob)
        except OSError as error:
            part.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise FullError(f"the disk with {self.path} is full") from None
            raise
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)

    def open(self, blob: str) -> int:
        """A descriptor of kept contents. Raises ``OSError``."""
        return os.open(self.blobs / blob, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def same_contents(self, tree: Tree, path: str, blob: str) -> bool:
        """Whether a file has the contents that were set aside."""
        try:
            with tree.parent(path) as (folder, name):
                one, other = os.open(name, _FLAGS | os.O_NONBLOCK, dir_fd=folder), self.open(blob)
        except OSError:
            return False
        try:
            while True:
                left, right = os.read(one, BLOCK), os.read(other, BLOCK)
                if left != right:
                    return False
                if not left:
                    return True
        finally:
            os.close(one)
            os.close(other)

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Size and time of making (ns) of each blob."""
        found = {}
        for entry in os.scandir(self.blobs):
            with contextlib.suppress(FileNotFoundError):
                about = entry.stat()
                found[entry.name] = about.st_size, about.st_mtime_ns
        return found

    def forget(self, blob: str) -> None:
        """Remove a blob."""
        (self.blobs / blob).unlink(missing_ok=True)


def copy_contents(source: int, target: int) -> None:
    """All of one descriptor's contents into an empty other one, shared where that can be. Raises ``OSError``."""
    if not _shared(source, target):
        _copied(source, target)


def _shared(source: int, target: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        # Another file system, or one that shares nothing.
        return False
    return True


def _copied(source: int, target: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    # In user space: `sendfile` and `copy_file_range` go wrong on files that grow, and are no faster on what is cached.
    while data := os.read(source, BLOCK):
        at = 0
        while at < len(data):
            at += os.write(target, data[at:])


def _name(state: State) -> str:
    return f"{state.inode[0]:x}-{state.inode[1]:x}-{state.size:x}-{state.mtime:x}-{state.ctime:x}"


def _with(state: State, blob: str) -> State:
    import msgspec

    return msgspec.structs.replace(state, blob=blob)
