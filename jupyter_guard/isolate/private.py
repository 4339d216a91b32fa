"""Where programs keep their own files -> the kernel's private directory, where the box leaves their own place closed.

Landlock answers at opening only: a program that asks first (``os.access``) is told yes and then fails, as IPython's
start does. So every place that may not be written is replaced before anything starts.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
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
_KERNELS = "guarded-kernels"
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
        if variable == "XDG_CACHE_HOME" and not is_closed and any(_is_within(place, one) for one in granted.writable):
            # Landlock makes nothing new in a folder around a hidden one; what is below a new one can be kept.
            moved[variable] = _made(place, _KERNELS)
            continue
        moved[variable] = _made(directory, name)
    if temporary:
        moved["TMPDIR"] = _made(directory, "tmp")
    return moved


def profile(granted: Grants, environment: Mapping[str, str]) -> str:
    """The folder of IPython's profile outside the box."""
    place = os.path.realpath(environment.get("IPYTHONDIR") or os.path.join(granted.home, ".ipython"))
    return os.path.join(place, "profile_default")


def settings(granted: Grants, environment: Mapping[str, str]) -> list[str]:
    """Files and folders of IPython's that a moved ``IPYTHONDIR`` gets copies of, whether or not they are there."""
    return [os.path.join(profile(granted, environment), name) for name in _SETTINGS]


def copied(granted: Grants, environment: Mapping[str, str], moved: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is to be copied to where, for a moved ``IPYTHONDIR``."""
    if "IPYTHONDIR" not in moved or not granted.reads_all:
        return []
    places = settings(granted, environment)
    return [(one, os.path.join(moved["IPYTHONDIR"], "profile_default", os.path.basename(one))) for one in places]


def copy(source: str, target: str) -> None:
    """Copy a file, or a folder of files. What cannot be read here could not be read by a kernel outside either."""
    try:
        if os.path.isdir(source):
            for name in os.listdir(source):
                inner = os.path.join(source, name)
                # A link to a folder may lead around in a circle.
                if not (os.path.islink(inner) and os.path.isdir(inner)):
                    copy(inner, os.path.join(target, name))
        elif os.path.isfile(source):
            # Not `shutil`: the start of a kernel would wait for what it imports.
            with open(source, "rb") as file:
                content = file.read()
            os.makedirs(os.path.dirname(target), 0o700, exist_ok=True)
            with open(target, "wb") as file:
                file.write(content)
    except OSError:
        return


def link(linked: Iterable[tuple[str, str]]) -> None:
    """Have each path lead to where it is said to. Raises ``OSError``."""
    for target, path in linked:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        os.symlink(target, path)


def _is_within(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _made(directory: str, name: str) -> str:
    path = os.path.join(directory, name)
    os.makedirs(path, 0o700, exist_ok=True)
    return path
