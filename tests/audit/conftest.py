"""A collector that runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.collecting import collecting


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """The folder of the collector; its socket is ``place.parent / "s"``."""
    with collecting(tmp_path / "kept", tmp_path / "s"):
        yield tmp_path / "kept"
