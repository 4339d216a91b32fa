"""What each kind of spawner makes of the lock: what would be sent to the cluster, the daemon or the system.

The spawners are the real ones with a real user of a Hub's database. There is no cluster here: what KubeSpawner would
send is looked at, DockerSpawner's request is taken by a server that keeps it, and `systemd-run` is a program that notes
how it was called.
"""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from jupyter_guard.hub import enforce
from jupyter_guard.hub.check import check_file
from jupyter_guard.hub.settings import arguments, environment
from jupyter_guard.hub.spawners import KINDS

GROUPS = {"staff": "/etc/jupyter/staff.toml", "students": "/etc/jupyter/students.toml"}
PYTHON = "/opt/jupyter/bin/python"


def spawner_of(kind: Any, c: Config, groups: tuple[str, ...] = (), admin: bool = False, name: str = "ann bo") -> Any:
    from jupyterhub import orm
    from jupyterhub.objects import Hub
    from jupyterhub.user import User

    database = orm.new_session_factory("sqlite:///:memory:")()
    person = orm.User(name=name, admin=admin)
    database.add(person)
    for one in groups:
        group = orm.Group(name=one)
        database.add(group)
        group.users.append(person)
    database.commit()
    settings = {"spawner_class": kind, "config": c, "base_url": "/", "hub": Hub(ip="127.0.0.1", port=8081)}
    made = User(person, settings, database).spawners[""]
    made.port = 8888
    return made


def locked(**options: Any) -> Config:
    c = Config()
    enforce(c, groups=GROUPS, python=PYTHON, **options)
    return c


