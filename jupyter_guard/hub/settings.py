"""What has to be set in a Hub's configuration, each with the reason; `enforce`, the check and the docs read it here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_guard.guard.owned import is_trusted
from jupyter_guard.hub.filling import is_filled, is_policy, is_records

STATE = "/var/lib/jupyter_guard"
RUNTIME = "/run/jupyter_guard"
LOCK = "jupyter_guard.server.lock"
# What a server and its kernels need from the Hub's own environment; what else stands there is no user's business.
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Setting(NamedTuple):
    """One trait.

    ``holds`` says of a value that somebody else set whether the lock holds with it; without it only ``value`` does.
    ``{username}`` in a text is the user's.
    """

    trait: str
    value: Any
    why: str
    holds: Callable[[Any], bool] | None = None

    def is_met_by(self, value: Any) -> bool:
        """Whether the lock holds with ``value``."""
        return self.holds(value) if self.holds is not None else bool(value == self.value)


def settings(policy: str, python: str = sys.executable) -> list[Setting]:
    """The traits of ``jupyterhub_config.py`` that lock the users' servers; ``python`` is theirs."""
    return [
        Setting(
            "Spawner.cmd",
            [python, "-I", "-m", "jupyterhub.singleuser"],
            "Isolated: no PYTHON* variable, no package of the user's own and no module of the working folder "
            "is loaded into the server.",
            _starts_server,
        ),
        Setting(
            "Spawner.disable_user_config",
            True,
            "A configuration file in the user's home could name another kernel manager.",
        ),
        Setting(
            "Spawner.env_keep",
            list(KEPT),
            "The Hub's environment may hold its own secrets, and a PYTHONPATH.",
            lambda value: isinstance(value, list) and set(value) <= set(KEPT),
        ),
        Setting(
            "Spawner.environment",
            environment(policy),
            "Jupyter's and IPython's folders lie where only root writes what is loaded from them; the policy is "
            "the site's.",
            _is_locked_environment,
        ),
        Setting(
            "Spawner.args",
            arguments(),
            "On the command line, because it beats every file: only guarded kernels, no terminals, no extension "
            "manager, no hidden files, no templates from the workspace.",
            _are_locked,
        ),
        Setting(
            "JupyterHub.allow_named_servers",
            False,
            "Two servers of a user would share folders that each takes for its own.",
        ),
    ]


def environment(policy: str) -> dict[str, str]:
    """The variables of a user's server, ``{username}`` not filled in yet."""
    own = f"{STATE}/users/{{username}}"
    run = f"{RUNTIME}/{{username}}"
    return {
        "IPYTHONDIR": f"{own}/ipython",
        "JUPYTERLAB_SETTINGS_DIR": f"{own}/lab/settings",
        "JUPYTERLAB_WORKSPACES_DIR": f"{own}/lab/workspaces",
        "JUPYTER_CONFIG_DIR": f"{STATE}/config",
        "JUPYTER_CONFIG_PATH": f"{STATE}/config",
        "JUPYTER_DATA_DIR": f"{own}/data",
        "JUPYTER_GUARD_POLICY": policy,
        "JUPYTER_PATH": f"{STATE}/share",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_RUNTIME_DIR": run,
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "SHELL": "/usr/sbin/nologin",
        "XDG_RUNTIME_DIR": run,
    }


def arguments() -> list[str]:
    """The arguments of a user's server, ``{username}`` not filled in yet."""
    own = f"{STATE}/users/{{username}}/notary"
    return [
        f"--ServerApp.kernel_spec_manager_class={LOCK}.LockedKernelSpecManager",
        f"--ServerApp.kernel_manager_class={LOCK}.LockedMappingKernelManager",
        "--ServerApp.terminals_enabled=False",
        "--ServerApp.allow_external_kernels=False",
        "--ServerApp.jpserver_extensions=jupyter_guard.server=True",
        "--LabApp.extension_manager=readonly",
        "--LanguageServerManager.autodetect=False",
        "--ContentsManager.allow_hidden=False",
        "--KernelProvisionerFactory.default_provisioner_name=local-provisioner",
        "--TemplateExporter.extra_template_basedirs=[]",
        f"--NotebookNotary.db_file={own}/nbsignatures.db",
        f"--NotebookNotary.secret_file={own}/notebook_secret",
    ]


