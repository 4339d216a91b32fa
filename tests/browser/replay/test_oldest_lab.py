"""The oldest JupyterLab that the extension supports: a short run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .environments import OLDEST_LAB, environment
from .scene import Scene, Score
from .servers import serving, showing


def test_provenance_in_the_oldest_lab(chromium: Any, score: Score, tmp_path_factory: pytest.TempPathFactory) -> None:
    home: Path = tmp_path_factory.mktemp("oldest")
    with serving(environment(OLDEST_LAB), home) as server, showing(server, chromium, "oldest.ipynb") as scene:
        score.check("lab-4.2", scene.origin(scene.type("typed = sorted([3, 1, 2])")))
        score.check("lab-4.2-insert", scene.origin(scene.insert("inserted = sorted([3, 1, 2])")))
        assert scene.origin(0) == "imported"
        see_before_it_runs(scene)


def see_before_it_runs(scene: Scene) -> None:
    """The line under a cell, the marks, the panel's list, question, journal and safer version, and no error."""
    front = scene.front
    index = scene.insert("import requests\nrequests.get('https://x.test', verify=False)\nopen('oldest.txt', 'w')")
    cell = front.cells.nth(index)
    cell.locator(".jg-Effects").filter(has_text="oldest.txt").wait_for()
    cell.locator(".cm-lintRange").first.hover()
    front.page.locator(".jg-Hover").first.wait_for()
    front.panel.get_by_role("button", name="Vet all").click()
    front.panel.get_by_role("button", name="Show a safer version").first.click()
    front.panel.get_by_role("button", name="Put it into the cell").first.click()
    scene.wait_for_source(index, "import requests\nrequests.get('https://x.test')\nopen('oldest.txt', 'w')")

    (front.server.root / "oldest.py").write_text("ran = 1\n")
    # Nobody installed the guard where this server runs.
    front.panel.get_by_text("The guard's server extension is missing").wait_for()
    asked = scene.insert("exec(open('oldest.py').read())")
    front.run_cell(asked)
    front.panel.locator(".jg-Question").wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    front.panel.get_by_text("Journal of this notebook").click()
    front.panel.locator(".jg-Decision").filter(has_text="refused in the panel").first.wait_for()
    front.page.locator(".jg-StatusItem").filter(has_text="Guard enforces").wait_for()
    errors = [text for text in front.errors() if "jupyter-guard" in text or "jg-" in text]
    assert not errors, errors
