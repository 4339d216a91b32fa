"""A number -> that many guarded kernels killed at random moments, and whether anything of them is left.

``python tests/conformance/kills.py 200 [--seed N]``. Each kernel is started through jupyter_client with a temporary
directory of its own and given random work. Then the kernel itself, the wrapper, its helper, the program that started
it, the wrapper's process group or all of it is killed. Asserted each time: the wrapper ends as the kernel did, no
process is left, no private directory is left, and a kernel whose helper was killed works on.

A directory may outlive its kernel in one case: everybody who would have removed it was killed too (before the helper
ran, or with it). Then the next kernel must remove it. Exit status 1 when anything is left or ends otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from queue import Empty

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from jupyter_guard.kernel.directories import FRESH_SECONDS

SECONDS = 15.0
# In the environment of everything that belongs to one kernel.
MARK = "JUPYTER_GUARD_KILLS"
WORK = {
    "idle": "",
    "sleeping": "import time; time.sleep(60)",
    "printing": "while True: print('x' * 1000)",
    "computing": "x = 0\nwhile True: x += 1",
    "in a process": "import subprocess; subprocess.run(['sleep', '60'])",
}
VICTIMS = ("kernel SIGKILL", "kernel SIGSEGV", "kernel exit", "wrapper", "helper", "client", "group", "everything")


class LeftoverError(AssertionError):
    """Something did not end as it must, in words."""


class Manager(KernelManager):
    """Starts a guarded kernel whatever is installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-P", "-m", "jupyter_guard.kernel", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="guarded", language="python")


def begin(folder: Path) -> Manager:
    """A kernel that is on its way, with everything that it leaves behind in ``folder``."""
    manager = Manager(connection_file=str(folder / "kernel.json"))
    environment = {**os.environ, MARK: folder.name, "TMPDIR": str(folder), "XDG_RUNTIME_DIR": ""}
    environment |= {"HOME": str(folder), "IPYTHONDIR": str(folder / "ipython")}
    with open(folder / "log", "a") as log:
        manager.start_kernel(cwd=str(folder), env=environment, stdout=log, stderr=log)
    return manager


def marked(folder: Path) -> list[psutil.Process]:
    """Every running process that belongs to the kernel of this folder."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.environ().get(MARK) == folder.name and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def wait_for(condition: Callable[[], object], what: str, folder: Path, seconds: float = SECONDS) -> None:
    """Wait until something is so. Raises ``LeftoverError``."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            names = [" ".join(one.cmdline())[-80:] for one in marked(folder)]
            raise LeftoverError(f"{what}; running: {names}; left: {sorted(folder.glob('jg-*'))}; log: {_log(folder)}")
        time.sleep(0.05)


