"""Grants -> Landlock rules on this process, for machines without namespaces (landlock(7)).

Rules hold for a place and everything below, and nothing can be taken out of it again: where the policy hides a
credential store in a folder that is otherwise readable, everything else in that folder is granted one by one.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from jupyter_guard.isolate.grants import Grants

_CREATE, _ADD, _RESTRICT, _VERSION = 444, 445, 446, 1
_PATH, _PORT = 1, 2
(
    _EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE, _MAKE_CHAR, _MAKE_DIR, _MAKE_REG,
    _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM, _REFER, _TRUNCATE, _IOCTL_DEV,
) = (1 << bit for bit in range(16))  # fmt: skip
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
# How many kinds of file access each version of the interface knows, from version 1.
_KNOWN = (13, 14, 15, 15, 16)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/shm")  # noqa: S108
NETWORK, SCOPES = 4, 6
# Before it, REFER is always denied (1) and a file can be emptied that may not be written (2).
FILES = 3
# Before it, files cannot be moved between folders at all, whatever the rules are about.
RENAMES = 2
_BIND, _CONNECT = 1, 2
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_PR_CAPBSET_READ, _PR_CAPBSET_DROP, _CAPABILITY_VERSION_3 = 23, 24, 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}
# Whoever may write to one of these starts processes outside every box; Landlock before version 9 leaves them open.
ENGINES = (
    "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock", "/run/crio/crio.sock",
    "/run/lxd.socket", "/var/snap/lxd/common/lxd/unix.socket", "/run/user/{uid}/docker.sock",
    "/run/user/{uid}/podman/podman.sock", "/run/user/{uid}/bus", "/run/user/{uid}/systemd/private",
    "/run/systemd/private", "/run/dbus/system_bus_socket", "/var/lib/lxd/unix.socket", "/var/lib/incus/unix.socket",
    "/var/snap/docker/common/run/docker.sock", "~/.docker/desktop/docker.sock", "~/.docker/desktop/docker-cli.sock",
    "~/.docker/run/docker.sock", "~/.rd/docker.sock", "~/.colima/default/docker.sock", "~/.colima/docker.sock",
    "~/.lima/default/sock/docker.sock", "~/.orbstack/run/docker.sock",
    "~/.local/share/containers/podman/machine/podman.sock",
)  # fmt: skip


class Places:
    """What is granted as rules need it; a start that is recalled has them from its record."""

    def __init__(
        self,
        readable: Iterable[str],
        writable: Iterable[str],
        hidden: Iterable[str],
        protected: Iterable[str],
        devices: Iterable[str],
        networks: bool,
    ) -> None:
        self.readable, self.writable = tuple(readable), tuple(writable)
        self.hidden, self.protected = tuple(hidden), tuple(protected)
        self.devices = tuple(devices)
        self.networks = networks

    @classmethod
    def of(cls, granted: Grants) -> Places:
        """``"/"`` stands for everything."""
        return cls(
            ("/",) if granted.reads_all else granted.readable,
            ("/",) if granted.writes_all else granted.writable,
            granted.hidden,
            granted.protected,
            granted.devices,
            granted.networks,
        )


def version() -> int:
    """Landlock's interface version here; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return _call(_CREATE, None, 0, _VERSION)
    except OSError:
        return 0


def properties(version: int, networks: bool, hosts: bool = False) -> tuple[str, ...]:
    """What it gives, with the seccomp filter beside it.

    Never ``processes``: signals, ptrace and abstract sockets are closed from version 6 on, but sockets that have a
    path and command lines are open, as the probes show. Never ``files``: what is in them is held to the grants, but
    modes and times of this user's files can be changed anywhere. Nor ``network`` where ``hosts`` are granted one by
    one: a rule that lets the proxy's port through knows no addresses, so that port is open on every machine; nor where
    all ``networks`` are.
    """
    return ("network",) if version >= NETWORK and not networks and not hosts else ()


def engines() -> tuple[str, ...]:
    """Sockets that this user may write to and that start processes elsewhere; Landlock does not close them."""
    named = places_of_engines()
    # Without root's rights, the system's bus asks for a password before it starts anything.
    named = named if os.geteuid() == 0 else [one for one in named if "system_bus" not in one]
    return tuple(one for one in named if os.path.exists(one) and os.access(one, os.W_OK))


def places_of_engines() -> list[str]:
    """Where such sockets are, if there are any."""
    home = os.environ.get("HOME") or os.path.expanduser("~")
    named = [one.format(uid=os.getuid()) for one in ENGINES]
    given = [os.environ.get(one, "") for one in ("DOCKER_HOST", "CONTAINER_HOST")]
    named += [one.removeprefix("unix://") for one in given if one.startswith("unix:///")]
    return [home + one[1:] if one.startswith("~/") else one for one in named]


def drop_capabilities() -> None:
    """Root's rights over this machine, gone for this process and all that it starts. Raises ``OSError``."""
    library = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        number = 0
        while (held := library.prctl(_PR_CAPBSET_READ, number, 0, 0, 0)) >= 0:
            if held and library.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "a capability cannot be dropped")
            number += 1
    machine = os.uname().machine
    if machine in _CAPSET:
        header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
        _call(_CAPSET[machine], ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))


