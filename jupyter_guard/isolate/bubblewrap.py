"""Grants -> bubblewrap's command line: namespaces of its own, and a file system with what is granted."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterable

from jupyter_guard.isolate import lacking, renewed, tree
from jupyter_guard.isolate.grants import Grants

SECONDS_TO_TRY = 5.0
INSTALL = "install it (Debian, Ubuntu: apt-get install bubblewrap)"
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108
_NAMESPACES = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")


def trouble(program: str | None = None) -> str:
    """Why bubblewrap does not work here, or ``""``: it is really started, with all that a kernel's box uses."""
    program = program or shutil.which("bwrap") or ""
    if not program:
        return f"bubblewrap is not there: {INSTALL}"
    devices = ("--proc", "/proc", "--dev", "/dev")
    command = [program, *_NAMESPACES, "--unshare-net", "--ro-bind", "/", "/", *devices, "true"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS_TO_TRY, check=False, text=True)
    except subprocess.TimeoutExpired:
        return f"bubblewrap does not answer within {SECONDS_TO_TRY:.0f} seconds"
    except OSError as error:
        return f"bubblewrap cannot be started: {error.strerror}"
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    return f"bubblewrap may not make namespaces here ({said[0]}); {lacking.mounts() or what_to_type(said=said[0])}"


def looked_at() -> list[str]:
    """Paths whose change may make it work: each place that the program is looked for in, and rules about it."""
    return [*(os.path.join(one, "bwrap") for one in os.get_exec_path()), "/etc/apparmor.d/bwrap"]


