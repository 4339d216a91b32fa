"""What the launcher of this kernel achieved, and a policy -> why no cell may run, or nothing."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from jupyter_guard.policy.policy import Isolation

# How the wrapper hands the launcher's report to the helper; never to the kernel.
VARIABLE = "JUPYTER_GUARD_ACHIEVED"
_GRANTS = ("read", "write", "hosts", "env")


class Isolated(msgspec.Struct, frozen=True):
    """How this kernel is held: the backend, the properties that it gives, and the launcher's own words.

    ``refused`` says why no kernel was started; ``granted`` are the policy's entries that the box was made from, by key.
    ``fixed``: the launcher set the limits for good, so that a higher one takes a restart.
    """

    backend: str = "none"
    achieved: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    refused: str = ""
    granted: dict[str, tuple[str, ...]] = {}
    fixed: bool = False


def reported(report: str) -> Isolated:
    """What the launcher reported; nothing achieved where it said nothing, or what cannot be read."""
    try:
        return msgspec.json.decode(report, type=Isolated)
    except msgspec.DecodeError:
        return Isolated()


def take(environment: MutableMapping[str, str]) -> Isolated:
    """What the wrapper handed over."""
    return reported(environment.pop(VARIABLE, ""))


def missing(isolation: Isolation, isolated: Isolated) -> tuple[str, ...]:
    """What the policy requires and this kernel does not have."""
    return tuple(one for one in isolation.require if one not in isolated.achieved)


def granted(isolation: Isolation) -> dict[str, tuple[str, ...]]:
    """The grants of a policy, as the report has them."""
    return {key: tuple(getattr(isolation, key)) for key in _GRANTS}


def revoked(isolation: Isolation, isolated: Isolated) -> tuple[str, ...]:
    """Grants that the box of this kernel has and the policy no longer, as the policy's file writes them."""
    if isolated.backend == "none":
        return ()
    return tuple(
        f'isolation.{key} = "{one}"'
        for key in _GRANTS
        for one in isolated.granted.get(key, ())
        if one not in getattr(isolation, key)
    )


def problems(isolation: Isolation, isolated: Isolated) -> tuple[str, ...]:
    """Why nothing may run, a line each; empty when the kernel is held as the policy says."""
    lacking = missing(isolation, isolated)
    named = isolation.backend not in ("auto", "none") and isolation.backend != isolated.backend
    gone = revoked(isolation, isolated)
    if not lacking and not named and gone:
        what = f"this kernel was started with {', '.join(gone)}, which the policy no longer grants"
        return (f"{what}: restart the kernel, since a box that runs cannot be made smaller; or put the grants back",)
    if not lacking and not named:
        return ()
    told = []
    if lacking:
        told.append(f"the policy requires isolation of {', '.join(lacking)}, which this kernel does not have;")
    if named:
        told.append(f"the policy says isolation.backend = {isolation.backend}; this kernel has {isolated.backend};")
    told += [f"{one};" for one in isolated.reasons]
    if not isolated.reasons:
        told.append("a restart of the kernel takes up a policy that changed;")
    return (*told, "whoever keeps the policy can change what it says of isolation")
