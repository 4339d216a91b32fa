"""A command line -> that command in the best box that the policy wants and this machine gives.

``python -m jupyter_guard.isolate.launcher REPORT FRONT DIRECTORY COMMAND ...``: the wrapper starts it in the child's
place, and it becomes the child. ``REPORT`` is a descriptor on which the wrapper is told what was achieved, ``FRONT``
the front end's connection file, ``DIRECTORY`` the kernel's private one. It is a process of its own so that the wrapper
stays small, and because what it does to itself cannot be undone.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NoReturn

from jupyter_guard.isolate import landlock

_NOT_STARTED = 78  # EX_CONFIG of sysexits.h
_HELD = "JUPYTER_GUARD_ISOLATION"
_LAUNCH = os.path.join("inside", "child", "launch.py")
# What starts a kernel that is no ipykernel: those listen on ports, and read and write places that nobody has listed.
_OTHERS = os.path.join("inside", "child", "become.py")


def main(arguments: list[str]) -> NoReturn:
    """Become the child, or end with a reason on standard error and on ``REPORT``."""
    # bubblewrap stays between us and the kernel, in the group that is interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    report, front, directory, command = int(arguments[0]), arguments[1], arguments[2], arguments[3:]
    os.set_inheritable(report, False)
    landlock.die_with(int(command[_at(command)]))
    try:
        command, environment, told = boxed(command, directory, front)
    except Exception as error:
        # Never with less: what the policy requires is missing, it cannot be read, or the system refuses a restriction.
        known = type(error).__name__ in ("RefusedError", "PolicyError")
        why = str(error) if known else f"isolation failed: {type(error).__name__}: {error}"
        tell(report, {"backend": "none", "achieved": [], "reasons": [why], "refused": why})
        print(f"jupyter_guard: {why}", file=sys.stderr)
        sys.exit(_NOT_STARTED)
    tell(report, told)
    if told["backend"] != "bubblewrap":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606
    except OSError as error:
        sys.exit(f"jupyter_guard: {command[0]} does not start: {error.strerror}")


def boxed(command: list[str], directory: str, front: str) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """The command to become, its environment, and what to tell the wrapper. May restrict this process for good.

    Raises ``RefusedError`` where that is less than the policy requires, ``PolicyError``, and ``OSError`` when a
    restriction is refused: then nothing may run.
    """
    from jupyter_guard.audit.place import audit_directory
    from jupyter_guard.isolate import (
        absent,
        again,
        bubblewrap,
        history,
        network,
        packages,
        private,
        refusing,
        renewed,
        rlimits,
    )
    from jupyter_guard.isolate.grants import grants, make, searched
    from jupyter_guard.isolate.plan import examine, other, plan
    from jupyter_guard.isolate.seccomp import seccomp_filter
    from jupyter_guard.isolate.withheld import withheld
    from jupyter_guard.policy import Policy, PolicyError, load_effective, possible_files
    from jupyter_guard.policy.files import HUB_VARIABLE
    from jupyter_guard.scrub.cache import cache_directory

    try:
        policy = load_effective(Path.cwd())
    except PolicyError:
        if any(_speaks_of_isolation(path) for _, path in possible_files(os.getcwd())):
            raise
        # The kernel's helper blocks every cell, with each mistake and its line on the cell, until they are mended.
        policy = Policy.preset("personal")
    machine = examine(tries_limits="resources" in policy.isolation.require)
    if any(word.endswith(_LAUNCH) for word in command):
        made = plan(policy.isolation, machine, policy.limits, by_site=os.environ.get(HUB_VARIABLE))
    else:
        made = other(policy.isolation)
    refused = refusing.refusal(policy, made) or "; ".join(refusing.no_room(directory))
    if refused:
        raise refusing.RefusedError(refused)
    python = os.path.abspath(command[0])
    prefixes = [os.path.dirname(os.path.dirname(one)) for one in (python, os.path.realpath(python))]
    own = own_files(os.environ, os.getcwd(), directory, front, prefixes)
    looked: list[str] = []
    if made.backend != "none":
        with contextlib.suppress(OSError):
            # Where the home is closed to everybody, the library says so itself.
            make(policy.isolation, os.environ)
            # What is not there cannot be hidden: the first cell would make it, and with it the next kernel's box.
            account = os.environ.get("HOME") or str(Path.home())
            os.makedirs(cache_directory(os.environ, account), 0o700, exist_ok=True)
            # Where the first record makes it, its names could be listed.
            os.makedirs(audit_directory(os.environ, Path(account)), 0o700, exist_ok=True)
    granted = grants(policy.isolation, os.getcwd(), os.environ, own, directory, prefixes, looked)
    joins = ""
    if granted.planted and made.backend == "bubblewrap":
        joins = cache = cache_directory(os.environ, granted.home)
        held = absent.make(granted.planted, granted.home, cache, directory)
        granted = grants(policy.isolation, os.getcwd(), os.environ, own, directory, prefixes).also_protecting(held)
        looked += held
    emptied: list[str] = []
    if made.backend == "bubblewrap":
        emptied = renewed.emptied(granted)
        with contextlib.suppress(OSError):
            renewed.make_caches(emptied)
    remarks = [*refusing.placed(policy, granted.problems), *refusing.about_place(os.getcwd())]
    if made.backend == "bubblewrap" and machine.landlock < landlock.RENAMES:
        remarks.append(refusing.MASKED_AGAIN)
    told: dict[str, Any] = {"backend": made.backend, "achieved": made.achieved, "reasons": [*made.reasons, *remarks]}
    # What the policy no longer grants later on is compared with these (``guard.isolated``).
    told["masks"] = (
        renewed.watched(granted, bubblewrap.TEMPORARY, machine.landlock) if made.backend == "bubblewrap" else []
    )
    told["granted"] = {key: getattr(policy.isolation, key) for key in ("read", "write", "hosts", "env")}
    for one in told["reasons"] if made.backend != "none" else ():
        print(f"jupyter_guard: {one}", file=sys.stderr)

    # For good. Where nothing is required it is the wrapper that holds the kernel to them, as without a box, so that a
    # person can raise one while the kernel runs.
    limits = policy.limits_said() if policy.isolation.require else ()
    told["fixed"] = bool(limits) and made.backend != "none"

    def keep(words: list[str], program: bytes, own: dict[str, str], withheld: str = "{}", **more: Any) -> None:
        again.remember(
            words, program, own, json.dumps(told), backend=made.backend, withheld=withheld,
            limits=rlimits.numbers(limits), env=policy.isolation.env,
            policies=[str(path) for _, path in possible_files(os.getcwd())], folders=[*searched(), *emptied],
            paths=[
                *looked, *private.settings(granted, os.environ), *bubblewrap.looked_at(), *landlock.places_of_engines()
            ],
            front=front, directory=directory, python=again.whose(command), environment=os.environ, **more,
        )  # fmt: skip

    if made.backend == "none":
        keep([], b"", {}, made=())
        return command, dict(os.environ), told
    outside = network.started(granted, directory, refusing.place(policy, "isolation.hosts")) if granted.hosts else None
    rlimits.hold({name: value for name, value, _ in limits})
    alone = made.backend == "landlock"
    program = b""
    if machine.filters:
        unlimited = policy.limits.disk is None
        # A box of namespaces has a network of its own; Landlock is asked about TCP only.
        closed: Literal["streams", "none"] = "streams" if granted.hosts else "none"
        internet = closed if alone and not granted.networks else "any"
        filtered = seccomp_filter(
            os.uname().machine, internet, alone, allocates=unlimited, scheduling=os.sched_getscheduler(0)
        )
        program = filtered.program if filtered is not None else b""
    # A box has the place itself, not the link that leads to it.
    home = {"HOME": granted.home} if "HOME" in granted.environment else {}
    environment = dict(granted.environment)
    rules = landlock.Places.of(granted)
    places = landlock.writable(rules) if alone else ("/",) if granted.writes_all else granted.writable
    about = withheld(granted, policy, own, () if alone else bubblewrap.TEMPORARY)
    if not alone:
        about["closed"] = renewed.closed(granted, bubblewrap.TEMPORARY)
        about["opened"] = renewed.opened(granted, bubblewrap.TEMPORARY)
    kept_out = json.dumps(about)
    again.leave(directory, again.with_names(kept_out, granted.withheld))
    moved = private.variables(granted, directory, os.environ, places, temporary=alone)
    environment |= moved
    set_too = {**home, _HELD: made.backend}
    over = packages.place(granted, policy.isolation.write, python)
    if over:
        packages.make(over, python)
        set_too |= packages.variables(over, environment.get("PATH", os.defpath))
        looked.append(over)
    environment |= set_too
    copied = private.copied(granted, os.environ, moved)
    for source, target in copied:
        private.copy(source, target)
    linked: list[tuple[str, str]] = []
    if "IPYTHONDIR" in moved:
        folder = history.place(granted, policy.isolation.write, os.environ)
        try:
            history.make(folder, private.profile(granted, os.environ) if granted.reads_all else "")
        except OSError as error:
            print(f"jupyter_guard: IPython's history ends with this kernel: {error}", file=sys.stderr)
        else:
            granted = granted.also_writing(folder)
            rules, linked = landlock.Places.of(granted), history.links(folder, moved["IPYTHONDIR"])
            looked.append(folder)
        private.link(linked)
    room = 0 if alone else bubblewrap.room(policy.limits.disk)
    words = [] if alone else bubblewrap.command(granted, readable(program) if program else -1, room=room)
    if outside is None:
        keep(
            words, program, {**moved, **set_too}, kept_out, made=moved.values(), copied=copied,
            linked=linked, joins=joins, places=vars(rules) if alone else None, landlock=machine.landlock,
        )  # fmt: skip
    if alone:
        proxy = 0
        if outside is not None:
            proxy, variables = network.here(outside)
            environment |= variables
        landlock.restrict(rules, machine.landlock, proxy)
        if program:
            landlock.load_filter(program)
        return command, environment, told
    at = _at(command)
    # There, the kernel's parent is the first process of its namespace, which ends with us.
    inner = [*command[:at], "1", *command[at + 1 :]]
    if outside is None:
        return [*words, *inner], environment, told
    opened = network.door(granted, outside, command[0])
    known = network.names(granted, directory)
    words = bubblewrap.command(granted, readable(program) if program else -1, known, room=room)
    return [*words, *opened, *inner], environment, told


def _speaks_of_isolation(path: Path) -> bool:
    try:
        return b"isolation" in path.read_bytes()
    except FileNotFoundError:
        return False


def own_files(environment: Any, workspace: str, directory: str, front: str, prefixes: Iterable[str] = ()) -> list[str]:
    """What no cell may see: policies, servers' settings, Jupyter's runtime directory, the audit, other kernels'
    directories.
    """
    from jupyter_guard.audit.place import audit_directory
    from jupyter_guard.isolate.servers import settings
    from jupyter_guard.policy import possible_files
    from jupyter_guard.scrub.cache import cache_directory

    home = Path(environment.get("HOME") or Path.home())
    audit = audit_directory(environment, home)
    found = [str(path) for _, path in possible_files(workspace) if path.name != "pyproject.toml"]
    runtime = environment.get("JUPYTER_RUNTIME_DIR") or str(audit.parent.parent / "runtime")
    found += settings(environment, prefixes)
    found += [str(audit.parent), runtime, cache_directory(environment, str(home)), front]
    found += [
        str(audit.parent.parent / name) for name in ("jupyter_cookie_secret", "notebook_secret", "nbsignatures.db")
    ]
    beside = glob.glob(os.path.join(glob.escape(os.path.dirname(directory)), "jg-*"))
    return [*found, *(one for one in beside if one != directory)]


def _at(command: list[str]) -> int:
    return next(at for at, word in enumerate(command) if word.endswith((_LAUNCH, _OTHERS))) + 1


def readable(content: bytes) -> int:
    """A descriptor from which ``content`` is read, without a file."""
    handle = os.memfd_create("filter", 0)
    os.write(handle, content)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def tell(report: int, told: dict[str, Any]) -> None:
    """Say on the descriptor ``report`` how what is launched is held, or why it is not."""
    with os.fdopen(report, "w", encoding="utf-8") as file:
        json.dump(told, file)


if __name__ == "__main__":
    main(sys.argv[1:])
