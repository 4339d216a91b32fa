"""Notebook 7 has the same panel and the same card."""

from __future__ import annotations

from .driver import Front, Server

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"

UNVERIFIED = "import requests\nr = requests.get('https://x.test', verify=False, timeout=3)"
ASKED = "exec(open('seven.py').read())"


def test_a_stopped_cell_shows_its_card_and_its_finding(server: Server, front: Front) -> None:
    server.write_notebook("seven.ipynb", ["x = 1"])
    front.open_notebook7("seven.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.insert_cell(1, DROP)
    cell = front.cells.nth(1)
    cell.locator(".jg-Badge.jg-mod-assistant").wait_for()
    cell.locator(".jg-Effects").filter(has_text="will be stopped").wait_for()
    assert cell.locator(".jg-Badge.jg-mod-verdict").count() == 0
    front.run_cell(1)
    front.output(1).locator(".jg-Card").wait_for()
    assert "sales" in front.output(1).locator(".jg-Card-sentence").inner_text()
    group = front.panel.locator(".jg-Group")
    group.wait_for()
    assert "Cell 2" in group.inner_text()
    assert front.guard_metadata(1)["origin"]["author"] == "assistant"
    verdict = cell.locator(".jg-Badge.jg-mod-verdict")
    verdict.filter(has_text="stopped").wait_for()
    assert "sales" in verdict.get_attribute("title")
    # It is about the last run, whose code this is no more once it ran as something else.
    front.type_cell(1, "y = 2")
    front.run_to_end(1)
    verdict.wait_for(state="detached")

    # Marks explain themselves and rewrite; all cells are judged; a question is answered, once; the journal has it.
    front.insert_cell(2, UNVERIFIED)
    front.cells.nth(2).locator(".jg-Effects").wait_for()
    front.cells.nth(2).locator(".cm-lintRange").first.hover()
    front.page.locator(".jg-Hover").first.wait_for()
    front.page.locator(".cm-diagnosticAction").filter(has_text="Rewrite safely").click()
    front.cells.nth(2).locator(".cm-lintRange").first.wait_for(state="detached")
    assert "verify" not in front.cells.nth(2).locator(".cm-content").inner_text()
    front.insert_cell(3, DROP.replace("sales", "orders"))
    front.panel.get_by_role("button", name="Vet all").click()
    group.filter(has_text="orders").wait_for()
    (server.root / "seven.py").write_text("open('seven.txt', 'a').write('once ')\n")
    front.insert_cell(4, ASKED)
    front.run_cell(4)
    question = front.panel.locator(".jg-Question")
    question.wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Allow once", exact=True).click()
    question.wait_for(state="detached")
    front.wait_for_run(4)
    assert (server.root / "seven.txt").read_text() == "once "
    front.panel.get_by_text("Journal of this notebook").click()
    front.panel.locator(".jg-Decision").filter(has_text="allowed once in the panel").wait_for()


def test_the_panel_says_when_nothing_guards(server: Server, front: Front) -> None:
    server.write_notebook("seven-plain.ipynb", ["x = 1"], kernel="python3")
    front.open_notebook7("seven-plain.ipynb")
    front.panel.get_by_role("heading", name="Not guarded").wait_for()


def test_nothing_is_cut_off_in_a_narrow_window(server: Server, front: Front) -> None:
    (server.root / "narrow.py").write_text("tidied = True\n")
    server.write_notebook("narrow.ipynb", ["x = 1"])
    front.page.set_viewport_size({"width": 600, "height": 800})
    front.open_notebook7("narrow.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.insert_cell(1, "exec(open('narrow.py').read())")
    sentence = front.cells.nth(1).locator(".jg-Effects-sentence")
    sentence.wait_for()
    assert sentence.bounding_box()["width"] > 150
    front.run_cell(1)
    front.panel.locator(".jg-Question").wait_for()
    assert (
        front.panel.evaluate(
            """panel => [panel, ...panel.querySelectorAll('button, p, dd, select, input')]
            .filter(node => node.getBoundingClientRect().right > window.innerWidth).map(node => node.outerHTML)"""
        )
        == []
    )
    front.interrupt_kernel()