def restrict(granted: Places, version: int, proxy: int = 0) -> None:
    """Hold this process, and all that it starts, to what is granted; ``proxy`` is a port that may be connected to.

    Raises ``OSError``.
    """
    no_new_privileges()
    drop_capabilities()
    files = (1 << _KNOWN[min(version, len(_KNOWN)) - 1]) - 1
    network = 3 if version >= NETWORK and not granted.networks else 0
    attributes = struct.pack("=QQQ", files, network, 3 if version >= SCOPES else 0)
    attributes = attributes[: 8 if version < NETWORK else 16 if version < SCOPES else 24]
    rules = _call(_CREATE, ctypes.c_char_p(attributes), len(attributes), 0)
    try:
        _grant(rules, _outside(granted.readable, granted.hidden), _READ & files)
        change = files & ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV)
        _grant(rules, writable(granted), change)
        _grant(rules, _outside(granted.protected if "/" in granted.readable else (), granted.hidden), _READ & files)
        _grant(rules, (*DEVICES, *granted.devices), files & ~_EXECUTE)
        # IPython runs `!` commands on a new terminal. Rules know places only, so this user's other ones open with it.
        _grant(rules, ("/dev/ptmx", "/dev/pts"), files & ~_EXECUTE)
        _grant(rules, ("/proc",), _READ & files & ~_EXECUTE)
        if network:
            # ipykernel listens on a port of its own for what child processes print. 0: any free one.
            rule = struct.pack("=QQ", _BIND, 0)
            _call(_ADD, rules, _PORT, ctypes.c_char_p(rule), 0)
            if proxy:
                _call(_ADD, rules, _PORT, ctypes.c_char_p(struct.pack("=QQ", _CONNECT, proxy)), 0)
        _call(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def close(places: Iterable[str], opened: Iterable[str]) -> None:
    """Hold this process, and all that it starts, to reading what is there now in each folder around ``places``.

    What is at one of ``places`` cannot be read, and neither can what is put there later, whoever does: the folders
    around it are granted one entry at a time. What is in ``opened`` can, new or not. Nothing else is restricted.
    Does nothing where Landlock would refuse more than reading (before version 2). Raises ``OSError``.
    """
    start = tuple(one.rstrip("/") + "/" for one in opened)
    kept = {one for one in places if not (one + "/").startswith(start)}
    if not kept or version() < RENAMES:
        return
    around: set[str] = set()
    for one in kept:
        while (one := os.path.dirname(one)) not in around:
            around.add(one)
    attributes = struct.pack("=Q", _READ_FILE | _REFER)
    rules = _call(_CREATE, ctypes.c_char_p(attributes), len(attributes), 0)
    try:
        _grant(rules, ("/",), _REFER)
        _grant(rules, _beside(around, kept), _READ_FILE)
        # One that is around a kept place too, as the workspace in a home is.
        _grant(rules, [one.rstrip("/") for one in start if one[:-1] in around], _READ_FILE)
        _call(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _beside(around: set[str], kept: set[str]) -> Iterable[str]:
    for folder in around:
        try:
            with os.scandir(folder) as entries:
                for one in entries:
                    if one.path not in around and one.path not in kept and not one.is_symlink():
                        yield one.path
        except OSError:
            # Not there, or closed to this user anyway.
            continue


def writable(granted: Places) -> list[str]:
    """The places in which, and anywhere below, files may be made."""
    return list(_outside(granted.writable, (*granted.hidden, *granted.protected)))


def die_with(parent: int) -> None:
    """End this process when its parent does, or now if that has happened."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def no_new_privileges() -> None:
    """Set-user-id programs give nothing any more. Raises ``OSError``."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs is refused")


def load_filter(program: bytes) -> None:
    """Put a seccomp filter on this process. Raises ``OSError``."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))

    steps = ctypes.create_string_buffer(program, len(program))
    filled = Program(len(program) // 8, ctypes.addressof(steps))
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filled), 0, 0):
        raise OSError(ctypes.get_errno(), "a seccomp filter is refused")


def takes_filters(program: bytes) -> bool:
    """Whether this system lets a process put the filter on itself: one is really started that does, and ends."""
    if sys.platform != "linux":
        return False
    pid = os.fork()
    if not pid:
        try:
            no_new_privileges()
            load_filter(program)
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _grant(rules: int, paths: Iterable[str], rights: int) -> None:
    # Hundreds of them, and the start of a kernel waits: one function, made once.
    add: Any = ctypes.CDLL(None, use_errno=True).syscall
    add.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_char_p, ctypes.c_long)
    needs_kind = bool(rights & ~_OF_FILES)
    for path in paths:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            # Gone since it was listed: nothing is granted.
            continue
        try:
            is_file = needs_kind and not stat.S_ISDIR(os.fstat(handle).st_mode)
            rule = struct.pack("=Qi", rights & _OF_FILES if is_file else rights, handle)
            if add(_ADD, rules, _PATH, rule, 0) < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(handle)


def _outside(places: Iterable[str], excepted: tuple[str, ...]) -> Iterable[str]:
    """``places`` without ``excepted``: a folder around one gives way to what is in it."""
    for place in places:
        if any(place == one or place.startswith(one + "/") for one in excepted):
            continue
        start = place.rstrip("/") + "/"
        if not any(one.startswith(start) for one in excepted):
            yield place
            continue
        try:
            entries = [start + name for name in os.listdir(place)]
        except OSError:
            continue
        # What a link leads to has a place of its own.
        yield from _outside([one for one in entries if not os.path.islink(one)], excepted)


def _call(number: int, *arguments: Any) -> int:
    library: Any = ctypes.CDLL(None, use_errno=True)
    whole = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    found: int = library.syscall(ctypes.c_long(number), *whole)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found
