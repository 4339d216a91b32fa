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
NOT_TRIED = "not tried"


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
    filters = seccomp_filter(name) is not None and os.path.exists("/proc/sys/kernel/seccomp")
    engines = landlock.engines() if sys.platform == "linux" else ()
    limits = rlimits.trouble() if tries_limits else NOT_TRIED
    return Machine(trouble(), landlock.version(), filters, engines, limits)


def is_wanted(isolation: Isolation) -> bool:
    """Whether the policy asks for a box: by a backend's name, or by requiring a property."""
    return isolation.backend not in ("auto", "none") or bool(isolation.require)


def plan(isolation: Isolation, machine: Machine, limits: Limits | None = None) -> Plan:
    """What to use. Nothing is ever used silently in place of what the policy names.

    ``limits`` are the policy's; without them, ``resources`` is what the machine could give.
    """
    networks = "*" in isolation.hosts
    hosts = bool(isolation.hosts) and not networks
    if isolation.backend == "none" or not is_wanted(isolation):
        why = "the policy says isolation.backend = none" if isolation.backend == "none" else ""
        return _plan(isolation, "none", (), (why,))
    reasons: list[str] = []
    if isolation.backend in ("auto", "bubblewrap"):
        if not machine.bubblewrap:
            achieved = ("files", "network", "processes", *(("syscalls",) if machine.filters else ()))
            lacking = _lacks_limits(isolation, machine, limits)
            achieved += () if lacking or machine.limits else ("resources",)
            reasons = [lacking, "" if machine.filters else _no_filters()]
            return _plan(isolation, "bubblewrap", achieved, tuple(reasons))
        reasons.append(machine.bubblewrap)
    if isolation.backend in ("auto", "landlock"):
        if machine.landlock:
            achieved = (
                landlock.properties(machine.landlock, networks, hosts) if machine.filters or networks else ("files",)
            )
            achieved += ("syscalls",) if machine.filters else ()
            if machine.engines:
                # What they start is in no box, whatever the rules on this process say.
                achieved = tuple(one for one in achieved if one not in ("files", "processes", "network"))
                reasons.append(f"Landlock does not close {', '.join(machine.engines)}, by which programs start outside")
            lacks = [one for one in PROPERTIES if one not in (*achieved, "resources")]
            if hosts:
                reasons.append("isolation.hosts needs bubblewrap for more than a proxy's port, open on every machine")
            if lacks:
                reasons.append(f"Landlock {machine.landlock} of this Linux does not give {', '.join(lacks)}")
            if "resources" in isolation.require:
                reasons.append("resources: files under /dev/shm are memory that Landlock alone does not limit")
            return _plan(isolation, "landlock", achieved, (*reasons, *(() if machine.filters else (_no_filters(),))))
        reasons.append("this Linux has no Landlock (5.13 or newer, with landlock among the lsm= of its command line)")
    if isolation.backend == "container":
        reasons.append("the container backend is not there yet: use bubblewrap or landlock")
    return _plan(isolation, "none", (), tuple(reasons))


def _plan(isolation: Isolation, backend: str, achieved: tuple[str, ...], reasons: tuple[str, ...]) -> Plan:
    missing = tuple(one for one in isolation.require if one not in achieved)
    return Plan(backend, tuple(isolation.require), achieved, missing, tuple(filter(None, reasons)))


def _lacks_limits(isolation: Isolation, machine: Machine, limits: Limits | None) -> str:
    """Why the whole kernel's limits are not kept where the policy requires them, or ``""``."""
    if "resources" not in isolation.require:
        return ""
    if machine.limits:
        return f"resources: {machine.limits}"
    unset = [one for one in LIMITS_NEEDED if limits is not None and getattr(limits, one) is None]
    return f"resources: the policy sets no limits.{', no limits.'.join(unset)}" if unset else ""


def _no_filters() -> str:
    return "syscalls: this kernel or processor has no seccomp filter here"
