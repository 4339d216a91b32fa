"""Each limit is hit by a real cell: what stops, what is kept, and what is said of it."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from jupyter_guard.isolate import bubblewrap, rlimits
from jupyter_guard.policy.layer import preset_text
from tests.kernel.front import Front

from .conftest import ALLOWED, cards, write

Limited = Callable[..., Front]

EATER = """
import subprocess, sys, time
eat = "import time\\nx = []\\nfor _ in range({steps}): x.append(bytearray(10**7)); time.sleep(0.01)\\ntime.sleep(20)"
"""
SECONDS = 10.0


def gone(pids: list[int]) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        alive = [one for one in pids if psutil.pid_exists(one)]
        if not [one for one in alive if psutil.Process(one).status() != psutil.STATUS_ZOMBIE]:
            return True
        time.sleep(0.05)
    return False


def test_more_memory_than_the_limit_is_an_error_and_the_variables_stay(limited: Limited) -> None:
    front = limited('memory = "500 MiB"\n')
    front.run("kept = 42")
    run = front.run("x = bytearray(2 * 10**9)")
    assert run.error["ename"] == "MemoryError"
    assert "limits.memory` = 500 MiB" in run.text
    assert "jupyter_guard.toml, line 6" in run.text
    assert front.run("kept").result == "42"


def test_a_child_that_eats_memory_goes_and_the_kernel_stays(limited: Limited) -> None:
    front = limited('memory = "500 MiB"\n')
    front.run("kept = 42")
    # Two that together are over the limit, neither of them alone: the larger one goes.
    run = front.run(
        EATER
        + "both = [subprocess.Popen([sys.executable, '-c', eat.format(steps=steps)]) for steps in (20, 30)]\n"
        + "while all(one.poll() is None for one in both): time.sleep(0.001)\n"
        + "ended = time.time()\n[one.poll() for one in both]"
    )
    assert run.result == f"[None, {-signal.SIGKILL}]"
    card = next(one for one in run.of("display_data"))
    text = card["content"]["data"]["text/plain"]
    used = re.search(r"had (\S+) MiB of memory", text)
    assert used is not None
    assert float(used[1]) > 500
    assert "the largest process that a cell had started was ended: python" in text
    assert "The kernel and its variables are kept." in text
    assert "limits.memory` = 500 MiB in the user policy" in text
    delay = card["header"]["date"].timestamp() - float(front.run("ended").result)
    print(f"explained {delay:.3f} s after the end of the process")
    assert delay < 1
    assert front.run("kept").result == "42"


def test_a_kernel_over_the_limit_is_asked_first_and_ended_when_it_grows_on(limited: Limited) -> None:
    front = limited('memory = "500 MiB"\n')
    # Shared memory is no data, so nothing holds it but the sum.
    run = front.run(
        "import mmap, time\nm = mmap.mmap(-1, 2**30)\n"
        "for i in range(0, 2**30, 2**20):\n    m[i:i + 2**20] = bytes(2**20); time.sleep(0.005)"
    )
    assert run.error["ename"] == "KeyboardInterrupt"
    assert "nearly all of it the kernel's own. The cell was interrupted." in cards(run)
    assert front.run("i > 0").result == "True"
    run = front.send("for j in range(i, 2**30, 2**20):\n    m[j:j + 2**20] = bytes(2**20); time.sleep(0.005)")
    front.wait_for(run, "error")
    assert run.error["ename"] == "KernelDied"
    assert "The kernel was ended: files are kept, its variables are gone." in run.error["evalue"]
    assert "limits.memory` = 500 MiB" in run.error["evalue"]
    assert front.manager.provisioner.process.wait(SECONDS) == -signal.SIGKILL
    front.manager.restart_kernel()
    front.client.wait_for_ready(timeout=60)
    assert "limits.memory" in front.run("1").text


FORKS = """
import os, time
for _ in range(60):
    if os.fork() == 0:
        time.sleep(600)
        os._exit(0)
    time.sleep(0.01)
