"""The oldest JupyterLab that the extension supports: a short run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .environments import OLDEST_LAB, environment
from .scene import Score
from .servers import serving, showing


def test_provenance_in_the_oldest_lab(chromium: Any, score: Score, tmp_path_factory: pytest.TempPathFactory) -> None:
    home: Path = tmp_path_factory.mktemp("oldest")
    with serving(environment(OLDEST_LAB), home) as server, showing(server, chromium, "oldest.ipynb") as scene:
        score.check("lab-4.2", scene.origin(scene.type("typed = sorted([3, 1, 2])")))
        score.check("lab-4.2-insert", scene.origin(scene.insert("inserted = sorted([3, 1, 2])")))
        assert scene.origin(0) == "imported"
