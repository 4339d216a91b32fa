"""Real processes -> what they use together, each thing counted once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from jupyter_guard.isolate import rlimits, tree
from jupyter_guard.isolate.shared_files import SharedFiles
from jupyter_guard.kernel.limit_words import Limit, amount, how_to_raise
from jupyter_guard.kernel.measuring import Growth, Measuring

SECONDS = 10.0


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_a_tree_is_all_that_was_started_and_nothing_else() -> None:
    beside = subprocess.Popen(["sleep", "60"])
    root = subprocess.Popen(["sh", "-c", "sh -c 'sleep 60 & sleep 61' & sleep 62"])
    watched = tree.Tree(root.pid)
    names = ["sh", "sh", "sleep", "sleep", "sleep"]
    # Between fork and exec a process has its parent's name.
    assert until(lambda: sorted(one.name for one in watched.processes()) == names)
    assert watched.processes()[0].pid == root.pid
    ended = tree.kill_all(watched, {root.pid})
    assert len(ended) == 4
    root.wait()
    assert beside.poll() is None
    tree.kill_all(tree.Tree(beside.pid), set())
    beside.wait()
    # Nobody here waits for what the root had started: it is signalled, and ends when the system comes to it.
    assert until(lambda: watched.processes() == [])


def test_a_number_that_is_somebody_elses_by_now_is_not_signalled() -> None:
    running = subprocess.Popen(["sleep", "60"])
    found = tree.look(running.pid)
    assert found is not None
    found.started -= 1
    assert not tree.kill(found)
    assert running.poll() is None
    running.kill()
    running.wait()
    assert not tree.kill(found)


def test_a_name_with_brackets_is_read() -> None:
    found = tree.Process(7, b"7 (a) b (c) S 1 7 7 0 -1 4 1 2 3 4 50 60 70 80 20 0 9 0 123 4096 5 18446744073709551615")
    assert (found.name, found.state, found.parent, found.threads, found.started) == ("a) b (c", b"S", 1, 9, 123)
    assert found.cpu == pytest.approx(260 / tree.TICK)
    assert found.resident == 5 * tree.PAGE


MAKES = """
import sys, time
open(sys.argv[1], "wb").write(bytes(30_000_000))
kept = open(sys.argv[1], "rb") if sys.argv[2] == "holds" else None
print(flush=True)
sys.stdin.readline()
"""


def making(path: str, how: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", MAKES, path, how]
    made = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert made.stdout is not None
    made.stdout.readline()
    return made


def test_files_in_memory_count_where_a_process_was_seen_with_them_and_nobody_else_has_them() -> None:
    before, after = (f"/dev/shm/jgt-{os.getpid()}-{one}" for one in ("before", "after"))
    running = []
    try:
        running.append(making(before, "leaves"))
        shared = SharedFiles()

        def held(*processes: subprocess.Popen[bytes]) -> int:
            pids = [one.pid for one in processes]
            return shared.held(tree.held_in_memory(pids), pids, 1)

        running.append(making(before, "holds"))
        # It was there already.
        assert held(running[-1]) == 0
        running.append(making(after, "holds"))
        assert 30_000_000 <= held(running[-1]) < 31_000_000
        # Nobody holds it any more, and still it is there.
        running[-1].kill()
        running[-1].wait()
        assert held(running[1]) >= 30_000_000
        # Somebody else uses it.
        with open(after, "rb"):
            shared._searched_at = 0.0
            assert held(running[1]) == 0
        shared._searched_at = 0.0
        assert held(running[1]) >= 30_000_000
        os.unlink(after)
        assert held(running[1]) == 0
    finally:
        for one in running:
            one.kill()
            one.communicate()
        for path in (before, after):
            if os.path.exists(path):
                os.unlink(path)


def test_shared_memory_counts_once() -> None:
    script = "import os, time\nx = b'x' * 50_000_000\nos.fork(); os.fork()\nprint(flush=True)\ntime.sleep(60)"
    root = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert root.stdout is not None
    for _ in range(4):
        root.stdout.readline()
    measuring = Measuring(tree.Tree(root.pid), is_boxed=False, is_fresh=False, others=set)
    found = measuring.look(1, 100, False, [])
    assert found is not None
    assert len(found.processes) == 4
    assert found.resident > 200_000_000
    assert 50_000_000 < found.memory < 100_000_000
    tree.kill_all(tree.Tree(root.pid), set())
    root.wait()
    root.stdout.close()


def test_what_children_wrote_counts_once_and_they_are_blamed(tmp_path: object) -> None:
    script = (
        "import subprocess, sys, time\ninput()\n"
        "subprocess.run(['dd', 'if=/dev/zero', 'of=' + sys.argv[1], 'bs=1M', 'count=8'], stderr=subprocess.DEVNULL)\n"
        "print(flush=True)\ntime.sleep(60)"
    )
    path = os.path.join(str(tmp_path), "written")
    root = subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert root.stdin is not None
    assert root.stdout is not None
    measuring = Measuring(tree.Tree(root.pid), is_boxed=False, is_fresh=False, others=set)
    before = measuring.look(0, 100, True, [])
    root.stdin.write("\n")
    root.stdin.flush()
    root.stdout.readline()
    after = measuring.look(0, 100, True, [])
    assert before is not None
    assert after is not None
    if os.statvfs(tmp_path).f_bsize and _is_counted(tmp_path):
        assert 8 * 2**20 <= after.written - before.written < 9 * 2**20
    root.kill()
    root.communicate()


def _is_counted(folder: object) -> bool:
    """Whether this file system's writes are counted: files in memory are not."""
    before = tree.written(os.getpid())
    with open(os.path.join(str(folder), "probe"), "wb") as file:
        file.write(bytes(10**6))
    return tree.written(os.getpid()) > before


