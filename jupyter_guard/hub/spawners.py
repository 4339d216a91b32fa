"""What has to be set, and what must not be, for each kind of spawner beside what holds for all of them.

Found in the spawners' own code: KubeSpawner 7.1, DockerSpawner 14.0, SystemdSpawner 1.0, and JupyterHub 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from jupyter_guard.hub.mounts import (
    container_goes_round,
    context_raises,
    host_options_reach_host,
    mounts_reach_host,
    others_raise,
    pod_goes_round,
    pod_volumes_reach_host,
    volumes_reach_host,
)
from jupyter_guard.hub.settings import Setting


class Trap(NamedTuple):
    """A trait that goes round the lock where it is set so that ``is_open`` says yes."""

    trait: str
    why: str
    fix: str
    is_open: Callable[[Any], bool] = bool


class Kind(NamedTuple):
    """One kind of spawner: how it takes what the lock sets for all, its own settings, and its traps."""

    name: str
    about: str
    settings: tuple[Setting, ...]
    traps: tuple[Trap, ...]


# Traits that `enforce` sets for every spawner: an override of one of these, however it comes, takes the lock's place.
LOCKED = ("cmd", "args", "environment", "env_keep", "disable_user_config", "pre_spawn_hook")
_SOCKET = (
    "Whoever reaches the daemon's socket (docker.sock, or a folder that holds it) is root on the host; read only makes "
    "no difference to a socket."
)
_OWN_FOLDERS = "leave out the daemons' sockets and the host's own folders: named volumes, or folders of data alone"
_OPTIONS = "what users may choose goes into the policy of a group: enforce(c, groups={...})"


def _overrides(value: Any) -> bool:
    """Whether any profile, or choice within one, sets a locked trait, or a function decides."""
    if callable(value):
        return True
    if isinstance(value, Mapping):
        given = value.get("kubespawner_override")
        if isinstance(given, Mapping) and set(given) & set(LOCKED):
            return True
        if given is not None and not isinstance(given, Mapping):
            return True
        return any(_overrides(one) for one in value.values() if isinstance(one, (Mapping, list, tuple)))
    return isinstance(value, (list, tuple)) and any(_overrides(one) for one in value)


def _created(value: Any) -> bool:
    return callable(value) or bool(
        isinstance(value, Mapping) and set(value) & {"command", "entrypoint", "environment", "user"}
    )


def without_new_privileges(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """A container's ``extra_host_config`` with the option that the lock sets, and all else that it says."""
    given = given or {}
    options = [one for one in given.get("security_opt") or [] if not str(one).startswith("no-new-privileges")]
    return {**given, "security_opt": [*options, "no-new-privileges"]}


async def called_without_new_privileges(spawner: Any, own: Callable[[Any], Any]) -> dict[str, Any]:
    """The same of what an administrator's function answers; DockerSpawner waits for it."""
    given = own(spawner)
    return without_new_privileges(await given if hasattr(given, "__await__") else given)


def privileges_of(given: Any) -> Any:
    """The same of either kind of ``extra_host_config``."""
    if callable(given):
        return partial(called_without_new_privileges, own=given)
    return without_new_privileges(given)


def _has_no_new_privileges(value: Any) -> bool:
    if isinstance(value, partial) and value.func is called_without_new_privileges:
        return True
    options = value.get("security_opt") if isinstance(value, Mapping) else None
    return isinstance(options, list) and any(str(one).startswith("no-new-privileges") for one in options)


