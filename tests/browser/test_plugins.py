"""Each of the extension's plugins is disabled in turn: JupyterLab starts without a word, and the other plugins work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .driver import Front, Server

# Eleven starts of a server.
pytestmark = pytest.mark.timeout(900)

NAME = "plugins.ipynb"
DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"
# What shows that a plugin works.
SHOWS = {
    "panel": "#jupyter-guard-panel .jg-Group",
    "card": ".jg-Card",
    "badge": ".jg-Badge",
    "effects": ".jg-Effects",
    "lint": ".jp-Notebook .cm-lintRange",
    "status": ".jg-StatusItem",
}
# What goes with a plugin, because it shows what the plugin knows.
NEEDS = {
    "connection": set(SHOWS) - {"card"},
    # The line stands under cells of an assistant.
    "provenance": {"badge", "effects"},
    "vetting": {"effects", "lint"},
}
PLUGINS = (*SHOWS, *NEEDS, "notify", "tint")


@pytest.fixture
def config(server: Server) -> Iterator[Path]:
    """Where JupyterLab looks, at each load of a page, for what is disabled."""
    file = server.log.parent / "config" / "labconfig" / "page_config.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    yield file
    disable(file)


def disable(config: Path, *plugins: str) -> None:
    """As ``jupyter labextension disable`` does, and enable the others."""
    config.write_text(json.dumps({"disabledExtensions": {f"jupyter-guard:{plugin}": True for plugin in plugins}}))


def test_every_plugin_is_disabled_in_turn(server: Server, front: Front, config: Path) -> None:
    server.write_notebook(NAME, ["x = 1"])
    front.open_lab(NAME)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.insert_cell(1, DROP)
    front.run_to_end(1)
    front.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    wrong = []
    for plugin in PLUGINS:
        disable(config, plugin)
        front.page.reload()
        front.page.wait_for_selector(".jp-Notebook .jp-Cell")
        front.wait_for_kernel()
        gone = {plugin} | NEEDS.get(plugin, set())
        if "panel" not in gone:
            front.open_panel()
            if "lint" not in gone:
                front.panel.get_by_role("button", name="Vet all").click()
        for name, selector in SHOWS.items():
            if name not in gone:
                front.page.locator(selector).first.wait_for()
        wrong += [f"{name} without {plugin}" for name in gone & set(SHOWS) if front.page.locator(SHOWS[name]).count()]
    assert not wrong
