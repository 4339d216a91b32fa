"""Real kernels for the tests of the kernel, shared where a test leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .front import Front


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here that uses a kernel starts real ones."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and {"front", "start"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    """A guarded kernel that a module's tests share."""
    with tempfile.TemporaryDirectory(prefix="front-") as folder, Front(Path(folder)) as running:
        yield running


@pytest.fixture
def start() -> Iterator[Callable[..., Front]]:
    """Starts kernels that end with the test."""
    running: list[Front] = []

    def begin(**options: Any) -> Front:
        # Short: socket paths have to fit.
        folder = options.pop("in_folder", None) or Path(tempfile.mkdtemp(prefix="front-"))
        running.append(Front(folder, **options))
        return running[-1]

    yield begin
    for one in running:
        one.close()
        shutil.rmtree(one.folder, ignore_errors=True)
