"""One real server for a module's tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .jupyter import Jupyter, serving

KERNELS = ("jupyter", "notebook")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts kernels says so."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and set(KERNELS) & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(scope="module")
def jupyter() -> Iterator[Jupyter]:
    # Short: socket paths have to fit.
    home = Path(tempfile.mkdtemp(prefix="mcp-"))
    try:
        with serving(home) as running:
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def notebook(jupyter: Jupyter) -> str:
    """A notebook with a guarded kernel that a module's tests share; its kernel's id."""
    return jupyter.open("shared.ipynb")
