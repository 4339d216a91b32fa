"""A policy and what this machine gives -> why no kernel starts, or what of the grants gives nothing.

Each sentence names the line of the policy that asks for it, what was tried, and what to type.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable

from jupyter_guard.isolate.filesystems import filesystem
from jupyter_guard.isolate.plan import OTHER, Plan
from jupyter_guard.policy.policy import Policy
from jupyter_guard.terms.host import Host

SHOW = "`jupyter guard isolation` tries each backend here; whoever keeps the policy can change the line"
MASKED_AGAIN = (
    "this Linux has no Landlock 2 (5.19 or newer, with landlock among the lsm= of its command line), so a hidden file "
    "that somebody outside replaces while a kernel runs is masked again a moment later"
)
# File systems whose files live elsewhere, or are a program's answers (statfs(2), /proc/mounts).
_REMOTE = ("nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs")
_ROOM = 2 * 2**20


class RefusedError(Exception):
    """No kernel may start; the text says why, and what to do."""


def refusal(policy: Policy, made: Plan) -> str:
    """Why a kernel may not start under this plan, or ``""``."""
    wanted = policy.isolation
    told = []
    if made.missing:
        line = place(policy, "isolation.require")
        whom = "kernels of its kind cannot have it" if OTHER in made.reasons else "this machine does not give it"
        told.append(f"isolation of {', '.join(made.missing)} is required by {line}, and {whom}")
    if wanted.backend not in ("auto", "none", made.backend):
        line = place(policy, "isolation.backend")
        told.append(f"isolation.backend = {wanted.backend} in {line} does not work here")
    if not told:
        return ""
    if wanted.backend == "container":
        line = place(policy, "isolation.backend")
        return (
            f'no kernel starts: isolation.backend = "container" in {line}: guarded kernels run in no container yet. '
            'Write "bubblewrap", "landlock" or "auto" there, or run all of Jupyter in a container '
            f"(docs/containers.md). {SHOW}"
        )
    if OTHER in made.reasons:
        return (
            f"this kernel does not start: {'; '.join(told)}: {OTHER}. Use a kernel of Python, or have the line changed"
        )
    reasons = made.reasons or ("nothing was found that gives it",)
    return f"no kernel starts: {'; '.join(told)}. Tried: {'; '.join(reasons)}. {SHOW}"


def place(policy: Policy, key: str) -> str:
    """Who set a key: ``user policy (/home/ana/.jupyter/jupyter_guard.toml, line 4)``."""
    try:
        say = next(one for one in reversed(policy.explain(key)) if one.outcome != "ignored")
    except (KeyError, StopIteration):
        return "the policy"
    where = f"{say.file}, line {say.line}" if say.line else say.file
    return where if "preset" in say.layer else f"{say.layer} policy ({where})"


def placed(policy: Policy, problems: Iterable[str]) -> tuple[str, ...]:
    """Problems of grants, which begin with their key, each with the line that it stands in."""
    found = []
    for one in problems:
        key = one.partition(" = ")[0]
        found.append(f"{one} [{place(policy, key)}]" if key.startswith("isolation.") else one)
    return tuple(found)


def unresolved(hosts: Iterable[Host]) -> tuple[str, ...]:
    """Granted hosts that have no address now. Asks the network: nothing for the start of a kernel."""
    found = []
    for one in hosts:
        if one.name.startswith("*."):
            continue
        try:
            socket.getaddrinfo(one.name, one.port or 443, type=socket.SOCK_STREAM)
        except OSError as error:
            why = error.strerror or error
            found.append(
                f"isolation.hosts = {one.name!r}: no address was found ({why}), so connections to it fail until there "
                f"is one; try `getent hosts {one.name}`, or mend the name"
            )
    return tuple(found)


def about_place(workspace: str, mounts: str = "") -> tuple[str, ...]:
    """What is special about the file system on which a kernel works; a link leads to its own place."""
    kind = filesystem(os.path.realpath(workspace), mounts)
    if kind in _REMOTE:
        return (f"the workspace {workspace} is on {kind}: who else may write there is the server's to say",)
    if kind.startswith("fuse"):
        why = f"the workspace {workspace} is on {kind}, which may refuse other namespaces"
        return (f"{why}: if the kernel does not start, mount it with `-o allow_other`, or copy it to a local disk",)
    return ()


def no_room(directory: str) -> tuple[str, ...]:
    """Why a kernel could not keep its private files in this directory: its file system is full."""
    about = os.statvfs(directory)
    left = about.f_bavail * about.f_frsize
    if left >= _ROOM and (about.f_favail or not about.f_files):
        return ()
    has = f"{os.path.dirname(directory)} has {left >> 10} KiB and {about.f_favail} files left for the kernel's own"
    return (f"no kernel starts: {has}: free some (`df {os.path.dirname(directory)}`), or name another place in TMPDIR",)