# Traits that no argument may set beside the lock's own, of whatever class: a subclass's section beats its base's.
_ROUND = frozenset(
    {
        "allow_external_kernels",
        "allow_hidden",
        "app_dir",
        "autodetect",
        "config",
        "config_file",
        "config_file_name",
        "config_file_paths",
        "default_provisioner_name",
        "disable_user_config",
        "extension_manager",
        "extra_labextensions_path",
        "extra_node_roots",
        "extra_template_basedirs",
        "extra_template_paths",
        "jpserver_extensions",
        "kernel_dirs",
        "labextensions_path",
        "load_other_extensions",
        "node_roots",
        "template_paths",
        "terminals_enabled",
        "terminado_settings",
        "url",
    }
)
# The lock's own choices, which an administrator may make.
_CHOICES = ("LockedKernelSpecManager.", "LockedMappingKernelManager.server_extensions", "GuardedProvisioner.")


def trait_of(argument: str) -> str:
    """The trait that a command line's argument sets, without its class and its dashes; empty for what is a value."""
    if not argument.startswith("-"):
        return ""
    name = argument.lstrip("-").partition("=")[0]
    # A dictionary's key may follow the trait, `--ServerApp.jpserver_extensions.jupyter_lsp=True`.
    parts = [one for one in name.split(".") if not one[:1].isupper()]
    return (parts[0] if parts else name).replace("-", "_")


def goes_round(argument: str) -> bool:
    """Whether an argument sets what the lock sets, or what lets a user's own program or file into the server."""
    trait = trait_of(argument)
    if not trait or any(argument.lstrip("-").startswith(one) for one in _CHOICES):
        return False
    return (
        trait in _ROUND | _OWN_TRAITS or trait.startswith("gateway") or trait.endswith(("_class", "_hook", "_factory"))
    )


def without_ours(given: list[str]) -> list[str]:
    """Arguments without those that set what the lock sets, and their values where these are words of their own."""
    kept: list[str] = []
    rest = list(given)
    while rest:
        one = rest.pop(0)
        if trait_of(one) not in _OWN_TRAITS:
            kept.append(one)
        elif "=" not in one and rest and not rest[0].startswith("-"):
            rest.pop(0)
    return kept


_OWN_TRAITS = frozenset(trait_of(one) for one in arguments())


def _are_locked(value: Any) -> bool:
    # The last one of a name counts: each of ours has to be there, and nothing beside it that sets the same.
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return False
    ours = arguments()
    return all(one in value for one in ours) and not any(goes_round(one) for one in value if one not in ours)


def _is_locked_environment(value: Any) -> bool:
    if not isinstance(value, dict) or not is_records(value.get("JUPYTER_GUARD_STORE")):
        return False
    ours = environment("")
    if any(str(name).startswith(LOADING) for name in set(value) - set(ours) - set(KEPT)):
        return False
    return is_policy(value.get("JUPYTER_GUARD_POLICY")) and all(
        name in value and is_filled(value[name], text) for name, text in ours.items() if name != "JUPYTER_GUARD_POLICY"
    )


# Variables by which a program loads what it would not load by itself.
LOADING = ("PYTHON", "LD_", "DYLD_", "IPYTHON", "BASH_ENV")


def _starts_server(value: Any) -> bool:
    if not isinstance(value, list) or value[1:] != ["-I", "-m", "jupyterhub.singleuser"]:
        return False
    # In an image it need not be there where the Hub is; what is there has to be root's.
    python = Path(str(value[0]))
    return python.is_absolute() and (not os.path.lexists(python) or is_trusted(python))
