"""A kernel's box and a cell's effects -> what the box will refuse, each with the grant that would open it.

Said before the cell runs, and only where it is certain: a path or host that is known, a file that is there. It is a
note (JG806): the box refuses anyway, whatever a verdict says.
"""

# A file that may not be looked at is not there for anybody here: os.path says so, where pathlib raises.
# ruff: noqa: PTH110, PTH112, PTH118, PTH120

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from jupyter_guard.guard.granted import path_of
from jupyter_guard.isolate.hosts import opens
from jupyter_guard.terms import Certainty, Confidence, Effect, Finding, Kind, Scope, Severity
from jupyter_guard.terms.sentence import shown

if TYPE_CHECKING:
    from jupyter_guard.guard.isolated import Isolated
    from jupyter_guard.isolate.grants import Grants
    from jupyter_guard.policy import Policy

RULE: Final = "JG806"
MOST: Final = 8
_COMMAND: Final = "jupyter guard policy grant"
_READS: Final = frozenset({Kind.FILE_READ, Kind.CREDENTIAL_READ})
_CHANGES: Final = frozenset({Kind.FILE_WRITE, Kind.FILE_DELETE})
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21, "ssh": 22, "sftp": 22}
# A box has some of its own, and what a cell left there is there.
_OF_THE_BOX: Final = ("/proc/", "/dev/", "/sys/", "/run/")


