"""A process that the system ended for its memory is told apart from one that somebody killed, with the limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate.out_of_memory import Group, kills

MIB = 1 << 20
WHY = "no control group with memory may be made here; elsewhere: sudo pytest tests/isolate/test_out_of_memory.py"
EATER = "import sys; sys.stdin.readline(); x = b'x' * (200 << 20)"


def _laid(folder: Path, version: int, top: str = "/") -> tuple[Path, str, str]:
    """A group as a container sees it, in files of the system's form."""
    place = folder / "mount" / "box"
    place.mkdir(parents=True)
    cgroup, mounts = folder / "cgroup", folder / "mountinfo"
    path = "/box" if top == "/" else f"{top}/box"
    cgroup.write_text(f"9:name=systemd:/\n4:cpu,memory:{path}\n" if version == 1 else f"0::{path}\n")
    kind = "cgroup cgroup rw,memory" if version == 1 else "cgroup2 cgroup2 rw"
    mounts.write_text(f"29 1 0:2 / / rw - ext4 /dev/vda rw\n30 1 0:26 {top} {folder}/mount rw,nosuid - {kind}\n")
    for where, limit in ((place, 512 * MIB), (place.parent, 256 * MIB)):
        _count(where, version, 2)
        names = (
            ("memory.limit_in_bytes", "memory.max_usage_in_bytes") if version == 1 else ("memory.max", "memory.peak")
        )
        (where / names[0]).write_text(f"{limit}\n")
        (where / names[1]).write_text(f"{255 * MIB}\n")
    return place, str(cgroup), str(mounts)


def _count(place: Path, version: int, number: int) -> None:
    text = (
        f"oom_kill_disable 0\nunder_oom 0\noom_kill {number}\n"
        if version == 1
        else f"low 0\noom 3\noom_kill {number}\n"
    )
    (place / ("memory.oom_control" if version == 1 else "memory.events")).write_text(text)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("top", ["/", "/docker/1f"])
def test_the_smallest_limit_around_is_said_with_how_to_raise_it(tmp_path: Path, version: int, top: str) -> None:
    place, cgroup, mounts = _laid(tmp_path, version, top)
    group = Group(cgroup, mounts)
    assert group.place == str(place)
    assert group.why(-signal.SIGKILL) == ""
    _count(place, version, 3)
    assert group.why(-signal.SIGSEGV) == ""
    said = group.why(-signal.SIGKILL)
    assert "may have 256 MiB; 255 MiB were used at most" in said
    assert "mem_limit" in said
    assert "limits.memory" in said


def test_without_a_limit_it_was_the_machine(tmp_path: Path) -> None:
    place, cgroup, mounts = _laid(tmp_path, 2)
    for one in (place, place.parent):
        (one / "memory.max").write_text("max\n")
    group = Group(cgroup, mounts)
    _count(place, 2, 3)
    assert "memory ran out on the machine" in group.why(-signal.SIGKILL)


def test_where_no_group_is_seen_nothing_is_said(tmp_path: Path) -> None:
    group = Group(str(tmp_path / "absent"), str(tmp_path / "absent"))
    assert group.place == ""
    assert group.why(-signal.SIGKILL) == ""
    assert Group().why(0) == ""


@pytest.fixture
def real() -> Iterator[Path]:
    """A group of the system's own below ours, for 64 MiB."""
    above = Group().place
    if sys.platform != "linux" or not above or not os.access(above, os.W_OK):
        pytest.skip(WHY)
    made = Path(above) / f"jupyter-guard-test-{os.getpid()}"
    try:
        made.mkdir()
        limit = next(one for name in ("memory.max", "memory.limit_in_bytes") if (one := made / name).exists())
        limit.write_text(str(64 * MIB))
    except (OSError, StopIteration):
        if made.exists():
            made.rmdir()
        pytest.skip(WHY)
    yield made
    made.rmdir()


def test_the_system_counts_a_real_one(real: Path) -> None:
    before = kills(str(real))
    with subprocess.Popen([sys.executable, "-c", EATER], stdin=subprocess.PIPE) as one:
        (real / "cgroup.procs").write_text(str(one.pid))
        one.communicate(b"\n")
    assert one.returncode == -signal.SIGKILL
    assert kills(str(real)) == before + 1
