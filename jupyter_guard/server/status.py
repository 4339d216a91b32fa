"""A server's kernel specs and policy layers -> what guards its kernels, in values."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

import jupyter_guard

# `python -m jupyter_guard.kernel`, wherever a spec calls it; the metadata alone is anybody's claim.
KERNEL_MODULE = "jupyter_guard.kernel"


class ServerStatus(msgspec.Struct, frozen=True):
    """What ``GET /jupyter-guard/status`` answers.

    ``guarded`` and ``unguarded`` are kernel spec names, sorted. ``policy`` is the short hash of the policy that a
    kernel started in the server's root directory would get, ``""`` when it has mistakes; ``problems`` then says which.
    """

    version: str
    guarded: tuple[str, ...]
    unguarded: tuple[str, ...]
    policy: str
    mode: str
    locked: bool
    problems: tuple[str, ...] = ()


def server_status(specs: Mapping[str, Mapping[str, Any]], root: str | Path) -> ServerStatus:
    """The status for kernel specs as ``KernelSpecManager.get_all_specs`` gives them and the server's root directory."""
    from jupyter_guard.policy import PolicyError, load_effective

    guarded = tuple(sorted(name for name, spec in specs.items() if is_guarded(spec)))
    unguarded = tuple(sorted(set(specs) - set(guarded)))
    try:
        policy = load_effective(Path(root).expanduser())
    except PolicyError as error:
        problems = tuple(str(problem) for problem in error.problems)
        return ServerStatus(jupyter_guard.__version__, guarded, unguarded, "", "", False, problems)
    return ServerStatus(jupyter_guard.__version__, guarded, unguarded, policy.hash, str(policy.mode), policy.locked)


def is_guarded(spec: Mapping[str, Any]) -> bool:
    """Whether the command of a kernel spec (``{"spec": {"argv": [...]}}``) starts the guard's wrapper."""
    argv = spec.get("spec", {}).get("argv", [])
    return any(flag == "-m" and module == KERNEL_MODULE for flag, module in pairwise(argv))
