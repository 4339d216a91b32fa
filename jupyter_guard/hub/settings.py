"""What has to be set in a Hub's configuration, each with the reason; `enforce`, the check and the docs read it here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

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
            lambda value: isinstance(value, list) and "-I" in value[1:-1],
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
            lambda value: isinstance(value, dict) and all(name in value for name in environment(policy)),
        ),
        Setting(
            "Spawner.args",
            arguments(),
            "On the command line, because it beats every file: only guarded kernels, no terminals, no extension "
            "manager, no hidden files, no templates from the workspace.",
            lambda value: isinstance(value, list) and all(one in value for one in arguments() if "{" not in one),
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
