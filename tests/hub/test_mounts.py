"""What a container or a pod may be given of its host, and what it may not: each form in which the spawners take it."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_guard.hub import mounts


@pytest.mark.parametrize(
    "path",
    [
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/var/run/../run//docker.sock",
        "//var/run/docker.sock",
        "/run/user/1000/docker.sock",
        "//./pipe/docker_engine",
        r"\\.\pipe\docker_engine",
        "/srv/x/podman.sock",
        "/run/containerd/containerd.sock",
        "/run/containerd/io.containerd.runtime.v2.task",
        "/var/lib/docker/volumes",
        "/var/lib",
        "/var/run",
        "/var/run/",
        "/run",
        "/var",
        "/",
        "/.",
        "/etc",
        "/dev/",
        "/proc/1/root",
        "/srv/../etc",
    ],
)
def test_what_is_the_hosts_own(path: str) -> None:
    assert mounts.is_of_the_host(path)


@pytest.mark.parametrize(
    "path",
    ["home", "jupyterhub-user-{username}", "docker", "/home/{username}", "/srv/data", "/etc/jupyter", "/etc/localtime",
     "/dev/shm", "/usr/share/fonts", "/var/lib/jupyter", "/variance", "/running", "/run/data"],
)  # fmt: skip
def test_what_may_be_mounted(path: str) -> None:
    assert not mounts.is_of_the_host(path)


SOCKET = "/var/run/docker.sock"
OPEN: list[tuple[Any, Any]] = [
    (mounts.volumes_reach_host, {SOCKET: {"bind": "/s", "mode": "ro"}}),
    (mounts.volumes_reach_host, print),
    (mounts.mounts_reach_host, [{"Source": SOCKET, "Target": "/s"}]),
    (mounts.mounts_reach_host, [{"source": "a", "target": "/s", "driver_config": {"options": {"device": "/run"}}}]),
    (mounts.mounts_reach_host, ["what is this"]),
    (mounts.mounts_reach_host, "what is this"),
    (mounts.host_options_reach_host, {"binds": [f"{SOCKET}:/s:ro"]}),
    (mounts.host_options_reach_host, {"binds": f"{SOCKET}:{SOCKET}"}),
    (mounts.host_options_reach_host, {"binds": {"/run": {"bind": "/r"}}}),
    (mounts.host_options_reach_host, {"mounts": [{"source": "/run", "target": "/r"}]}),
    (mounts.host_options_reach_host, {"cap_add": ["SYS_ADMIN"]}),
    (mounts.host_options_reach_host, {"pid_mode": "host"}),
    (mounts.host_options_reach_host, print),
    (mounts.pod_volumes_reach_host, {"a": {"name": "a", "host_path": {"path": "/run"}}}),
    (mounts.pod_volumes_reach_host, [{"name": "a", "projected": {"sources": [{"serviceAccountToken": {}}]}}]),
    (mounts.pod_volumes_reach_host, [{"name": "a", "projected": {"sources": [{"service_account_token": {}}]}}]),
    (mounts.pod_volumes_reach_host, ["what is this"]),
    (mounts.pod_goes_round, {"containers": [{"name": "a"}]}),
    (mounts.pod_goes_round, {"init_containers": [{"name": "a"}]}),
    (mounts.pod_goes_round, {"hostPID": True}),
    (mounts.pod_goes_round, {"host_network": True}),
    (mounts.pod_goes_round, {"shareProcessNamespace": True}),
    (mounts.pod_goes_round, {"serviceAccountName": "admin"}),
    (mounts.pod_goes_round, {"automount_service_account_token": True}),
    (mounts.pod_goes_round, {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}),
    (mounts.pod_goes_round, "what is this"),
    (mounts.container_goes_round, {"command": ["sh"]}),
    (mounts.container_goes_round, {"env_from": []}),
    (mounts.container_goes_round, {"lifecycle": {"postStart": {}}}),
    (mounts.container_goes_round, {"volumeMounts": [{"name": "a", "mountPath": "/opt"}]}),
    (mounts.container_goes_round, {"security_context": {"privileged": True}}),
    (mounts.container_goes_round, {"livenessProbe": {"exec": {"command": ["sh"]}}}),
    (mounts.container_goes_round, print),
    (mounts.context_raises, {"allowPrivilegeEscalation": True}),
    (mounts.context_raises, {"allow_privilege_escalation": True}),
    (mounts.context_raises, {"capabilities": {"add": ["SYS_ADMIN"]}}),
    (mounts.context_raises, print),
    (mounts.others_raise, [{"name": "a", "security_context": {"privileged": True}}]),
    (mounts.others_raise, ["what is this"]),
]
SHUT: list[tuple[Any, Any]] = [
    (mounts.volumes_reach_host, {}),
    (mounts.mounts_reach_host, [{"type": "tmpfs", "source": "", "target": "/etc"}]),
    (mounts.host_options_reach_host, {"binds": ["/srv/data:/run", "named:/var"], "pids_limit": 100}),
    (mounts.host_options_reach_host, {"binds": None, "mounts": None}),
    (mounts.pod_volumes_reach_host, {"a": {"name": "a", "persistentVolumeClaim": {"claimName": "a"}}}),
    (mounts.pod_volumes_reach_host, [{"name": "a", "projected": {"sources": [{"configMap": {"name": "p"}}]}}]),
    (mounts.pod_goes_round, {"containers": [], "automountServiceAccountToken": False, "volumes": []}),
    (mounts.container_goes_round, {"securityContext": {"privileged": False}, "tty": True}),
    (mounts.context_raises, {"capabilities": {"drop": ["ALL"]}, "runAsUser": 1000}),
    (mounts.others_raise, {}),
]


@pytest.mark.parametrize(("goes_round", "value"), OPEN)
def test_what_goes_round_the_lock(goes_round: Any, value: Any) -> None:
    assert goes_round(value)


@pytest.mark.parametrize(("goes_round", "value"), SHUT)
def test_what_does_not(goes_round: Any, value: Any) -> None:
    assert not goes_round(value)
