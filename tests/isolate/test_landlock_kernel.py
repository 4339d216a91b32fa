"""A real guarded kernel under Landlock and seccomp alone: it works, and it is held to what the policy grants."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import landlock
from jupyter_guard.isolate.plan import examine
from tests.kernel.front import Front

POLICY = """
version = 1
mode = "observe"
[isolation]
backend = "landlock"
require = ["network", "syscalls"]
read = []
write = ["."]
hosts = []
env = []
"""
MACHINE = examine(lambda: "not asked for")
WHY = "" if MACHINE.landlock >= landlock.SCOPES and MACHINE.filters else f"Landlock {MACHINE.landlock}, no scopes"
WHY = WHY or (f"open to {MACHINE.engines}" if MACHINE.engines else "")
pytestmark = [pytest.mark.kernel, pytest.mark.skipif(bool(WHY), reason=WHY or "Landlock works")]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Outside the workspace, so that nothing in it is granted."""
    folder = Path(tempfile.mkdtemp(prefix="home-"))
    (folder / ".bashrc").write_text("unset secret\n")
    # A project may not name a backend, nor observe only.
    (folder / ".jupyter").mkdir()
    (folder / ".jupyter" / "jupyter_guard.toml").write_text(POLICY)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def front(home: Path) -> Iterator[Front]:
    folder = tempfile.mkdtemp(prefix="front-")
    with Front(Path(folder), "", home=home) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def test_cells_commands_and_the_workspace(front: Front) -> None:
    assert front.run("40 + 2").result == "42"
    assert "hi" in front.run("!echo hi; touch mine").text
    assert (front.folder / "mine").exists()
    assert front.run("%pwd").result.strip("'") == str(front.folder)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_ones_own(front: Front, method: str) -> None:
    code = (
        "import multiprocessing\nwith multiprocessing.get_context({!r}).Pool(2) as pool: print(pool.map(abs, [-1, -2]))"
    )
    assert "[1, 2]" in front.run(code.format(method)).text


def test_figures(front: Front) -> None:
    run = front.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('é')\nplt.show()")
    assert "image/png" in run.of("display_data")[0]["content"]["data"]
    assert not run.text


def test_temporary_files(front: Front) -> None:
    code = "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as f:\n    f.write('x')\n    print(f.name)"
    assert str(front.folder / "jg-") in front.run(code).text


def test_nothing_is_made_at_home(front: Front, home: Path) -> None:
    assert front.run("1").result == "1"
    # The guard itself, outside the box, keeps its audit in .local, and makes the place of histories there.
    made = {one.relative_to(home).as_posix() for one in home.rglob("*") if "guard" not in str(one.relative_to(home))}
    assert made <= {".bashrc", ".jupyter", ".local", ".local/share", ".local/share/jupyter", ".local/state"}
    assert front.run(f"open({str(home / '.bashrc')!r}).read()").error["ename"] == "PermissionError"
    assert front.run(f"open({str(home / 'new')!r}, 'w')").error["ename"] == "PermissionError"


def test_the_policy_and_the_connection_cannot_be_read(front: Front, home: Path) -> None:
    policy = home / ".jupyter" / "jupyter_guard.toml"
    assert front.run(f"open({str(policy)!r}).read()").error["ename"] == "PermissionError"
    assert front.run(f"open({front.manager.connection_file!r}).read()").error["ename"] == "PermissionError"


def test_the_wrapper_cannot_be_signalled_or_read(front: Front) -> None:
    assert front.run(f"import os\nos.kill({front.pid}, 15)").error["ename"] == "PermissionError"
    assert front.run(f"open('/proc/{front.pid}/environ').read()").error["ename"] == "PermissionError"


def test_nothing_is_reached(front: Front) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket\ns = socket.socket()\ns.settimeout(2)\ns.connect({server.getsockname()!r})"
        assert front.run(code).error["ename"] == "PermissionError"
    assert front.run("socket.socket(type=socket.SOCK_DGRAM)").error["ename"] == "PermissionError"


def test_owners_and_attributes_are_nobodys_to_change_and_files_are_copied(front: Front, home: Path) -> None:
    before = os.stat(home / ".bashrc")
    code = "import os, shutil\nopen('a', 'w').close(); shutil.copy2('a', 'b'); os.chmod('b', 0o600)"
    assert front.run(code).status == "ok"
    for change in ("chown({!r}, -1, os.getgid())", "setxattr({!r}, 'user.a', b'1')"):
        for path in ("b", str(home / ".bashrc")):
            assert front.run("os." + change.format(path)).error["ename"] == "PermissionError"
    assert os.stat(home / ".bashrc").st_ctime_ns == before.st_ctime_ns


def test_a_scheduling_class_is_only_for_oneself(front: Front) -> None:
    batch = "import os; os.sched_setscheduler({}, os.SCHED_BATCH, os.sched_param(0)); os.sched_getscheduler(0)"
    for other in (front.pid, "os.getppid()"):
        assert front.run(batch.format(other)).error["ename"] == "PermissionError"
    assert front.run(f"!{sys.executable} -c '{batch.format(0)} == os.SCHED_BATCH or print(1)'").text == ""
    # What a thread of libzmq asks for, with the class that it has.
    thread = "import threading; os.sched_setscheduler(threading.get_native_id(), os.SCHED_OTHER, os.sched_param(0))"
    assert front.run(thread).status == "ok"


def test_nobody_has_capabilities(front: Front) -> None:
    shown = front.run("!grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status").text
    assert shown.count("0000000000000000") in ((3,) if os.geteuid() == 0 else (2, 3))
