"""Guarded kernels with limits. The policy is the person's: a project's could not let fork bombs be tried."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel.front import Front, Run

ALLOWED = """version = 1
[origin.unknown]
critical = "allow"
high = "allow"
[limits]
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts kernels says so; and all of it needs Linux."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            if "limited" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.kernel)
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="limits on a whole kernel are there on Linux only"))


@pytest.fixture
def limited() -> Iterator[Callable[..., Front]]:
    """Starts kernels whose policy has these limits; they end with the test."""
    running: list[Front] = []

    def begin(limits: str = "", policy: str = ALLOWED, argv: list[str] | None = None) -> Front:
        # Short: socket paths have to fit.
        folder = Path(tempfile.mkdtemp(prefix="front-"))
        write(folder, policy + limits)
        running.append(Front(folder, "", argv=argv))
        return running[-1]

    yield begin
    for one in running:
        one.close()
        shutil.rmtree(one.folder, ignore_errors=True)


def write(folder: Path, policy: str) -> Path:
    """Write the person's policy for a kernel in ``folder``."""
    path = folder / "home" / ".jupyter" / "jupyter_guard.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(policy)
    return path


def cards(run: Run) -> str:
    """The cards on a cell, as text."""
    return "\n".join(one["content"]["data"]["text/plain"] for one in run.of("display_data"))