def is_locked(command: list[str], given: dict[str, str], policy: str, folder: str) -> None:
    """The lock as the server would get it, nothing of the Hub's own environment beside it."""
    assert command[:4] == [PYTHON, "-I", "-m", "jupyterhub.singleuser"]
    for one in arguments():
        assert one.replace("{username}", folder) in command
    for name, value in environment(policy).items():
        assert given[name] == value.replace("{username}", folder), name
    assert "PATH" not in given or given["PATH"] != os.environ["PATH"]
    assert "{username}" not in json.dumps([command, given])
    assert given["JUPYTER_GUARD_STORE"] == ""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration of a cluster that nobody answers for."""
    pytest.importorskip("kubespawner")
    file = tmp_path / "kube"
    file.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "t",
                "clusters": [{"name": "t", "cluster": {"server": "http://127.0.0.1:9"}}],
                "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
                "users": [{"name": "t", "user": {}}],
            }
        )
    )
    from kubernetes_asyncio.config import kube_config

    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(file))


async def pod_of(c: Config, **who: Any) -> dict[str, Any]:
    from kubernetes_asyncio.client import ApiClient
    from kubespawner import KubeSpawner

    made = spawner_of(KubeSpawner, c, **who)
    await made.run_pre_spawn_hook()
    async with ApiClient() as client:
        pod: dict[str, Any] = client.sanitize_for_serialization(await made.get_pod_manifest())
    return pod


def test_a_pod(cluster: None) -> None:
    pod = asyncio.run(pod_of(locked(account="jovyan"), groups=("students",)))
    (container,) = pod["spec"]["containers"]
    given = {one["name"]: one.get("value", "") for one in container["env"]}
    is_locked(container["args"], given, GROUPS["students"], "jovyan")
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert pod["spec"]["automountServiceAccountToken"] is False


def test_each_users_own_folders_where_the_image_has_them(cluster: None) -> None:
    pod = asyncio.run(pod_of(locked(folders=False), groups=("nobody's",)))
    (container,) = pod["spec"]["containers"]
    given = {one["name"]: one.get("value", "") for one in container["env"]}
    is_locked(container["args"], given, "/etc/jupyter/jupyter_guard.toml", "ann%20bo")


class Daemon(BaseHTTPRequestHandler):
    """What a Docker client asks before it makes a container, and that it makes one."""

    asked: list[tuple[str, dict[str, Any]]]

    def do_GET(self) -> None:
        self._answer({"ApiVersion": "1.44", "MinAPIVersion": "1.24"} if "version" in self.path else {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.path, json.loads(body or b"{}")))
        self._answer({"Id": "c" * 64, "Warnings": []}, 201)

    def _answer(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    pytest.importorskip("dockerspawner")
    handler = type("Handler", (Daemon,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
    yield handler.asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_container(daemon: list[tuple[str, dict[str, Any]]]) -> None:
    from dockerspawner import DockerSpawner

    c = Config()
    c.DockerSpawner.extra_host_config = {"security_opt": ["label=type:x"], "pids_limit": 100}
    c.Spawner.environment = {"TEAM": "a"}
    enforce(c, groups=GROUPS, python=PYTHON, account="jovyan")

    async def make() -> None:
        # The class keeps one client for all: this one is for the daemon of this test.
        kind = type("Own", (DockerSpawner,), {"_client": None, "_executor": None})
        made = spawner_of(kind, c, groups=("staff",))
        await made.run_pre_spawn_hook()
        await made.create_object()

    asyncio.run(make())
    ((path, asked),) = [one for one in daemon if "create" in one[0]]
    assert "/containers/create" in path
    given = dict(one.split("=", 1) for one in asked["Env"])
    is_locked(asked["Cmd"], given, GROUPS["staff"], "jovyan")
    assert given["TEAM"] == "a"
    assert asked["HostConfig"]["SecurityOpt"] == ["label=type:x", "no-new-privileges"]
    assert asked["HostConfig"]["PidsLimit"] == 100


@pytest.mark.parametrize("is_later", [False, True])
def test_a_container_whose_options_are_a_function(
    daemon: list[tuple[str, dict[str, Any]]], is_later: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    from dockerspawner import DockerSpawner

    async def options(spawner: Any) -> dict[str, Any]:
        return {"pids_limit": 100, "security_opt": ["label=type:x", "no-new-privileges:false"]}

    c = Config()
    if not is_later:
        c.DockerSpawner.extra_host_config = options
    enforce(c, groups=GROUPS, python=PYTHON, account="jovyan")
    if is_later:
        c.DockerSpawner.extra_host_config = options

    async def make() -> None:
        kind = type("DockerSpawner", (DockerSpawner,), {"_client": None, "_executor": None})
        made = spawner_of(kind, c)
        for _ in range(2):
            await made.run_pre_spawn_hook()
        await made.create_object()

    asyncio.run(make())
    ((_, asked),) = [one for one in daemon if "create" in one[0]]
    assert asked["HostConfig"]["SecurityOpt"] == ["label=type:x", "no-new-privileges"]
    assert asked["HostConfig"]["PidsLimit"] == 100
    assert capfd.readouterr().err.count("extra_host_config was") == is_later


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="a unit under another account needs root")
def test_a_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("systemdspawner")
    from systemdspawner import SystemdSpawner, systemd

    programs = tmp_path / "bin"
    programs.mkdir()
    notes = tmp_path / "notes"
    for name, text in {
        "systemd-run": f'printf "%s\\n" "$@" > {notes}; touch {tmp_path}/runs',
        # is-active, until it was started, says no; is-failed says no.
        "systemctl": f"""case "$1" in
            --version) echo "systemd 252 (252.1)";;
            is-active) [ -e {tmp_path}/runs ];;
            *) exit 3;;
        esac""",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(systemd, "RUN_ROOT", str(tmp_path / "run"))
    c = locked(folders=False)
    c.SystemdSpawner.username_template = "daemon"

    async def make() -> None:
        made = spawner_of(SystemdSpawner, c, groups=("staff",))
        await made.run_pre_spawn_hook()
        await made.start()

    asyncio.run(make())
    words = notes.read_text().splitlines()
    (file,) = (tmp_path / "run").rglob("*.env")
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    given = dict(line.split("=", 1) for line in file.read_text().splitlines() if line)
    given = {name: value.strip("'") for name, value in given.items()}
    is_locked(words[words.index(PYTHON) :], {**given, "PATH": ""}, GROUPS["staff"], "ann%20bo")
    assert given["SHELL"] == "/usr/sbin/nologin"
    assert "--property=NoNewPrivileges=yes" in words
    assert f"--uid={2 if sys.platform == 'darwin' else 1}" in words


def test_folders_are_made_for_the_account_of_the_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("systemdspawner")
    from systemdspawner import SystemdSpawner

    from jupyter_guard.hub.keeping import account_of

    c = locked(folders=False)
    c.SystemdSpawner.username_template = "hub-{USERNAME}"
    assert account_of(spawner_of(SystemdSpawner, c, name="ann")) == "hub-ann"


def test_only_an_administrators_server_is_told_of_the_records(cluster: None) -> None:
    def store(admin: bool) -> str:
        pod = asyncio.run(pod_of(locked(account="jovyan", records="postgresql://reader@db/audit"), admin=admin))
        return next(str(one.get("value", "")) for one in pod["spec"]["containers"][0]["env"] if one["name"] == "JUPYTER_GUARD_STORE")  # fmt: skip

    assert store(admin=True) == "postgresql://reader@db/audit"
    assert store(admin=False) == ""


@pytest.mark.parametrize("account", ["a/b", "../x"])
def test_what_is_no_account(account: str) -> None:
    with pytest.raises(ValueError, match="no name of an account"):
        enforce(Config(), account=account)


OPEN = {
    "LocalProcessSpawner.popen_kwargs": "{'executable': '/bin/sh'}",
    "LocalProcessSpawner.shell_cmd": "['bash', '-l', '-c']",
    "SystemdSpawner.dynamic_users": "True",
    "SystemdSpawner.extra_paths": "['/home/{USERNAME}/bin']",
    "SystemdSpawner.unit_extra_properties": "{'ExecStartPre': '/bin/true'}",
    "DockerSpawner.allowed_images": "['a', 'b']",
    "DockerSpawner.image_whitelist": "['a']",
    "DockerSpawner.extra_create_kwargs": "{'entrypoint': ['sh']}",
    "DockerSpawner.extra_host_config": "{'privileged': True, 'security_opt': ['no-new-privileges']}",
    "DockerSpawner.mounts": "[{'type': 'bind', 'source': '/var/run/docker.sock', 'target': '/s'}]",
    "DockerSpawner.read_only_volumes": "{'/var/run/docker.sock': '/var/run/docker.sock'}",
    "DockerSpawner.volumes": "{'/var/run/docker.sock': '/var/run/docker.sock'}",
    "DockerSpawner.post_start_cmd": "'sh -c x'",
    "KubeSpawner.profile_list": "[{'profile_options': {'a': {'choices': {'b': {'kubespawner_override': {'environment': {}}}}}}}]",
    "KubeSpawner.extra_container_config": "{'envFrom': []}",
    "KubeSpawner.container_security_context": "{'privileged': True}",
    "KubeSpawner.extra_containers": "[{'name': 'a', 'securityContext': {'privileged': True}}]",
    "KubeSpawner.extra_pod_config": "{'initContainers': [{'name': 'a'}]}",
    "KubeSpawner.init_containers": "{'a': {'name': 'a', 'securityContext': {'privileged': True}}}",
    "KubeSpawner.modify_pod_hook": "print",
    "KubeSpawner.volumes": "[{'name': 'a', 'hostPath': {'path': '/var/run/docker.sock'}}]",
    "KubeSpawner.lifecycle_hooks": "{'postStart': {}}",
    "KubeSpawner.service_account": "'default'",
}
SHUT = {
    "SystemdSpawner.dynamic_users": "False",
    "SystemdSpawner.extra_paths": "['/opt/bin']",
    "SystemdSpawner.unit_extra_properties": "{'MemoryMax': '4G'}",
    "DockerSpawner.extra_create_kwargs": "{'hostname': 'x'}",
    "KubeSpawner.profile_list": "[{'kubespawner_override': {'cpu_limit': 2}}]",
    "DockerSpawner.extra_host_config": "{'binds': ['/srv/data:/data:ro'], 'security_opt': ['no-new-privileges']}",
    "DockerSpawner.mounts": "[{'type': 'bind', 'source': '/srv/data', 'target': '/etc'}]",
    "DockerSpawner.read_only_volumes": "{'/etc/jupyter': '/etc/jupyter', '/etc/localtime': '/etc/localtime'}",
    "DockerSpawner.volumes": "{'jupyterhub-user-{username}': '/home/jovyan', '/home/{username}': '/home/jovyan/old'}",
    "KubeSpawner.container_security_context": "{'capabilities': {'drop': ['ALL']}, 'allowPrivilegeEscalation': False}",
    "KubeSpawner.extra_container_config": "{'tty': True, 'readinessProbe': {'httpGet': {'port': 8888}}}",
    "KubeSpawner.extra_containers": "[{'name': 'logs', 'image': 'x'}]",
    "KubeSpawner.extra_pod_config": "{'dnsPolicy': 'None', 'hostPID': False}",
    "KubeSpawner.init_containers": "[{'name': 'a', 'securityContext': {'capabilities': {'add': ['NET_ADMIN']}}}]",
    "KubeSpawner.volumes": "[{'name': 'a', 'hostPath': {'path': '/srv/data'}}, {'name': 'p', 'configMap': {'name': 'p'}}]",
}


def holes_of(tmp_path: Path, line: str) -> set[str]:
    policy = tmp_path / "policy.toml"
    policy.write_text("version = 1\n")
    policy.chmod(0o644)
    config = tmp_path / "jupyterhub_config.py"
    config.write_text(f"c = get_config()\nfrom jupyter_guard.hub import enforce\nenforce(c, {str(policy)!r})\n{line}\n")
    return {hole.where for hole in check_file(config) if hole.where != str(policy)}


def test_every_trap_is_tried() -> None:
    assert set(OPEN) == {trap.trait for kind in KINDS for trap in kind.traps}


@pytest.mark.parametrize("trait", OPEN)
def test_a_trap_is_found(tmp_path: Path, trait: str) -> None:
    assert holes_of(tmp_path, f"c.{trait} = {OPEN[trait]}") == {f"c.{trait}"}


@pytest.mark.parametrize("trait", SHUT)
def test_what_goes_round_nothing_is_none(tmp_path: Path, trait: str) -> None:
    assert holes_of(tmp_path, f"c.{trait} = {SHUT[trait]}") == set()


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ("c.DockerSpawner.volumes.update({'/run': '/r'})", "c.DockerSpawner.volumes"),
        ("c.DockerSpawner.mounts.append({'source': '/run', 'target': '/r'})", "c.DockerSpawner.mounts"),
        ("c.JupyterHub.spawner_class = 'docker'; c.Spawner.volumes = {'/run': '/r'}", "c.Spawner.volumes"),
        (
            "c.JupyterHub.spawner_class = 'docker-swarm'; c.SwarmSpawner.volumes = {'/run': '/r'}",
            "c.SwarmSpawner.volumes",
        ),
    ],
)
def test_a_trap_that_is_added_to_or_set_for_another_class(tmp_path: Path, lines: str, where: str) -> None:
    pytest.importorskip("dockerspawner")
    assert where in holes_of(tmp_path, lines)


@pytest.mark.parametrize("setting", [one for kind in KINDS for one in kind.settings], ids=lambda one: one.trait)
def test_a_setting_that_is_undone_is_found(tmp_path: Path, setting: Any) -> None:
    other: Any = {bool: not setting.value, str: "/bin/sh", list: ["PATH"], dict: {}}[type(setting.value)]
    assert f"c.{setting.trait}" in holes_of(tmp_path, f"c.{setting.trait} = {other!r}")


def test_without_the_lock_every_setting_of_the_spawner_is_missing(tmp_path: Path) -> None:
    config = tmp_path / "jupyterhub_config.py"
    config.write_text("c = get_config()\nc.JupyterHub.spawner_class = 'kubespawner.KubeSpawner'\n")
    found = {hole.where for hole in check_file(config)}
    assert {f"c.{one.trait}" for kind in KINDS if kind.name == "KubeSpawner" for one in kind.settings} <= found
    assert not any("Docker" in one or "Systemd" in one for one in found)
