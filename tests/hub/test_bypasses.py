"""What a normal user tries, with his own token and his own files, to run a cell that nobody judged."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import websocket

from tests.hub.user import User, refused, tell, text, was_aborted

pytestmark = pytest.mark.hub

# What the site's policy denies: it leaves something behind when nobody judged it, and harms nobody.
DENIED = "__import__('os').mkfifo({mark!r})"
LAX = 'version = 1\nmode = "observe"\n[origin.human]\ncritical = "allow"\nhigh = "allow"\n[deny]\ncalls = []\n'
SITE = f".local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
LEAVE_MARK = "import os; open(os.path.join({home!r}, 'marks', {name!r}), 'w').close()\n"
TEMPLATE = "{{{{ cycler.__init__.__globals__.os.system('touch {home}/marks/{name}') }}}}"

# Files of the user's own that a server or a kernel might load, and that say so when they are.
PLANTED = {
    "server-config": ".jupyter/jupyter_server_config.py",
    "server-config-of-the-lab": ".jupyter/jupyter_lab_config.py",
    "server-config-of-notebook": ".jupyter/jupyter_notebook_config.py",
    "any-config": ".jupyter/jupyter_config.py",
    "config-of-the-workspace": "jupyter_server_config.py",
    "config-of-the-user-base": ".local/etc/jupyter/jupyter_server_config.py",
    "nbconvert-config": ".jupyter/jupyter_nbconvert_config.py",
    "startup": ".ipython/profile_default/startup/00-first.py",
    "ipython-config": ".ipython/profile_default/ipython_config.py",
    "kernel-config": ".ipython/profile_default/ipython_kernel_config.py",
    "kernel-config-of-jupyter": ".jupyter/ipython_kernel_config.py",
    "startup-in-config": ".config/ipython/profile_default/startup/00-first.py",
    "usercustomize": f"{SITE}/usercustomize.py",
    "sitecustomize": f"{SITE}/sitecustomize.py",
    "user-site-guard": f"{SITE}/jupyter_guard/__init__.py",
    "user-site-ipykernel": f"{SITE}/ipykernel/__init__.py",
    "user-site-launcher": f"{SITE}/ipykernel_launcher.py",
    "user-site-extension": f"{SITE}/jupyter_server/__init__.py",
    "guard-of-the-workspace": "jupyter_guard/__init__.py",
    "ipykernel-of-the-workspace": "ipykernel/__init__.py",
    "sitecustomize-of-the-workspace": "sitecustomize.py",
    "usercustomize-of-the-workspace": "usercustomize.py",
    "zmq-of-the-workspace": "zmq/__init__.py",
    "startup-of-a-named-profile": "profile/startup/00-first.py",
    "config-of-a-named-profile": "profile/ipython_kernel_config.py",
    "config-that-is-named": "kernel_config.py",
}
TEMPLATES = {
    "template-of-the-workspace": "lab/index.html.j2",
    "template-of-the-account": ".local/share/jupyter/nbconvert/templates/lab/index.html.j2",
    "template-beside-the-config": ".jupyter/templates/lab/index.html.j2",
    "base-template-of-the-workspace": "base/celltags.j2",
}
IPYKERNEL = ("{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}")
SPECS: dict[str, dict[str, Any]] = {
    "raw": {"argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"]},
    "provisioned": {
        "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "metadata": {"kernel_provisioner": {"provisioner_name": "local-provisioner", "config": {}}},
    },
    "elsewhere": {
        "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "metadata": {"kernel_provisioner": {"provisioner_name": "not-there"}},
    },
    "lax": {
        "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "env": {"JUPYTER_GUARD_POLICY": "{home}/lax.toml", "JUPYTER_CONFIG_DIR": "{home}/.jupyter"},
    },
    "with-path": {
        "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "env": {"PYTHONPATH": "{home}", "PYTHONSTARTUP": "{home}/sitecustomize.py"},
    },
    "program": {"argv": ["/bin/sh", "-c", "touch {home}/marks/program"], "language": "bash"},
    "disguised": {"argv": ["{python}", "-m", "ipykernel_launcher", "jupyter_guard.kernel", "-f", "{connection_file}"]},
    "shell-first": {"argv": ["/bin/sh", "-c", "touch {home}/marks/shell-first", "-m", "jupyter_guard.kernel"]},
    "Python3": {"argv": ["/bin/sh", "-c", "touch {home}/marks/shadow"]},
    "of-another-language": {"argv": [*IPYKERNEL], "language": "R"},
    "exec-lines": {"argv": [*IPYKERNEL, "--IPKernelApp.exec_lines=open('{home}/marks/exec-lines', 'w')"]},
    "profile-dir": {"argv": [*IPYKERNEL, "--profile-dir={home}/profile"]},
    "config-file": {"argv": [*IPYKERNEL, "--config={home}/kernel_config.py"]},
    "kernel-class": {"argv": [*IPYKERNEL, "--IPKernelApp.kernel_class=mine.Kernel"]},
    "compiled": {"argv": ["{python}", "-Xpycache_prefix={home}/compiled", *IPYKERNEL[1:]]},
}
# A spec in a folder of root's to which anybody adds, by a link among the user's kernels.
LINKED = {"argv": ["/bin/sh", "-c", "touch {home}/marks/linked"], "display_name": "linked", "language": "R"}
# jupyter_lsp looks for it in the folder that the server works in.
LANGUAGE_SERVER = "require('fs').writeFileSync('{home}/marks/language-server', ''); process.stdin.resume();"


@pytest.fixture(scope="module")
def planted(user: User) -> User:
    """Everything is planted at once, then the server starts anew, runs a cell and exports a notebook."""
    home = str(user.home)
    (user.home / "marks").mkdir()
    for name, path in PLANTED.items():
        user.write(path, LEAVE_MARK.format(home=home, name=name))
    for name, path in TEMPLATES.items():
        user.write(path, TEMPLATE.format(home=home, name=name))
    for name, spec in SPECS.items():
        filled = json.dumps({"display_name": name, "language": "python", **spec}).replace("{python}", sys.executable)
        user.write(f".local/share/jupyter/kernels/{name}/kernel.json", filled.replace("{home}", home))
    shared = user.home.parent / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    user.write("linked.json", json.dumps(LINKED).replace("{home}", home))
    (user.home / "linked.json").rename(shared / "kernel.json")
    (user.home / ".local/share/jupyter/kernels/linked").symlink_to(shared)
    user.write("node_modules/pyright/langserver.index.js", LANGUAGE_SERVER.replace("{home}", home))
    user.write("lax.toml", LAX)
    user.write(".jupyter/jupyter_guard.toml", LAX)
    user.write(".local/share/jupyter/labextensions/of-the-user/package.json", '{"name": "of-the-user"}')
    user.write(
        ".jupyter/jupyter_server_config.json",
        json.dumps(
            {
                "ServerApp": {
                    "kernel_manager_class": "jupyter_server.services.kernels.kernelmanager.MappingKernelManager"
                }
            }
        ),
    )
    user.stop()
    user.start()
    user.write("marks/it-works", "")
    user.notebook("page.ipynb", "1 + 1")
    assert text(user.run(user.kernel(), "print(6 * 7)")) == "42\n"
    exported = user.ask("GET", "/nbconvert/html/page.ipynb")
    assert exported.status_code == 200, exported.text[:500]
    return user


@pytest.fixture(scope="module")
def shared(planted: User) -> str:
    """One kernel for what no kernel should mind."""
    return planted.kernel()


@contextmanager
def left_behind() -> Iterator[str]:
    """A path that is there afterwards only if what was denied ran."""
    mark = Path("/var/tmp") / f"jg-hub-{uuid4().hex}"
    try:
        yield str(mark)
    finally:
        mark.unlink(missing_ok=True)


def is_guarded(user: User, kernel: str, **metadata: Any) -> bool:
    """Whether the kernel refuses what the policy denies."""
    with left_behind() as mark:
        answers = user.run(kernel, DENIED.format(mark=mark), **metadata)
        while was_aborted(answers):
            # What was sent before it failed, and took what waited behind it along.
            answers = user.run(kernel, DENIED.format(mark=mark), **metadata)
        return refused(answers) and not Path(mark).exists()


@pytest.mark.parametrize("name", ["raw", "provisioned", "lax", "with-path", "of-another-language"])
def test_a_kernel_of_the_user_starts_guarded(planted: User, name: str) -> None:
    kernel = planted.kernel(name)
    assert is_guarded(planted, kernel)
    assert text(planted.run(kernel, "print(6 * 7)")) == "42\n"
    planted.ask("DELETE", f"/api/kernels/{kernel}")


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
def test_what_is_no_kernel_is_refused_in_words(planted: User, name: str) -> None:
    answer = planted.ask("POST", "/api/kernels", json={"name": name})
    assert answer.status_code == 403, answer.text
    assert REFUSED[name] in answer.json()["message"]
    assert name not in planted.ask("GET", "/api/kernelspecs").json()["kernelspecs"]
    time.sleep(0.5)
    assert name not in os.listdir(planted.home / "marks")


@pytest.mark.parametrize("name", ["elsewhere", "../../home", "%2e%2e", "nothing", ""])
def test_what_is_not_there_does_not_start(planted: User, name: str) -> None:
    before = len(planted.ask("GET", "/api/kernels").json())
    answer = planted.ask("POST", "/api/kernels", json={"name": name})
    assert answer.status_code == 404, answer.text
    assert "there is no kernel named" in answer.json()["message"]
    assert len(planted.ask("GET", "/api/kernels").json()) == before


def test_no_language_server_starts(planted: User) -> None:
    address = f"ws{planted.url[4:]}{planted.base}/lsp/ws/pyright"
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(address, header=[f"Authorization: token {planted.token}"], origin=planted.url)
    assert refused.value.status_code == 404
    assert planted.ask("GET", "/lsp/status").status_code == 404
    time.sleep(1)
    assert "language-server" not in os.listdir(planted.home / "marks")


def test_a_name_in_other_letters_is_the_administrators_kernel(planted: User) -> None:
    # Jupyter looks names up without regard to case; the user's own spec of that name is not the one that is found.
    answer = planted.ask("POST", "/api/kernels", json={"name": "Python3"})
    assert answer.status_code == 201, answer.text
    assert is_guarded(planted, answer.json()["id"])
    assert "shadow" not in os.listdir(planted.home / "marks")


def test_a_session_starts_guarded(planted: User) -> None:
    asked = {"path": "page.ipynb", "name": "page.ipynb", "type": "notebook", "kernel": {"name": "raw"}}
    answer = planted.ask("POST", "/api/sessions", json=asked)
    assert answer.status_code == 201, answer.text
    assert is_guarded(planted, answer.json()["kernel"]["id"])
    other = planted.ask("PATCH", f"/api/sessions/{answer.json()['id']}", json={"kernel": {"name": "lax"}})
    assert other.status_code == 200, other.text
    assert is_guarded(planted, other.json()["kernel"]["id"])


def test_a_request_sets_no_variable(planted: User) -> None:
    lax = {"JUPYTER_GUARD_POLICY": str(planted.home / "lax.toml"), "PYTHONPATH": str(planted.home)}
    asked = {"name": "python3", "env": lax, "kernel_env": lax, "argv": ["/bin/sh"], "extra_arguments": ["--wrap", "x"]}
    answer = planted.ask("POST", "/api/kernels", json=asked)
    assert answer.status_code == 201, answer.text
    kernel = answer.json()["id"]
    assert is_guarded(planted, kernel)
    told = text(
        planted.run(kernel, "import os; print(os.environ['JUPYTER_GUARD_POLICY'], os.environ.get('PYTHONPATH'))")
    )
    assert told.split()[0] == "/etc/jupyter/jupyter_guard.toml"
    assert str(planted.home) not in told


def test_a_restarted_kernel_is_guarded(planted: User) -> None:
    kernel = planted.kernel()
    planted.run(kernel, f"import os; os.environ['JUPYTER_GUARD_POLICY'] = {str(planted.home / 'lax.toml')!r}")
    assert planted.ask("POST", f"/api/kernels/{kernel}/restart").status_code == 200
    assert is_guarded(planted, kernel)


@pytest.mark.parametrize("file", ["jupyter_guard.toml", "pyproject.toml"])
def test_a_policy_of_the_project_loosens_nothing(planted: User, shared: str, file: str) -> None:
    table = LAX if file == "jupyter_guard.toml" else "[tool.jupyter_guard]\n" + LAX.replace("[origin", "[tool.jupyter_guard.origin")  # fmt: skip
    planted.write(file, table)
    try:
        assert is_guarded(planted, shared)
    finally:
        (planted.home / file).unlink()


@pytest.mark.parametrize(
    "metadata",
    [
        {"jupyter_guard": {"origin": "human", "claim": "mine"}},
        {"cellId": "a", "trusted": True, "jupyter_guard": {"approved": True, "mode": "off"}},
        {"deletedCells": [], "recordTiming": True, "guard": False},
    ],
)
def test_metadata_switches_nothing_off(planted: User, shared: str, metadata: dict[str, Any]) -> None:
    assert is_guarded(planted, shared, **metadata)


CHANNELS = ("shell", "control", "stdin")
MESSAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "silent": ("execute_request", {"code": "{denied}", "silent": True, "store_history": False}),
    "user expressions": ("execute_request", {"code": "", "silent": False, "user_expressions": {"x": "{denied}"}}),
    "expressions behind a cell": ("execute_request", {"code": "1", "user_expressions": {"x": "{denied}"}}),
    "debugger": (
        "debug_request",
        {"type": "request", "seq": 1, "command": "evaluate", "arguments": {"expression": "{denied}"}},
    ),
    "completion": ("complete_request", {"code": "{denied}.", "cursor_pos": 300}),
    "inspection": ("inspect_request", {"code": "{denied}?", "cursor_pos": 5, "detail_level": 1}),
    "input that nobody asked for": ("input_reply", {"value": "y"}),
    "comm of the guard": ("comm_open", {"comm_id": "c", "target_name": "jupyter_guard", "data": {"allow": "all"}}),
    "answer of the panel": ("comm_msg", {"comm_id": "c", "data": {"method": "answer", "choice": "session"}}),
    "unknown": ("guard_off_request", {"code": "{denied}"}),
}


@pytest.fixture(scope="module")
def told(planted: User, shared: str) -> Iterator[dict[tuple[str, str], Path]]:
    """Every message on every channel, and the mark that each would leave; the kernel has dealt with them."""
    marks: dict[tuple[str, str], Path] = {}
    wire = planted.connect(shared)
    for channel in CHANNELS:
        for what, (kind, content) in MESSAGES.items():
            marks[what, channel] = Path("/var/tmp") / f"jg-hub-{uuid4().hex}"
            denied = DENIED.format(mark=str(marks[what, channel]))
            tell(wire, kind, json.loads(json.dumps(content).replace("{denied}", denied)), channel)
    wire.close()
    assert is_guarded(planted, shared)
    time.sleep(1)
    yield marks
    for mark in marks.values():
        mark.unlink(missing_ok=True)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("what", MESSAGES)
def test_no_message_goes_round(told: dict[tuple[str, str], Path], channel: str, what: str) -> None:
    assert not told[what, channel].exists()


def test_no_message_switches_anything_off(planted: User, shared: str, told: dict[tuple[str, str], Path]) -> None:
    assert told
    assert is_guarded(planted, shared)
    assert text(planted.run(shared, "print(6 * 7)")) == "42\n"


@pytest.mark.parametrize("path", ["/api/terminals", "/api/terminals/1"])
def test_there_are_no_terminals(planted: User, path: str) -> None:
    assert planted.ask("POST", path).status_code in (403, 404, 405)


def test_there_is_no_websocket_of_a_terminal(planted: User) -> None:
    address = f"ws{planted.url[4:]}{planted.base}/terminals/websocket/1"
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(address, header=[f"Authorization: token {planted.token}"], origin=planted.url)


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
def test_contents_write_nothing_that_is_loaded(planted: User, path: str) -> None:
    model = {"type": "file", "format": "text", "content": "version = 1"}
    answer = planted.ask("PUT", f"/api/contents/{path}", json=model)
    assert answer.status_code in (400, 403, 404), answer.text
    file = planted.home / path
    assert not file.exists() or file.read_text() != model["content"]


def test_the_lab_installs_nothing(planted: User) -> None:
    asked = {"cmd": "install", "extension_name": "anything"}
    assert planted.ask("POST", "/lab/api/extensions", json=asked).status_code in (403, 404, 405, 422)
    assert planted.ask("GET", "/lab/extensions/of-the-user/package.json").status_code == 404


def test_the_server_is_not_configured_by_requests(planted: User) -> None:
    asked = {"ServerApp": {"terminals_enabled": True}, "load_extensions": {"x": True}}
    for section in ("jupyter_server_config", "notebook", "common"):
        planted.ask("PUT", f"/api/config/{section}", json=asked)
    assert planted.ask("POST", "/api/terminals").status_code in (403, 404, 405)


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
def test_the_hub_refuses(planted: User, method: str, path: str, body: dict[str, Any]) -> None:
    filled = json.loads(json.dumps(body).replace("{name}", planted.name))
    answer = planted.client.request(method, path.replace("{name}", planted.name), json=filled)
    assert answer.status_code in (400, 403, 404, 405), answer.text


def test_options_of_a_start_change_nothing(planted: User) -> None:
    planted.stop()
    planted.start(
        cmd=["/bin/sh"], args=["--ServerApp.terminals_enabled=True"], environment={"JUPYTER_GUARD_POLICY": ""}
    )
    assert planted.ask("POST", "/api/terminals").status_code in (403, 404, 405)
    assert is_guarded(planted, planted.kernel())


def test_no_kernel_from_outside_is_taken_in(planted: User) -> None:
    # A kernel that the user started himself: its connection file lies where Jupyter would look for such.
    before = {one["id"] for one in planted.ask("GET", "/api/kernels").json()}
    code = "import os, shutil, glob; d = os.environ['JUPYTER_RUNTIME_DIR']; print(shutil.copy(glob.glob(d + '/kernel-*.json')[0], d + '/kernel-of-mine.json'))"  # fmt: skip
    assert "kernel-of-mine" in text(planted.run(planted.kernel(), code))
    after = planted.ask("GET", "/api/kernels").json()
    assert len({one["id"] for one in after} - before) == 1
    assert not any("mine" in one["id"] for one in after)


@pytest.mark.parametrize("name", [*PLANTED, *TEMPLATES])
def test_no_file_of_the_user_is_loaded(planted: User, name: str) -> None:
    # The last: by now every kernel and every request was tried.
    found = os.listdir(planted.home / "marks")
    assert "it-works" in found
    assert name not in found
