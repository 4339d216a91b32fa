"""Places for temporary files -> a kernel's private directory: short enough for sockets, for us alone, gone when we are.

Imports next to nothing, as ``child`` does.
"""

from __future__ import annotations

import os

# sun_path holds 108 bytes on Linux, 104 on macOS, with the final zero.
LONGEST_SOCKET_PATH = 100
PREFIX = "jg-"
RANDOM_BYTES = 6
FRESH_SECONDS = 3.0


def make() -> str:
    """A new directory that only we may enter, with a path short enough for sockets. Raises ``OSError``."""
    reasons = []
    for base in _places():
        path = f"{base}/{PREFIX}{os.urandom(RANDOM_BYTES).hex()}"
        if len(path) > LONGEST_SOCKET_PATH - len("/k-5"):
            continue
        try:
            os.mkdir(path, 0o700)
        except OSError as error:
            reasons.append(f"{base}: {error.strerror}")
            continue
        try:
            _hold(path)
        except OSError as error:
            remove(path)
            reasons.append(f"{base}: {error.strerror}")
            continue
        return path
    raise OSError("no place for the kernel's private directory: " + ("; ".join(reasons) or "all paths too long"))


def _places() -> list[str]:
    # tempfile.gettempdir without what it imports; and a box has the place itself, not the link that leads to it.
    named = [os.environ.get(one, "") for one in ("XDG_RUNTIME_DIR", "TMPDIR", "TEMP", "TMP")]
    return [os.path.realpath(one) for one in (*named, "/tmp") if one and os.path.isdir(one)]  # noqa: S108


def sweep() -> None:
    """Remove the private directories of wrappers that were killed together with everybody who would have."""
    for place in set(_places()):
        try:
            names = os.listdir(place)
        except OSError:
            # Somebody else's: `su` leaves XDG_RUNTIME_DIR as it was.
            continue
        for name in names:
            path = os.path.join(place, name)
            if _is_ours(name) and _is_old(path) and not _is_held(path):
                remove(path)


def is_held(path: str) -> bool:
    """Whether the wrapper whose private directory it is runs."""
    return os.path.isdir(path) and (not _is_old(path) or _is_held(path))


def _is_ours(name: str) -> bool:
    # Others may like the prefix too, and what they keep is not ours to remove.
    rest = name.removeprefix(PREFIX)
    return len(rest) == 2 * RANDOM_BYTES == len(name) - len(PREFIX) and not set(rest) - set("0123456789abcdef")


def _is_old(path: str) -> bool:
    # A wrapper that is starting has made its directory and not yet locked it.
    import time

    try:
        return time.time() - os.stat(path).st_mtime > FRESH_SECONDS
    except OSError:
        return False


def _hold(path: str) -> None:
    """Lock a directory for as long as this process lives; process ids would not do, containers share directories."""
    if os.name != "nt":
        import fcntl

        fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_held(path: str) -> bool:
    if os.name == "nt":
        return True
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def remove(path: str) -> None:
    """Remove a private directory; what is gone already is fine."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)
