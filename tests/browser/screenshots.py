"""A real notebook in a real browser -> the pictures of ``docs/panel.md``: ``python -m tests.browser.screenshots [FOLDER]``.

Without a folder they go to ``docs/images``. They are to be looked at before they are committed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import CHROMIUM, FLAGS
from .driver import Front, Server
from .replay.servers import serving

IMAGES = Path(__file__).parents[2] / "docs" / "images"
NAME = "sales.ipynb"
PERSONS = (
    "import sqlite3\nimport pandas as pd\n\nshop = sqlite3.connect('shop.db')",
    "sales = pd.read_csv('sales.csv')\nsales.groupby('region').amount.sum()",
)
DROP = "shop.execute('DELETE FROM sales')\nshop.execute('DROP TABLE customers')\nshop.commit()"
FETCH = "import requests\nrates = requests.get('https://rates.example/eur', verify=False).json()"
ASKED = "exec(open('clean.py').read())"
WIDE, NARROW = {"width": 1360, "height": 850}, {"width": 820, "height": 850}
THEMES = "/lab/api/settings/@jupyterlab/apputils-extension:themes"


class Camera:
    """A page per picture, all of one server."""

    def __init__(self, server: Server, browser: Any, folder: Path) -> None:
        self._server, self._browser, self._folder = server, browser, folder

    def take(self, name: str, show: Callable[[Front], None], size: dict[str, int] = WIDE, theme: str = "") -> None:
        """Open the notebook anew, do what ``show`` does, and keep what is on the screen then."""
        self._server.request(THEMES, "PUT", {"raw": json.dumps({"theme": theme or "JupyterLab Light"})})
        self._server.write_notebook(NAME, PERSONS)
        context = self._browser.new_context(viewport=size, device_scale_factor=1.5, reduced_motion="reduce")
        context.set_default_timeout(60_000)
        front = Front(self._server, context.new_page())
        try:
            front.open_lab(NAME, tidy=True)
            front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
            show(front)
            front.page.wait_for_timeout(1000)
            front.page.screenshot(path=str(self._folder / f"{name}.png"))
            print(self._folder / f"{name}.png")
        finally:
            front.shut_kernels_down()
            context.close()


def before(front: Front) -> None:
    front.insert_cell(2, DROP)
    front.insert_cell(3, FETCH)
    front.cells.nth(2).locator(".jg-Effects").wait_for()
    front.cells.nth(3).locator(".jg-Effects").wait_for()
    front.panel.get_by_role("button", name="Vet all").click()
    front.panel.locator(".jg-Group").nth(1).wait_for()
    front.select_cell(0)


def hover(front: Front) -> None:
    before(front)
    # Marks that are drawn anew close what is shown about them.
    front.page.wait_for_timeout(1500)
    front.cells.nth(3).locator(".cm-lintRange").first.hover()
    front.page.locator(".jg-Hover").first.wait_for()


def by_rule(front: Front) -> None:
    before(front)
    front.panel.get_by_role("combobox", name="Group").select_option("rule")
    front.panel.get_by_text("The policy, and which layer set what").click()
    front.panel.get_by_label("The policy in force").filter(has_text="assistant").wait_for()


def safer(front: Front) -> None:
    before(front)
    button = front.panel.get_by_role("button", name="Show a safer version").first
    button.scroll_into_view_if_needed()
    button.click()
    front.panel.locator(".jg-Safer").wait_for()
    front.panel.locator(".jg-Safer").scroll_into_view_if_needed()


def asked(front: Front) -> None:
    (front.server.root / "clean.py").write_text("cleaned = True\n")
    front.insert_cell(2, DROP)
    front.run_to_end(2)
    front.insert_cell(3, ASKED)
    for button in ("Allow once", "Refuse"):
        front.run_cell(3)
        front.panel.locator(".jg-Question").wait_for()
        front.page.wait_for_timeout(600)
        front.panel.get_by_role("button", name=button, exact=True).click()
        front.panel.locator(".jg-Question").wait_for(state="detached")
        front.wait_for_run(3)
    front.panel.get_by_text("Journal of this notebook").click()
    front.panel.locator(".jg-Decision").nth(2).wait_for()
    front.panel.locator(".jg-Trail:not(.jg-Undo)").scroll_into_view_if_needed()
    front.run_cell(3)
    front.panel.locator(".jg-Question").wait_for()
    # Which has come into sight by itself.
    front.page.wait_for_timeout(500)
    front.panel.evaluate("node => { node.scrollTop = node.scrollHeight; }")


def view(front: Front) -> None:
    front.insert_cell(2, DROP)
    front.run_to_end(2)
    front.type_cell(1, "%guard panel")
    front.run_to_end(1)
    front.output(1).locator(".widget-button, .jupyter-button").first.wait_for()


def main(arguments: list[str]) -> int:
    from playwright.sync_api import sync_playwright

    folder = Path(arguments[0]) if arguments else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(sys.executable), Path(home)) as server,
        sync_playwright() as running,
    ):
        browser = running.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        (server.root / "sales.csv").write_text("region,amount\nnorth,3\nsouth,4\n")
        camera = Camera(server, browser, folder)
        camera.take("panel", before)
        camera.take("panel-hover", hover)
        camera.take("panel-dark", by_rule, theme="JupyterLab Dark")
        camera.take("panel-safer", safer)
        camera.take("panel-journal", asked)
        camera.take("panel-narrow", before, size=NARROW)
        camera.take("panel-view", view)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