def test_a_parent_takes_over_what_its_children_had_and_is_not_blamed() -> None:
    growth = Growth()
    assert growth.add([(1, 10, 0, 5.0), (2, 11, 1, 3.0)]) == (8.0, {1, 2})
    # 2 has ended, and 1 has waited for it: its 3 are in 1's count now, with 1 more that 2 had after we looked.
    assert growth.add([(1, 10, 0, 9.0)]) == (9.0, {1})
    assert growth.add([(1, 10, 0, 9.0)]) == (9.0, set())
    # Another process has its number.
    assert growth.add([(1, 10, 0, 9.0), (2, 99, 1, 1.0)]) == (10.0, {2})
    assert growth.add([(1, 10, 0, 19.0), (2, 99, 1, 1.0)], most=2.0) == (12.0, {1})


def test_limits_of_this_process_are_for_good() -> None:
    script = (
        "from jupyter_guard.isolate import rlimits\nrlimits.hold({'memory': 1 << 29, 'open_files': 64, 'disk': 4096})\n"
        "import resource\nfor name in rlimits.WANTED.values(): print(resource.getrlimit(getattr(resource, name)))\n"
        "try: bytearray(1 << 30)\nexcept MemoryError: print('no memory')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:4] == ["(536870912, 536870912)", "(64, 64)", "(4096, 4096)", "no memory"]


def test_what_the_system_refuses_is_said() -> None:
    assert "refuses" in rlimits.hold_other(2**22 - 1, {"memory": 1 << 30}, counts_alone=False)


def test_amounts_are_for_people() -> None:
    shown = [amount("memory", 1536 * 2**20), amount("disk", 999), amount("cell_seconds", 2.04), amount("processes", 12)]
    assert shown == ["1.5 GiB", "999 bytes", "2.0 s", "12"]
    preset = Limit("memory", 2**32, "locked (preset)")
    assert "`limits.memory` = 4 GiB of the preset locked in your jupyter_guard.toml" in how_to_raise(
        preset, is_fixed=False
    )
    site = Limit("disk", 2**20, "site policy (/etc/jupyter/jupyter_guard.toml, line 3)")
    assert "in the site policy (/etc/jupyter/jupyter_guard.toml, line 3); it counts after a restart" in how_to_raise(
        site, is_fixed=True
    )
