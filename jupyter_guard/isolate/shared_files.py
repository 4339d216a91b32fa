"""Files with names in memory that processes have made in a place that others use too -> how much of it is theirs.

Nothing in the system tells whose such a file is: it is theirs when one of them was seen with it open, it was not there
before they were, and nobody else of this user has it open or mapped. It stays theirs until it is removed.
"""

from __future__ import annotations

import os
import time

from jupyter_guard.isolate import tree

PLACE = "/dev/shm"  # noqa: S108
SECONDS_BETWEEN_SEARCHES = 1.0
Key = tuple[int, int]


class SharedFiles:
    """The files of one tree of processes below ``place``."""

    def __init__(self, place: str = PLACE) -> None:
        self._place = place
        self._before = set(_there(place))
        self._ours: dict[Key, str] = {}
        self._elsewhere: set[Key] = set()
        self._searched_at = 0.0

    def held(self, held: dict[Key, tuple[int, str]], pids: list[int], of_interest: int) -> int:
        """Bytes; ``held`` is what ``tree.held_in_memory`` found for ``pids``. Below ``of_interest``, others are not
        searched for the same files.
        """
        seen = {key: path for key, (_, path) in held.items() if path.startswith(self._place + "/")}
        new = seen.keys() - self._before - self._ours.keys()
        self._ours.update((key, seen[key]) for key in new)
        sizes = {}
        for key, path in list(self._ours.items()):
            size = held[key][0] if key in held else _size(path, key)
            if size < 0:
                del self._ours[key]
            else:
                sizes[key] = size
        if sum(sizes.values()) < of_interest:
            return sum(sizes.values())
        if new or time.monotonic() - self._searched_at > SECONDS_BETWEEN_SEARCHES:
            self._elsewhere = _elsewhere(self._ours, set(pids))
            self._searched_at = time.monotonic()
        return sum(size for key, size in sizes.items() if key not in self._elsewhere)


def _there(place: str) -> list[Key]:
    try:
        with os.scandir(place) as entries:
            return [(about.st_dev, about.st_ino) for one in entries if (about := one.stat(follow_symlinks=False))]
    except OSError:
        return []


def _size(path: str, key: Key) -> int:
    """Bytes of the file at a path; -1 when it is gone, or another."""
    try:
        about = os.lstat(path)
    except OSError:
        return -1
    return about.st_blocks * 512 if (about.st_dev, about.st_ino) == key else -1


def _elsewhere(wanted: dict[Key, str], pids: set[int]) -> set[Key]:
    """Those that a process of this user other than ``pids`` has open or mapped."""
    found: set[Key] = set()
    for name in os.listdir("/proc"):
        try:
            if not name.isdigit() or int(name) in pids or os.stat(f"/proc/{name}").st_uid != os.geteuid():
                continue
        except OSError:
            continue
        found |= wanted.keys() & tree.held_in_memory([int(name)]).keys()
        maps = tree.read(f"/proc/{name}/maps")
        found |= {key for key, path in wanted.items() if path.encode() in maps}
    return found
