"""What else this machine has that could hold a kernel, or limit it -> rows that say why no kernel runs in it."""

from __future__ import annotations

import shutil

import msgspec

_CONTAINER = "kernels do not run in it: it has no way yet to a kernel's packages and files; run all of Jupyter in one"
_LIMITS = "kernels do not run in it: it limits, and hides nothing; "


class Detected(msgspec.Struct, frozen=True):
    """One row: ``state`` is detected or not there, ``why`` what is done with it, or what is wrong with it."""

    name: str
    state: str
    why: str


def detected(seconds: float) -> tuple[Detected, ...]:
    """Container engines, their runtimes, control groups and limits of processes, each really tried; and GPUs."""
    from jupyter_guard.isolate import cgroups, containers, rlimits
    from jupyter_guard.isolate.devices import computing

    found = {(one.name, one.runtime): one for one in containers.engines(seconds)}
    rows = []
    for name in containers.ENGINES:
        engine = found.get((name, ""))
        if engine is None:
            rows.append(Detected(name, "not there", ""))
        else:
            rows.append(Detected(name, "detected", _and(engine.trouble or "a container starts", _CONTAINER)))
    for runtime, what in containers.RUNTIMES.items():
        by = [one for (_, its), one in found.items() if its == runtime]
        here = bool(by) or any(shutil.which(one) for one in containers.PROGRAMS[runtime])
        told = "; ".join(f"by {one.name}: {one.trouble or 'works'}" for one in by) or "no engine here knows it"
        rows.append(
            Detected(f"{runtime} ({what})", *(("detected", _and(told, _CONTAINER)) if here else ("not there", "")))
        )
    place, why = cgroups.delegated()
    used = f"memory and processes of kernels with [limits] are held in {place} as well"
    rows.append(Detected("cgroup v2", "detected" if place else "not usable", _LIMITS + used if place else why))
    trouble = rlimits.trouble()
    used = "[limits] of a policy use it for memory, open files and sizes of files"
    rows.append(Detected("rlimits", "not usable" if trouble else "detected", trouble or _LIMITS + used))
    gpus = computing()
    used = "shown in the boxes of kernels that may read everything, or where named: " + ", ".join(gpus)
    rows.append(Detected("GPUs", "detected" if gpus else "not there", used if gpus else ""))
    return tuple(rows)


def _and(one: str, other: str) -> str:
    return f"{one}; {other}"
