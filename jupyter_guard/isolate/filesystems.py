"""A path -> the kind of its file system, as ``mount`` names it, and whether its disk is this machine's own."""

from __future__ import annotations

import os

MOUNTS = "/proc/self/mounts"
# File systems of this machine's own disks, as /proc/mounts calls them. Any other may be a network's.
_LOCAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "tmpfs", "ramfs", "overlay")


def filesystem(path: str, mounts: str = "") -> str:
    """The kind of file system that a resolved path is on; ``""`` where that is not told."""
    best, kind = "", ""
    try:
        with open(mounts or MOUNTS, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    for line in lines:
        point = line.split()[1].encode().decode("unicode_escape", "replace")
        if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, line.split()[2]
    return kind


def is_local(path: str) -> bool:
    """Whether a path, which may be a link, is on a disk of this machine, or nothing tells that it is not."""
    kind = filesystem(os.path.realpath(path))
    return not kind or kind in _LOCAL
