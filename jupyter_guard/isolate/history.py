"""What IPython keeps between kernels (history, ``%store``) -> a folder of the boxed kernels' own.

Nothing outside a box reads there: what ``%store`` keeps are pickles, which run code where they are read, and what a
cell puts into a history is one key away from being run. So the profile's own files are copied once and never written.
Kernels share the folder where their policy gives them another place in common to write to (``~/.cache``); where it does
not, kernels of another workspace have another one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping

from jupyter_guard.isolate.again import hash_of
from jupyter_guard.isolate.grants import CACHE, Grants
from jupyter_guard.isolate.private import copy
from jupyter_guard.isolate.variables import EVERYTHING

_HISTORY, _STORED = "history.sqlite", "db"
# More is not copied: the first kernel would wait for it.
_LARGEST = 64 << 20


def place(granted: Grants, write: Iterable[str], environment: Mapping[str, str]) -> str:
    """The folder for kernels with these grants; ``write`` is the policy's ``isolation.write``."""
    named = environment.get("XDG_STATE_HOME", "")
    base = os.path.realpath(named if os.path.isabs(named) else os.path.join(granted.home, ".local", "state"))
    in_common = granted.reads_all and not {CACHE, EVERYTHING}.isdisjoint(write)
    return os.path.join(base, "guarded-kernels", "shared" if in_common else f"{hash_of(granted.workspace):016x}")


def make(folder: str, profile: str = "") -> None:
    """Make it where it is not there, with what ``profile``, a folder of IPython's, has. Raises ``OSError``."""
    if not os.path.isdir(folder):
        beside = f"{folder}.{os.getpid()}"
        os.makedirs(os.path.join(beside, _STORED), 0o700)
        try:
            if profile:
                _copy(profile, beside)
            with contextlib.suppress(FileExistsError):
                # Another kernel's start was first.
                os.rename(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    if os.path.realpath(folder) != folder:
        raise OSError(f"{folder} is a link")


def links(folder: str, ipython: str) -> list[tuple[str, str]]:
    """What the profile below a kernel's own ``IPYTHONDIR`` has instead of files: where each leads to, and its path."""
    return [(os.path.join(folder, one), os.path.join(ipython, "profile_default", one)) for one in (_HISTORY, _STORED)]


def _copy(profile: str, folder: str) -> None:
    history, stored = os.path.join(profile, _HISTORY), os.path.join(profile, _STORED)
    if os.path.isfile(history) and os.path.getsize(history) <= _LARGEST:
        # Somebody may be writing to it: a copy of its bytes could be of two moments.
        import sqlite3

        try:
            with (
                contextlib.closing(sqlite3.connect(f"file:{_quoted(history)}?mode=ro", uri=True)) as source,
                contextlib.closing(sqlite3.connect(os.path.join(folder, _HISTORY))) as target,
            ):
                source.backup(target)
        except sqlite3.Error:
            # It is damaged, or locked: IPython begins a new one.
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(folder, _HISTORY))
    sizes = (os.lstat(os.path.join(at, one)).st_size for at, _, names in os.walk(stored) for one in names)
    if sum(sizes) <= _LARGEST:
        copy(stored, os.path.join(folder, _STORED))


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
