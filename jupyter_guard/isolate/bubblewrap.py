"""Grants -> bubblewrap's command line: namespaces of its own, and a file system with what is granted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable

from jupyter_guard.isolate.grants import Grants

SECONDS_TO_TRY = 5.0
INSTALL = "install it (Debian, Ubuntu: apt-get install bubblewrap)"
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
    return f"bubblewrap may not make namespaces here ({said[0]}); {_what_to_type()}"


def _what_to_type() -> str:
    if _flag("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "AppArmor forbids it: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for bwrap"
    if _flag("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return "as root: sysctl kernel.unprivileged_userns_clone=1"
    if _flag("/proc/sys/user/max_user_namespaces") == "0":
        return "as root: sysctl user.max_user_namespaces=10000"
    return "in a container, ask for user namespaces to be allowed"


def _flag(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def command(granted: Grants, seccomp: int, names: str = "", program: str | None = None) -> list[str]:
    """The words before the kernel's own command; ``seccomp`` is a descriptor with the filter, -1 for none.

    ``names`` is a file to be /etc/hosts, ``""`` for the machine's own.
    """
    words = [program or shutil.which("bwrap") or "bwrap", *_NAMESPACES, "--die-with-parent", "--cap-drop", "ALL"]
    words += ["--hostname", "kernel"]
    if not granted.networks:
        words.append("--unshare-net")
    if seccomp >= 0:
        words += ["--seccomp", str(seccomp)]
    words += _base(granted)
    # Sockets of desktops, agents and container engines, and other kernels' private directories.
    emptied = [one for one in dict.fromkeys(["/tmp", "/run", "/var/tmp", *_runtime()]) if os.path.isdir(one)]  # noqa: S108
    for place in emptied:
        if not os.path.islink(place):
            words += ["--perms", "1777" if place.endswith("tmp") else "0755", "--tmpfs", place]
    if granted.networks and os.path.realpath("/etc/resolv.conf").startswith("/run/"):
        words += _bind("--ro-bind-try", [os.path.realpath("/etc/resolv.conf")])
    if granted.reads_all:
        # The rest is there already.
        readable = [one for one in granted.readable if _is_below(one, emptied)]
        words += _bind("--bind" if granted.writes_all else "--ro-bind", _outermost_first(readable))
    else:
        if granted.home != "/":
            words += ["--tmpfs", granted.home]
        words += _bind("--ro-bind", _outermost_first(granted.readable))
    words += _bind("--bind", _outermost_first(granted.writable))
    for path in granted.protected:
        if granted.writes_all or _is_below(path, granted.writable):
            words += ["--ro-bind", path, path]
    for path in granted.hidden:
        if granted.reads_all or _is_below(path, (*granted.readable, *granted.writable)):
            # A device cannot be opened on such a mount: opening says that permission is denied.
            words += ["--perms", "0000", "--tmpfs", path] if os.path.isdir(path) else ["--ro-bind", "/dev/null", path]
    if names:
        words += ["--ro-bind" if os.path.exists("/etc/hosts") else "--ro-bind-try", names, "/etc/hosts"]
    words += ["--remount-ro", "/"] if not granted.reads_all else []
    return [*words, "--chdir", granted.workspace, "--"]


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
