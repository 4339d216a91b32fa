"""``python -m benchmarks.limits.explained``: how long after each kill or interrupt the cell says what happened.

Each case is a real guarded kernel with one limit. The moment itself is told by the cell, which notes when its child is
gone or it is interrupted, or, where the kernel ends, by somebody who looks at its process every few milliseconds.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from queue import Empty

import msgspec
import psutil

from jupyter_guard.isolate.probing import Manager

SECONDS = 60.0
LOOK = 0.002
START = """
import mmap, os, signal, subprocess, sys, time
def note():
    with open("event", "w") as file: file.write(repr(time.time()))
def gone(*children):
    while all(one.poll() is None for one in children): time.sleep(0.001)
    note()
def python(code): return subprocess.Popen([sys.executable, "-c", code])
"""
WAIT = "try:\n    {}\nexcept KeyboardInterrupt: note()"
# Two, for one alone is refused what it asks for beyond the limit.
EATS = "x = []\\nimport time\\nfor _ in range(28): x.append(bytearray(10**7)); time.sleep(0.01)\\ntime.sleep(20)"
WRITES = "import time\\nfile = open('big', 'wb', 0)\\nfor _ in range(99): file.write(bytes(2**20)); time.sleep(0.01)"
# What is shared is not refused, only seen.
SHARED = "m = mmap.mmap(-1, 900 << 20)\n    for at in range(0, 900 << 20, 4096): m[at] = 1"
# One file alone is refused what is beyond the limit.
PARTS = "for n in range(199): open(f'part-{n}', 'wb').write(bytes(2**18)); time.sleep(0.01)\n    time.sleep(9)"
AT_ONCE = "import ctypes\nm = mmap.mmap(-1, 3 << 30)\nctypes.memset(ctypes.addressof(ctypes.c_char.from_buffer(m)), 1, 3 << 30)"
MANY = "for _ in range(80):\n        if not os.fork(): time.sleep(9); os._exit(0)\n    time.sleep(9)"


class Case(msgspec.Struct, frozen=True):
    """A cell that something stops; ``says`` is in what it is told, ``ends`` whether the kernel is what goes."""

    name: str
    limits: str
    code: str
    says: str
    ends: bool = False


CASES = (
    Case("memory: the largest child", 'memory = "400 MiB"', f'both = [python("{EATS}") for _ in range(2)]; gone(*both)', "limits.memory"),
    Case("memory: interrupted", 'memory = "400 MiB"', WAIT.format(SHARED), "limits.memory"),
    Case("memory: the kernel", 'memory = "400 MiB"', AT_ONCE, "limits.memory", ends=True),
    Case("time: interrupted", "cell_seconds = 2", WAIT.format("time.sleep(30)"), "limits.cell_seconds"),
    Case(
        "time: the kernel, deaf to interrupts", "cell_seconds = 1",
        "signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(30)", "did not end within", ends=True,
    ),
    Case("processor time: interrupted", "cell_cpu_seconds = 1", WAIT.format("while True: hash(1)"), "limits.cell_cpu"),
    Case("processes: interrupted", "processes = 40", WAIT.format(MANY), "limits.processes"),
    Case("disk: the child that writes", 'disk = "32 MiB"', f'gone(python("{WRITES}"))', "limits.disk"),
    Case("disk: interrupted", 'disk = "16 MiB"', WAIT.format(PARTS), "limits.disk"),
    Case("SIGKILL from elsewhere", "", "os.kill(os.getpid(), 9)", "kernel", ends=True),
    Case("a crash", "", "os.kill(os.getpid(), 11)", "kernel", ends=True),
    Case("os._exit", "", "os._exit(3)", "kernel", ends=True),
)  # fmt: skip


def seconds_until_told(case: Case, backend: str) -> float:
    """Seconds from the moment to the message; raises ``TimeoutError``."""
    folder = Path(tempfile.mkdtemp(prefix="jgx-"))
    (folder / ".jupyter").mkdir()
    limits = f"[limits]\n{case.limits}\n" if case.limits else ""
    text = f'version = 1\nmode = "observe"\n[isolation]\nbackend = "{backend}"\n{limits}'
    (folder / ".jupyter" / "jupyter_guard.toml").write_text(text)
    work = folder / "work"
    work.mkdir()
    manager = Manager(connection_file=str(folder / "kernel.json"))
    environment = {"HOME": str(folder), "TMPDIR": str(folder), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())}
    with open(folder / "log", "w") as log:
        manager.start_kernel(cwd=str(work), env=environment, stdout=log, stderr=log)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        client.execute_interactive(START, timeout=SECONDS)
        ended: list[float] = []
        watching = threading.Thread(target=_watch, args=(manager, ended), daemon=True)
        if case.ends:
            watching.start()
        asked = client.execute(case.code)
        told, end = 0.0, time.monotonic() + SECONDS
        while not told and time.monotonic() < end:
            try:
                message = client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            if message["parent_header"].get("msg_id") == asked and _says(message, case.says):
                told = time.time()
        if not told:
            raise TimeoutError(f"{case.name}: nothing was said; see {(folder / 'log').read_text()[-2000:]}")
        if case.ends:
            watching.join(SECONDS)
            return told - ended[0] if ended else float("nan")
        note = work / "event"
        while not (note.exists() and note.read_text()) and time.monotonic() < end:
            time.sleep(LOOK)
        return told - float(note.read_text())
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        shutil.rmtree(folder, ignore_errors=True)


def _says(message: dict[str, object], wanted: str) -> bool:
    # A warning at 80% names the limit as well.
    return (
        message["msg_type"] in ("stream", "display_data", "error")
        and wanted in str(message["content"])
        and (" used (" not in str(message["content"]))
    )


def _watch(manager: Manager, ended: list[float]) -> None:
    wrapper = psutil.Process(int(manager.provisioner.pid))
    inside = [one for one in wrapper.children(recursive=True) if any("launch.py" in word for word in one.cmdline())]
    kernel = inside[-1]
    while kernel.is_running() and kernel.status() != psutil.STATUS_ZOMBIE:
        time.sleep(LOOK)
    ended.append(time.time())


def main() -> int:
    """Measure and print; the exit status is 1 where something was said after more than a second."""
    parser = argparse.ArgumentParser(description="Seconds until a kill is explained.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backend", action="append", choices=["none", "bubblewrap", "landlock"])
    options = parser.parse_args()
    worst = 0.0
    for backend in options.backend or ["none", "bubblewrap"]:
        for case in CASES:
            found = [seconds_until_told(case, backend) for _ in range(options.rounds)]
            worst = max(worst, *found)
            print(f"{backend:12}{case.name:40}{', '.join(f'{one:6.3f}' for one in found)} s", flush=True)
    return int(worst > 1.0)


if __name__ == "__main__":
    sys.exit(main())
