"""A grant that is taken back while a kernel runs: its cells say that it has to be restarted."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from jupyter_guard.isolate import bubblewrap
from tests.kernel.front import Front

POLICY = """version = 1
[isolation]
backend = "bubblewrap"
read = ["*"]
write = ["."{more}]
hosts = ["*"]
env = ["*"]
"""


@pytest.mark.kernel
@pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble() or "it works")
def test_a_cell_after_the_policy_was_narrowed_does_not_run_until_a_restart(tmp_path: Path) -> None:
    home, folder = Path(tempfile.mkdtemp(prefix="home-")), Path(tempfile.mkdtemp(prefix="front-"))
    (home / ".jupyter").mkdir()
    policy = home / ".jupyter" / "jupyter_guard.toml"
    policy.write_text(POLICY.format(more=f', "{tmp_path}"'))
    with Front(folder, "", home=home) as front:
        assert front.run("1 + 1").result == "2"
        policy.write_text(POLICY.format(more=""))
        run = front.run("2 + 2")
        assert not run.result
        assert "restart the kernel" in run.text + str(run.error)
        assert str(tmp_path) in run.text + str(run.error)
        front.manager.restart_kernel()
        front.client.wait_for_ready(timeout=60)
        assert front.run("3 + 3").result == "6"
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
