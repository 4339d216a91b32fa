"""Compiled databases <-> a file in the user's cache directory that only its owner can have written.

A damaged or foreign file is not loaded: wrong owner, readable or writable by others, a link, a digest that does not
fit. The digest finds damage. It cannot find a file that was made on purpose under the same account, so what runs cells
must not be able to write here; the isolation policy keeps this directory out of what a cell may write.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

_LARGEST = 256 * 1024 * 1024
_MAGIC = b"jupyter_guard scrub 1\n"


def cache_directory(env: Mapping[str, str], home: str) -> str:
    """Where this platform keeps what can be made again."""
    if env.get("XDG_CACHE_HOME"):
        base = env["XDG_CACHE_HOME"]
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    elif sys.platform == "win32":
        base = env.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    else:
        base = os.path.join(home, ".cache")
    return os.path.join(base, "jupyter_guard")


def stored(directory: str | os.PathLike[str], name: str) -> tuple[Any, Any] | None:
    """The databases under ``name``, or ``None`` when there are none that can be trusted."""
    import hyperscan

    file = _trusted(directory, os.path.join(directory, f"scrub-{name}.db"))
    if file is None:
        return None
    # Part by part: what is read at once and cut up afterwards stays in the heap, three times over.
    try:
        with file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return None
            digest, header = file.read(32), file.read(8)
            if len(header) < 8:
                return None
            size, rest = struct.unpack("<Q", header)[0], os.fstat(file.fileno()).st_size - file.tell()
            if not 0 <= size <= rest <= _LARGEST:
                return None
            check = hashlib.sha256(name.encode() + header)
            parts = []
            for length in (size, rest - size):
                parts.append(file.read(length))
                check.update(parts[-1])
            if check.digest() != digest:
                return None
    except OSError:
        return None
    try:
        words = hyperscan.loadb(parts.pop(), hyperscan.HS_MODE_BLOCK)
        return hyperscan.loadb(parts.pop(), hyperscan.HS_MODE_BLOCK), words
    except hyperscan.error:
        return None


def store(directory: str | os.PathLike[str], name: str, full: Any, words: Any) -> None:
    """Keep the databases under ``name``. Raises ``OSError`` when the directory cannot be written or is not ours."""
    import tempfile

    import hyperscan

    os.makedirs(os.path.dirname(directory) or os.curdir, mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o700)
    if not _private(os.lstat(directory), stat.S_ISDIR):
        raise PermissionError(f"{directory} belongs to somebody else or is open to others")
    first = hyperscan.dumpb(full)
    body = struct.pack("<Q", len(first)) + first + hyperscan.dumpb(words)
    digest = hashlib.sha256(name.encode() + body).digest()
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=".scrub-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + digest + body)
        os.replace(temporary, os.path.join(directory, f"scrub-{name}.db"))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _trusted(directory: str | os.PathLike[str], path: str) -> BinaryIO | None:
    try:
        if not _private(os.lstat(directory), stat.S_ISDIR) or not _private(os.lstat(path), stat.S_ISREG):
            return None
        return open(path, "rb", buffering=0)
    except OSError:
        return None


def _private(status: os.stat_result, is_kind: Any) -> bool:
    if not is_kind(status.st_mode):
        return False
    if os.name == "nt":
        return True
    return status.st_uid == os.getuid() and not status.st_mode & 0o077
