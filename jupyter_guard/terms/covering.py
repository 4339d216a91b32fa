"""A policy's grants and what is asked for -> whether one covers it: the one answer that reading and boxes have."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from jupyter_guard.terms.host import Host


def placed(entry: str, workspace: str, home: str) -> str:
    """Where an entry of ``isolation.read`` or ``write`` is: below the home after ``~``, else below the workspace."""
    return home + entry[1:] if entry == "~" or entry.startswith("~/") else posixpath.join(workspace, entry)


def covers_place(places: Iterable[str], path: str) -> bool:
    """Whether absolute ``path`` is one of ``places`` or below one. Nothing is asked of the disk.

    >>> covers_place(["/srv/", "/data"], "/data/a.csv"), covers_place(["/"], "/data"), covers_place(["/data"], "/data2")
    (True, True, False)
    """
    return any((path + "/").startswith(one.rstrip("/") + "/") for one in places)


def covers_host(hosts: Iterable[Host], name: str, port: int) -> bool:
    """Whether an entry of ``isolation.hosts`` lets ``name`` be reached at ``port``; 0: at each."""
    return any(one.fits(name, port) for one in hosts)
