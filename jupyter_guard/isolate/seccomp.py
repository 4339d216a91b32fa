"""System calls that no notebook needs -> a seccomp filter for this processor, as the kernel takes it.

A classic BPF program over ``struct seccomp_data`` (linux/seccomp.h): number at 0, architecture at 4, arguments from 16.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

# AUDIT_ARCH_* of linux/audit.h.
_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32: Final = 0x40000000
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS, _EOPNOTSUPP, _EAFNOSUPPORT = 1, 38, 95, 97
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET.
_NEW_NAMESPACES: Final = 0x7E020000
# They put typed characters into a terminal that somebody else reads.
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK: libzmq's getifaddrs aborts the process without it.
_FAMILIES: Final = (1, 2, 10, 16)

# name: (x86_64, aarch64); None where the processor's table has no such call.
_REFUSED: Final[dict[str, tuple[int | None, int | None]]] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "perf_event_open": (298, 241), "bpf": (321, 280), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40),
    "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "open_by_handle_at": (304, 265), "userfaultfd": (323, 282),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "syslog": (103, 116), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "fanotify_init": (300, 262), "vhangup": (153, 58),
}  # fmt: skip
# Libraries probe for these and have another way; ENOSYS is what an old kernel says.
_ABSENT: Final = (425, 426, 427)  # io_uring_*
_CLONE3: Final = 435  # its flags are behind a pointer: the C library falls back to clone
# Takes space on a disk without writing, so that no count of what was written sees it; the C library writes instead.
_FALLOCATE: Final = {"x86_64": 285, "aarch64": 47}
_CLONE, _IOCTL, _SOCKET = {"x86_64": 56, "aarch64": 220}, {"x86_64": 16, "aarch64": 29}, {"x86_64": 41, "aarch64": 198}


class Filter(msgspec.Struct, frozen=True):
    """A filter as an array of ``struct sock_filter``, and the names of the calls that it refuses outright."""

    program: bytes
    refused: tuple[str, ...]


def seccomp_filter(
    machine: str, families: tuple[int, ...] = _FAMILIES, datagrams: bool = True, allocates: bool = True
) -> Filter | None:
    """The filter for a processor as ``os.uname().machine`` names it; ``None`` for one that has no table here.

    ``families`` are the address families in which sockets may be made; without ``datagrams``, sockets to the internet
    are streams only, which Landlock can hold. Without ``allocates``, space on a disk is taken by writing only.
    """
    if machine not in _ARCHITECTURES:
        return None
    column = list(_ARCHITECTURES).index(machine)
    refused = {name: number for name, both in _REFUSED.items() if (number := both[column]) is not None}
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        # Another calling convention of the same processor: its numbers mean other calls.
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
    ]
    if machine == "x86_64":
        steps += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    for number in sorted(refused.values()):
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    for number in (*_ABSENT, _CLONE3):
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    if not allocates:
        steps += [(_EQUAL, 0, 1, _FALLOCATE[machine]), (_RETURN, 0, 0, _ERRNO | _EOPNOTSUPP)]
    steps += [
        (_EQUAL, 0, 4, _CLONE[machine]),
        (_LOAD, 0, 0, 16),
        (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
        (_EQUAL, 0, 5, _IOCTL[machine]),
        (_LOAD, 0, 0, 24),
        (_EQUAL, 1, 0, _TIOCSTI),
        (_EQUAL, 0, 1, _TIOCLINUX),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
        (_EQUAL, 1, 0, _SOCKET[machine]),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, 16),
    ]
    for family in families:
        if datagrams or family not in (2, 10):
            steps += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW)]
            continue
        # The type's low bits; SOCK_STREAM is 1.
        steps += [
            (_EQUAL, 0, 5, family),
            (_LOAD, 0, 0, 24),
            (0x54, 0, 0, 0xF),
            (_EQUAL, 0, 1, 1),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _ERRNO | _EPERM),
        ]
    steps.append((_RETURN, 0, 0, _ERRNO | _EAFNOSUPPORT))
    return Filter(b"".join(struct.pack("=HBBI", *step) for step in steps), tuple(sorted(refused)))
