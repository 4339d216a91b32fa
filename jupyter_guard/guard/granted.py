"""A policy's grants and a cell's effects -> the same effects, with those at granted places marked as such.

By name alone, as reading is: where a name really leads is the box's to say (``guard.foreseen`` asks it).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from jupyter_guard.terms import Effect, Kind, Reading, Scope
from jupyter_guard.terms.covering import covers_place, placed

if TYPE_CHECKING:
    from jupyter_guard.policy import Policy

GRANTED: Final = "granted"
EVERYTHING: Final = "*"
# What programs run from and how the machine is set up is nobody's folder for data, whoever grants it.
_MACHINE: Final = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/sbin", "/sys", "/usr")
_AT_HOME: Final = re.compile(r"(?:~|\$HOME|\$\{HOME\})(?=/|$)")
_ELSEWHERE: Final = frozenset({Scope.HOME, Scope.SYSTEM})


class KnownPlaces:
    """The places that a policy's ``isolation.read`` and ``isolation.write`` name, as absolute names.

    ``"*"`` names none; nor does a folder around the home or the workspace, which is everything in another word.
    """

    def __init__(self, policy: Policy, workspace: str, home: str) -> None:
        self._workspace, self._home = workspace, home
        read, write = policy.known_places
        self._write = self._named(write)
        self._read = (*self._named(read), *self._write)

    def _named(self, entries: Iterable[str]) -> tuple[str, ...]:
        # A store's name has no path in it, and what is read there is judged by what it is.
        named = [one for one in entries if one.startswith(("/", "~", "."))]
        found = [posixpath.normpath(placed(one, self._workspace, self._home)) for one in named]
        own = (self._workspace, self._home)
        return tuple(
            one
            for one in found
            if not any(covers_place([one], place) for place in own) and not covers_place(_MACHINE, one)
        )

    def marked(self, reading: Reading) -> Reading:
        """The reading whose effects that read or write at a granted place carry the tag ``granted``; deleting never."""
        if not self._read or all(one.scope not in _ELSEWHERE for one in reading.effects):
            return reading
        return msgspec.structs.replace(reading, effects=tuple(map(self._marked, reading.effects)))

    def _marked(self, effect: Effect) -> Effect:
        places = {Kind.FILE_READ: self._read, Kind.FILE_WRITE: self._write}.get(effect.kind, ())
        if effect.scope not in _ELSEWHERE or not covers_place(
            places, path_of(effect.target, self._workspace, self._home)
        ):
            return effect
        return msgspec.structs.replace(effect, tags=effect.tags | {GRANTED})


def path_of(target: str, workspace: str, home: str) -> str:
    """The absolute path that an effect's target names: the folder, where it ends in what nobody knows yet (``…``);
    ``""`` for none.

    >>> path_of("out/a.csv", "/work", "/home/me"), path_of("~/a", "/work", "/home/me"), path_of("/data/….csv", "/", "/")
    ('/work/out/a.csv', '/home/me/a', '/data')
    """
    known, unknown, rest = target.partition("…")
    if unknown:
        known = posixpath.dirname(known)
    if not known or "://" in known or "/.." in rest:
        return ""
    known = _AT_HOME.sub(lambda _: home, known, count=1)
    if known.startswith(("~", "$")):
        return ""
    path = posixpath.normpath(posixpath.join(workspace, known))
    return path[1:] if path.startswith("//") else path
