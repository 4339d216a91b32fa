"""Paths -> what is in their files, and files replaced in one step; what is wrong with one is a sentence."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

LARGEST = 512 << 20

_KINDS = (
    (stat.S_ISDIR, "a folder, not a file"),
    (stat.S_ISFIFO, "a named pipe, not a file: give what comes out of it as standard input"),
    (stat.S_ISSOCK, "a socket, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
)
_REASONS = {
    errno.ENOENT: "there is no such file or folder",
    errno.ELOOP: "symbolic links lead in a circle",
    errno.EACCES: "you may not read it",
    # What opening a socket says.
    errno.ENXIO: "a socket or a device, not a file",
}


class FileError(ValueError):
    """A file that was not read or not written: one sentence that says why, without the file's name."""


def read_file(path: Path) -> bytes:
    """All of an ordinary file. Never waits for a writer. Raises ``FileError``."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
        try:
            data = _all_of(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise FileError(f"{reason(error)}; nothing was read") from None
    except ValueError as error:
        raise FileError(f"{error}; nothing was read") from None
    return data


def _all_of(handle: int) -> bytes:
    found = os.fstat(handle)
    for is_one, said in _KINDS:
        if is_one(found.st_mode):
            raise ValueError(said)
    # A file may be larger by the time it is read than it said.
    with open(handle, "rb", closefd=False) as file:
        data = b"" if found.st_size > LARGEST else file.read(LARGEST + 1)
    if max(found.st_size, len(data)) > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MiB")
    return data


def reason(error: OSError) -> str:
    """What the system says, in words."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


def replace(path: Path, data: bytes, before: bytes) -> None:
    """Write ``data`` to ``path`` in one step: whoever reads sees the old file or the new one. Keeps mode and owner.

    ``before`` is what it was made from: if the file holds something else by now, it stays. Raises ``FileError``, and
    then the file is what it was.
    """
    try:
        target = path.resolve(strict=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".jupyter_guard", dir=target.parent)
    except (OSError, RuntimeError) as error:
        said = reason(error) if isinstance(error, OSError) else str(error)
        raise FileError(f"no file can be made beside it ({said}); it is as it was") from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _like(temporary, target)
        if read_file(target) != before:
            raise FileError("changed while it was read; it is as whoever changed it left it: run this again")
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FileError(f"not written ({reason(error)}); it is as it was") from None
        raise


def _like(temporary: Path, target: Path) -> None:
    """The owner first: giving a file away takes some of its mode's bits."""
    found = target.stat()
    if hasattr(os, "chown"):
        # Only root may give files away; for anybody else the file is theirs already.
        with contextlib.suppress(PermissionError):
            os.chown(temporary, found.st_uid, found.st_gid)
    temporary.chmod(found.st_mode & 0o7777)


def notebooks_below(folder: Path, problems: list[dict[str, str]]) -> Iterator[Path]:
    """The notebooks in a folder and in those below, hidden ones and links apart; what cannot be read is noted."""
    try:
        inside = sorted(folder.iterdir(), key=lambda one: one.as_posix())
    except OSError as error:
        problems.append({"file": str(folder), "error": f"{reason(error)}; nothing below it was read"})
        return
    for path in inside:
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            yield from notebooks_below(path, problems)
        elif path.suffix == ".ipynb":
            yield path
