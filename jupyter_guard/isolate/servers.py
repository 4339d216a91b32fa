"""An environment -> files with which Jupyter's servers are set up: tokens, hashes of passwords, keys.

The same folders as ``jupyter_core.paths.jupyter_config_path`` has, which a test compares; importing that costs a
kernel's start more than everything here.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterable, Iterator, Mapping

SYSTEM = ("/usr/local/etc/jupyter", "/etc/jupyter")
# Every server's own name, from `JupyterApp.name`, and what all of Jupyter's programs read.
_NAMES = (
    "jupyter_config", "jupyter_server_config", "jupyter_lab_config", "jupyter_notebook_config",
    "jupyter_nbclassic_config", "jupyterhub_config", "jupyter_jupyterhub-singleuser_config",
)  # fmt: skip


def folders(environment: Mapping[str, str], prefixes: Iterable[str] = ()) -> list[str]:
    """Where servers of this user read settings: the user's own, each interpreter's of ``prefixes``, and all's."""
    return list(dict.fromkeys((*_users(environment), *_interpreters(prefixes), *SYSTEM)))


def settings(environment: Mapping[str, str], prefixes: Iterable[str] = ()) -> list[str]:
    """The files, whether or not they are there, and the folders of pieces of them that are not an interpreter's.

    Packages leave in an interpreter's which extensions they have, and programs in a kernel ask for that.
    """
    found = [
        os.path.join(one, name + end)
        for one in folders(environment, prefixes)
        for name in _NAMES
        for end in (".py", ".json")
    ]
    return found + [os.path.join(one, name + ".d") for one in (*_users(environment), *SYSTEM) for name in _NAMES]


def _users(environment: Mapping[str, str]) -> Iterator[str]:
    home = environment.get("HOME") or os.path.expanduser("~")
    if environment.get("JUPYTER_CONFIG_DIR"):
        yield environment["JUPYTER_CONFIG_DIR"]
    yield from (one.rstrip(os.sep) for one in environment.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep) if one)
    yield os.path.join(home, ".jupyter")
    # With JUPYTER_PLATFORM_DIRS.
    yield os.path.join(environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "jupyter")


def _interpreters(prefixes: Iterable[str]) -> Iterator[str]:
    base = site.getuserbase()
    yield from (os.path.join(one, "etc", "jupyter") for one in (sys.prefix, *([base] if base else []), *prefixes))