class NetworkOfABox:
    """What a policy alone says of any box that a kernel under it may have: which hosts it opens."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def refused(self, effects: Sequence[Effect]) -> tuple[Finding, ...]:
        """A note for each place and host that the box will refuse, once each."""
        found: dict[tuple[str, str], Finding] = {}
        for effect in effects:
            if effect.certainty is not Certainty.CERTAIN or "possible" in effect.tags or "…" in effect.target:
                continue
            for what, message, instead in self._about(effect):
                found.setdefault((what, message), _finding(effect, message, instead))
        return tuple(found.values())[:MOST]

    def _about(self, effect: Effect) -> Iterator[tuple[str, str, str]]:
        at = _host(effect)
        if at is not None and not self._connects(*at):
            name, port = at
            entry = name if port in (0, 80, 443) else f"{name}:{port}"
            yield "host", f"isolation will refuse to connect to `{shown(entry)}`", self._how("isolation.hosts", entry)

    def _connects(self, name: str, port: int) -> bool:
        return opens(self._policy.isolation.hosts, name, port)

    def _how(self, key: str, entry: str) -> str:
        """The command and the line that grant ``entry``, or which layer does not let that be."""
        from jupyter_guard.policy.granting import refusal

        entries = self._policy.values()[key]
        if entry in entries:
            return f'The policy grants it (isolation "{entry}"), but this kernel was started before: restart it.'
        refused = refusal(self._policy, key, entry)
        if refused:
            return refused
        line = ", ".join(f'"{one}"' for one in (*entries, entry))
        option = "--write " if key == "isolation.write" else ""
        return f"`{_COMMAND} {option}{entry}` makes it {key} = [{line}]; then restart the kernel."


def required(policy: Policy) -> NetworkOfABox | None:
    """For cells that run in no kernel now: the hosts that each kernel under ``policy`` refuses, or starts not at all.

    Where no network is required, a kernel may start in no box. Not the places, since what is there is each machine's.
    """
    return NetworkOfABox(policy) if "network" in policy.isolation.require else None


class Box(NetworkOfABox):
    """The box that a kernel is in, as far as its grants decide what it opens; made when first asked."""

    def __init__(self, held: Isolated, policy: Policy, workspace: str, environment: Mapping[str, str]) -> None:
        super().__init__(policy)
        self._held, self._workspace, self._environment = held, workspace, environment

    def _connects(self, name: str, port: int) -> bool:
        return self._grants.connects(name, port)

    def _about(self, effect: Effect) -> Iterator[tuple[str, str, str]]:
        if _host(effect) is not None:
            yield from super()._about(effect)
            return
        if effect.kind not in _READS | _CHANGES or effect.scope in (Scope.TEMPORARY, Scope.SESSION, Scope.REMOTE):
            return
        path = path_of(effect.target, self._workspace, self._grants.home)
        if not path or path.startswith(_OF_THE_BOX):
            return
        if effect.kind is not Kind.FILE_WRITE and not os.path.lexists(path):
            # What is not there fails by itself.
            return
        if effect.kind in _READS:
            if os.path.exists(path) and not self._grants.reads(path):
                yield "read", f"isolation will refuse to read `{shown(path)}`", self._how_to_open(path, "read")
            return
        there = _nearest(path)
        # Nor does a grant give rights that this user has not.
        if os.access(there, os.W_OK) and not self._grants.writes(path):
            verb = "delete" if effect.kind is Kind.FILE_DELETE else "write"
            message = f"isolation will refuse to {verb} `{shown(path)}`"
            if verb == "write" and self._held.backend == "bubblewrap" and self._grants.is_home_of_its_own(there):
                message = f"what is written to `{shown(path)}` stays in the box, and ends with the kernel"
            yield "write", message, self._how_to_open(path, "write")

    def _how_to_open(self, path: str, key: str) -> str:
        real = os.path.realpath(path)
        for place, (name, refused) in self._kept["paths"].items():
            if real == place or real.startswith(place + "/"):
                if not name:
                    return "No grant opens it: it belongs to the guard or to Jupyter."
                return refused if refused and key == "read" else self._how(f"isolation.{key}", name)
        if key == "write" and any(real == one or real.startswith(one + "/") for one in self._grants.protected):
            return "It is run at a later start, so what is around it may be writable and it is not."
        folder = _nearest(path) if key == "write" or not os.path.isdir(path) else path
        # Never the whole machine or a whole home for the sake of one file.
        too_much = folder == "/" or (self._grants.home + "/").startswith(folder.rstrip("/") + "/")
        return self._how(f"isolation.{key}", path if too_much else folder)

    @functools.cached_property
    def _own(self) -> list[str]:
        from jupyter_guard.isolate.launcher import own_files

        return own_files(self._environment, self._workspace, os.path.join(self._workspace, "jg-none"), "")

    @functools.cached_property
    def _grants(self) -> Grants:
        from jupyter_guard.isolate.grants import grants

        isolation = msgspec.structs.replace(self._policy.isolation, **self._held.granted)
        return grants(isolation, self._workspace, self._environment, self._own)

    @functools.cached_property
    def _kept(self) -> dict[str, Any]:
        from jupyter_guard.isolate.withheld import withheld

        return withheld(self._grants, self._policy, self._own)


def _host(effect: Effect) -> tuple[str, int] | None:
    """The host and port that an effect's target names, 0 for a port that is not known; ``None`` for no host."""
    target = effect.target
    scheme, is_address, _ = target.partition("://")
    if not is_address:
        if effect.kind is not Kind.NETWORK_CONNECT:
            return None
        target = f"//{target}"
    elif scheme not in _PORTS:
        # A bucket, a database's own words: what they lead to is not in the name.
        return None
    try:
        parts = urlsplit(target)
        name, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(scheme, 0)
    except ValueError:
        return None
    # "the package index" and "owner/model" are no hosts.
    is_host = "." in name and " " not in name and (bool(is_address) or parts.path in ("", "/"))
    return (name, port) if is_host else None


def _nearest(path: str) -> str:
    """The folder that is there and in which ``path`` is, or would be made."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder


def _finding(effect: Effect, message: str, instead: str) -> Finding:
    from jupyter_guard.judge import RULES

    rule = RULES[RULE]
    return Finding(
        rule=rule.id,
        family=rule.family,
        severity=rule.severity or Severity.NOTE,
        confidence=Confidence.HIGH,
        message=message,
        span=effect.span,
        effects=(effect,),
        why=rule.why,
        instead=instead,
        origin=effect.origin,
    )
