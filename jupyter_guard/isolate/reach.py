"""A policy and a folder -> what a cell there reaches in one backend, and what is kept out, in words for people."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import msgspec

from jupyter_guard.isolate import history, private
from jupyter_guard.isolate.bubblewrap import TEMPORARY
from jupyter_guard.isolate.grants import SYSTEM, Grants, grants
from jupyter_guard.isolate.launcher import own_files
from jupyter_guard.policy.policy import Isolation

_MAY = "all that you may"
# Under Landlock alone, as docs/probes.md shows.
_OTHERS = ("its own", "others' command lines", "sockets that have a path", "files in /dev/shm", "your terminals")


class Reach(msgspec.Struct, frozen=True):
    """One row: ``what`` is read, write, network, processes, variables or devices."""

    what: str
    reached: tuple[str, ...]
    kept_out: tuple[str, ...] = ()


def reach(isolation: Isolation, backend: str, folder: str, environment: Mapping[str, str]) -> tuple[Reach, ...]:
    """The rows for a kernel that starts in ``folder``. Paths below the home begin with ``~``; no values, only names."""
    if backend == "none":
        rows = ("read", "write", "network", "processes", "variables", "devices")
        return tuple(Reach(one, ("all that are there",) if one == "variables" else (_MAY,)) for one in rows)
    own = own_files(environment, folder, os.path.join(folder, "jg-none"), "")
    granted = grants(isolation, folder, environment, own)
    boxed = backend == "bubblewrap"
    return (
        Reach("read", _readable(granted), _short(granted.hidden, granted.home)),
        Reach(
            "write",
            (*_writable(granted, boxed), *_kept(granted, isolation.write, environment)),
            _short(granted.protected, granted.home),
        ),
        Reach("network", _network(granted)),
        Reach("processes", _OTHERS[:1] if boxed else _OTHERS),
        Reach("variables", tuple(sorted(granted.environment)), granted.withheld),
        Reach("devices", granted.devices or ("those that every program needs",)),
    )


def _readable(granted: Grants) -> tuple[str, ...]:
    if granted.reads_all:
        return ("everything",)
    system = {os.path.realpath(one) for one in SYSTEM}
    named = [one for one in granted.readable if one not in system]
    return ("programs and libraries", *_short(named, granted.home))


def _writable(granted: Grants, boxed: bool) -> tuple[str, ...]:
    if granted.writes_all:
        return ("everything",)
    temporary = [one for one in TEMPORARY if one not in granted.writable] if boxed else []
    own = f"{' and '.join(temporary)} of its own" if temporary else "" if boxed else "temporary files of its own"
    return (*_short(granted.writable, granted.home), *([own] if own else []))


def _kept(granted: Grants, write: Iterable[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Where IPython's history and what it stores lie, unless its own folder is writable."""
    own = private.profile(granted, environment)
    if granted.writes_all or any((own + "/").startswith(one.rstrip("/") + "/") for one in granted.writable):
        return ()
    folder = history.place(granted, write, environment)
    return tuple(f"IPython's history in {one}" for one in _short([folder], granted.home))


def _network(granted: Grants) -> tuple[str, ...]:
    if granted.networks:
        return ("all of it",)
    return tuple(f"{one.name}:{one.port}" if one.port else one.name for one in granted.hosts) or ("nothing",)


def _short(paths: Iterable[str], home: str) -> tuple[str, ...]:
    found = ("~" + one[len(home) :] if one == home or one.startswith(home + "/") else one for one in paths)
    return tuple(dict.fromkeys(found))
