"""A substitute for a whole machine (a chroot, a container) -> what it lacks for a kernel's box, and what to type."""

from __future__ import annotations

import os

CHROOT = (
    "in a chroot Linux lets nobody make them (user_namespaces(7)): enter its folder as a root of its own instead, with "
    "`systemd-nspawn -D FOLDER` or a container engine"
)


def mounts(root: str = "/") -> str:
    """Which of the file systems that every machine has is not mounted below ``root``, with what to type, or ``""``."""
    place = root.rstrip("/")
    if not os.path.exists(f"{place}/proc/self/stat"):
        return "/proc is not mounted here; as root: mount -t proc proc /proc"
    if not os.path.exists(f"{place}/dev/null"):
        return (
            "/dev has no devices here (/dev/null is not there); as root, outside: mount --rbind /dev FOLDER/dev, with "
            "the folder that is the root here"
        )
    return ""


def is_chroot(process: str = "/proc/self") -> bool:
    """Whether a process is known to have another root than its mounts. Not all chroots can be told from within."""
    try:
        # Only where both see the same mounts does another root than the first process's say so.
        if os.readlink(f"{process}/ns/mnt") == os.readlink("/proc/1/ns/mnt"):
            return not os.path.samestat(os.stat(f"{process}/root"), os.stat("/proc/1/root"))
    except OSError:
        pass  # the first process is not this user's to look at
    try:
        with open(f"{process}/mountinfo", encoding="utf-8", errors="replace") as file:
            points = [line.split()[4] for line in file]
    except (OSError, IndexError):
        return False
    return bool(points) and "/" not in points


def is_filtered(process: str = "/proc/self") -> bool:
    """Whether a seccomp filter is on a process, as container engines put one on theirs."""
    try:
        with open(f"{process}/status", encoding="utf-8", errors="replace") as file:
            return any(line.split() == ["Seccomp:", "2"] for line in file)
    except OSError:
        return False
