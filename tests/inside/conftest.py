"""A folder with a policy that gives each verdict something to decide."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sessions import POLICY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "jupyter_guard.toml").write_text(POLICY)
    return tmp_path