def what_to_type(settings: str = "/proc/sys", said: str = "", process: str = "/proc/self") -> str:
    """What lets this user make namespaces, by what bubblewrap ``said``, by the system's settings, which are files
    there, and by what is told of this ``process``.
    """
    if _flag(f"{settings}/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "AppArmor forbids it: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for bwrap"
    if _flag(f"{settings}/kernel/unprivileged_userns_clone") == "0":
        return "as root: sysctl kernel.unprivileged_userns_clone=1"
    if _flag(f"{settings}/user/max_user_namespaces") == "0":
        return "as root: sysctl user.max_user_namespaces=10000"
    if "mount proc" in said:
        return (
            "this container hides parts of /proc, so that no other can be mounted in it: start it with "
            "--security-opt systempaths=unconfined (docker) or --security-opt unmask=ALL (podman)"
        )
    if lacking.is_chroot(process):
        return lacking.CHROOT
    in_container = (
        "in a container, ask for user namespaces to be allowed: start it with --security-opt seccomp=FILE, a profile "
        "that lets through clone, unshare, setns, mount, umount2 and pivot_root (seccomp=unconfined lets through all)"
    )
    return in_container if lacking.is_filtered(process) else f"{in_container}; {lacking.CHROOT}"


def _flag(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def room(disk: int | None, program: str | None = None) -> int:
    """The bytes that each folder of a box's own which lives in memory may take; 0 where bubblewrap cannot limit it.

    ``disk`` is the policy's limit on writing; without one it is a quarter of the machine's memory, and it is never
    more than half of it, which is what the system itself would give.
    """
    total = tree.machine()[1]
    if not total or not _knows_sizes(program or shutil.which("bwrap") or "bwrap"):
        return 0
    return min(disk, total // 2) if disk is not None else total // 4


@functools.cache
def _knows_sizes(program: str) -> bool:
    # Since 0.7; an older one takes no word that it does not know.
    try:
        told = subprocess.run([program, "--help"], capture_output=True, timeout=SECONDS_TO_TRY, check=False, text=True)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "--size " in told.stdout + told.stderr


def command(granted: Grants, seccomp: int, names: str = "", program: str | None = None, room: int = 0) -> list[str]:
    """The words before the kernel's own command; ``seccomp`` is a descriptor with the filter, -1 for none.

    ``names`` is a file to be /etc/hosts, ``""`` for the machine's own. ``room`` is what each folder in memory may take.
    """
    size = ["--size", str(room)] if room else []
    words = [program or shutil.which("bwrap") or "bwrap", *_NAMESPACES, "--die-with-parent", "--cap-drop", "ALL"]
    words += ["--hostname", "kernel"]
    if not granted.networks:
        words.append("--unshare-net")
    if seccomp >= 0:
        words += ["--seccomp", str(seccomp)]
    words += _base(granted)
    # Sockets of desktops, agents and container engines, and other kernels' private directories.
    emptied = [one for one in dict.fromkeys([*TEMPORARY, "/run", *_runtime()]) if os.path.isdir(one)]
    for place in emptied:
        if not os.path.islink(place):
            words += ["--perms", "1777" if place.endswith("tmp") else "0755", *size, "--tmpfs", place]
    if granted.networks and os.path.realpath("/etc/resolv.conf").startswith("/run/"):
        words += _bind("--ro-bind-try", [os.path.realpath("/etc/resolv.conf")])
    if granted.reads_all:
        # The rest is there already.
        readable = [one for one in granted.readable if _is_below(one, emptied)]
        words += _bind("--bind" if granted.writes_all else "--ro-bind", _outermost_first(readable))
    else:
        if granted.home != "/":
            words += [*size, "--tmpfs", granted.home]
        words += _bind("--ro-bind", _outermost_first(granted.readable))
    words += _bind("--bind", _outermost_first(one for one in granted.writable if one not in granted.devices))
    # Not even a device that everybody may open can be opened on another kind of mount of an ordinary user's.
    words += _bind("--dev-bind-try", granted.devices)
    words += _bind("--bind", _outermost_first(_around(granted, emptied)))
    new = renewed.emptied(granted)
    for path in new:
        words += ["--perms", "0700", *size, "--tmpfs", path, *_bind("--bind", renewed.caches(path))]
    for path in granted.protected:
        if granted.writes_all or _is_below(path, granted.writable):
            words += ["--ro-bind", path, path]
    for path in granted.hidden:
        if _is_below(path, emptied) and any(one.startswith(path + "/") for one in granted.writable):
            # Nothing is left there but the kernel's own directory: where a Hub's users have theirs, in the runtime one.
            continue
        if _is_below(path, new) or _is_out_of_reach(path):
            continue
        if granted.reads_all or _is_below(path, (*granted.readable, *granted.writable)):
            # A device cannot be opened on such a mount: opening says that permission is denied.
            words += ["--perms", "0000", "--tmpfs", path] if os.path.isdir(path) else ["--ro-bind", "/dev/null", path]
    if names:
        words += ["--ro-bind" if os.path.exists("/etc/hosts") else "--ro-bind-try", names, "/etc/hosts"]
    words += ["--remount-ro", "/"] if not granted.reads_all else []
    return [*words, "--chdir", granted.workspace, "--"]


def _is_out_of_reach(path: str) -> bool:
    """Whether it is somebody else's who lets this user not read it, as a box has no right that its user has not; or
    gone since it was looked for, as the directory of a kernel that has ended meanwhile.
    """
    try:
        owner = os.stat(path).st_uid
    except FileNotFoundError:
        return True
    return os.geteuid() not in (0, owner) and not os.access(path, os.R_OK)


def _around(granted: Grants, emptied: Iterable[str]) -> list[str]:
    """Writable folders around what is protected: as a mount of its own none can be moved away with what is in it."""
    roots = [*granted.writable, *(["/", *granted.readable] if granted.writes_all else [])]
    found = []
    for path in granted.protected:
        root = max((one.rstrip("/") for one in roots if _is_below(path, [one.rstrip("/")])), key=len, default=path)
        names = path[len(root) + 1 :].split("/")
        found += ["/".join([root, *names[:count]]) for count in range(1, len(names))]
    return [one for one in dict.fromkeys(found) if not any(_is_below(empty, [one]) for empty in emptied)]


def _base(granted: Grants) -> list[str]:
    if granted.reads_all:
        base = ["--bind" if granted.writes_all else "--ro-bind", "/", "/", "--ro-bind-try", "/sys", "/sys"]
    else:
        base = []
        for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
            if os.path.islink(name):
                base += ["--symlink", os.readlink(name), name]
        for name in ("/sys/devices/system/cpu", "/sys/devices/system/node"):
            base += ["--ro-bind-try", name, name]
    # Root's settings of the whole machine stay root's in a namespace: core_pattern names a program to run.
    return [*base, "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]


def _runtime() -> list[str]:
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    return [os.path.realpath(named)] if os.path.isdir(named) and os.path.realpath(named) != "/" else []


def _bind(how: str, paths: Iterable[str]) -> list[str]:
    return [word for path in paths for word in (how, path, path)]


def _outermost_first(paths: Iterable[str]) -> list[str]:
    return sorted(set(paths), key=lambda one: (one.count("/"), one))


def _is_below(path: str, places: Iterable[str]) -> bool:
    return any(path == one or path.startswith(one + "/") for one in places)