KINDS: tuple[Kind, ...] = (
    Kind(
        "LocalProcessSpawner",
        "The server is a process of the user's account on the Hub's machine. `cmd`, `args`, `environment` and "
        "`env_keep` are taken as they are; `SHELL`, `HOME` and `USER` are what the password database says, so `SHELL` "
        "counts for SystemdSpawner and containers only. The Hub makes the user's folders before each start.",
        (),
        (
            Trap(
                "LocalProcessSpawner.popen_kwargs",
                "It can start another program, or with another environment.",
                "remove it",
            ),
            Trap(
                "LocalProcessSpawner.shell_cmd",
                "The server starts within a shell, which reads the user's own start-up files first.",
                "remove it",
            ),
        ),
    ),
    Kind(
        "SystemdSpawner",
        "The server is a transient unit under the user's account. `cmd`, `args` and `environment` are taken as they "
        "are, after `{USERNAME}` and `{USERID}` were filled in; folders are made for the account that "
        "`username_template` names.",
        (
            Setting(
                "SystemdSpawner.default_shell",
                "/usr/sbin/nologin",
                "It takes the place of SHELL in the environment: a terminal that something starts all the same ends at "
                "once.",
            ),
            Setting(
                "SystemdSpawner.disable_user_sudo",
                True,
                "NoNewPrivileges: what a cell starts gains no rights by sudo or a setuid program.",
            ),
        ),
        (
            Trap(
                "SystemdSpawner.dynamic_users",
                "An account that exists only while its server runs owns no folder beforehand: no server starts.",
                "False, and accounts of the system's own",
            ),
            Trap(
                "SystemdSpawner.extra_paths",
                "Programs from there come before the system's for the server too; a user's own folder decides what "
                "`node` or `git` is.",
                "only folders that root alone writes; in the home, none",
                lambda value: any("{" in str(one) or str(one).startswith(("~", "/home")) for one in value or ()),
            ),
            Trap(
                "SystemdSpawner.unit_extra_properties",
                "Environment, ExecStartPre or User of the unit can be set there, after the lock.",
                "leave out Environment*, ExecStart*, User, Group, PAMName, RootDirectory",
                lambda value: bool(
                    isinstance(value, Mapping)
                    and any(
                        str(one).startswith(("Environment", "Exec", "PassEnv"))
                        or one in ("User", "Group", "PAMName", "RootDirectory", "RootImage")
                        for one in value
                    )
                ),
            ),
        ),
    ),
    Kind(
        "DockerSpawner",
        "The server is a container. `cmd` and `args` become the container's command (an ENTRYPOINT of the image comes "
        "before them, and must `exec` what it is given), `environment` its environment. The image has the interpreter "
        "that `enforce(c, python=...)` names, the guard in it, the policy at its path, and the folders: "
        "`enforce(c, account=...)`.",
        (
            Setting(
                "DockerSpawner.env_keep",
                [],
                "A container takes nothing of the Hub's environment: the Hub's PATH is not the image's.",
            ),
            Setting(
                "DockerSpawner.extra_host_config",
                {"security_opt": ["no-new-privileges"]},
                "What a cell starts gains no rights by sudo or a setuid program in the image. Keys of your own stay.",
                _has_no_new_privileges,
            ),
        ),
        (
            Trap(
                "DockerSpawner.allowed_images",
                "Users choose the image, and so everything in it: each has to be one with the guard, and with root's "
                "files as the lock needs them.",
                f"one image; {_OPTIONS}",
            ),
            Trap("DockerSpawner.image_whitelist", "As allowed_images.", "one image"),
            Trap(
                "DockerSpawner.extra_create_kwargs",
                "The container's command, entry point, environment or user can be set there, after the lock.",
                "leave out command, entrypoint, environment and user",
                _created,
            ),
            Trap(
                "DockerSpawner.extra_host_config",
                "A privileged container, added capabilities or the host's processes are more than any lock holds, and "
                "so is a daemon's socket in binds or mounts.",
                f"leave out privileged, cap_add and pid_mode; of binds and mounts, {_OWN_FOLDERS}",
                host_options_reach_host,
            ),
            Trap("DockerSpawner.mounts", _SOCKET, _OWN_FOLDERS, mounts_reach_host),
            Trap("DockerSpawner.read_only_volumes", _SOCKET, _OWN_FOLDERS, volumes_reach_host),
            Trap("DockerSpawner.volumes", _SOCKET, _OWN_FOLDERS, volumes_reach_host),
            Trap(
                "DockerSpawner.post_start_cmd",
                "It runs in the container beside the server, as whoever the image says.",
                "do it in the image's build",
            ),
        ),
    ),
    Kind(
        "KubeSpawner",
        "The server is a pod. `cmd` and `args` become the container's `args` (an ENTRYPOINT of the image comes before "
        "them, and must `exec` what it is given), `environment` its `env`: what the lock fills in per user is a "
        "function, which KubeSpawner leaves to the Hub. Put the policies into a ConfigMap that is mounted read only "
        "at /etc/jupyter, and the folders into the image: `enforce(c, account=...)`. With Zero to JupyterHub, call "
        "`enforce` in the last entry of `hub.extraConfig`.",
        (
            Setting(
                "KubeSpawner.env_keep",
                [],
                "A pod takes nothing of the Hub's environment: the Hub's PATH is not the image's.",
            ),
            Setting(
                "KubeSpawner.allow_privilege_escalation",
                False,
                "What a cell starts gains no rights by sudo or a setuid program in the image.",
            ),
            Setting("KubeSpawner.privileged", False, "A privileged pod has the node's devices."),
            Setting(
                "KubeSpawner.automount_service_account_token",
                False,
                "A token of the cluster in the pod is a cell's to use: it may start pods that nobody guards.",
            ),
        ),
        (
            Trap(
                "KubeSpawner.profile_list",
                "A profile's kubespawner_override takes the place of cmd, args, environment or env_keep; a function "
                "may at any time.",
                f"leave these out of every profile; {_OPTIONS}",
                _overrides,
            ),
            Trap(
                "KubeSpawner.extra_container_config",
                "The container's image, command, args, env, rights or mounts can be set there, after the lock, and "
                "what runs beside the server in it (lifecycle, a probe's exec).",
                "leave out image, command, args, env, envFrom, lifecycle, securityContext that raises, volumeMounts, "
                "volumeDevices and exec of probes; KubeSpawner's own traits set these beside the lock",
                container_goes_round,
            ),
            Trap(
                "KubeSpawner.container_security_context",
                "It beats privileged and allow_privilege_escalation: what a cell starts may gain rights.",
                "leave out privileged, allowPrivilegeEscalation and capabilities.add",
                context_raises,
            ),
            Trap(
                "KubeSpawner.extra_pod_config",
                "It is laid over the pod after the lock: containers take the place of the guarded one, others start "
                "before or beside it, and the node's processes or a token of the cluster come into it.",
                "leave out containers, initContainers (KubeSpawner.init_containers), ephemeralContainers, hostPID, "
                "hostIPC, hostNetwork, shareProcessNamespace, serviceAccountName, automountServiceAccountToken and the "
                "volumes that are holes in KubeSpawner.volumes",
                pod_goes_round,
            ),
            Trap(
                "KubeSpawner.init_containers",
                "A privileged container that runs before the guard has the node, and a say in shared volumes.",
                "no privileged; single capabilities where it needs one",
                others_raise,
            ),
            Trap(
                "KubeSpawner.extra_containers",
                "A privileged container that runs beside the guard has the node, and the pod's network.",
                "no privileged; single capabilities where it needs one",
                others_raise,
            ),
            Trap(
                "KubeSpawner.volumes",
                "A hostPath with a daemon's socket or the node's own folders makes who reaches it root on the node; a "
                "projected serviceAccountToken is a cell's to use.",
                "a persistentVolumeClaim, ConfigMap or emptyDir; of hostPath only folders of data",
                pod_volumes_reach_host,
            ),
            Trap("KubeSpawner.modify_pod_hook", "It changes the pod after the lock has set it.", "remove it"),
            Trap(
                "KubeSpawner.lifecycle_hooks",
                "A postStart hook runs in the container beside the server: what it copies into the home or starts "
                "nobody judges.",
                "do it in the image's build or an init container",
            ),
            Trap(
                "KubeSpawner.service_account",
                "Its token is a cell's to use where it is mounted.",
                "remove it, or bind no rights to it",
            ),
        ),
    ),
)


