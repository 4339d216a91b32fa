"""``jupyter guard doctor`` says which limits are in force, who set them, and whether they hold here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_guard.isolate.rlimits import trouble


def doctor(folder: Path, policy: str) -> dict[str, str]:
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "jupyter_guard.toml").write_text(policy)
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_guard", "doctor", "--format", "json"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(config)},
    )
    return next(one for one in json.loads(done.stdout) if one["part"] == "limits")


@pytest.mark.skipif(bool(trouble()), reason=trouble() or "limits hold")
def test_limits_are_told_with_who_set_them(tmp_path: Path) -> None:
    found = doctor(tmp_path, 'version = 1\n[limits]\nmemory = "2 GiB"\ncell_seconds = 90\n')
    assert found["state"] == "ok"
    assert "memory 2 GiB (user policy (" in found["what"]
    assert "jupyter_guard.toml, line 3)" in found["what"]
    assert "cell_seconds 90 s" in found["what"]


def test_none_is_told_too(tmp_path: Path) -> None:
    found = doctor(tmp_path, "version = 1\n")
    assert found["state"] == "missing"
    assert found["todo"] == "set [limits] in a jupyter_guard.toml"
