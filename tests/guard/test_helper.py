"""The helper cleans up behind a wrapper that was killed, and touches nothing behind one that ended."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_guard.guard.protocol import Ended, Standing, Unpacker, pack


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups")
@pytest.mark.parametrize("ended", [True, False])
def test_what_the_kernel_had_started_ends_only_where_nobody_saw_to_it(tmp_path: Path, ended: bool) -> None:
    folder = tmp_path / "jg-private"
    folder.mkdir()
    ours, theirs = socket.socketpair()
    left = subprocess.Popen(["sleep", "60"], start_new_session=True)
    command = [sys.executable, "-P", "-m", "jupyter_guard.guard.helper", str(theirs.fileno()), str(folder)]
    helper = subprocess.Popen([*command, str(left.pid)], pass_fds=[theirs.fileno()], cwd=tmp_path)
    theirs.close()
    try:
        unpacker, standing = Unpacker(), False
        while not standing:
            data = ours.recv(1 << 16)
            assert data
            standing = any(isinstance(one, Standing) for one in unpacker.feed(data))
        if ended:
            ours.sendall(pack(Ended()))
        ours.close()
        assert helper.wait(30) == 0
        assert not folder.exists()
        assert (left.poll() is None) is ended
    finally:
        for one in (helper, left):
            one.kill()
            one.wait(10)
