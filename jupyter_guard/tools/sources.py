"""A policy's ``tools.sources`` -> the files and modules that hold tools, and why a source is none.

An installed package says where its tools are by an entry point in the group ``jupyter_guard.tools``, whose value is a
module. It is imported in the tool's own process and nowhere else. What lies in the folder that is worked in is no
installed package, as with packs of rules.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from jupyter_guard.policy.policy import Isolation

GROUP: Final = "jupyter_guard.tools"
# How long what is installed is taken to be what it was.
SECONDS: Final = 60.0


class Source(msgspec.Struct, frozen=True):
    """``where`` is a file's whole path or a module's full name, ``name`` what the policy calls it, ``text`` what the
    file holds: what was described is what runs.
    """

    name: str
    where: str
    text: str = ""


def sources(wanted: tuple[str, ...], workspace: str, problems: list[str]) -> list[Source]:
    """The sources that a policy names; what is wrong with one is added to ``problems``."""
    found: dict[str, Source] = {}
    named = any(not one.endswith(".py") for one in wanted)
    installed = _installed(workspace, tuple(sys.path), int(time.monotonic() // SECONDS)) if named else ()
    for name in wanted:
        if name.endswith(".py"):
            try:
                found[name] = Source(name, str(Path(name).resolve()), Path(name).read_text("utf-8"))
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or error
                problems.append(f"tools.sources: {name} cannot be read: {why}")
        elif name == "*":
            found.update({one.name: one for one in installed})
        else:
            one = next((one for one in installed if one.name == name), None)
            if one is None:
                problems.append(f"tools.sources: no installed package has an entry point {name!r} in {GROUP}")
            else:
                found[name] = one
    return [one for one in found.values() if _is_module(one, problems)]


def texts(wanted: Iterable[str]) -> tuple[str, ...]:
    """What the files among a policy's sources hold now, a mistake's words where one cannot be read."""
    problems: list[str] = []
    found = sources(tuple(one for one in wanted if one.endswith(".py")), os.curdir, problems)
    return (*(one.text for one in found), *problems)


def writable_by_cells(file: str, isolation: Isolation, workspace: str) -> bool:
    """Whether cells may change the file, or put another one in its place: then whoever writes them writes the tool."""
    if not any(os.access(one, os.W_OK) for one in (file, Path(file).parent)):
        return False
    inside = os.path.realpath(file)
    # The interpreter's own folders are not for cells to write, wherever they lie (``isolate.grants``).
    if any(_is_below(inside, os.path.realpath(one)) for one in (sys.prefix, sys.base_prefix)):
        return False
    places = (Path(workspace) / Path(one).expanduser() for one in isolation.write if one != "*")
    return "*" in isolation.write or any(_is_below(inside, os.path.realpath(one)) for one in places)


@functools.lru_cache(maxsize=4)
def _installed(workspace: str, path: tuple[str, ...], _minute: int) -> tuple[Source, ...]:
    """The entry points of what is installed on ``path``; what is installed meanwhile is seen within a minute."""
    from importlib.metadata import distributions

    here = {os.path.realpath(workspace), os.path.realpath(os.curdir)}
    found = []
    for one in distributions(path=[one for one in path if os.path.realpath(one or os.curdir) not in here]):
        found += [Source(point.name, point.value.strip()) for point in one.entry_points.select(group=GROUP)]
    return tuple(found)


def _is_module(source: Source, problems: list[str]) -> bool:
    if source.where.endswith(".py") or all(part.isidentifier() for part in source.where.split(".")):
        return True
    problems.append(f"tools.sources: {source.name!r} leads to {source.where!r}, which is no module's name")
    return False


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
