"""Names of public packages -> an environment with the real ones in it, beside the one under test, kept in a cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NoReturn

import pytest

# The lines that people install today; a new one comes in by hand, so that nobody else's release breaks these tests.
SHARED = (
    "jupyterlab>=4.6,<4.7",
    "jupyter-collaboration>=5,<6",
    "jupyter-server-nbmodel>=0.2.9,<0.3",
    "jupyter-mcp-server>=2.2,<3",
)
# notebook-intelligence needs the first line of mcp, jupyter-mcp-server the second.
CHATS = (
    "jupyterlab>=4.6,<4.7",
    "jupyter-ai>=3.2,<4",
    "jupyter-ai-magics>=2.31,<3",
    "notebook-intelligence>=6.2,<7",
    "mcp<2",
)
# Of the assistants' and collaborators' packages, so many are the least that the replay has to drive for real.
REAL = ("jupyter-ai", "jupyter-collaboration", "jupyter-server-nbmodel", "jupyter-mcp-server", "notebook-intelligence")
LEAST_REAL = 4
OLDEST_LAB = ("jupyterlab>=4.2,<4.3", "ipykernel")
CLASSIC = ("nbclassic>=1.3,<2", "ipywidgets>=8", "ipykernel")
INSTALL_SECONDS = 240
# "0" leaves out the tests that install them: up to 1.5 GB, and minutes without a cache.
SWITCH = "JUPYTER_GUARD_REAL_PACKAGES"


def environment(packages: tuple[str, ...]) -> Path:
    """The Python of an environment with these packages; without them the test is skipped, with the reason.

    Where ``CI`` is set, it fails instead when fewer than ``LEAST_REAL`` of the real packages are left without them.
    """
    if os.environ.get(SWITCH) == "0":
        leave_out(packages, f"{SWITCH}=0: would install {', '.join(packages)}")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jupyter_guard_tests"
    key = hashlib.sha256(repr((packages, sys.version_info[:2])).encode()).hexdigest()[:12]
    place = cache / key
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if (place / "complete").exists():
        return python
    shutil.rmtree(place, ignore_errors=True)
    try:
        venv.create(place, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        if shutil.which("uv") is None:
            subprocess.run([*pip, "uv"], check=True, timeout=INSTALL_SECONDS, capture_output=True)
            uv = str(python.parent / "uv")
        else:
            uv = "uv"
        # uv resolves these in seconds, pip in minutes.
        command = [uv, "pip", "install", "-q", "--python", str(python), *packages]
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS, capture_output=True, env=with_certificates())
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", b"") or b""
        shutil.rmtree(place, ignore_errors=True)
        leave_out(packages, f"could not install {', '.join(packages)}: {error} {said.decode(errors='replace')[-300:]}")
    (place / "complete").touch()
    return python


def leave_out(packages: tuple[str, ...], reason: str) -> NoReturn:
    """Skip the test; fail it in CI when too few real packages are left."""
    left = set(REAL) - {re.split(r"[<>=]", one)[0] for one in packages}
    if os.environ.get("CI") and len(left) < LEAST_REAL:
        pytest.fail(f"only {len(left)} of {LEAST_REAL} real packages are left: {reason}")
    pytest.skip(reason)


def with_certificates() -> dict[str, str]:
    """The environment's variables; uv does not read pip's own for a registry's certificate and wheels."""
    known = dict(os.environ)
    for own, pips in (
        ("SSL_CERT_FILE", "PIP_CERT"),
        ("UV_FIND_LINKS", "PIP_FIND_LINKS"),
        ("UV_INDEX_URL", "PIP_INDEX_URL"),
    ):
        if pips in known:
            known.setdefault(own, known[pips])
    return known
