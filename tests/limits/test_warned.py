"""At 80% there is a warning, and where the machine itself is short the kernel goes before it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from tests.kernel.front import Front

from .conftest import cards
from .test_in_kernels import EATER, SECONDS

Limited = Callable[..., Front]


def test_at_80_percent_there_is_a_warning_once_a_cell_and_in_the_panel(limited: Limited) -> None:
    front = limited('memory = "1 GiB"\n')
    front.open_panel()
    front.told("snapshot")
    run = front.run("x = bytearray(b'x') * (830 * 2**20)\nimport time; time.sleep(1)")
    assert run.text.count("of 1 GiB used") == 1
    assert not run.of("display_data")
    findings = [one for _ in range(2) for one in front.told("report")["item"]["findings"]]
    assert "limits.memory" in findings[-1]["decided_by"]
    assert front.run("import time; time.sleep(0.3)").text.count("of 1 GiB used") == 1


WARNED = {
    "cell_cpu_seconds": ("of 3 s used", "import time\nwhile time.process_time() < begun + 2.5: pass"),
    "processes": (
        "of 10 used",
        "import subprocess\nown = [subprocess.Popen(['sleep', '60']) for _ in range(8)]\ntime.sleep(0.5)\n"
        "for one in own: one.kill(); one.wait()",
    ),
    "disk": ("of 50 MiB used", "with open('big', 'wb') as file: file.write(bytes(43 * 2**20))"),
    "output": ("of 976.56 KiB used", "print('x' * 850_000)"),
}


def test_each_other_limit_is_warned_of_too_and_stops_nothing_by_that(limited: Limited) -> None:
    front = limited('cell_cpu_seconds = 3\nprocesses = 10\ndisk = "50 MiB"\noutput = "1 MB"\n')
    for name, (words, code) in WARNED.items():
        run = front.run(f"import time; begun = time.process_time()\n{code}\ntime.sleep(0.6)")
        assert run.status == "ok", (name, run.reply)
        assert run.text.count(words) == 1, (name, run.text[-500:])
        assert f"(`limits.{name}`, user policy" in run.text
        assert not run.of("display_data")


SHORT = (
    "import runpy\nfrom jupyter_guard.isolate import tree\n"
    # Bytes that are left, that there are, and that are shared: the real machine is not to be filled for this.
    "tree.machine = lambda: (2**20, 2**30, 0)\nrunpy.run_module('jupyter_guard.kernel', run_name='__main__')"
)


def test_the_kernel_goes_before_the_machine_and_what_it_started_before_the_kernel(limited: Limited) -> None:
    front = limited('memory = "1 GiB"\n', argv=[sys.executable, "-P", "-c", SHORT, "-f", "{connection_file}"])
    # A quarter of the limit is what the machine is looked at from, and of all there is what the kernel pays from.
    run = front.run(
        EATER + "one = subprocess.Popen([sys.executable, '-c', eat.format(steps=40)])\none.wait(20)\nkept = 42"
    )
    assert "and the machine only 1 MiB left, so the largest process that a cell had started was ended" in cards(run)
    assert "jupyter_guard: this machine has hardly any memory left\n" in cards(run)
    assert "are kept.\n  The limit was not reached: use less at once" in cards(run)
    assert front.run("kept, one.returncode").result == f"(42, {-signal.SIGKILL})"
    run = front.send("x = [bytearray(b'x') * 10**7 for _ in range(40)]\nimport time\ntime.sleep(20)")
    front.wait_for(run, "error")
    assert run.error["ename"] == "KernelDied"
    assert "and the machine only 1 MiB left, nearly all of it the kernel's own" in run.error["evalue"]
    assert "its variables are gone. The limit was not reached: use less at once" in run.error["evalue"]
    assert front.manager.provisioner.process.wait(SECONDS) == -signal.SIGKILL
