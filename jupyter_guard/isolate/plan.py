"""A policy and this machine -> the backend to use, what it gives, and what is missing of what the policy requires."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import msgspec

from jupyter_guard.isolate import bubblewrap, landlock, rlimits
from jupyter_guard.isolate.seccomp import seccomp_filter
from jupyter_guard.policy.fields import PROPERTIES
from jupyter_guard.policy.policy import Isolation, Limits

# Without these a kernel could take a machine down: `resources` means at least them.
LIMITS_NEEDED = ("memory", "processes", "disk")
UNASKED = "the site's policy (JUPYTER_GUARD_POLICY) requires no isolation and names no backend"
OTHER = "this kernel is no ipykernel, and only ipykernels are started in a box so far"
NOT_UNASKED = (
    "Landlock is here, but it lets nothing new be made in /tmp and beside start-up files, so it is used only where the "
    'policy requires a property or says backend = "landlock"'
)
NOT_TRIED = "not tried"
_SHARED = (
    'isolation.hosts = "*" shares the machine\'s network, and with it sockets that have no path, by which other '
    "programs of this user are reached: name hosts for network and processes to be held"
)


class Plan(msgspec.Struct, frozen=True):
    """``backend`` is none, bubblewrap or landlock; ``reasons`` say why what is missing is, and what to type."""

    backend: str
    required: tuple[str, ...] = ()
    achieved: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class Machine(msgspec.Struct, frozen=True):
    """What was found here by trying it: why bubblewrap does not work (``""``: it does), Landlock's version, filters,
    sockets by which a process under Landlock alone could have others start programs, and why limits on a whole kernel
    cannot be kept (``""``: they can).
    """

    bubblewrap: str
    landlock: int
    filters: bool
    engines: tuple[str, ...] = ()
    limits: str = NOT_TRIED


def examine(trouble: Callable[[], str] = bubblewrap.trouble, tries_limits: bool = True) -> Machine:
    """Try everything on this machine; limits on a whole kernel only where they are of interest."""
    # `sys.platform` is the platform's business; uname is missing on Windows.
    name = os.uname().machine if hasattr(os, "uname") else ""
    made = seccomp_filter(name)
    filters = made is not None and landlock.takes_filters(made.program)
    engines = landlock.engines() if sys.platform == "linux" else ()
    limits = rlimits.trouble() if tries_limits else NOT_TRIED
    return Machine(trouble(), landlock.version(), filters, engines, limits)


def plan(isolation: Isolation, machine: Machine, limits: Limits | None = None, *, by_site: str | None = None) -> Plan:
    """What to use. Nothing is ever used silently in place of what the policy names.

    ``limits`` are the policy's; without them, ``resources`` is what the machine could give. ``by_site`` is the file
    that a site names as its policy, as a Hub's lock does: its kernels keep their history and files where a box that
    nobody asked for would not have them.
    """
    networks = "*" in isolation.hosts
    hosts = bool(isolation.hosts) and not networks
    if isolation.backend == "none":
        return _plan(isolation, "none", (), ("the policy says isolation.backend = none",))
    if by_site and isolation.backend == "auto" and not isolation.require:
        return _plan(isolation, "none", (), (UNASKED,))
    reasons: list[str] = []
    if isolation.backend in ("auto", "bubblewrap"):
        if not machine.bubblewrap:
            open_by = opened(isolation, machine)
            held = ("files",) if open_by else ("files", "network", "processes")
            achieved = (*held, *(("syscalls",) if machine.filters else ()))
            lacking = _lacks_limits(isolation, machine, limits)
            unset = limits is not None and any(getattr(limits, one) is None for one in LIMITS_NEEDED)
            achieved += () if lacking or machine.limits or unset else ("resources",)
            asked = not {"network", "processes"}.isdisjoint(isolation.require)
            reasons = [lacking, "" if machine.filters else _no_filters(), open_by if asked else ""]
            return _plan(isolation, "bubblewrap", achieved, tuple(reasons))
        reasons.append(machine.bubblewrap)
    if isolation.backend == "auto" and not isolation.require:
        # People keep working in what nobody asked for.
        return _plan(isolation, "none", (), (*reasons, NOT_UNASKED if machine.landlock else ""))
    if isolation.backend in ("auto", "landlock"):
        if machine.landlock:
            achieved = landlock.properties(machine.landlock, networks, hosts) if machine.filters or networks else ()
            achieved += ("syscalls",) if machine.filters else ()
            if machine.engines:
                # What they start is in no box, whatever the rules on this process say.
                achieved = tuple(one for one in achieved if one != "network")
                reasons.append(f"Landlock does not close {', '.join(machine.engines)}, by which programs start outside")
            lacks = [one for one in PROPERTIES if one not in (*achieved, "resources")]
            if "files" in isolation.require:
                reasons.append("files: Landlock alone leaves modes and times of all files to be changed")
            if networks and "network" in isolation.require:
                reasons.append(_SHARED)
            if hosts:
                reasons.append("isolation.hosts needs bubblewrap for more than a proxy's port, open on every machine")
            if lacks:
                reasons.append(f"Landlock {machine.landlock} of this Linux does not give {', '.join(lacks)}")
            if "resources" in isolation.require:
                reasons.append("resources: files under /dev/shm are memory that Landlock alone does not limit")
            return _plan(isolation, "landlock", achieved, (*reasons, *(() if machine.filters else (_no_filters(),))))
        reasons.append(
            "this Linux has no Landlock (5.13 or newer, with landlock among the lsm= of its command line, and in a "
            "container a seccomp profile that lets its calls through)"
        )
    if isolation.backend == "container":
        why = "no kernel runs in a container yet: use bubblewrap or landlock"
        reasons.append(f"{why}; `jupyter guard doctor` tries the engines that are here")
    return _plan(isolation, "none", (), tuple(reasons))


def other(isolation: Isolation) -> Plan:
    """For a kernel that is no ipykernel: no box, so it may not start where the policy requires one."""
    return _plan(isolation, "none", (), (OTHER,))


def _plan(isolation: Isolation, backend: str, achieved: tuple[str, ...], reasons: tuple[str, ...]) -> Plan:
    missing = tuple(one for one in isolation.require if one not in achieved)
    return Plan(backend, tuple(isolation.require), achieved, missing, tuple(filter(None, reasons)))


def opened(isolation: Isolation, machine: Machine) -> str:
    """By what the policy's own grants leave a way out of bubblewrap's namespaces, or ``""``."""
    if "*" in isolation.hosts:
        return _SHARED
    for entry in (*isolation.read, *isolation.write):
        whole = os.path.realpath(os.path.expanduser(entry)).rstrip("/") + "/"
        for one in machine.engines if entry != "*" else ():
            # Elsewhere than in /run, which is empty inside, a socket is masked until its own path is granted.
            if whole == (own := os.path.realpath(one) + "/") or (own.startswith(whole) and own.startswith("/run/")):
                return f"isolation: {entry!r} is granted, and {one} in it starts programs outside every box"
    return ""


def _lacks_limits(isolation: Isolation, machine: Machine, limits: Limits | None) -> str:
    """Why the whole kernel's limits are not kept where the policy requires them, or ``""``."""
    if "resources" not in isolation.require:
        return ""
    if machine.limits:
        return f"resources: {machine.limits}"
    unset = [one for one in LIMITS_NEEDED if limits is not None and getattr(limits, one) is None]
    return f"resources: the policy sets no limits.{', no limits.'.join(unset)}" if unset else ""


def _no_filters() -> str:
    return (
        "syscalls: this kernel or processor has no seccomp filter here (it takes a Linux with CONFIG_SECCOMP_FILTER on "
        "x86_64 or aarch64, and in a container a profile that lets prctl set one)"
    )
