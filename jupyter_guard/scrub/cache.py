"""A compiled database <-> a file in the user's cache directory that only its owner can have written.

A damaged or foreign file is not loaded: wrong owner, readable or writable by others, a link, a digest that does not
fit. The digest finds damage. It cannot find a file that was made on purpose under the same account, so what runs cells
must not be able to write here; the isolation policy keeps this directory out of what a cell may write.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

_LARGEST = 256 * 1024 * 1024
_SETS_KEPT = 4
"""So many versions of the formats are kept: those of an upgrade, of another environment, of an organisation."""
_WRITTEN_WITHIN = 600.0
_MAGIC = b"jupyter_guard scrub 2\n"


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


def stored(directory: str | os.PathLike[str], name: str) -> Any | None:
    """The database under ``name``, or ``None`` when there is none that can be trusted."""
    import hyperscan

    file = _trusted(directory, os.path.join(directory, f"scrub-{name}.db"))
    if file is None:
        return None
    # Part by part: what is read at once and cut up afterwards stays in the heap, twice over.
    try:
        with file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return None
            digest = file.read(32)
            if not 0 < os.fstat(file.fileno()).st_size - file.tell() <= _LARGEST:
                return None
            body = file.read()
    except OSError:
        return None
    if _digest(name, body) != digest:
        return None
    # What is in use is what is kept when others are thrown away.
    with contextlib.suppress(OSError):
        os.utime(os.path.join(directory, f"scrub-{name}.db"))
    try:
        return hyperscan.loadb(body, hyperscan.HS_MODE_BLOCK)
    except hyperscan.error:
        return None


def _digest(name: str, body: bytes) -> bytes:
    check = hashlib.sha256(f"{len(name)} {name}".encode())
    check.update(body)
    return check.digest()


def private_directory(directory: str | os.PathLike[str]) -> None:
    """Make the directory where it is missing. Raises ``OSError`` when that cannot be, or it is somebody else's."""
    os.makedirs(os.path.dirname(directory) or os.curdir, mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o700)
    if not _private(os.lstat(directory), stat.S_ISDIR):
        raise PermissionError(f"{directory} belongs to somebody else or is open to others")


def store(directory: str | os.PathLike[str], name: str, database: Any) -> None:
    """Keep the database under ``name``. Raises ``OSError`` when the directory cannot be written or is not ours."""
    import tempfile

    import hyperscan

    private_directory(directory)
    body = hyperscan.dumpb(database)
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=".scrub-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + _digest(name, body))
            file.write(body)
        os.replace(temporary, os.path.join(directory, f"scrub-{name}.db"))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def prune(directory: str | os.PathLike[str], keep: str) -> int:
    """Throw away all databases but those of ``keep`` and of the versions used last; returns how many files went.

    A version's files are called ``scrub-<version>-<part>.db``. Who has one of them open goes on with it, and who finds
    none compiles again.
    """
    used: dict[str, float] = {}
    files: dict[str, list[str]] = {}
    try:
        if not _private(os.lstat(directory), stat.S_ISDIR):
            return 0
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.startswith(("scrub-", ".scrub-")) and entry.is_file(follow_symlinks=False):
                    left = entry.name.startswith(".")
                    version = "" if left else entry.name.removeprefix("scrub-").removesuffix(".db").rpartition("-")[0]
                    files.setdefault(version, []).append(entry.path)
                    used[version] = max(used.get(version, 0.0), entry.stat(follow_symlinks=False).st_mtime)
    except OSError:
        return 0
    newest = used.get(keep, 0.0)
    # Half a file may be another process's that is writing it now.
    halves = files.pop("", []) if newest - used.pop("", newest) > _WRITTEN_WITHIN else []
    files.pop("", None)
    others = sorted((version for version in files if version != keep), key=lambda version: used[version], reverse=True)
    gone = 0
    for path in [*halves, *(path for version in others[_SETS_KEPT - 1 :] for path in files[version])]:
        with contextlib.suppress(OSError):
            os.unlink(path)
            gone += 1
    return gone


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
