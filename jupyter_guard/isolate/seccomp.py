"""System calls that no notebook needs -> a seccomp filter for this processor, as the kernel takes it.

A classic BPF program over ``struct seccomp_data`` (linux/seccomp.h): number at 0, architecture at 4, arguments from 16.
"""

from __future__ import annotations

import struct
from typing import Final, Literal

import msgspec

# AUDIT_ARCH_* of linux/audit.h.
_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32: Final = 0x40000000
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS, _EOPNOTSUPP, _EAFNOSUPPORT = 1, 38, 95, 97
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
# CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET.
_NEW_NAMESPACES: Final = 0x7E020000
# They put typed characters into a terminal that somebody else reads.
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# AF_NETLINK: libzmq's getifaddrs aborts the process without it.
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_STREAM, _DATAGRAM, _OF_TYPES = 1, 2, 0xF
# 0 is the type's usual one. Landlock's rules on ports know TCP only: not MPTCP (262), SMC (256), SCTP (132).
_PROTOCOLS: Final = (0, 6)
# A first packet that goes out before, and without, the connection that Landlock would be asked about.
_FASTOPEN: Final = 0x20000000

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
# What changes a file anywhere without opening it for writing, which Landlock is not asked about: its owner, extended
# attributes and flags (chown to fchownat, setxattr to removexattrat, file_setattr), ...
_ATTRIBUTES: Final = {
    "x86_64": (92, 93, 94, 260, 188, 189, 190, 197, 198, 199, 463, 466, 469),
    "aarch64": (54, 55, 5, 6, 7, 14, 15, 16, 463, 466, 469),
}
# ... and the same by ioctl: FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_SETVERSION. Not its mode and times: no filter
# tells one file from another, and whoever copies files (shutil.copy, pip, multiprocessing's servers) sets these.
_SETTING: Final = (0x40086602, 0x401C5820, 0x40087602)
_CLONE, _IOCTL = {"x86_64": 56, "aarch64": 220}, {"x86_64": 16, "aarch64": 29}
_SOCKET, _SOCKETPAIR = {"x86_64": 41, "aarch64": 198}, {"x86_64": 53, "aarch64": 199}
# number: which argument has the flags.
_SENDING: Final = {"x86_64": {44: 3, 46: 2, 307: 3}, "aarch64": {206: 3, 211: 2, 269: 3}}
# What a namespace would keep apart, for a process without one: shared memory, semaphores and queues that have a number
# instead of a place (shmget to msgctl, mq_open), ...
_SHARED: Final = {
    "x86_64": (29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 220, 240),
    "aarch64": (180, *range(186, 197)),
}
# ... and other processes' priority, processors and limits: which arguments have to be nought, so that one's own is
# meant. setpriority, ioprio_set (whose 1 is a process), sched_setaffinity, sched_setattr, sched_setparam, prlimit64.
_OWN_ONLY: Final[dict[str, dict[int, tuple[tuple[int, int], ...]]]] = {
    "x86_64": {
        141: ((0, 0), (1, 0)), 251: ((0, 1), (1, 0)), 203: ((0, 0),), 314: ((0, 0),), 142: ((0, 0),), 302: ((0, 0),),
    },
    "aarch64": {
        140: ((0, 0), (1, 0)), 30: ((0, 1), (1, 0)), 122: ((0, 0),), 274: ((0, 0),), 118: ((0, 0),), 261: ((0, 0),),
    },
}  # fmt: skip
# sched_setscheduler: libzmq gives each thread, by its number, the class that it has, and aborts where that is refused.
_SCHEDULER: Final = {"x86_64": 144, "aarch64": 119}


class Filter(msgspec.Struct, frozen=True):
    """A filter as an array of ``struct sock_filter``, and the names of the calls that it refuses outright."""

    program: bytes
    refused: tuple[str, ...]


