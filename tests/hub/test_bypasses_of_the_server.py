"""What a normal user tries with requests to his server and the Hub, and that nothing which he planted was loaded.

The last of the two files with bypasses: by its end every kernel and every request was tried.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import websocket
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from tests.hub.planted import MARKS, OF_THE_HUB, is_guarded
from tests.hub.user import User, text

pytestmark = pytest.mark.hub

REFUSED = {
    "shell-first": "a user's own",
    "program": "a user's own",
    "linked": "a user's own",
    "disguised": "a user's own",
    "exec-lines": "--IPKernelApp.exec_lines",
    "profile-dir": "--profile-dir",
    "config-file": "--config",
    "kernel-class": "--IPKernelApp.kernel_class",
    "compiled": "-Xpycache_prefix",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_kernel_is_refused_in_words(user: User, name: str) -> None:
    answer = user.ask("POST", "/api/kernels", json={"name": name})
    assert answer.status_code == 403, answer.text
    assert REFUSED[name] in answer.json()["message"]
    assert name not in user.ask("GET", "/api/kernelspecs").json()["kernelspecs"]


@pytest.mark.parametrize("name", ["elsewhere", "../../home", "%2e%2e", "nothing", ""])
def test_what_is_not_there_does_not_start(user: User, name: str) -> None:
    before = len(user.ask("GET", "/api/kernels").json())
    answer = user.ask("POST", "/api/kernels", json={"name": name})
    assert answer.status_code == 404, answer.text
    assert "there is no kernel named" in answer.json()["message"]
    assert len(user.ask("GET", "/api/kernels").json()) == before


def test_no_language_server_starts(user: User) -> None:
    address = f"ws{user.url[4:]}{user.base}/lsp/ws/pyright"
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(address, header=[f"Authorization: token {user.token}"], origin=user.url)
    assert refused.value.status_code == 404
    assert user.ask("GET", "/lsp/status").status_code == 404


@pytest.mark.parametrize("path", ["/api/terminals", "/api/terminals/1"])
def test_there_are_no_terminals(user: User, path: str) -> None:
    assert user.ask("POST", path).status_code in (403, 404, 405)


def test_there_is_no_websocket_of_a_terminal(user: User) -> None:
    address = f"ws{user.url[4:]}{user.base}/terminals/websocket/1"
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(address, header=[f"Authorization: token {user.token}"], origin=user.url)


@pytest.mark.parametrize(
    "path",
    [
        ".jupyter/jupyter_server_config.py",
        ".ipython/profile_default/startup/1.py",
        ".local/share/jupyter/kernels/new/kernel.json",
        "../../../etc/jupyter/jupyter_guard.toml",
        "%2e%2e/%2e%2e/etc/jupyter/jupyter_guard.toml",
    ],
)
def test_contents_write_nothing_that_is_loaded(user: User, path: str) -> None:
    model = {"type": "file", "format": "text", "content": "version = 1"}
    answer = user.ask("PUT", f"/api/contents/{path}", json=model)
    assert answer.status_code in (400, 403, 404), answer.text
    file = user.home / path
    assert not file.exists() or file.read_text() != model["content"]


def test_the_lab_installs_nothing(user: User) -> None:
    asked = {"cmd": "install", "extension_name": "anything"}
    assert user.ask("POST", "/lab/api/extensions", json=asked).status_code in (403, 404, 405, 422)
    assert user.ask("GET", "/lab/extensions/of-the-user/package.json").status_code == 404


def test_the_server_is_not_configured_by_requests(user: User) -> None:
    asked = {"ServerApp": {"terminals_enabled": True}, "load_extensions": {"x": True}}
    for section in ("jupyter_server_config", "notebook", "common"):
        user.ask("PUT", f"/api/config/{section}", json=asked)
    assert user.ask("POST", "/api/terminals").status_code in (403, 404, 405)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/hub/api/users/{name}/servers/second", {}),
        ("POST", "/hub/api/users/root/server", {}),
        ("POST", "/hub/api/users/root", {}),
        ("POST", "/hub/api/users/root/tokens", {}),
        ("PATCH", "/hub/api/users/{name}", {"admin": True}),
        ("POST", "/hub/api/groups/staff/users", {"users": ["{name}"]}),
        ("POST", "/hub/api/services", {"name": "mine"}),
        ("POST", "/hub/api/shutdown", {"servers": True}),
        ("POST", "/hub/api/proxy", {}),
    ],
)
def test_the_hub_refuses(user: User, method: str, path: str, body: dict[str, Any]) -> None:
    filled = json.loads(json.dumps(body).replace("{name}", user.name))
    answer = user.client.request(method, path.replace("{name}", user.name), json=filled)
    assert answer.status_code in (400, 403, 404, 405), answer.text


def test_options_of_a_start_change_nothing(user: User, kernels: dict[str, str]) -> None:
    # The server that all of this is tried on was asked for with them.
    model = user.client.get(f"/hub/api/users/{user.name}").json()["servers"][""]
    assert model["user_options"]["args"] == ["--ServerApp.terminals_enabled=True"]
    assert user.ask("GET", "/api/terminals").status_code in (403, 404)
    assert is_guarded(user, kernels["raw"])


def test_a_hook_of_the_administrators_works_and_opens_nothing(user: User) -> None:
    (command, given), *others = servers_of(user)
    assert not others
    assert given["TEAM"] == "sales"
    assert given["IPYTHONDIR"] == f"/var/lib/jupyter_guard/users/{user.name}/ipython"
    assert given["JUPYTER_CONFIG_DIR"] == "/var/lib/jupyter_guard/config"
    assert [one for one in command if "terminals" in one] == ["--ServerApp.terminals_enabled=False"]
    said = (
        f"would have changed the lock of {user.name}'s server and did not: the argument --ServerApp.terminals_enabled"
    )
    assert said in (user.home.parent / "hub.log").read_text()


@pytest.mark.parametrize("name", OF_THE_HUB)
def test_what_the_hub_alone_knows_reaches_no_process_of_the_user(
    user: User, kernels: dict[str, str], name: str
) -> None:
    assert is_guarded(user, kernels["shared"])
    known, commands = set(), []
    for entry in Path("/proc").iterdir():
        try:
            owner, command = entry.stat().st_uid, (entry / "cmdline").read_bytes()
            told = command + (entry / "environ").read_bytes()
        except (OSError, ValueError):
            continue
        if OF_THE_HUB[name].encode() in told:
            known.add(owner)
        if owner == user.home.stat().st_uid:
            commands.append(command)
    # The Hub itself has it; the user's server, the wrapper and the process that runs his cells were looked at.
    assert known == {0}
    for one in (b"jupyterhub.singleuser", b"jupyter_guard.kernel", b"/inside/child/"):
        assert any(one in command for command in commands), one


def servers_of(user: User) -> list[tuple[list[str], dict[str, str]]]:
    """The command and environment of each server that runs as the user."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if not entry.name.isdigit() or entry.stat().st_uid != user.home.stat().st_uid:
                continue
            command = (entry / "cmdline").read_text().split("\0")[:-1]
            if command[1:4] == ["-I", "-m", "jupyterhub.singleuser"]:
                pairs = (entry / "environ").read_text().split("\0")
                found.append((command, dict(one.split("=", 1) for one in pairs if one)))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


