"""Safe rewrites from the editor's hover, the panel and a question; the journal of the notebook; the tint."""

from __future__ import annotations

import json
from typing import Any

from .driver import Front, Server

UNVERIFIED = "import requests\nr = requests.get('https://x.test', verify=False, timeout=3)  # ours"
VERIFIED = "import requests\nr = requests.get('https://x.test', timeout=3)  # ours"
DEBUG = "from flask import Flask\napp = Flask('a')\napp.run(debug=True)"
TEAM = """version = 1
[own.ACME01]
title = "Reads a database past the gateway"
instead = "Use acme.db.read."
severity = "high"
calls = ["pandas.read_sql"]
replace = {"pandas.read_sql" = "acme.db.read"}
"""
DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"


def opened(server: Server, front: Front, name: str, cells: list[str]) -> None:
    server.write_notebook(name, cells)
    front.open_lab(name)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()


def wait_for_source(front: Front, index: int, source: str) -> None:
    front.page.wait_for_function(
        """([index, source]) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel
            .getSource() === source""",
        arg=[index, source],
    )


def author(front: Front, index: int) -> Any:
    front.run_to_end(index)
    return front.guard_metadata(index)["origin"]["author"]


def test_the_hover_rewrites_a_persons_cell_which_stays_theirs(server: Server, front: Front) -> None:
    opened(server, front, "fix.ipynb", ["x = 1", ""])
    cell = front.cells.nth(1)
    cell.locator(".cm-content").click()
    typed = UNVERIFIED.removesuffix("  # ours")
    # The editor closes brackets and quotes by itself, and typing goes over them.
    front.page.keyboard.type(typed)
    front.page.keyboard.press("Escape")
    wait_for_source(front, 1, typed)
    cell.locator(".cm-lintRange").first.hover()
    front.page.locator(".cm-diagnosticAction").filter(has_text="Rewrite safely").click()
    wait_for_source(front, 1, VERIFIED.removesuffix("  # ours"))
    cell.locator(".cm-lintRange").first.wait_for(state="detached")
    assert author(front, 1) == "human"


