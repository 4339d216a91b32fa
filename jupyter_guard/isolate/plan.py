"""A policy and this machine -> the backend to use, what it gives, and what is missing of what the policy requires."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import msgspec

from jupyter_guard.isolate import bubblewrap, landlock
from jupyter_guard.isolate.seccomp import seccomp_filter
from jupyter_guard.policy.fields import PROPERTIES
from jupyter_guard.policy.policy import Isolation

NO_RESOURCES = "resources: limits on a whole kernel are not enforced yet"


class Plan(msgspec.Struct, frozen=True):
    """``backend`` is none, bubblewrap or landlock; ``reasons`` say why what is missing is, and what to type."""

    backend: str
    required: tuple[str, ...] = ()
    achieved: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class Machine(msgspec.Struct, frozen=True):
    """What was found here by trying it: why bubblewrap does not work (``""``: it does), Landlock's version, filters,
    and sockets by which a process under Landlock alone could have others start programs.
    """

    bubblewrap: str
    landlock: int
    filters: bool
    engines: tuple[str, ...] = ()


def examine(trouble: Callable[[], str] = bubblewrap.trouble) -> Machine:
    """Try everything on this machine."""
    # `sys.platform` is the platform's business; uname is missing on Windows.
    name = os.uname().machine if hasattr(os, "uname") else ""
    filters = seccomp_filter(name) is not None and os.path.exists("/proc/sys/kernel/seccomp")
    engines = landlock.engines() if sys.platform == "linux" else ()
    return Machine(trouble(), landlock.version(), filters, engines)


def is_wanted(isolation: Isolation) -> bool:
    """Whether the policy asks for a box: by a backend's name, or by requiring a property."""
    return isolation.backend not in ("auto", "none") or bool(isolation.require)


def plan(isolation: Isolation, machine: Machine) -> Plan:
    """What to use. Nothing is ever used silently in place of what the policy names."""
    networks = "*" in isolation.hosts
    if isolation.backend == "none" or not is_wanted(isolation):
        why = "the policy says isolation.backend = none" if isolation.backend == "none" else ""
        return _plan(isolation, "none", (), (why,))
    reasons: list[str] = []
    if isolation.backend in ("auto", "bubblewrap"):
        if not machine.bubblewrap:
            achieved = ("files", "network", "processes", *(("syscalls",) if machine.filters else ()))
            return _plan(isolation, "bubblewrap", achieved, () if machine.filters else (_no_filters(),))
        reasons.append(machine.bubblewrap)
    if isolation.backend in ("auto", "landlock"):
        if machine.landlock:
            achieved = landlock.properties(machine.landlock, networks) if machine.filters or networks else ("files",)
            achieved += ("syscalls",) if machine.filters else ()
            if machine.engines:
                # What they start is in no box, whatever the rules on this process say.
                achieved = tuple(one for one in achieved if one not in ("files", "processes", "network"))
                reasons.append(f"Landlock does not close {', '.join(machine.engines)}, by which programs start outside")
            lacking = [one for one in PROPERTIES if one not in (*achieved, "resources")]
            if lacking:
                reasons.append(f"Landlock {machine.landlock} of this Linux does not give {', '.join(lacking)}")
            return _plan(isolation, "landlock", achieved, (*reasons, *(() if machine.filters else (_no_filters(),))))
        reasons.append("this Linux has no Landlock (5.13 or newer, with landlock among the lsm= of its command line)")
    if isolation.backend == "container":
        reasons.append("the container backend is not there yet: use bubblewrap or landlock")
    return _plan(isolation, "none", (), tuple(reasons))


def _plan(isolation: Isolation, backend: str, achieved: tuple[str, ...], reasons: tuple[str, ...]) -> Plan:
    missing = tuple(one for one in isolation.require if one not in achieved)
    told = (*filter(None, reasons), *((NO_RESOURCES,) if "resources" in missing else ()))
    return Plan(backend, tuple(isolation.require), achieved, missing, told)


def _no_filters() -> str:
    return "syscalls: this kernel or processor has no seccomp filter here"
