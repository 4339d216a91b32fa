"""Isolated kernels that end, are interrupted, or belong to an ordinary user: as without isolation, and no orphans."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_guard.isolate import landlock
from jupyter_guard.isolate.plan import examine
from tests.kernel.front import GUARDED, Front, without_private_directories

SECONDS = 10.0
MACHINE = examine()
WHY = {
    "bubblewrap": MACHINE.bubblewrap,
    "landlock": "" if MACHINE.landlock >= landlock.FILES and MACHINE.filters else "no Landlock or no seccomp",
}
BACKENDS = [
    pytest.param(one, marks=pytest.mark.skipif(bool(why), reason=why or "it works")) for one, why in WHY.items()
]
ORDINARY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
pytestmark = pytest.mark.kernel


@pytest.fixture
def start() -> Iterator[Callable[..., Front]]:
    """Starts kernels whose user names a backend; they end with the test."""
    running: list[Front] = []

    def begin(backend: str, **options: list[str]) -> Front:
        folder = Path(tempfile.mkdtemp(prefix="front-"))
        policy = folder / "home" / ".jupyter" / "jupyter_guard.toml"
        policy.parent.mkdir(parents=True)
        policy.write_text(f'version = 1\nmode = "observe"\n[isolation]\nbackend = "{backend}"\n')
        running.append(Front(folder, "", **options))
        assert running[-1].run("import os; os.environ['JUPYTER_GUARD_ISOLATION']").result == repr(backend)
        return running[-1]

    yield begin
    for one in running:
        one.close()
        shutil.rmtree(one.folder, ignore_errors=True)


def ends(*processes: psutil.Process) -> bool:
    return not psutil.wait_procs(processes, SECONDS)[1]


def left_clean(front: Front) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not without_private_directories(front.folder):
        time.sleep(0.05)
    return without_private_directories(front.folder)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_wrapper_leaves_nobody(start: Callable[..., Front], backend: str) -> None:
    front = start(backend)
    front.run("import subprocess; p = subprocess.Popen(['sleep', '77'])")
    below = psutil.Process(front.pid).children(recursive=True)
    assert any(one.cmdline() == ["sleep", "77"] for one in below)
    os.kill(front.pid, signal.SIGKILL)
    assert ends(*below)
    assert left_clean(front)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("os._exit(7)", 7, "exit status 7"),
        ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV, "SIGSEGV"),
        ("os.kill(os.getpid(), 9)", -signal.SIGKILL, "SIGKILL"),
        ("os._exit(137)", 137, "exit status 137"),
    ],
)
def test_an_end_is_told_as_it_was(
    start: Callable[..., Front], backend: str, code: str, status: int, words: str
) -> None:
    if backend == "bubblewrap" and status == 137:
        # It ends with 128 + N for both, as a shell does, and tells no more on --json-status-fd.
        status, words = -signal.SIGKILL, "SIGKILL"
    front = start(backend)
    run = front.send(code)
    front.wait_for(run, "error")
    assert words in run.error["evalue"]
    assert front.manager.provisioner.process.wait(SECONDS) == status
    assert left_clean(front)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_interrupt_ends_the_cell_and_what_it_waits_for(start: Callable[..., Front], backend: str) -> None:
    front = start(backend)
    for code in ("print('on', flush=True)\nimport time\ntime.sleep(60)", "!echo on; sleep 60"):
        run = front.send(code)
        front.wait_for(run, "stream")
        front.manager.interrupt_kernel()
        front.finish(run)
    assert front.run("1 + 1").result == "2"
    front.client.shutdown()
    assert front.manager.provisioner.process.wait(SECONDS) == 0
    assert left_clean(front)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_ordinary_user(start: Callable[..., Front], backend: str) -> None:
    before: list[str] = []
    if os.getuid() == 0:
        # Of a namespace, so that no account is made; it has no more rights than any other.
        tried = subprocess.run([*ORDINARY, "true"], capture_output=True, text=True, check=False)
        if tried.returncode:
            pytest.skip(f"no user but root can be had here: {tried.stderr.strip()}")
        before = ORDINARY
    front = start(backend, argv=[*before, *GUARDED])
    assert front.run("os.getuid() > 0, os.geteuid() > 0").result == "(True, True)"
    assert "CapEff:\t0000000000000000" in front.run("print(open('/proc/self/status').read())").text
    assert "hi" in front.run("!cd $TMPDIR; echo hi > made; cat made").text