def process(folder: Path, word: str) -> psutil.Process | None:
    """The process of this kernel with a word on its command line, once it is there."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for one in marked(folder):
            try:
                if any(word in part for part in one.cmdline()):
                    return one
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.02)
    return None


def kill_one(chance: random.Random, folder: Path, victim: str) -> str:
    """Start a kernel, kill, look what is left. What happened, in words. Raises ``LeftoverError``."""
    work = chance.choice(list(WORK))
    kill = _kill_client if victim == "client" else _kill
    how = kill(chance, folder, victim, work)
    wait_for(lambda: not marked(folder), f"{victim}, {how}: a process is left", folder)
    late = ""
    if _left(folder, 2.0):
        if victim not in ("wrapper", "group", "everything"):
            raise LeftoverError(f"{victim}, {how}: a directory is left: {sorted(folder.glob('jg-*'))}")
        late = ", removed by the next kernel"
        # What is as young could belong to a kernel that is just starting.
        time.sleep(FRESH_SECONDS)
        after = begin(folder)
        client = after.client()
        client.start_channels()
        _wait_until_ready(client, folder)
        client.stop_channels()
        after.shutdown_kernel()
        if _left(folder, SECONDS):
            raise LeftoverError(f"{victim}, {how}: the next kernel did not remove {sorted(folder.glob('jg-*'))}")
    return f"{victim}, {how}{late}"


def _left(folder: Path, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while list(folder.glob("jg-*")):
        if time.monotonic() > end:
            return True
        time.sleep(0.05)
    return False


def _wait_until_ready(client, folder: Path) -> None:  # type: ignore[no-untyped-def]
    try:
        client.wait_for_ready(timeout=60)
    except RuntimeError as error:
        raise LeftoverError(f"a kernel does not start: {error}; log: {_log(folder)}") from None


def _log(folder: Path) -> str:
    return (folder / "log").read_text()[-1500:] if (folder / "log").exists() else ""


def _kill_client(chance: random.Random, folder: Path, victim: str, work: str) -> str:
    started = subprocess.Popen([sys.executable, __file__, "--client", str(folder), work], stdout=subprocess.DEVNULL)
    wait_for(lambda: process(folder, "jupyter_guard.kernel"), "no kernel was started", folder)
    delay = chance.uniform(0, 3)
    time.sleep(delay)
    started.kill()
    started.wait()
    return f"{work}, after {delay:.2f} s"


def _kill(chance: random.Random, folder: Path, victim: str, work: str) -> str:
    manager = begin(folder)
    client = manager.client()
    client.start_channels()
    early = victim not in ("helper", "kernel exit") and chance.random() < 0.4
    if not early:
        _wait_until_ready(client, folder)
        if WORK[work]:
            client.execute(WORK[work], allow_stdin=False)
    delay = chance.uniform(0, 1.2)
    time.sleep(delay)
    how = f"{'starting' if early else work}, after {delay:.2f} s"
    try:
        _strike(manager, client, folder, victim, how)
    finally:
        client.stop_channels()
        manager.cleanup_resources()
    return how


def _strike(manager: Manager, client, folder: Path, victim: str, how: str) -> None:  # type: ignore[no-untyped-def]
    wrapper = int(manager.provisioner.pid)
    popen = manager.provisioner.process
    expected: int | None = None
    if victim == "kernel exit":
        client.control_channel.send(client.session.msg("execute_request", {"code": "import os; os._exit(5)"}))
        expected = 5
    elif victim.startswith("kernel"):
        number = signal.Signals[victim.split()[1]]
        child = process(folder, "launch.py")
        if child is not None:
            child.send_signal(number)
        expected = -number
    elif victim == "helper":
        helper = process(folder, "jupyter_guard.guard.helper")
        if helper is None:
            raise LeftoverError(f"{victim}, {how}: there is no helper")
        helper.kill()
        _works(manager, client, folder, how)
        manager.shutdown_kernel()
        return
    elif victim == "group":
        os.killpg(os.getpgid(wrapper), signal.SIGKILL)
    elif victim == "wrapper":
        os.kill(wrapper, signal.SIGKILL)
    else:
        for one in marked(folder):
            try:
                one.kill()
            except psutil.NoSuchProcess:
                continue
    try:
        status = popen.wait(SECONDS)
    except subprocess.TimeoutExpired:
        popen.kill()
        raise LeftoverError(f"{victim}, {how}: the wrapper goes on") from None
    if expected is not None and status != expected:
        raise LeftoverError(f"{victim}, {how}: the wrapper ended with {status} instead of {expected}; {_log(folder)}")


def _works(manager: Manager, client, folder: Path, how: str) -> None:  # type: ignore[no-untyped-def]
    # The cell that was under way goes on: it is interrupted, as a person would.
    end = time.monotonic() + 60
    while time.monotonic() < end:
        manager.interrupt_kernel()
        about = client.execute("40 + 2", allow_stdin=False)
        status = _status(client, about, 5.0)
        if status == "ok":
            return
    raise LeftoverError(f"helper, {how}: the kernel does not work on; log: {_log(folder)}")


def _status(client, about: str, seconds: float) -> str:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        # What nobody reads stops the output, and with it the next cell.
        with contextlib.suppress(Empty):
            while client.get_iopub_msg(timeout=0.01):
                pass
        with contextlib.suppress(Empty):
            reply = client.get_shell_msg(timeout=0.1)
            if reply["parent_header"].get("msg_id") == about:
                return str(reply["content"]["status"])
    return ""


def _be_a_client(folder: Path, work: str) -> None:
    manager = begin(folder)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    if WORK[work]:
        client.execute(WORK[work])
    time.sleep(600)


def _kill_again_if_unlucky(chance: random.Random, folder: Path, victim: str) -> str:
    """The same once more where another program took a port between its being chosen and being bound."""
    try:
        return kill_one(chance, folder, victim)
    except LeftoverError:
        if "is not free" not in _log(folder):
            raise
        (folder / "log").unlink()
        return kill_one(chance, folder, victim)


def main() -> int:
    """Kill as many kernels as was asked for."""
    parser = argparse.ArgumentParser(description="Guarded kernels killed at random moments.")
    parser.add_argument("number", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        _be_a_client(Path(options.client[0]), options.client[1])
        return 0
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    begun, counts, late, wrong = time.monotonic(), Counter[str](), 0, 0
    # Every kind equally often, in random order.
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(options.number)]
    chance.shuffle(victims)
    for number, victim in enumerate(victims, 1):
        # Short: socket paths have to fit.
        folder = Path(tempfile.mkdtemp(prefix="kills-"))
        counts[victim] += 1
        try:
            said = _kill_again_if_unlucky(chance, folder, victim)
            late += "next kernel" in said
            print(f"{number:4} {said}", flush=True)
        except LeftoverError as problem:
            wrong += 1
            print(f"{number:4} WRONG {problem}", flush=True)
            for one in marked(folder):
                one.kill()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    took = time.monotonic() - begun
    print(f"{dict(counts)}")
    print(f"{options.number} kills in {took:.0f} s: {wrong} wrong, {late} directories removed by the next kernel")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