def test_no_program_passes_for_a_person_by_calling_its_edit_a_rewrite(server: Server, front: Front) -> None:
    opened(server, front, "forged.ipynb", ["x = 1", ""])
    front.type_cell(1, "y = 1")
    front.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[1].editor.editor
            .dispatch({changes: {from: 0, insert: "import os; os.listdir('.')\\n"}, userEvent: 'input.fix'})"""
    )
    assert author(front, 1) == "assistant"


def test_the_panel_shows_a_safer_version_and_puts_it_into_the_cell(server: Server, front: Front) -> None:
    opened(server, front, "safer.ipynb", ["x = 1", UNVERIFIED])
    front.run_command("jupyter-guard:vet-all")
    front.panel.get_by_role("button", name="Show a safer version").click()
    changes = front.panel.locator(".jg-Safer .jg-Changes")
    changes.wait_for()
    assert changes.locator(".jg-is-added").all_inner_texts() == [f"+ {VERIFIED.splitlines()[1]}\n"]
    front.panel.get_by_role("button", name="Put it into the cell").click()
    wait_for_source(front, 1, VERIFIED)
    # One step, which undoing takes back; and what is undone is no program's text.
    front.cells.nth(1).locator(".cm-content").click()
    front.page.keyboard.press("Control+Z")
    wait_for_source(front, 1, UNVERIFIED)


def test_a_rewrite_that_somebody_has_to_read_is_shown_as_one(server: Server, front: Front) -> None:
    opened(server, front, "offered.ipynb", ["x = 1", "import requests\nr = requests.get('https://x.test')"])
    front.run_command("jupyter-guard:vet-all")
    front.panel.get_by_role("button", name="Show a safer version").click()
    front.panel.get_by_text("Not the same, read it first: Wait 30 seconds at most").wait_for()
    front.panel.get_by_role("button", name="Put it into the cell").click()
    wait_for_source(front, 1, "import requests\nr = requests.get('https://x.test', timeout=30)")


def test_a_question_comes_with_a_safer_version(server: Server, front: Front) -> None:
    opened(server, front, "asked.ipynb", ["x = 1"])
    front.insert_cell(1, DEBUG)
    front.run_cell(1)
    front.panel.locator(".jg-Question .jg-Safer").first.wait_for()
    assert "debug=False" in front.panel.locator(".jg-Question .jg-Safer").first.inner_text()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    front.panel.locator(".jg-Question").wait_for(state="detached")


def test_the_card_under_a_cell_that_was_refused_rewrites_it(server: Server, front: Front) -> None:
    opened(server, front, "card.ipynb", ["x = 1"])
    front.insert_cell(1, DEBUG)
    front.run_cell(1)
    front.panel.locator(".jg-Question").wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    card = front.cells.nth(1).locator(".jg-Card")
    card.get_by_role("button", name="Show a safer version").first.click()
    changes = card.locator(".jg-Safer .jg-Changes")
    changes.wait_for()
    assert changes.locator(".jg-is-added").all_inner_texts() == ["+ app.run(debug=False)\n"]
    card.get_by_role("button", name="Put it into the cell").click()
    wait_for_source(front, 1, DEBUG.replace("True", "False"))
    card.get_by_text("It stands in the cell now.").wait_for()
    # It is one step, and nothing has run.
    front.cells.nth(1).locator(".cm-content").click()
    front.page.keyboard.press("Control+Z")
    wait_for_source(front, 1, DEBUG)


def test_a_teams_replacement_is_shown_in_the_panel(server: Server, front: Front) -> None:
    (server.root / "jupyter_guard.toml").write_text(TEAM)
    try:
        opened(server, front, "team.ipynb", ["import pandas as pd", "orders = pd.read_sql(query, link)"])
        front.run_command("jupyter-guard:vet-all")
        front.panel.get_by_role("button", name="Show a safer version").click()
        front.panel.get_by_text("Not the same, read it first: Call acme.db.read").wait_for()
        front.panel.get_by_role("button", name="Put it into the cell").click()
        wait_for_source(front, 1, "import acme.db\norders = acme.db.read(query, link)")
    finally:
        (server.root / "jupyter_guard.toml").unlink()


def test_the_journal_holds_what_was_decided_and_by_whom(server: Server, front: Front) -> None:
    opened(server, front, "journal.ipynb", ["x = 1", "y = 2"])
    (server.root / "journal.py").write_text("z = 1\n")
    front.insert_cell(1, DROP)
    front.run_to_end(1)
    front.insert_cell(2, "exec(open('journal.py').read())")
    front.run_cell(2)
    front.panel.locator(".jg-Question").wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Allow once", exact=True).click()
    front.wait_for_run(2)
    front.panel.get_by_text("Journal of this notebook").click()
    decisions = front.panel.locator(".jg-Decision")
    decisions.nth(1).wait_for()
    latest, first = decisions.nth(0).inner_text(), decisions.nth(1).inner_text()
    assert "allowed once in the panel" in latest
    assert "written by an assistant" in latest
    assert "Stopped before it ran" in first
    assert "JG301" in first or "JG302" in first
    assert "sales" in first
    # A new decision comes by itself, and cells that simply ran when asked for.
    front.panel.get_by_label("also cells that simply ran").check()
    count = decisions.count()
    front.run_to_end(0)
    decisions.nth(count).wait_for()
    assert DROP not in json.dumps(front.panel.inner_text())


def test_an_assistants_characters_are_tinted_for_those_who_want_it(server: Server, front: Front) -> None:
    opened(server, front, "tint.ipynb", ["x = 1"])
    front.insert_cell(1, "total = sum([1, 2])")
    front.type_cell(0, "typed = 1")
    tinted = front.page.locator(".jg-Tint")
    front.page.wait_for_timeout(300)
    assert tinted.count() == 0
    set_tint(server, front, True)
    front.insert_cell(1, "total = sum([1, 2])")
    front.type_cell(0, "typed = 1")
    tinted.first.wait_for()
    assert "".join(tinted.all_inner_texts()) == "total = sum([1, 2])"
    assert front.cells.nth(0).locator(".jg-Tint").count() == 0
    front.cells.nth(1).locator(".cm-content").click()
    front.page.keyboard.press("End")
    front.page.keyboard.type(" + 3")
    front.page.wait_for_timeout(300)
    assert "".join(tinted.all_inner_texts()) == "total = sum([1, 2])"
    set_tint(server, front, False)


def set_tint(server: Server, front: Front, value: bool) -> None:
    """Write the setting, and open the page anew."""
    server.request("/lab/api/settings/jupyter-guard:tint", "PUT", {"raw": json.dumps({"tint": value})})
    front.page.reload()
    front.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    front.wait_for_kernel()
    front.open_panel()