def seccomp_filter(
    machine: str,
    internet: Literal["any", "streams", "none"] = "any",
    alone: bool = False,
    allocates: bool = True,
    scheduling: int = 0,
) -> Filter | None:
    """The filter for a processor as ``os.uname().machine`` names it; ``None`` for one that has no table here.

    ``internet`` says which sockets to it may be made: with ``streams``, TCP only, which Landlock can hold. ``alone``
    says that no namespaces stand around the process. Without ``allocates``, space on a disk is taken by writing only.
    ``scheduling`` is the class (SCHED_OTHER and its like) that this process has, which others may be given then too.
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
    for number in (*_ABSENT, _CLONE3, *(_SHARED[machine] if alone else ())):
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    for number in _ATTRIBUTES[machine] if alone else ():
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    if not allocates:
        steps += [(_EQUAL, 0, 1, _FALLOCATE[machine]), (_RETURN, 0, 0, _ERRNO | _EOPNOTSUPP)]
    steps += [
        (_EQUAL, 0, 4, _CLONE[machine]),
        (_LOAD, 0, 0, 16),
        (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    requests = (_TIOCSTI, _TIOCLINUX, *(_SETTING if alone else ()))
    steps += [(_EQUAL, 0, 2 + 2 * len(requests), _IOCTL[machine]), (_LOAD, 0, 0, 24)]
    for request in requests:
        steps += [(_EQUAL, 0, 1, request), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    if alone:
        for number, nought in _OWN_ONLY[machine].items():
            checks = [step for at, value in nought for step in _must_be(at, value)]
            steps += [(_EQUAL, 0, len(checks) + 1, number), *checks, (_RETURN, 0, 0, _ALLOW)]
        # A thread's number may be another process': whoever has one of those gets this process' own class at most.
        steps += [
            (_EQUAL, 0, 6, _SCHEDULER[machine]),
            (_LOAD, 0, 0, 16),
            (_EQUAL, 3, 0, 0),
            (_LOAD, 0, 0, 24),
            (_EQUAL, 1, 0, scheduling),
            (_RETURN, 0, 0, _ERRNO | _EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
        # One that is not connected could be sent to any place, and Landlock is not asked about sending.
        steps += _without_datagrams(_SOCKETPAIR[machine])
    if internet != "any":
        for number, at in _SENDING[machine].items():
            check = [(_LOAD, 0, 0, 16 + 8 * at), (_ANY_BIT, 0, 1, _FASTOPEN), (_RETURN, 0, 0, _ERRNO | _EOPNOTSUPP)]
            steps += [(_EQUAL, 0, len(check) + 1, number), *check, (_RETURN, 0, 0, _ALLOW)]
    if alone:
        steps += _without_datagrams(_SOCKET[machine])
    steps += [(_EQUAL, 1, 0, _SOCKET[machine]), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 16)]
    for family in (_UNIX, _NETLINK):
        steps += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW)]
    for family in (_INET, _INET6):
        checks = []
        if internet == "streams":
            checks = [(_LOAD, 0, 0, 24), (_AND, 0, 0, _OF_TYPES), (_EQUAL, 0, 4, _STREAM), (_LOAD, 0, 0, 32)]
            checks += [(_EQUAL, 1, 0, _PROTOCOLS[0]), (_EQUAL, 0, 1, _PROTOCOLS[1])]
        verdict = _ERRNO | _EPERM if internet == "none" else _ALLOW
        ends = [(_RETURN, 0, 0, verdict), *([(_RETURN, 0, 0, _ERRNO | _EPERM)] if checks else [])]
        steps += [(_EQUAL, 0, len(checks) + len(ends), family), *checks, *ends]
    steps.append((_RETURN, 0, 0, _ERRNO | _EAFNOSUPPORT))
    return Filter(b"".join(struct.pack("=HBBI", *step) for step in steps), tuple(sorted(refused)))


def _must_be(at: int, value: int) -> list[tuple[int, int, int, int]]:
    """An argument's lower half, which is all that a process number has."""
    return [(_LOAD, 0, 0, 16 + 8 * at), (_EQUAL, 1, 0, value), (_RETURN, 0, 0, _ERRNO | _EPERM)]


def _without_datagrams(number: int) -> list[tuple[int, int, int, int]]:
    """A call that makes sockets, without datagrams between processes; the number is loaded again behind it."""
    checks = [
        (_LOAD, 0, 0, 16), (_EQUAL, 0, 4, _UNIX),
        (_LOAD, 0, 0, 24), (_AND, 0, 0, _OF_TYPES), (_EQUAL, 0, 1, _DATAGRAM), (_RETURN, 0, 0, _ERRNO | _EPERM),
    ]  # fmt: skip
    return [(_EQUAL, 0, len(checks), number), *checks, (_LOAD, 0, 0, 0)]
