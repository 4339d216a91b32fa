"""The command behind ``make lab`` starts a server that opens the tour."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
ARGUMENTS = "--no-browser --allow-root --ServerApp.port=0 --ServerApp.use_redirect_file=True"


@pytest.mark.kernel
def test_make_lab_opens_the_tour(tmp_path: Path) -> None:
    # The tests themselves run under `make`, which would have this one say where it enters and leaves.
    make = ["make", "--no-print-directory", "--dry-run", "lab", f"LAB_ARGS={ARGUMENTS}"]
    told = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    command = shlex.split(told.stdout.splitlines()[-1])
    assert command[0].endswith("jupyter")
    environment = {**os.environ, "HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    with (tmp_path / "log").open("w+") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            opened = _wait_for(tmp_path, server)
            assert "/lab/tree/tour.ipynb" in opened, (tmp_path / "log").read_text()
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(folder: Path, server: subprocess.Popen[bytes]) -> str:
    """What the file that a browser is pointed at says; empty when the server ended without one."""
    deadline = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        for file in (folder / "runtime").glob("jpserver-file-to-run-*-open.html"):
            text = file.read_text()
            if "</html>" in text:
                return text
        time.sleep(0.1)
    return ""
