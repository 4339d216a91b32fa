"""A path -> what is special about the place it names (tags), from ``knowledge/places.toml``."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources

# A home directory's own prefix, whoever's it is.
HOME_PREFIX = re.compile(
    r"^(?:~[\w.-]*|\$HOME|\$\{HOME\}|/home/[^/]+|/root|/Users/[^/]+|/var/root|[A-Za-z]:/Users/[^/]+)(?=/|$)"
)


@functools.lru_cache(maxsize=1024)
def path_tags(path: str, home: str = "") -> frozenset[str]:
    """The place tags of a normalised absolute, ``~`` or relative ``path``.

    ``home`` is the user's own home directory. A directory that holds such a place counts as the place itself only when
    it is named exactly (``~/.ssh``).
    """
    if not path or len(path) > 4096:
        return frozenset()
    path = path.replace("\\", "/")
    below = _below_homes(path, home)
    tags = set()
    for tag, (in_home, anywhere, system, but) in _places().items():
        if (
            any(in_home.match(one) for one in below)
            or anywhere.search(path)
            or (path.startswith("/") and system.match(path))
        ) and not but.search(path):
            tags.add(tag)
    return frozenset(tags)


def _below_homes(path: str, home: str) -> list[str]:
    """What ``path`` is within each home directory that it may lie in: below ``/home`` there may be folders of them."""
    found = HOME_PREFIX.match(path)
    below = [path[found.end() :].strip("/")] if found else []
    if home and home != "/" and (path == home or path.startswith(home + "/")):
        below.append(path[len(home) :].strip("/"))
    return below


@functools.cache
def _places() -> dict[str, tuple[re.Pattern[str], ...]]:
    text = resources.files("jupyter_guard.knowledge").joinpath("places.toml").read_text(encoding="utf-8")
    return {
        tag: (
            _pattern(r"\A", table["home"]),
            _pattern(r"(?:\A|/)", table["any"]),
            _pattern(r"\A", table["system"]),
            _pattern(r"(?:\A|/)", table.get("but", [])),
        )
        for tag, table in tomllib.loads(text).items()
    }


def _pattern(start: str, globs: list[str]) -> re.Pattern[str]:
    if not globs:
        return re.compile(r"(?!)")
    return re.compile(f"{start}(?:{'|'.join(_glob(glob) for glob in globs)})\\Z")


def _glob(glob: str) -> str:
    whole = glob.endswith("/")
    pieces = re.split(r"(\*\*|\*)", glob.rstrip("/"))
    body = "".join({"**": ".*", "*": "[^/]*"}.get(piece) or re.escape(piece) for piece in pieces)
    return body + ("(?:/.*)?" if whole else "")
