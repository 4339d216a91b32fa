"""A Hub's configuration -> the same with every setting of the lock."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from traitlets.config.loader import LazyConfigValue

from jupyter_guard.hub.keeping import Lock, SpawnerSection, before_spawning
from jupyter_guard.hub.settings import arguments, settings, without_ours
from jupyter_guard.hub.spawners import own_settings, privileges_of, spawner_names


def enforce(
    c: Any,
    policy: str | Path = "/etc/jupyter/jupyter_guard.toml",
    *,
    groups: Mapping[str, str | Path] | None = None,
    python: str = sys.executable,
    folders: bool = True,
    account: str = "",
    records: str = "",
) -> None:
    """Set in ``c``, the configuration object of ``jupyterhub_config.py``, what locks the users' servers.

    ``policy`` is a TOML file that belongs to root and that nobody else may write; ``groups`` names another for each
    Hub group, the first of a user's groups in this order counts. Where there is a ``/etc/jupyter/jupyter_guard.toml``
    it stands above all of them, and they can only tighten it. ``python`` is the interpreter of the servers,
    with ``jupyterhub`` and ``jupyter_guard`` installed. With ``folders`` the Hub, which must then be root, makes each
    user's folders below ``/var/lib/jupyter_guard`` before a server starts; without it the image has them. ``account``
    is the account that runs every server in a container of its own, such as ``jovyan``: then the folders are that
    one's, and the image has them. ``records`` is the database whose records the servers of the Hub's administrators
    show (``postgresql://READER@HOST/DATABASE``), each at ``/user/NAME/jupyter-guard/report``.

    What ``c`` sets already for the same traits stays where the lock leaves room for it: environment variables and
    arguments of other names. Hooks of the administrator's own stay too, set before this or after it: they run first,
    and what they change of the lock is set again, with a warning in the Hub's log.

    Raises ``ValueError`` for a policy that is no absolute path, and for arguments or an environment of another type
    than JupyterHub takes. A file that is missing or not root's is no error here: no server starts a kernel until it is
    there, and each says why.
    """
    files = [str(policy), *(str(path) for path in (groups or {}).values())]
    for path in files:
        if not Path(path).is_absolute():
            raise ValueError(f"jupyter_guard.hub.enforce: the policy {path!r} is no absolute path")
    if "/" in account or account.startswith("."):
        raise ValueError(f"jupyter_guard.hub.enforce: {account!r} is no name of an account")
    named = {name: str(path) for name, path in (groups or {}).items()}
    lock = Lock(str(policy), named, python, account, records, folders and not account)
    variables, words = _given(c, "environment", dict), _given(c, "args", list)
    for setting in (*settings(str(policy), python), *own_settings()):
        section, trait = setting.trait.split(".")
        if trait == "environment":
            c.Spawner.environment = {**variables, **lock.environment()}
        elif trait == "args":
            c.Spawner.args = [*without_ours(words), *arguments()]
        elif trait == "extra_host_config":
            theirs = c.DockerSpawner.get(trait)
            if isinstance(theirs, LazyConfigValue):
                theirs = theirs.get_value({})
            c.DockerSpawner.extra_host_config = privileges_of(theirs)
        else:
            setattr(c[section], trait, setting.value)
    if c.Spawner.get("pre_spawn_hook") is None:
        c.Spawner.pre_spawn_hook = partial(before_spawning, earlier=None, lock=lock)
    for section in {*spawner_names(c), *(one for one in c if one.endswith("Spawner"))}:
        SpawnerSection.of(c[section], lock)


def _given(c: Any, trait: str, kind: type) -> Any:
    """What the configuration says of a trait of ``c.Spawner``, also where it only adds to the default."""
    value = c.Spawner.get(trait)
    if isinstance(value, LazyConfigValue):
        value = value.get_value(kind())
    if value is None:
        return kind()
    if not isinstance(value, kind):
        shown = getattr(value, "__qualname__", repr(value))
        raise ValueError(
            f"jupyter_guard.hub.enforce: c.Spawner.{trait} is {shown}, and JupyterHub takes a {kind.__name__}"
            + (", whose values may be functions" if kind is dict else "")
        )
    return value
