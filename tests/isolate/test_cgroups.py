"""Control groups of version 2: what is left to this user is found, and a kernel's group holds and ends what is in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import cgroups
from jupyter_guard.isolate.cgroups import Group, delegated
from jupyter_guard.kernel.limit_words import Limit, ended_by_the_system

PLACE, WHY = delegated()
ROOT = cgroups._root("/proc/self/mountinfo") if sys.platform == "linux" else ""
ELSEWHERE = "elsewhere: systemd-run --user --scope -p Delegate=yes pytest tests/isolate/test_cgroups.py"
DELEGATED = pytest.mark.skipif(not PLACE, reason=f"{WHY}; {ELSEWHERE}" if WHY else "it is delegated")
MADE = pytest.mark.skipif(
    not (ROOT and os.access(ROOT, os.W_OK)),
    reason="no control group of version 2 may be made here; elsewhere: sudo pytest tests/isolate/test_cgroups.py",
)
MIB = 1 << 20


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@MADE
def test_a_group_takes_processes_with_all_that_they_start_and_ends_them() -> None:
    group = Group(ROOT)
    script = (
        "import os, sys, subprocess; sys.stdin.readline(); subprocess.Popen(['sleep', '60'], start_new_session=True)"
    )
    script += "; print(1, flush=True); sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as one:
        assert one.stdin is not None
        assert one.stdout is not None
        group.take([one.pid, 2**22 - 1])
        one.stdin.write("\n")
        one.stdin.flush()
        assert one.stdout.readline() == "1\n"
        members = group.members()
        assert one.pid in members
        assert len(members) == 2
        group.end()
        assert one.wait(10) == -9
    assert not Path(group.path).exists()
    assert not any(
        Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_text() for pid in members
    )


@DELEGATED
def test_what_is_over_the_limit_gets_no_memory() -> None:
    group = Group(PLACE)
    group.hold({"memory": 64 * MIB, "processes": 8})
    script = "import sys; sys.stdin.readline(); x = b'x' * (200 << 20)"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, text=True) as one:
        group.take([one.pid])
        one.communicate("\n")
        assert one.returncode == -9
    group.end()


def test_what_is_not_left_to_this_user_is_said(tmp_path: Path) -> None:
    own, mounts = tmp_path / "cgroup", tmp_path / "mountinfo"
    own.write_text("4:memory:/\n0::/user.slice/session-1.scope\n")
    mounts.write_text(f"30 1 0:26 / {tmp_path}/v2 rw,nosuid - cgroup2 cgroup2 rw\n")
    scope = tmp_path / "v2" / "user.slice" / "session-1.scope"
    scope.mkdir(parents=True)
    (tmp_path / "v2" / "cgroup.controllers").write_text("memory pids\n")
    assert "none is left to this user" in delegated(str(own), str(mounts))[1]
    (tmp_path / "v2" / "cgroup.controllers").write_text("hugetlb\n")
    assert "no memory and no pids" in delegated(str(own), str(mounts))[1]
    (scope.parent / "cgroup.subtree_control").write_text("memory pids\n")
    (scope.parent / "cgroup.procs").write_text("")
    assert delegated(str(own), str(mounts)) == (str(scope.parent), "")
    own.write_text("4:memory:/\n")
    assert "no control groups of version 2" in delegated(str(own), str(mounts))[1]


def test_a_group_that_ended_a_process_says_so_when_it_is_gone_too(tmp_path: Path) -> None:
    backstop = cgroups.Backstop()
    assert backstop.killed() == 0
    group = Group(str(tmp_path))
    backstop._group = group
    events = Path(group.path, "memory.events")
    events.write_text("low 0\nhigh 0\nmax 9\noom 2\noom_kill 2\n")
    assert backstop.killed() == 2
    # The system removes all of them with the group.
    events.unlink()
    Path(group.path).rmdir()
    assert backstop.killed() == 2


def test_what_it_did_is_told_with_the_limit_of_the_policy() -> None:
    said = ended_by_the_system(2, Limit("memory", 512 * MIB, "user policy (/home/ana/jupyter_guard.toml:4)"))
    assert "The system ended 2 processes of this kernel" in said
    assert "640 MiB" in said
    assert "the limit of 512 MiB" in said
