"""A Hub's configuration -> the same with every setting of the lock."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_guard.hub.filling import filled, policy_of, records_of, user_folder
from jupyter_guard.hub.place import make_ready
from jupyter_guard.hub.settings import arguments, environment, settings, without_ours
from jupyter_guard.hub.spawners import own_settings


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
    arguments of other names, and an earlier ``pre_spawn_hook``, which runs first.

    Raises ``ValueError`` for a policy that is no absolute path. A file that is missing or not root's is no error here:
    no server starts a kernel until it is there, and each says why.
    """
    files = [str(policy), *(str(path) for path in (groups or {}).values())]
    for path in files:
        if not Path(path).is_absolute():
            raise ValueError(f"jupyter_guard.hub.enforce: the policy {path!r} is no absolute path")
    if "/" in account or account.startswith("."):
        raise ValueError(f"jupyter_guard.hub.enforce: {account!r} is no name of an account")
    for setting in (*settings(str(policy), python), *own_settings()):
        section, trait = setting.trait.split(".")
        if trait == "environment":
            _set_environment(
                c, str(policy), {name: str(path) for name, path in (groups or {}).items()}, account, records
            )
        elif trait == "args":
            _set_arguments(c)
        elif trait == "extra_host_config":
            _forbid_privileges(c, setting.value)
        else:
            setattr(c[section], trait, setting.value)
    earlier = c.Spawner.get("pre_spawn_hook")
    c.Spawner.pre_spawn_hook = partial(
        before_spawning, earlier=earlier, folders=folders and not account, account=account
    )


def _set_environment(c: Any, policy: str, groups: dict[str, str], account: str, records: str) -> None:
    theirs = dict(c.Spawner.get("environment") or {})
    ours: dict[str, Any] = {
        name: partial(filled, text=text, account=account) for name, text in environment(policy).items()
    }
    ours["JUPYTER_GUARD_POLICY"] = partial(policy_of, policy=policy, groups=groups)
    # Set for everybody: an administrator's variable of that name would show a user the records of all.
    ours["JUPYTER_GUARD_STORE"] = partial(records_of, records=records)
    c.Spawner.environment = {**theirs, **ours}


def _forbid_privileges(c: Any, value: dict[str, list[str]]) -> None:
    theirs = c.DockerSpawner.get("extra_host_config") or {}
    if not callable(theirs):
        options = [one for one in theirs.get("security_opt") or [] if not str(one).startswith("no-new-privileges")]
        c.DockerSpawner.extra_host_config = {**theirs, "security_opt": [*options, *value["security_opt"]]}


def _set_arguments(c: Any) -> None:
    theirs = without_ours(c.Spawner.get("args") or [])
    c.Spawner.args = [*theirs, *arguments()]


def account_of(spawner: Any) -> str:
    """The system's account that runs a user's server."""
    template = getattr(spawner, "username_template", "")
    return str(spawner._expand_user_vars(template)) if template else str(spawner.user.name)


async def before_spawning(spawner: Any, earlier: Any, folders: bool, account: str) -> None:
    """What runs before each server starts: the administrator's own hook, then the user's folders."""
    if earlier is not None:
        done = earlier(spawner)
        if hasattr(done, "__await__"):
            await done
    name = account or user_folder(spawner)
    spawner.args = [one.replace("{username}", name) for one in spawner.args]
    if folders:
        make_ready(name, account_of(spawner))
