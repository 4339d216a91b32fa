"""However a kernel ends, its reason stands on the cell, the wrapper ends the same way, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from .front import Front, without_private_directories

SECONDS = 10.0


def gone(pid: int) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def left_clean(front: Front) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not without_private_directories(front.folder):
        time.sleep(0.05)
    return without_private_directories(front.folder)


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("import os; os._exit(7)", 7, "exit status 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, "SIGKILL"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV, "SIGSEGV"),
    ],
)
def test_the_reason_stands_on_the_cell_and_the_wrapper_ends_the_same_way(
    start: Callable[..., Front], code: str, status: int, words: str
) -> None:
    front = start()
    child = front.child().pid
    run = front.send("print('before')\n" + code)
    front.wait_for(run, "error")
    assert words in run.error["evalue"]
    assert not run.reply
    assert front.manager.provisioner.process.wait(SECONDS) == status
    assert gone(child)
    assert left_clean(front)


def test_a_killed_wrapper_takes_the_child_with_it(start: Callable[..., Front]) -> None:
    front = start()
    front.run("1")
    child, helper = front.child().pid, front.helper().pid
    os.kill(front.pid, signal.SIGKILL)
    assert gone(child)
    assert gone(helper)
    assert left_clean(front)


@pytest.mark.parametrize("victim", ["wrapper", "kernel"])
def test_what_a_cell_had_started_ends_with_the_kernel(start: Callable[..., Front], victim: str) -> None:
    front = start()
    front.run("import subprocess; p = subprocess.Popen(['sleep', '60.5'])")
    # In a box, processes have other numbers.
    below = psutil.Process(front.pid).children(recursive=True)
    started = next(one.pid for one in below if one.cmdline() == ["sleep", "60.5"])
    os.kill(front.pid if victim == "wrapper" else front.child().pid, signal.SIGKILL)
    assert gone(started)
    assert left_clean(front)


def test_a_killed_process_group_leaves_no_directory(start: Callable[..., Front]) -> None:
    front = start()
    front.run("1")
    child = front.child().pid
    os.killpg(os.getpgid(front.pid), signal.SIGKILL)
    assert gone(child)
    assert left_clean(front)


def test_the_wrapper_ends_with_whoever_started_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    import subprocess

    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))!r})\n"
        "from tests.kernel.front import Front\n"
        "front = Front(Path(sys.argv[1]))\n"
        "print(front.pid, front.child().pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="front-") as folder:
        starter = subprocess.Popen([sys.executable, "-c", script, folder], stdout=subprocess.PIPE, text=True)
        assert starter.stdout is not None
        wrapper, child = map(int, starter.stdout.readline().split())
        starter.kill()
        starter.wait()
        starter.stdout.close()
        assert gone(wrapper)
        assert gone(child)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and not without_private_directories(Path(folder)):
            time.sleep(0.05)
        assert without_private_directories(Path(folder))


def test_shutdown_and_restart_are_native(start: Callable[..., Front]) -> None:
    front = start()
    front.run("a = 1")
    before = front.pid
    front.manager.restart_kernel()
    front.client.wait_for_ready(timeout=60)
    assert front.pid != before
    assert front.run("'a' in globals()").result == "False"
    front.client.shutdown()
    assert front.manager.provisioner.process.wait(SECONDS) == 0
    assert left_clean(front)


def test_a_dead_helper_costs_one_cell_and_is_replaced(start: Callable[..., Front]) -> None:
    front = start()
    front.run("a = 1")
    helper = front.helper()
    helper.suspend()
    run = front.send("a = 2")
    time.sleep(0.5)
    helper.kill()
    front.finish(run)
    assert run.reply["content"]["ename"] == "CellBlocked"
    assert "JG000" in run.error["evalue"]
    assert front.run("a").result == "1"
    assert front.helper().pid != helper.pid


def test_a_helper_that_hangs_stalls_nothing_and_can_be_interrupted(start: Callable[..., Front]) -> None:
    front = start()
    front.run("a = 1")
    front.helper().suspend()
    run = front.send("a = 2")
    # The relay goes on: control answers, and so does the heartbeat.
    assert front.request("kernel_info_request", {}, "control")["content"]["status"] == "ok"
    assert front.client.hb_channel.is_beating()
    front.interrupt()
    front.finish(run)
    assert run.status == "error"
    assert front.run("a").result == "1"


@pytest.mark.kernel
def test_random_kills_leave_nothing() -> None:
    """A dozen of what ``tests/conformance/kills.py`` does by the hundred; its output names the seed."""
    import subprocess
    from pathlib import Path

    script = Path(__file__).parent.parent / "conformance" / "kills.py"
    seed = int(time.time())
    done = subprocess.run([sys.executable, str(script), "12", "--seed", str(seed)], capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
