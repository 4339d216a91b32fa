"""``python faults.py FAULT,FAULT COMMAND ...``: a command on a machine that lacks something, for it and all below it.

``landlock``: the system has none. ``landlock=2``: it says that its version is 2. ``seccomp``: it takes no filter.
``bubblewrap``: no program is found in PATH. ``namespaces``: the system lets nobody make any. ``cgroup``: no control
group is mounted; ``proc`` and ``devices``: nor is /proc or /dev; ``chroot``: its root is a folder (these as root only). Each is the system's own refusal, made by a filter, an answer to a system call (seccomp(2),
SECCOMP_RET_USER_NOTIF), a limit or a mount; nothing of the guard is replaced.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import sys
import tempfile

LANDLOCK, PRCTL, SECCOMP = {"x86_64": (444, 157, 317), "aarch64": (444, 167, 277)}[os.uname().machine]
ALLOW, NOTIFY, REFUSE = 0x7FFF0000, 0x7FC00000, 0x00050000
EPERM, ENOSYS = 1, 38
NUMBER, FIRST, THIRD = (0x20, 0, 0, 0), (0x20, 0, 0, 16), (0x20, 0, 0, 32)
RECEIVE, SEND = 0xC0502100, 0xC0182101
LIBRARY = ctypes.CDLL(None, use_errno=True)


def equal(value: int, steps: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    return [(0x15, 0, len(steps), value), *steps]


def end(verdict: int) -> list[tuple[int, int, int, int]]:
    return [(0x06, 0, 0, verdict)]


def load(steps: list[tuple[int, int, int, int]], flags: int = 0) -> int:
    """Put a filter on this process; with flag 8, its listener."""
    packed = b"".join(struct.pack("=HBBI", *one) for one in [NUMBER, *steps, *end(ALLOW)])

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    LIBRARY.prctl(38, 1, 0, 0, 0)
    found = LIBRARY.syscall(SECCOMP, 1, flags, ctypes.byref(Program(len(packed) // 8, packed)))
    if found < 0:
        raise OSError(ctypes.get_errno(), "no filter for the fault")
    return int(found)


def answer(listener: int, version: int) -> None:
    """Say for ever what the system's version is."""
    while True:
        asked = bytearray(80)
        try:
            fcntl.ioctl(listener, RECEIVE, asked)
            fcntl.ioctl(listener, SEND, struct.pack("=QqiI", *struct.unpack_from("=Q", asked), version, 0, 0))
        except OSError:
            return


def old_landlock(version: int) -> None:
    """The answering process is started first, and takes the listener's descriptor from this one."""
    us, pid = os.getpid(), 0
    reader, writer = os.pipe()
    if not (pid := os.fork()):
        LIBRARY.prctl(1, 9, 0, 0, 0)
        number = int(os.read(reader, 20))
        taken = LIBRARY.syscall(438, os.pidfd_open(us), number, 0)
        os.closerange(0, taken)
        answer(taken, version)
        os._exit(0)
    # Where Yama guards processes, only who is named here may take it.
    LIBRARY.prctl(0x59616D61, pid, 0, 0, 0)
    listener = load(equal(LANDLOCK, [THIRD, *equal(1, end(NOTIFY)), *end(ALLOW)]), flags=8)
    os.write(writer, str(listener).encode())
    os.close(writer)
    while LIBRARY.syscall(LANDLOCK, None, 0, 1) != version:
        pass
    os.close(listener)


def hidden(place: bytes) -> None:
    """Mount an empty folder over a place, for this process and all below it."""
    if LIBRARY.unshare(0x00020000) or LIBRARY.mount(b"none", b"/", None, 0x44000, None):
        raise OSError(ctypes.get_errno(), "no mounts of one's own")
    if LIBRARY.mount(b"none", place, b"tmpfs", 0, None):
        raise OSError(ctypes.get_errno(), f"{place.decode()} cannot be hidden")


def chroot() -> None:
    """Become one whose root is a folder, in which all else is as it was."""
    here = os.getcwd()
    hidden(b"/mnt")
    os.mkdir("/mnt/root")
    for one in os.scandir("/"):
        inside = "/mnt/root" + one.path
        if one.is_symlink():
            os.symlink(os.readlink(one.path), inside)
        elif one.is_dir() and one.path != "/mnt":
            os.mkdir(inside)
            if LIBRARY.mount(one.path.encode(), inside.encode(), None, 0x5000, None):
                raise OSError(ctypes.get_errno(), f"{one.path} cannot be shown at two places")
    os.chroot("/mnt/root")
    os.chdir(here)


def main(faults: list[str], command: list[str]) -> None:
    for one in faults:
        name, _, value = one.partition("=")
        if name == "bubblewrap":
            os.environ["PATH"] = tempfile.gettempdir() + "/no-programs-here"
        elif name == "namespaces":
            user, group = os.getuid(), os.getgid()
            if LIBRARY.unshare(0x10000000):
                raise OSError(ctypes.get_errno(), "no namespaces at all")
            for file, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
                with open(f"/proc/self/{file}", "w") as mapping:
                    mapping.write(text)
            with open("/proc/sys/user/max_user_namespaces", "w") as most:
                most.write("0")
        elif name == "cgroup":
            hidden(b"/sys/fs/cgroup")
        elif name in ("proc", "devices"):
            hidden(b"/proc" if name == "proc" else b"/dev")
        elif name == "chroot":
            chroot()
        elif name == "landlock" and value:
            old_landlock(int(value))
        elif name == "landlock":
            load(equal(LANDLOCK, end(REFUSE | ENOSYS)))
        elif name == "seccomp":
            nothing = end(REFUSE | EPERM)
            load([*equal(SECCOMP, nothing), *equal(PRCTL, [FIRST, *equal(22, nothing), *end(ALLOW)])])
        else:
            raise SystemExit(f"no such fault: {one}")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[2:])