time.sleep(600)
"""


@pytest.mark.parametrize(
    "cell",
    [
        FORKS,
        "!bomb() { [ $1 -gt 0 ] && { bomb $(($1 - 1)) & bomb $(($1 - 1)) & sleep 600; }; }; bomb 5; sleep 600",
        "import multiprocessing, time\ncontext = multiprocessing.get_context('fork')\n"
        "made = [context.Process(target=time.sleep, args=(600,)) for _ in range(60)]\n"
        "[one.start() for one in made]\ntime.sleep(600)",
    ],
    ids=["fork", "shell", "multiprocessing"],
)
def test_what_multiplies_is_ended_and_the_kernel_stays(limited: Limited, cell: str) -> None:
    front = limited("processes = 20\n")
    front.run("kept = 42; import subprocess; earlier = subprocess.Popen(['sleep', '60'])")
    run = front.run(cell)
    assert "the limit on processes was reached" in cards(run)
    assert "that the cell had started were ended" in cards(run)
    assert front.run("kept").result == "42"
    # What an earlier cell had started was not to blame.
    assert front.run("earlier.poll()").result == ""
    end = time.monotonic() + SECONDS
    while (left := _living(front)) > 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert left <= 2


def _living(front: Front) -> int:
    """The kernel and what it started, without what has ended and was not waited for."""
    family = [front.child(), *front.child().children(recursive=True)]
    alive = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    # Two processes of bubblewrap's stay around a kernel in its box.
    return sum(one.name() != "bwrap" for one in alive)


def test_a_cell_that_runs_too_long_is_interrupted(limited: Limited) -> None:
    front = limited("cell_seconds = 2\n")
    front.run("kept = 42")
    run = front.run("while True: pass")
    assert run.error["ename"] == "KeyboardInterrupt"
    assert "of 2 s used" in run.text
    assert "The cell was interrupted: it has run for 2" in cards(run)
    assert front.run("kept").result == "42"


def test_processor_time_counts_what_was_started_too(limited: Limited) -> None:
    front = limited("cell_cpu_seconds = 1\n")
    run = front.run("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while True: pass'])")
    assert run.error["ename"] == "KeyboardInterrupt"
    assert "of processor time" in cards(run)
    assert front.run("import time; time.sleep(1.5); 1").status == "ok"


def test_a_cell_that_takes_no_interrupt_loses_what_it_started_and_then_the_kernel(limited: Limited) -> None:
    front = limited("cell_seconds = 1\n")
    front.run("import subprocess\nearlier = subprocess.Popen(['sleep', '60.25'])")
    # In a box it has another number.
    below = psutil.Process(front.pid).children(recursive=True)
    child = next(one.pid for one in below if one.cmdline() == ["sleep", "60.25"])
    run = front.send(
        "import signal, subprocess, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "own = subprocess.Popen(['sleep', '60'])\nown.wait()\nprint('went on', flush=True)\nwhile True: pass"
    )
    front.wait_for(run, "error")
    assert "1 process that it had started was ended" in cards(run)
    assert "went on" in run.text
    assert "It did not end within 5 seconds" in run.error["evalue"]
    assert "limits.cell_seconds` = 1 s" in run.error["evalue"]
    assert front.manager.provisioner.process.wait(SECONDS) == -signal.SIGKILL
    assert gone([child])


def test_time_does_not_run_while_somebody_is_asked(limited: Limited) -> None:
    front = limited("cell_seconds = 2\n")
    run = front.send("input('name? ')", allow_stdin=True)
    asked = front.client.get_stdin_msg(timeout=20)
    assert asked["content"]["prompt"] == "name? "
    time.sleep(2.5)
    front.client.input("Ada")
    assert front.finish(run).result == "'Ada'"


def test_output_is_cut_with_a_sentence_and_in_order(limited: Limited) -> None:
    front = limited('output = "1 MB"\n')
    run = front.run("for i in range(100_000): print(i, 'x' * 80)\nprint('end')\n1 / 0")
    streams = [one["content"] for one in run.published if one["msg_type"] == "stream"]
    printed = "".join(one["text"] for one in streams if one["name"] == "stdout").splitlines()
    # The last one may have been cut anywhere.
    assert printed[:-1] == [f"{number} {'x' * 80}" for number in range(len(printed) - 1)]
    assert 8_000 < len(printed) < 12_000
    at = next(number for number, one in enumerate(streams) if "The output is cut here" in one["text"])
    assert {one["name"] for one in streams[at:]} == {"stderr"}
    assert "limits.output` = 976.56 KiB" in streams[at]["text"]
    # What went wrong is still said; and the next cell has its own allowance.
    assert run.error["ename"] == "ZeroDivisionError"
    assert front.run("print('again')").text == "again\n"


def test_a_gigabyte_of_output_is_cut_and_takes_no_memory_for_good(limited: Limited) -> None:
    front = limited('output = "5 MB"\n')
    run = front.send("import sys\nline = 'x' * 999 + '\\n'\nfor _ in range(10**6): sys.stdout.write(line)\nkept = 42")
    front.finish(run, seconds=120)
    assert run.status == "ok"
    assert len(run.text) < 6_000_000
    assert run.text.count("The output is cut here") == 1
    assert front.run("kept").result == "42"
    wrapper, end = psutil.Process(front.pid), time.monotonic() + SECONDS
    while (used := wrapper.memory_full_info().uss) > 30 * 2**20 and time.monotonic() < end:
        time.sleep(0.2)
    assert used < 30 * 2**20


def test_pictures_count_as_output(limited: Limited) -> None:
    front = limited('output = "1 MB"\n')
    run = front.run(
        "from IPython.display import display\n"
        "for _ in range(9): display({'text/html': 'x' * 300_000, 'text/plain': 'p'}, raw=True)"
    )
    assert len(run.of("display_data")) == 3
    assert run.text.count("The output is cut here") == 1


def test_open_files_are_limited(limited: Limited) -> None:
    front = limited("open_files = 200\n")
    run = front.run("files = [open('/dev/null') for _ in range(500)]")
    assert "[Errno 24]" in run.error["evalue"]
    assert "limits.open_files` = 200" in run.text


def test_recursion_is_held_and_what_is_allowed_does_not_crash(limited: Limited) -> None:
    front = limited("recursion = 15000\n")
    run = front.run("import sys\nsys.setrecursionlimit(10**6)\nsys.getrecursionlimit()")
    assert run.result == "15000"
    assert "sys.setrecursionlimit(1000000) was held to 15000" in cards(run)
    deep = "def deep(_): return sorted([1, 2], key=deep)\n"
    assert front.run(deep + "try: deep(1)\nexcept RecursionError: print('caught')").text == "caught\n"
    threaded = (
        "from threading import Thread\ndef run():\n    try: deep(1)\n    except RecursionError: print('caught')\n"
    )
    assert front.run(threaded + "one = Thread(target=run)\none.start()\none.join()").text == "caught\n"


def test_a_raised_limit_counts_from_the_next_cell_on(limited: Limited) -> None:
    front = limited('memory = "300 MiB"\n')
    code = "x = bytes(400 * 2**20)\nlen(x) > 0"
    run = front.run(code)
    assert run.error["ename"] == "MemoryError"
    assert "it counts from the next cell on" in run.text
    time.sleep(0.02)
    write(front.folder, ALLOWED + 'memory = "2 GiB"\n')
    assert front.run("1").result == "1"
    assert front.run(code).result == "True"
    time.sleep(0.02)
    write(front.folder, ALLOWED + "processes = 100\n")
    held = "import resource\nresource.getrlimit(resource.RLIMIT_DATA)[0] == resource.getrlimit(resource.RLIMIT_DATA)[1]"
    assert front.run(held).result == "True"


def test_daemons_do_not_outlive_the_kernel(limited: Limited) -> None:
    front = limited("processes = 50\n")
    front.run(
        "import subprocess\nsubprocess.run(['sh', '-c', 'setsid sh -c \"echo \\$\\$ > pid; sleep 61 & sleep 62\" &'])"
    )
    end = time.monotonic() + SECONDS
    while not (front.folder / "pid").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.2)
    # In a box it has another number.
    (daemon,) = (
        one for one in psutil.Process(front.pid).children(recursive=True) if "echo $$ > pid" in " ".join(one.cmdline())
    )
    family = [daemon.pid, *(one.pid for one in daemon.children(recursive=True))]
    assert len(family) > 1
    front.client.shutdown()
    front.manager.provisioner.process.wait(SECONDS)
    assert gone(family)


def test_status_says_what_is_in_force_and_used(limited: Limited) -> None:
    front = limited('memory = "1 GiB"\nprocesses = 50\ndisk = "1 GiB"\n')
    text = front.run("%guard status").text
    assert "Limits: memory 1 GiB, processes 50, disk 1 GiB." in text
    assert re.search(r"Used now: memory \d\S* MiB, processes 1, written ", text)


@pytest.mark.parametrize(
    ("limits", "line", "words"),
    [
        ('memory = "10 MiB"\n', 6, "at least 256 MiB"),
        ("open_files = 16\n", 6, "at least 128"),
        ("disk = 1\n", 6, "1 MiB"),
    ],
)
def test_a_limit_below_what_a_kernel_needs_is_refused_with_its_line(
    limited: Limited, limits: str, line: int, words: str
) -> None:
    front = limited(limits)
    run = front.run("1 + 1")
    assert run.reply["content"]["ename"] == "CellBlocked"
    card = " ".join(cards(run).split())
    assert f"jupyter_guard.toml:{line}: limits." in card
    assert words in card


WORKS = not bubblewrap.trouble() and not rlimits.trouble()


@pytest.mark.skipif(not WORKS, reason=bubblewrap.trouble() or rlimits.trouble() or "all of it works")
def test_the_locked_preset_runs_cells_and_holds_them(limited: Limited) -> None:
    policy = (
        preset_text("locked")
        .replace('memory = "4 GiB"', 'memory = "1 GiB"')
        .replace("processes = 256", "processes = 20")
    )
    front = limited(policy=policy)
    assert front.run("1 + 1").result == "2"
    assert "Isolation: bubblewrap." in front.run("%guard status").text
    assert "after a restart of the kernel" in front.run("x = bytes(1200 * 2**20)").text
    # Files that live in memory count as memory, with a name or without: nothing else holds them.
    fill = "\nfor n in range(1120):\n    file.write(bytes(10**6)); file.flush(); time.sleep(0.03 if n > 950 else 0)"
    for opened in ("open('/dev/shm/x', 'wb')", "os.fdopen(os.memfd_create('x'), 'wb')"):
        run = front.run(f"import os, time\nfile = {opened}" + fill)
        assert run.error["ename"] == "KeyboardInterrupt"
        assert "in files that are in memory, as under /tmp and /dev/shm" in cards(run)
        assert front.run("file.truncate(0); file.close(); 1 + 1").result == "2"


@pytest.mark.skipif(not WORKS, reason=bubblewrap.trouble() or rlimits.trouble() or "all of it works")
def test_space_on_a_disk_is_not_taken_without_writing(limited: Limited) -> None:
    front = limited(policy=preset_text("locked").replace('disk = "10 GiB"', 'disk = "50 MiB"'))
    run = front.run(
        "import os\nfor i in range(20):\n    with open(f'part{i}', 'wb') as file:\n"
        "        os.posix_fallocate(file.fileno(), 0, 20 * 2**20)\nimport time; time.sleep(1)"
    )
    assert run.status == "error"
    assert "limits.disk` = 50 MiB" in run.text + cards(run)
    assert len(list(front.folder.glob("part*"))) < 20


def test_the_audit_has_it_without_secrets(limited: Limited) -> None:
    front = limited("processes = 4\nopen_files = 200\n" + 'memory = "500 MiB"\n')
    secret = "ghp_" + "x7Kq2" * 7 + "b"
    front.run("files = [open('/dev/null') for _ in range(500)]")
    run = front.run(
        EATER
        + "both = [subprocess.Popen([sys.executable, '-c', eat.format(steps=steps), 'ghp_' + 'x7Kq2' * 7 + 'b'])"
        + " for steps in (20, 30)]\nboth[1].wait()\nboth[0].kill()\nboth[0].wait()"
    )
    assert "the largest process" in cards(run)
    assert secret not in cards(run)
    front.client.shutdown()
    front.manager.provisioner.process.wait(SECONDS)
    journals = list((front.folder / "home").rglob("audit/*.jsonl"))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and "limits.memory" not in (text := "".join(one.read_text() for one in journals)):
        time.sleep(0.1)
    assert "limits.open_files = 200: " in text
    assert "limits.memory = 500 MiB: " in text
    assert secret not in text