OUTSIDE = """
import glob, json, os
runtime = os.environ["JUPYTER_RUNTIME_DIR"]
folder = os.path.join(runtime, "external_kernels")
os.makedirs(folder, exist_ok=True)
with open(glob.glob(runtime + "/kernel-*.json")[0]) as file:
    connection = json.load(file) | {"kernel_name": "mine"}
with open(folder + "/of-mine.json", "w") as file:
    json.dump(connection, file)
print(folder + "/of-mine.json")
"""


def test_no_kernel_from_outside_is_taken_in(user: User, kernels: dict[str, str], tmp_path: Path) -> None:
    # A kernel that the user started himself: its connection file lies where Jupyter would look for such.
    before = {one["id"] for one in user.ask("GET", "/api/kernels").json()}
    told = text(user.run(kernels["shared"], OUTSIDE))
    assert told.endswith("/external_kernels/of-mine.json\n")
    assert {one["id"] for one in user.ask("GET", "/api/kernels").json()} == before
    # A server that takes in kernels from outside finds one in just this file.
    file = tmp_path / "of-mine.json"
    file.write_text(text(user.run(kernels["shared"], f"print(open({told.strip()!r}).read())")))
    open_one = AsyncMappingKernelManager(external_connection_dir=str(tmp_path))
    assert len(open_one.list_kernel_ids()) == 1


def test_a_guarded_notebook_runs_and_is_saved_and_exported(user: User, kernels: dict[str, str]) -> None:
    assert text(user.run(kernels["shared"], "print(6 * 7)")) == "42\n"
    assert user.ask("GET", "/api/contents/page.ipynb").json()["content"]["cells"][0]["source"] == "1 + 1"
    exported = user.ask("GET", "/nbconvert/html/page.ipynb")
    assert exported.status_code == 200, exported.text[:500]
    assert "<html" in exported.text


@pytest.mark.parametrize("name", MARKS)
def test_nothing_of_the_user_is_loaded(user: User, name: str) -> None:
    found = os.listdir(user.home / "marks")
    assert "it-works" in found
    assert name not in found
