"""A command line -> that command in the best box that the policy wants and this machine gives.

``python -m jupyter_guard.isolate.launcher REPORT FRONT DIRECTORY COMMAND ...``: the wrapper starts it in the child's
place, and it becomes the child. ``REPORT`` is a descriptor on which the wrapper is told what was achieved, ``FRONT``
the front end's connection file, ``DIRECTORY`` the kernel's private one. It is a process of its own so that the wrapper
stays small, and because what it does to itself cannot be undone.
"""

from __future__ import annotations

import ctypes
import glob
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_LAUNCH = os.path.join("inside", "child", "launch.py")


def main(arguments: list[str]) -> NoReturn:
    """Become the child, or end with a reason on standard error and on ``REPORT``."""
    # bubblewrap stays between us and the kernel, in the group that is interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    report, front, directory, command = int(arguments[0]), arguments[1], arguments[2], arguments[3:]
    os.set_inheritable(report, False)
    _die_with(int(command[_at(command)]))
    try:
        command, environment, told = boxed(command, directory, front)
    except Exception as error:
        _tell(report, {"backend": "none", "achieved": [], "reasons": [f"isolation failed: {error}"]})
        print(f"jupyter_guard: isolation failed: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    _tell(report, told)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606
    except OSError as error:
        sys.exit(f"jupyter_guard: {command[0]} does not start: {error.strerror}")


def boxed(command: list[str], directory: str, front: str) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """The command to become, its environment, and what to tell the wrapper. May restrict this process for good.

    Raises ``PolicyError``, and ``OSError`` when a restriction is refused: then nothing may run.
    """
    from jupyter_guard.isolate import bubblewrap, landlock, network, private, rlimits
    from jupyter_guard.isolate.grants import grants
    from jupyter_guard.isolate.plan import examine, plan
    from jupyter_guard.isolate.seccomp import seccomp_filter
    from jupyter_guard.policy import load_effective

    policy = load_effective(Path.cwd())
    machine = examine(tries_limits="resources" in policy.isolation.require)
    made = plan(policy.isolation, machine, policy.limits)
    python = os.path.abspath(command[0])
    prefixes = [os.path.dirname(os.path.dirname(one)) for one in (python, os.path.realpath(python))]
    own = own_files(os.environ, os.getcwd(), directory, front)
    granted = grants(policy.isolation, os.getcwd(), os.environ, own, directory, prefixes)
    told = {"backend": made.backend, "achieved": made.achieved, "reasons": [*made.reasons, *granted.problems]}
    if made.backend == "none":
        return command, dict(os.environ), told
    outside = network.started(granted) if granted.hosts else None
    rlimits.hold({name: value for name, value, _ in policy.limits_said()})
    open_network = granted.networks or made.backend == "bubblewrap"
    filtered = None
    if machine.filters:
        unlimited = policy.limits.disk is None
        filtered = seccomp_filter(os.uname().machine, datagrams=open_network, allocates=unlimited)
    environment = {**granted.environment, "JUPYTER_GUARD_ISOLATION": made.backend}
    alone = made.backend == "landlock"
    places = landlock.writable(granted) if alone else ("/",) if granted.writes_all else granted.writable
    environment |= private.variables(granted, directory, os.environ, places, temporary=alone)
    if alone:
        proxy = 0
        if outside is not None:
            proxy, variables = network.here(outside)
            environment |= variables
        landlock.restrict(granted, machine.landlock, proxy)
        if filtered is not None:
            landlock.load_filter(filtered.program)
        return command, environment, told
    at = _at(command)
    # There, the kernel's parent is the first process of its namespace, which ends with us.
    inner = [*command[:at], "1", *command[at + 1 :]]
    handle = _readable(filtered.program) if filtered is not None else -1
    if outside is None:
        return [*bubblewrap.command(granted, handle), *inner], environment, told
    opened = network.door(granted, outside, command[0])
    return [*bubblewrap.command(granted, handle, network.names(granted, directory)), *opened, *inner], environment, told


def own_files(environment: Any, workspace: str, directory: str, front: str) -> list[str]:
    """What no cell may see: policies, Jupyter's runtime directory, the audit, other kernels' directories."""
    from jupyter_guard.audit.place import audit_directory
    from jupyter_guard.policy import possible_files
    from jupyter_guard.scrub.cache import cache_directory

    home = Path(environment.get("HOME") or Path.home())
    audit = audit_directory(environment, home)
    found = [str(path) for _, path in possible_files(workspace) if path.name != "pyproject.toml"]
    runtime = environment.get("JUPYTER_RUNTIME_DIR") or str(audit.parent.parent / "runtime")
    found += [str(audit.parent), runtime, cache_directory(environment, str(home)), front]
    found += [
        str(audit.parent.parent / name) for name in ("jupyter_cookie_secret", "notebook_secret", "nbsignatures.db")
    ]
    beside = glob.glob(os.path.join(glob.escape(os.path.dirname(directory)), "jg-*"))
    return [*found, *(one for one in beside if one != directory)]


def _at(command: list[str]) -> int:
    return next(at for at, word in enumerate(command) if word.endswith(_LAUNCH)) + 1


def _readable(content: bytes) -> int:
    handle = os.memfd_create("filter", 0)
    os.write(handle, content)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _tell(report: int, told: dict[str, Any]) -> None:
    with os.fdopen(report, "w", encoding="utf-8") as file:
        json.dump(told, file)


if __name__ == "__main__":
    main(sys.argv[1:])
