"""A path -> whether only root decides what is there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

# As many links as Linux follows, path_resolution(7).
_LINKS = 40


def is_trusted(path: str | Path) -> bool:
    """Whether only root can change what is at the path, and what is in it where it is a folder.

    It and every folder and symbolic link on the way belong to root, and others only read them. A user who cannot make
    this true of a path cannot make it false either, so the answer holds when the path is used later.
    """
    try:
        steps = list(_steps(Path(path)))
    except OSError:
        return False
    if not steps:
        return False
    # A sticky folder such as /tmp lets nobody replace what is another's, but anybody add to it: it may lie on the way.
    *way, last = steps
    return all(_is_roots(one, may_be_sticky=True) for one in way) and _is_roots(last, may_be_sticky=False)


def _is_roots(status: os.stat_result, may_be_sticky: bool) -> bool:
    if status.st_uid != 0:
        return False
    if stat.S_ISLNK(status.st_mode) or not status.st_mode & 0o022:
        return True
    return may_be_sticky and stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX)


def _steps(path: Path) -> Iterator[os.stat_result]:
    """Everything that is looked at when a path is followed. Raises ``OSError`` where it leads nowhere."""
    absolute = path.absolute()
    here, rest = Path(absolute.anchor), list(reversed(absolute.parts[1:]))
    yield here.lstat()
    links = 0
    while rest:
        part = rest.pop()
        here = here.parent if part == ".." else here / part
        status = here.lstat()
        yield status
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _LINKS:
                raise OSError(40, "too many symbolic links", str(path))
            target = here.readlink()
            here = Path(target.anchor) if target.anchor else here.parent
            rest += reversed(target.parts[1:] if target.anchor else target.parts)
