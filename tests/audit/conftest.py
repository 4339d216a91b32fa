"""A collector that runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.audit.collector import Collector, Service


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """The folder of the collector; its socket is ``place.parent / "s"``."""
    collector = Collector(tmp_path / "kept")
    service = Service(tmp_path / "s", collector)
    thread = threading.Thread(target=service.serve)
    thread.start()
    yield tmp_path / "kept"
    service.close()
    thread.join(10)
    collector.close()
