"""A running server -> what its lock consists of, whether each part holds, and what closes it where it does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from jupyter_guard.guard.owned import is_trusted
from jupyter_guard.policy.files import HUB_VARIABLE, admin_problems
from jupyter_guard.server.extensions import TRAIT, unknown
from jupyter_guard.server.lock import (
    PROVISIONER,
    LockedKernelManager,
    LockedKernelSpecManager,
    LockedMappingKernelManager,
)

_CALL = "jupyter_guard.hub.enforce(c) sets it (without a Hub: jupyter guard server)"


class Check(msgspec.Struct, frozen=True):
    """One part of the lock: ``what`` is a trait, variable or folder, ``found`` what it is here."""

    what: str
    found: str
    holds: bool
    why: str
    fix: str


def checks(server_app: Any) -> tuple[Check, ...]:
    """Every part of the lock of this server, as it is now; nothing is started or changed."""
    return (
        *_classes(server_app),
        *_extensions(server_app),
        *_settings(server_app),
        *_process(),
        *_folders(server_app),
        *_policy(),
    )


def _classes(server_app: Any) -> list[Check]:
    kernels, specs = server_app.kernel_manager, server_app.kernel_spec_manager
    factory = getattr(kernels, "kernel_manager_factory_class", None)
    starts = factory() if callable(factory) else getattr(kernels, "kernel_manager_factory", type(None))
    is_locked = isinstance(starts, type) and issubclass(starts, LockedKernelManager)
    return [
        Check(
            "ServerApp.kernel_spec_manager_class",
            _name(type(specs)),
            isinstance(specs, LockedKernelSpecManager),
            "Kernels that start without the guard are offered.",
            _CALL,
        ),
        Check(
            "ServerApp.kernel_manager_class",
            _name(type(kernels)),
            isinstance(kernels, LockedMappingKernelManager) and is_locked,
            "A kernel that is named over REST starts whatever its command is, with any variables.",
            _CALL,
        ),
    ]


def _extensions(server_app: Any) -> list[Check]:
    more = getattr(server_app.kernel_manager, "server_extensions", ())
    loaded = unknown(server_app, more)
    searches = bool(getattr(getattr(server_app, "language_server_manager", None), "autodetect", False))
    return [
        Check(
            "ServerApp.jpserver_extensions",
            ", ".join(loaded) or "known ones",
            not loaded,
            "An extension runs in the server, and what it starts no guard sees.",
            f"{_CALL}; one that starts no program of a user's: {TRAIT}",
        ),
        Check(
            "LanguageServerManager.autodetect",
            str(searches),
            not searches,
            "Language servers are looked for in the home: a user's own file there is started by the server.",
            f"{_CALL}; name the servers in LanguageServerManager.language_servers",
        ),
    ]


def _settings(server_app: Any) -> list[Check]:
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    provisioner = KernelProvisionerFactory.instance(parent=server_app).default_provisioner_name
    terminals = bool(server_app.web_app.settings.get("terminals_available"))
    outside = bool(getattr(server_app, "allow_external_kernels", False))
    hidden = bool(getattr(server_app.contents_manager, "allow_hidden", False))
    lab = next(iter(server_app.extension_manager.extension_apps.get("jupyterlab", ())), None)
    manager = str(getattr(lab, "extension_manager", "readonly"))
    templates = _template_folders(server_app)
    return [
        Check(
            "KernelProvisionerFactory.default_provisioner_name",
            provisioner,
            provisioner == PROVISIONER,
            "It starts kernels elsewhere, beside which nothing guards.",
            _CALL,
        ),
        Check(
            "ServerApp.terminals_enabled",
            str(terminals),
            not terminals,
            "A terminal is a shell that nobody guards.",
            _CALL,
        ),
        Check(
            "ServerApp.allow_external_kernels",
            str(outside),
            not outside,
            "Kernels that were started without the guard are taken in.",
            _CALL,
        ),
        Check(
            "ContentsManager.allow_hidden",
            str(hidden),
            not hidden,
            "Files that Jupyter, IPython and shells load at their start can be written from the page.",
            _CALL,
        ),
        Check(
            "LabApp.extension_manager",
            manager,
            manager == "readonly",
            "Extensions that are installed from the page run in every page, and in the server.",
            _CALL,
        ),
        Check(
            "TemplateExporter.extra_template_basedirs",
            ", ".join(templates) or "none",
            all(is_trusted(one) for one in templates),
            "A template for an export is a program that runs in the server, and those beside a notebook are loaded.",
            _CALL,
        ),
    ]


def _template_folders(server_app: Any) -> list[str]:
    """Where exports look for templates beside the installed ones; none without nbconvert."""
    try:
        from nbconvert.exporters.templateexporter import TemplateExporter
    except ImportError:
        return []
    exporter = TemplateExporter(config=server_app.config)  # type: ignore[no-untyped-call]
    return [str(one) for one in exporter.extra_template_basedirs]


def _process() -> list[Check]:
    isolated = bool(sys.flags.isolated)
    user_site = next((one for one in sys.path if one and not is_trusted(_there(one))), "")
    return [
        Check(
            "Spawner.cmd",
            "isolated" if isolated else "not isolated (-I)",
            isolated,
            "PYTHON* variables, the working folder and packages in the home are loaded into the server.",
            _CALL,
        ),
        Check(
            "sys.path",
            user_site or "root's",
            not user_site,
            "Whoever can write there decides what the server runs, the guard included.",
            "install the server where only root can write, such as /opt/jupyter",
        ),
    ]


def _folders(server_app: Any) -> list[Check]:
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    start = str(Path(os.environ.get("IPYTHONDIR") or "~/.ipython", "profile_default/startup").expanduser())
    config = [] if _ignores_configuration(server_app) else jupyter_config_path()
    found = [("JUPYTER_CONFIG_PATH", one, "A configuration file there names another kernel manager.") for one in config]
    found += [
        ("JUPYTER_PATH", f"{one}/{part}", "Templates and kernels are loaded from there.")
        for one in jupyter_path()
        for part in ("nbconvert", "kernels")
    ]
    found.append(("IPYTHONDIR", start, "What lies there runs in every kernel before the guard watches inside it."))
    return [
        Check(name, where, is_trusted(_there(where)), why, f"{_CALL}; it has to belong to root")
        for name, where, why in dict.fromkeys(found)
    ]


def _ignores_configuration(server_app: Any) -> bool:
    """Whether this server reads nothing of the user's (``disable_user_config`` of a Hub's single-user server)."""
    own = str(Path("~").expanduser())
    return bool(getattr(server_app, "disable_user_config", False)) and not any(
        str(one).startswith(own) for one in server_app.config_file_paths
    )


def _policy() -> list[Check]:
    from jupyter_guard.policy import PolicyError, load_effective

    named = os.environ.get(HUB_VARIABLE) or "/etc/jupyter/jupyter_guard.toml"
    made = [
        Check("policy", one, False, "No kernel starts while the policy is not in order.", "mend the file")
        for one in admin_problems(os.environ)
    ]
    if made:
        return made
    try:
        mode = str(load_effective("/").mode)
    except PolicyError as error:
        return [
            Check("policy", str(one), False, "No cell runs while the policy is not in order.", "mend the file")
            for one in error.problems
        ]
    is_there = Path(named).exists()
    return [
        Check(
            "policy",
            named if is_there else f"no {named}",
            is_there,
            "Without a site's policy users decide for themselves.",
            f"jupyter guard policy init --preset locked --output {named}",
        ),
        Check(
            "policy mode", mode, mode == "enforce", "Nothing is stopped: it is only written down.", 'mode = "enforce"'
        ),
    ]


def _there(path: str) -> str:
    """The path, or what is there of it: who could make what is missing counts."""
    found = Path(path)
    while not found.exists() and found != found.parent:
        found = found.parent
    return str(found)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
