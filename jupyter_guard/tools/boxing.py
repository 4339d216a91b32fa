"""A tool's grants and a command line -> that command in a box with those grants: beside the kernel's box, not in it.

``python -P -m jupyter_guard.tools.boxing REPORT BOX COMMAND ...``: ``REPORT`` is a descriptor on which it says how the
command is held, ``BOX`` the grants as JSON. A process of its own, because what it does to itself cannot be undone.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Literal, NoReturn

import msgspec

from jupyter_guard.policy.policy import Isolation

NOT_STARTED = 78  # EX_CONFIG of sysexits.h
_HELD = "JUPYTER_GUARD_ISOLATION"


class Box(msgspec.Struct, frozen=True):
    """What a tool's process gets. ``isolation`` is the policy's with the tool's grants in the place of those of code,
    ``memory`` bytes of data, ``directory`` a private folder, ``parent`` who has to live for it to live.
    """

    isolation: Isolation
    memory: int
    directory: str
    parent: int


class NoBoxError(Exception):
    """The policy requires what this machine does not give: the text says what."""


def main(arguments: list[str]) -> NoReturn:
    """Become the command, or end with the reason on ``REPORT``."""
    from jupyter_guard.isolate import landlock
    from jupyter_guard.isolate.launcher import tell

    report, box, command = int(arguments[0]), msgspec.json.decode(arguments[1], type=Box), arguments[2:]
    os.set_inheritable(report, False)
    if sys.platform == "linux":
        landlock.die_with(box.parent)
    try:
        backend, words, environment = boxed(box, command)
    except Exception as error:
        known = isinstance(error, NoBoxError)
        tell(report, {"refused": str(error) if known else f"isolation failed: {type(error).__name__}: {error}"})
        sys.exit(NOT_STARTED)
    tell(report, {"backend": backend})
    os.execvpe(words[0], words, environment)  # noqa: S606


def boxed(box: Box, command: list[str]) -> tuple[str, list[str], dict[str, str]]:
    """How the command is held, the command to become, its environment. May restrict this process for good.

    Raises ``NoBoxError`` where the policy requires more, and ``OSError`` when a restriction is refused.
    """
    from jupyter_guard.isolate import bubblewrap, landlock, network, variables
    from jupyter_guard.isolate.grants import grants
    from jupyter_guard.isolate.launcher import own_files, readable
    from jupyter_guard.isolate.plan import examine, plan
    from jupyter_guard.isolate.seccomp import seccomp_filter
    from jupyter_guard.policy.files import HUB_VARIABLE

    for name, most in ((resource.RLIMIT_DATA, box.memory), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(name)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (most, most))
    isolation = box.isolation
    machine = examine(tries_limits=False)
    made = plan(isolation, machine, by_site=os.environ.get(HUB_VARIABLE))
    if made.missing or isolation.backend not in ("auto", "none", made.backend):
        wanted = ", ".join(made.missing) or f"isolation.backend = {isolation.backend}"
        raise NoBoxError(f"the policy requires {wanted}, which this machine does not give: {'; '.join(made.reasons)}")
    if made.backend == "none":
        return "none", command, variables.granted(isolation.env, os.environ)
    workspace = str(Path.cwd())
    own = own_files(os.environ, workspace, box.directory, "")
    granted = grants(isolation, workspace, os.environ, [one for one in own if one])
    outside = network.started(granted, box.directory, "the tool's hosts in the policy") if granted.hosts else None
    alone = made.backend == "landlock"
    program = b""
    if machine.filters:
        closed: Literal["streams", "none"] = "streams" if granted.hosts else "none"
        internet = closed if alone and not granted.networks else "any"
        filtered = seccomp_filter(os.uname().machine, internet, alone, scheduling=os.sched_getscheduler(0))
        program = filtered.program if filtered is not None else b""
    environment = {**granted.environment, _HELD: made.backend}
    if alone:
        proxy = 0
        if outside is not None:
            proxy, names = network.here(outside)
            environment |= names
        landlock.restrict(landlock.Places.of(granted), machine.landlock, proxy)
        if program:
            landlock.load_filter(program)
        return made.backend, command, environment
    opened = network.door(granted, outside, command[0]) if outside is not None else []
    known = network.names(granted, box.directory) if outside is not None else ""
    words = bubblewrap.command(granted, readable(program) if program else -1, known, room=box.memory)
    return made.backend, [*words, *opened, *command], environment


if __name__ == "__main__":
    main(sys.argv[1:])
