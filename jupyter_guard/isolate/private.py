"""Where programs keep their own files -> the kernel's private directory, where the box leaves their own place closed.

Landlock answers at opening only: a program that asks first (``os.access``) is told yes and then fails, as IPython's
start does. So every place that may not be written is replaced before anything starts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping

from jupyter_guard.isolate.grants import Grants

# variable: (where its place is when it is not set, below the home directory; its name in the private directory).
PLACES = {
    "IPYTHONDIR": (".ipython", "ipython"),
    "JUPYTER_CONFIG_DIR": (".jupyter", "jupyter-config"),
    "JUPYTER_DATA_DIR": (".local/share/jupyter", "jupyter-data"),
    "JUPYTER_RUNTIME_DIR": (".local/share/jupyter/runtime", "jupyter-runtime"),
    "MPLCONFIGDIR": (".config/matplotlib", "matplotlib"),
    "XDG_CACHE_HOME": (".cache", "cache"),
    "NUMBA_CACHE_DIR": (".cache/numba", "numba"),
}
# What a person set for every kernel; read before it is closed, and never written back.
_SETTINGS = ("startup", "ipython_config.py", "ipython_kernel_config.py")


def variables(
    granted: Grants, directory: str, environment: Mapping[str, str], open_places: Iterable[str], temporary: bool
) -> dict[str, str]:
    """Variables for places in ``directory``, which are made, for each of ``PLACES`` that is not writable in the box.

    ``open_places`` are those in which, and anywhere below, the box lets files be made, ``hidden`` and ``protected``
    ones excepted. With ``temporary``, temporary files move too: bubblewrap gives a /tmp of its own, Landlock cannot.
    Raises ``OSError``.
    """
    moved = {}
    places, closed = tuple(open_places), (*granted.hidden, *granted.protected)
    for variable, (usual, name) in PLACES.items():
        place = os.path.realpath(environment.get(variable) or os.path.join(granted.home, usual))
        is_closed = any(_is_within(place, one) for one in closed)
        if not is_closed and any(_is_within(place, one) for one in places):
            continue
        moved[variable] = _made(directory, name)
        if variable == "IPYTHONDIR" and granted.reads_all:
            _copy_settings(place, moved[variable])
    if temporary:
        moved["TMPDIR"] = _made(directory, "tmp")
    return moved


def _is_within(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _made(directory: str, name: str) -> str:
    path = os.path.join(directory, name)
    os.makedirs(path, 0o700, exist_ok=True)
    return path


def _copy_settings(place: str, moved: str) -> None:
    profile = _made(moved, "profile_default")
    for name in _SETTINGS:
        source, copy = os.path.join(place, "profile_default", name), os.path.join(profile, name)
        # What cannot be read here could not be read by a kernel outside either.
        with contextlib.suppress(OSError):
            if os.path.isdir(source):
                shutil.copytree(source, copy, dirs_exist_ok=True)
            elif os.path.isfile(source):
                shutil.copyfile(source, copy)
