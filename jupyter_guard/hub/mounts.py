"""What a container or a pod is given of its host, and what runs beside the server -> whether it goes round the lock.

Whoever reaches a container daemon's socket is root on its host. Keys are Kubernetes' (camelCase or snake_case, as
KubeSpawner 7.1 takes both) and Docker's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

# Sockets of container daemons, wherever a rootless one puts them.
_SOCKETS = frozenset(
    {"docker.sock", "docker_engine", "containerd.sock", "crio.sock", "podman.sock", "cri-dockerd.sock"}
)
# The host's own: neither these, nor a folder that holds one, nor (of the first ones) anything within.
_TREES = (
    "/etc/kubernetes",
    "/proc",
    "/run/containerd",
    "/run/crio",
    "/run/docker",
    "/run/podman",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/kubelet",
)
_FOLDERS = ("/boot", "/dev", "/etc", "/root", "/run/docker.sock", "/sys", "/usr")


def is_of_the_host(path: Any) -> bool:
    """Whether a path of the host is a daemon's socket, its system's own folder, or holds one of these."""
    text = str(path).strip().replace("\\", "/")
    if posixpath.basename(text.rstrip("/")) in _SOCKETS:
        return True
    if not text.startswith("/"):
        # A volume's name.
        return False
    # Two slashes at the begin are kept by POSIX.
    text = "/" + posixpath.normpath(text).lstrip("/")
    if text == "/var/run" or text.startswith("/var/run/"):
        text = text.removeprefix("/var")
    within = text.rstrip("/") + "/"
    return any(text.startswith(f"{one}/") for one in _TREES) or any(
        f"{one}/".startswith(within) for one in (*_TREES, *_FOLDERS)
    )


def volumes_reach_host(value: Any) -> bool:
    """Of DockerSpawner's ``volumes`` and ``read_only_volumes``: the host's paths are the keys."""
    return bool(value) and (not isinstance(value, Mapping) or any(is_of_the_host(one) for one in value))


def mounts_reach_host(value: Any) -> bool:
    """Of DockerSpawner's ``mounts``, or ``mounts`` of a host's configuration: what source or driver name."""
    if not value:
        return False
    if not isinstance(value, (list, tuple)):
        return True
    return any(_mount_reaches_host(one) for one in value)


def _mount_reaches_host(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return True
    inside = {name: one for name, one in value.items() if _name(name) != "target"}
    return any(is_of_the_host(one) for one in _texts(inside))


def host_options_reach_host(value: Any) -> bool:
    """Of DockerSpawner's ``extra_host_config``: privileges, the host's processes, and what is mounted there."""
    if callable(value):
        return True
    if not isinstance(value, Mapping):
        return False
    if value.get("privileged") or value.get("cap_add") or value.get("pid_mode"):
        return True
    binds = value.get("binds") or ()
    if isinstance(binds, str):
        binds = [binds]
    # `HOST:CONTAINER:MODE`, or a mapping from the host's path.
    return any(is_of_the_host(str(one).rpartition(":/")[0] or one) for one in binds) or mounts_reach_host(
        value.get("mounts")
    )


def pod_volumes_reach_host(value: Any) -> bool:
    """Of a pod's ``volumes``: a ``hostPath`` of the node's own, or a token of the cluster."""
    return any(_volume_reaches_host(one) for one in _items(value))


def _volume_reaches_host(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return True
    given = _named(value)
    if "hostpath" in given:
        path = given["hostpath"]
        return is_of_the_host(path.get("path") if isinstance(path, Mapping) else path)
    projected = given.get("projected")
    sources = projected.get("sources") if isinstance(projected, Mapping) else None
    return any("serviceaccounttoken" in _named(one) for one in sources or () if isinstance(one, Mapping))


_POD = frozenset(
    {
        "automountserviceaccounttoken",
        "containers",
        "ephemeralcontainers",
        "hostipc",
        "hostnetwork",
        "hostpid",
        "initcontainers",
        "serviceaccount",
        "serviceaccountname",
        "shareprocessnamespace",
    }
)


def pod_goes_round(value: Any) -> bool:
    """Of KubeSpawner's ``extra_pod_config``, which is laid over the pod after the lock."""
    if not isinstance(value, Mapping):
        return bool(value)
    given = {name: one for name, one in _named(value).items() if one}
    return bool(set(given) & _POD) or pod_volumes_reach_host(given.get("volumes"))


_CONTAINER = frozenset({"args", "command", "env", "envfrom", "image", "lifecycle", "volumedevices", "volumemounts"})
_PROBES = ("livenessprobe", "readinessprobe", "startupprobe")


def container_goes_round(value: Any) -> bool:
    """Of KubeSpawner's ``extra_container_config``, which is laid over the server's container after the lock."""
    if not isinstance(value, Mapping):
        return bool(value)
    given = _named(value)
    if set(given) & _CONTAINER or context_raises(given.get("securitycontext")):
        return True
    return any("exec" in probe for name in _PROBES if isinstance(probe := given.get(name), Mapping))


def context_raises(value: Any) -> bool:
    """Of a container's ``securityContext``: whether it may gain rights. It beats KubeSpawner's single traits."""
    if not isinstance(value, Mapping):
        return bool(value)
    given = _named(value)
    added = given.get("capabilities")
    return bool(
        given.get("privileged")
        or given.get("allowprivilegeescalation")
        or (added and (not isinstance(added, Mapping) or added.get("add")))
    )


def others_raise(value: Any) -> bool:
    """Of ``init_containers`` and ``extra_containers``: whether one of them is privileged on its node."""
    return any(not isinstance(one, Mapping) or _is_privileged(one) for one in _items(value))


def _is_privileged(container: Mapping[str, Any]) -> bool:
    context = _named(container).get("securitycontext")
    return context is not None and (not isinstance(context, Mapping) or bool(context.get("privileged")))


def _items(value: Any) -> list[Any]:
    """KubeSpawner takes lists, and mappings whose values are the items."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (list, tuple)):
        return list(value)
    return [value] if value else []


def _named(value: Mapping[str, Any]) -> dict[str, Any]:
    return {_name(name): one for name, one in value.items()}


def _name(key: Any) -> str:
    return str(key).replace("_", "").lower()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
