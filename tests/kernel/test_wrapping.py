"""Any kernel can be wrapped: one that our launcher does not know is relayed over signed TCP and answered for."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from .front import GUARDED, Front

# ipykernel behind a command line of its own, as other languages' kernels have.
FOREIGN = "import sys; from ipykernel.kernelapp import launch_new_instance; launch_new_instance(sys.argv[1:])"


@pytest.fixture
def foreign(start: Callable[..., Front], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Front:
    place = tmp_path / "kernels" / "foreign"
    place.mkdir(parents=True)
    argv = [sys.executable, "-c", FOREIGN, "-f", "{connection_file}"]
    Path(place, "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "f", "language": "python"}))
    # The manager hands its own environment on, but for Jupyter's variables.
    launch = f"import os, sys; os.environ['JUPYTER_PATH'] = {str(tmp_path)!r}; os.execv(sys.argv[1], sys.argv[1:])"
    return start(argv=[sys.executable, "-c", launch, *GUARDED, "--wrap", "foreign"])


def test_it_runs_refuses_and_stops_as_natively(foreign: Front) -> None:
    assert foreign.run("1 + 1").result == "2"
    run = foreign.run("import telnetlib")
    assert run.kinds == ["status", "execute_input", "display_data", "error", "status"]
    assert run.reply["content"]["ename"] == "CellBlocked"
    runs = [foreign.send(code) for code in ("import telnetlib", "x = 1")]
    assert [foreign.finish(one).status for one in runs] == ["error", "aborted"]
    assert foreign.run("'x' in globals()").result == "False"


def test_it_is_interrupted_and_dies_with_the_wrapper(foreign: Front) -> None:
    run = foreign.send("import time; time.sleep(60)")
    foreign.wait_for(run, "execute_input")
    time.sleep(0.3)
    foreign.interrupt()
    assert foreign.finish(run, seconds=10).reply["content"]["ename"] == "KeyboardInterrupt"
    child = int(foreign.run("import os; os.getpid()").result)
    os.kill(foreign.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while time.monotonic() < end and psutil.pid_exists(child):
        time.sleep(0.05)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
