"""Notebook 7 has the same panel and the same card."""

from __future__ import annotations

from .driver import Front, Server

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"


def test_a_stopped_cell_shows_its_card_and_its_finding(server: Server, front: Front) -> None:
    server.write_notebook("seven.ipynb", ["x = 1"])
    front.open_notebook7("seven.ipynb")
    front.insert_cell(1, DROP)
    front.run_cell(1)
    front.output(1).locator(".jg-Card").wait_for()
    assert "sales" in front.output(1).locator(".jg-Card-sentence").inner_text()
    group = front.panel.locator(".jg-Group")
    group.wait_for()
    assert "Cell 2" in group.inner_text()
    assert front.guard_metadata(1)["origin"]["author"] == "assistant"


def test_the_panel_says_when_nothing_guards(server: Server, front: Front) -> None:
    server.write_notebook("seven-plain.ipynb", ["x = 1"], kernel="python3")
    front.open_notebook7("seven-plain.ipynb")
    front.panel.get_by_role("heading", name="Not guarded").wait_for()