def own_settings() -> tuple[Setting, ...]:
    """The settings that `enforce` makes for single kinds of spawner."""
    return tuple(setting for kind in KINDS for setting in kind.settings)


def traps() -> tuple[Trap, ...]:
    """All traps."""
    return tuple(trap for kind in KINDS for trap in kind.traps)


def names_of(kind: type) -> set[str]:
    """The names of a spawner's class and of its bases that are spawners: the sections that configure it."""
    return {one.__name__ for one in kind.__mro__ if one.__name__.endswith("Spawner")}


def spawner_names(config: Any) -> set[str]:
    """The names of the spawner's class of a Hub's configuration and of its bases, as far as they can be loaded here."""
    named = config.get("JupyterHub", {}).get("spawner_class")
    if isinstance(named, type):
        return names_of(named)
    text = "localprocess" if named is None else str(named)
    try:
        return names_of(_loaded(text))
    except Exception:
        # It is installed where the Hub runs, and perhaps not here: its name has to do.
        found = _SHORT.get(text, text.rpartition(".")[2])
        return {found} if found.endswith("Spawner") else set()


# As their packages name them to the Hub.
_SHORT = {
    "docker": "DockerSpawner",
    "kubespawner": "KubeSpawner",
    "localprocess": "LocalProcessSpawner",
    "simple": "SimpleLocalProcessSpawner",
    "systemd": "SystemdSpawner",
}


def _loaded(text: str) -> type:
    """The class that a Hub's ``spawner_class`` names: by its place, or as a package names it to the Hub."""
    if "." not in text:
        (named,) = entry_points(group="jupyterhub.spawners", name=text)
        found = named.load()
    else:
        from traitlets.utils.importstring import import_item

        found = import_item(text)
    if not isinstance(found, type):
        raise TypeError(f"{text} is no class")
    return found
