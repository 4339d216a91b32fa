"""Folders in memory that are a box's own hold no more than is said."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap, tree
from tests.kernel.front import Front

TOTAL = tree.machine()[1]
LACKS = bubblewrap.trouble() or ("" if bubblewrap.room(None) else "this bubblewrap limits no folder (0.7 does)")
POLICY = """version = 1
mode = "observe"
[isolation]
backend = "bubblewrap"
read = ["*"]
write = ["."]
hosts = {hosts}
env = ["*"]
[limits]
disk = "32 MiB"
"""
FILL = """
import errno
def fill(place):
    try:
        with open(place + '/large', 'wb') as file:
            for _ in range(60):
                file.write(bytes(2**20))
                file.flush()
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EFBIG)
import os
sizes = [os.statvfs(one).f_blocks * os.statvfs(one).f_frsize >> 20 for one in ('/tmp', '/var/tmp', '/run')]
"""


@pytest.mark.skipif(bool(LACKS), reason=LACKS or "it does")
def test_the_limit_on_writing_counts_and_never_more_than_half_of_the_memory() -> None:
    assert bubblewrap.room(32 << 20) == 32 << 20
    assert bubblewrap.room(TOTAL * 2) == TOTAL // 2
    assert bubblewrap.room(None) == TOTAL // 4


def test_a_bubblewrap_that_knows_no_sizes_is_not_asked_for_one(tmp_path: Path) -> None:
    old = tmp_path / "bwrap"
    old.write_text("#!/bin/sh\necho 'usage: bwrap --tmpfs DEST'\n")
    old.chmod(0o755)
    assert bubblewrap.room(None, str(old)) == 0
    assert bubblewrap.room(None, str(tmp_path / "absent")) == 0


@pytest.fixture(params=["[]", '["localhost:65000"]'])
def front(request: pytest.FixtureRequest) -> Iterator[Front]:
    home, folder = Path(tempfile.mkdtemp(prefix="home-")), Path(tempfile.mkdtemp(prefix="front-"))
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_guard.toml").write_text(POLICY.format(hosts=request.param))
    with Front(folder, "", home=home) as running:
        yield running
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.kernel
@pytest.mark.skipif(bool(LACKS), reason=LACKS or "it does")
def test_a_folder_in_memory_is_full_at_the_limit_and_the_kernel_lives(front: Front) -> None:
    assert not front.run(FILL).of("error")
    assert front.run("sizes").result == "[32, 32, 32]"
    assert front.run("fill('/var/tmp')").result == "True"
