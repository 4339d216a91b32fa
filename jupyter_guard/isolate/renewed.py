"""Grants -> hidden places at which something else may be put from outside while a kernel runs, and what keeps it out.

A mask is a mount, and Linux takes a mount away with the name that it lies on: who writes a file beside another and
renames it, as most programs save, takes the mask away. So nothing relies on masks alone:

- In folders in which the box lets no kernel make files, Landlock, inside the box, lets it read only what was there when
  it started (``landlock.close``). Whatever comes to lie at a hidden name was not.
- A folder of caches that has a credential in it is a new one in the box, with the caches in it (``emptied``).
- Elsewhere a kernel has to be able to read what it has just made, whatever its name: there the wrapper watches, and
  masks again what was replaced (``kernel.masks``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from jupyter_guard.isolate.grants import Grants

# Only root puts anything else there, and some of it by renaming what every program reads: resolv.conf.
_SYSTEM = ("/etc", "/usr", "/var/lib", "/opt", "/bin", "/sbin", "/lib")
# huggingface_hub's folder (its constants.py), and what it makes there beside its token.
_CACHE, _CREDENTIALS = "huggingface", ("token", "stored_tokens")
_CACHES = ("hub", "datasets", "xet")


def opened(granted: Grants, temporary: Iterable[str]) -> list[str]:
    """Places of a box in which a kernel can make files; ``temporary`` are folders of its own there."""
    everything = ["/"] if granted.writes_all else []
    return [*dict.fromkeys([*_own(granted, temporary), *granted.writable, *everything])]


def closed(granted: Grants, temporary: Iterable[str]) -> list[str]:
    """Hidden places, there or not, that Landlock keeps closed whatever is put there."""
    start = _starts([*opened(granted, temporary), *granted.prefixes, *_SYSTEM])
    return [one for one in granted.kept if not (one + "/").startswith(start)]


def watched(granted: Grants, temporary: Iterable[str], landlock: int) -> list[str]:
    """Hidden places, there or not, of which only a mask keeps a kernel away."""
    elsewhere = set(closed(granted, temporary)) if landlock >= 2 else set()
    shown = _starts(one for one in granted.writable if not (one + "/").startswith(_starts(granted.hidden)))
    own, new = _starts(_own(granted, temporary)), _starts(emptied(granted))
    return [
        one
        for one in granted.kept
        if one not in elsewhere
        and not (one + "/").startswith(new)
        and (not (one + "/").startswith(own) or (one + "/").startswith(shown))
        and (os.path.lexists(one) or os.access(_nearest(one), os.W_OK))
    ]


def emptied(granted: Grants) -> list[str]:
    """Folders that a box has anew, with only ``caches`` of what is in them: their libraries keep credentials there."""
    start = _starts(granted.writable)
    found = dict.fromkeys(os.path.dirname(one) for one in granted.kept if os.path.basename(one) in _CREDENTIALS)
    return [
        one
        for one in found
        if (one + "/").startswith(start)
        and (os.path.basename(one) == _CACHE or os.path.isdir(os.path.join(one, _CACHES[0])))
        and os.path.isdir(one)
        and not (granted.workspace + "/").startswith(one + "/")
    ]


def caches(folder: str) -> list[str]:
    """The folders in one of ``emptied``. Raises ``OSError``."""
    with os.scandir(folder) as entries:
        return sorted(one.path for one in entries if one.is_dir(follow_symlinks=False))


def make_caches(folders: Iterable[str]) -> None:
    """Make what the library would: what it makes in a box itself is kept only there. Raises ``OSError``."""
    for folder in folders:
        for one in _CACHES:
            os.makedirs(os.path.join(folder, one), exist_ok=True)


def _nearest(path: str) -> str:
    while not os.path.isdir(path := os.path.dirname(path)):
        pass
    return path


def _own(granted: Grants, temporary: Iterable[str]) -> list[str]:
    """What a box has anew."""
    return [*temporary, "/run", "/dev", "/proc", *([] if granted.reads_all else [granted.home])]


def _starts(places: Iterable[str]) -> tuple[str, ...]:
    return tuple(one.rstrip("/") + "/" for one in places)
