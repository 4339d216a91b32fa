"""A machine that lacks something, really: a kernel has what the policy requires, or there is none, and the reason is said.

No cell is ever run with less. What is lacked is taken away by the system itself, for the kernel and all below it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.isolate import bubblewrap
from jupyter_guard.isolate.plan import Machine, examine
from tests.isolate import faults
from tests.kernel.front import GUARDED, Front, Manager

HERE = examine()
WHY = HERE.bubblewrap or ("" if HERE.landlock >= 6 and HERE.filters else "no Landlock with scopes, or no seccomp")
WHY = WHY or (f"open to {HERE.engines}" if HERE.engines else "")
pytestmark = [pytest.mark.kernel, pytest.mark.skipif(bool(WHY), reason=WHY or "this machine lacks nothing itself")]
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts something over the control groups")
POLICY = """version = 1
[isolation]
require = {require}
read = []
write = ["."]
hosts = []
env = []
[limits]
memory = "2 GiB"
processes = 64
disk = "1 GiB"
"""
FILES, NETWORK, CALLS = ("files",), ("files", "network"), ("files", "network", "syscalls")
# What Landlock alone gives.
ALONE = ("network", "syscalls")
PROCESSES, EVERYTHING = (*CALLS, "processes"), (*CALLS, "processes", "resources")
# What is lacked, what is required, and the backend in which the kernel runs, or else what the refusal says.
MATRIX = [
    ("", EVERYTHING, "bubblewrap", ""),
    ("bubblewrap", ALONE, "landlock", ""),
    ("bubblewrap", CALLS, "", "files: Landlock alone leaves modes and times"),
    ("bubblewrap", PROCESSES, "", "apt-get install bubblewrap"),
    ("bubblewrap", EVERYTHING, "", "isolation of files, processes, resources is required"),
    ("namespaces", ALONE, "landlock", ""),
    ("namespaces", PROCESSES, "", "sysctl user.max_user_namespaces"),
    ("landlock", EVERYTHING, "bubblewrap", ""),
    ("landlock,bubblewrap", FILES, "", "no Landlock (5.13 or newer"),
    ("landlock,namespaces", FILES, "", "no Landlock (5.13 or newer"),
    ("landlock=2,bubblewrap", FILES, "", "Landlock 2 of this Linux does not give files"),
    ("landlock=3,bubblewrap", ("syscalls",), "landlock", ""),
    ("landlock=3,bubblewrap", NETWORK, "", "Landlock 3 of this Linux does not give files, network"),
    ("landlock=4,bubblewrap", ALONE, "landlock", ""),
    ("seccomp", NETWORK, "bubblewrap", ""),
    ("seccomp", CALLS, "", "syscalls: this kernel or processor has no seccomp filter"),
    ("seccomp,bubblewrap", FILES, "", "isolation of files is required"),
    ("seccomp,bubblewrap", NETWORK, "", "isolation of files, network is required"),
    ("landlock,bubblewrap,seccomp", FILES, "", "apt-get install bubblewrap"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    # Short: socket paths have to fit.
    path = Path(tempfile.mkdtemp(prefix="fault-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def lacking(fault: str) -> list[str]:
    return [sys.executable, faults.__file__, fault] if fault else []


def found_there(fault: str) -> Machine:
    """What the guard finds on such a machine."""
    code = (
        "import msgspec; from jupyter_guard.isolate.plan import examine; print(msgspec.json.encode(examine()).decode())"
    )
    done = subprocess.run([*lacking(fault), sys.executable, "-c", code], capture_output=True, text=True, check=True)
    import msgspec

    return msgspec.json.decode(done.stdout, type=Machine)


def test_the_faults_are_real() -> None:
    assert "is not there" in found_there("bubblewrap").bubblewrap
    assert "may not make namespaces" in found_there("namespaces").bubblewrap
    assert found_there("landlock").landlock == 0
    assert found_there("landlock=2").landlock == 2
    assert not found_there("seccomp").filters
    assert found_there("landlock=2,bubblewrap").filters


@pytest.mark.parametrize(("fault", "required", "backend", "refusal"), MATRIX)
def test_never_less_than_is_required(
    folder: Path, fault: str, required: tuple[str, ...], backend: str, refusal: str
) -> None:
    policy = POLICY.format(require=json.dumps(required))
    argv = [*lacking(fault), *GUARDED]
    if refusal:
        with pytest.raises(RuntimeError) as raised:
            Front(folder, policy, argv=argv)
        log = str(raised.value.__cause__ or raised.value) + (folder / "log").read_text()
        assert "no kernel starts" in log
        assert refusal in log
        assert f"{folder}/jupyter_guard.toml, line 3" in log
        assert "Traceback" not in log
        return
    with Front(folder, policy, argv=argv) as front:
        held = front.run("import os; print(os.environ['JUPYTER_GUARD_ISOLATION'], end='')")
        assert held.text == backend
        assert front.run(f"open({str(folder / 'jupyter_guard.toml')!r})").error["ename"] == "PermissionError"
        if "network" in required:
            code = "import socket; s = socket.socket(); s.settimeout(2); s.connect(('192.0.2.1', 80))"
            assert front.run(code).error["ename"] in ("OSError", "PermissionError")
        if "syscalls" in required:
            shown = front.run("print(open('/proc/self/status').read())").text
            assert "Seccomp:\t2" in shown


def test_a_front_end_that_comes_late_is_told_why_there_is_no_kernel(folder: Path) -> None:
    (folder / "jupyter_guard.toml").write_text(POLICY.format(require=json.dumps(EVERYTHING)))
    manager = Manager()
    manager.argv = [*lacking("bubblewrap"), *GUARDED]
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "XDG_RUNTIME_DIR": ""}
    with open(folder / "log", "w") as log:
        manager.start_kernel(cwd=str(folder), env=environment, stdout=log, stderr=log)
    time.sleep(1)
    client = manager.client()
    client.start_channels()
    try:
        client.execute("open('ran', 'w')")
        error: dict[str, Any] = {}
        while not error:
            message = client.get_iopub_msg(timeout=20)
            error = message["content"] if message["msg_type"] == "error" else {}
        assert error["ename"] == "KernelDied"
        assert "isolation of files, processes, resources is required by project policy" in error["evalue"]
        assert "apt-get install bubblewrap" in error["evalue"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
    assert not (folder / "ran").exists()


def test_what_nobody_requires_and_is_missing_is_shown(folder: Path) -> None:
    (folder / "home").mkdir()
    words = [*lacking("bubblewrap"), sys.executable, "-m", "jupyter_guard", "doctor", "--format", "json"]
    environment = {**os.environ, "HOME": str(folder / "home"), "JUPYTER_CONFIG_DIR": str(folder)}

    def told() -> tuple[str, str]:
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        (found,) = [one for one in json.loads(done.stdout) if one["part"] == "isolation"]
        return found["state"], f"{found['what']}; {found['todo']}"

    state, text = told()
    assert state == "missing"
    assert "isolation: none: a cell then has all your rights" in text
    assert "apt-get install bubblewrap" in text
    with Front(folder, "", argv=[*lacking("bubblewrap"), *GUARDED]) as front:
        assert "Isolation: none (`jupyter guard doctor` says why" in front.run("%guard status").text
    (folder / "jupyter_guard.toml").write_text(POLICY.format(require=json.dumps(CALLS)))
    state, text = told()
    assert state == "wrong"
    assert "missing: files" in text
    assert "until then no guarded kernel starts" in text


@ROOT
def test_limits_need_no_control_groups(folder: Path) -> None:
    test_never_less_than_is_required(folder, "cgroup", EVERYTHING, "bubblewrap", "")


def test_a_backend_that_is_named_is_not_replaced(folder: Path) -> None:
    home = folder / "home" / ".jupyter"
    home.mkdir(parents=True)
    (home / "jupyter_guard.toml").write_text('version = 1\n[isolation]\nbackend = "bubblewrap"\n')
    with pytest.raises(RuntimeError):
        Front(folder, "", argv=[*lacking("bubblewrap"), *GUARDED])
    log = (folder / "log").read_text()
    assert (
        f"isolation.backend = bubblewrap in user policy ({home}/jupyter_guard.toml, line 3) does not work here" in log
    )
    assert "apt-get install bubblewrap" in log


@pytest.mark.parametrize(
    ("setting", "value", "typed"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
        (
            "kernel/ostype",
            "Linux",
            "in a container, ask for user namespaces to be allowed: start it with --security-opt",
        ),
    ],
)
def test_what_to_type_where_namespaces_are_forbidden(tmp_path: Path, setting: str, value: str, typed: str) -> None:
    # Whoever has the setting has the file: a system with AppArmor's is not at hand everywhere.
    path = tmp_path / setting
    path.parent.mkdir()
    path.write_text(value + "\n")
    assert typed in bubblewrap.what_to_type(str(tmp_path))


@pytest.mark.skipif(
    os.geteuid() != 0, reason="to mount something over /proc or /dev, and to be in a chroot, takes root"
)
@pytest.mark.parametrize(
    ("fault", "typed", "limits"),
    [
        ("proc", "/proc is not mounted here; as root: mount -t proc proc /proc", True),
        ("devices", "/dev has no devices here (/dev/null is not there); as root, outside: mount --rbind /dev", True),
        ("chroot", "; in a chroot Linux lets nobody make them (user_namespaces(7)): enter its folder", False),
    ],
)
def test_what_to_type_where_a_machine_is_not_whole(fault: str, typed: str, limits: bool) -> None:
    found = found_there(fault)
    assert typed in found.bubblewrap
    assert (typed in found.limits) is limits
    assert "container" not in found.bubblewrap.partition(typed)[0]


def test_what_to_type_where_a_container_hides_parts_of_proc() -> None:
    # What bubblewrap 0.8 says there.
    said = "bwrap: Can't mount proc on /newroot/proc: Operation not permitted"
    assert "--security-opt unmask=ALL (podman)" in bubblewrap.what_to_type(said=said)
