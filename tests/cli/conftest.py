"""Runs the command line as a person would: a process of its own, an empty home."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run("vet", "a.py", stdin="", env={})`` in ``tmp_path / "work"``."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "NO_COLOR", "FORCE"))}
    keep |= {"HOME": str(home), "COLUMNS": "110", "TERM": "xterm", "GIT_CONFIG_GLOBAL": os.devnull}

    def call(*arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "jupyter_guard", *arguments],
            cwd=work,
            env={**keep, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return call


@pytest.fixture
def work(run: Run, tmp_path: Path) -> Path:
    """The folder in which ``run`` runs."""
    return tmp_path / "work"
