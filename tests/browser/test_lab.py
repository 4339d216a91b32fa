"""JupyterLab: cards, the panel, jumping, reloading, answering, switching to the guarded kernel."""

from __future__ import annotations

from pathlib import Path

from .driver import Front, Server

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"
# What the file does is not known before it runs: the policy asks about it.
REMOVE = "exec(open('tidy.py').read())"

# What the guard's extension of the server tells the page, taken out before any of the page's programs reads it.
WITHOUT_SERVER_EXTENSION = """document.addEventListener('readystatechange', () => {
    const told = document.getElementById('jupyter-config-data');
    if (document.readyState === 'interactive' && told) {
        const {jupyterGuard, ...others} = JSON.parse(told.textContent);
        if (jupyterGuard) told.textContent = JSON.stringify(others);
    }
});"""


def groups(front: Front) -> list[str]:
    return [text.strip() for text in front.panel.locator(".jg-Group-name").all_inner_texts()]


def test_an_inserted_drop_is_stopped_shown_and_kept_over_a_reload(server: Server, front: Front) -> None:
    server.write_notebook("drop.ipynb", ["x = 1", "y = 2", "z = 3"])
    front.open_lab("drop.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    assert front.panel.get_by_text("server extension is missing").count() == 0
    front.insert_cell(1, DROP)
    front.run_cell(1)

    card = front.output(1).locator(".jg-Card")
    card.wait_for()
    assert "Stopped before it ran" in card.inner_text()
    assert "sales" in card.locator(".jg-Card-sentence").inner_text()
    front.panel.locator(".jg-Group").wait_for()
    assert groups(front) == ["Cell 2"]
    finding = front.panel.locator(".jg-Finding-message").first
    assert "sales" in finding.inner_text()

    front.select_cell(3)
    finding.click()
    front.wait_for_active_cell(1)
    front.select_cell(3)
    front.panel.get_by_role("button", name="Cell 2").press("Enter")
    front.wait_for_active_cell(1)

    front.insert_cell(0, "# moves the others down")
    front.panel.get_by_role("button", name="Cell 3").wait_for()

    # A server without the guard's extension tells no page of it; the page says what is missed and what to type.
    front.page.add_init_script(WITHOUT_SERVER_EXTENSION)
    front.reload()
    front.open_panel()
    front.panel.get_by_role("button", name="Cell 3").wait_for()
    assert groups(front) == ["Cell 3"]
    front.panel.get_by_text("jupyter server extension enable jupyter_guard").wait_for()


def test_a_restarted_kernel_is_asked_anew(server: Server, front: Front) -> None:
    server.write_notebook("restart.ipynb", ["x = 1"])
    front.open_lab("restart.ipynb")
    guarded = front.panel.get_by_role("heading", name="Guarded", exact=True)
    guarded.wait_for()
    front.insert_cell(1, DROP)
    front.run_cell(1)
    front.panel.locator(".jg-Group").wait_for()
    front.restart_kernel()
    guarded.wait_for()
    front.insert_cell(2, DROP)
    front.run_cell(2)
    front.panel.get_by_role("button", name="Cell 3").wait_for()


def test_an_assistants_deletion_waits_for_a_person(server: Server, front: Front) -> None:
    server.write_notebook("ask.ipynb", ["x = 1"])
    records = server.root / "to_be_deleted"
    front.open_lab("ask.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()

    records.mkdir()
    (records.parent / "tidy.py").write_text("import shutil\nshutil.rmtree('to_be_deleted')\n")
    front.insert_cell(1, REMOVE)
    front.run_cell(1)
    question = front.panel.locator(".jg-Question")
    question.wait_for()
    assert "tidy.py" in question.locator(".jg-Sentence").inner_text()
    # Neither a click that a script makes nor a command answers.
    front.page.wait_for_timeout(600)
    front.page.evaluate("() => document.querySelectorAll('.jg-Answers button').forEach(button => button.click())")
    front.page.wait_for_timeout(800)
    assert question.is_visible()
    assert records.exists()

    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    question.wait_for(state="detached")
    front.output(1).locator(".jg-Card").wait_for()
    front.wait_for_run(1)
    assert records.exists()

    front.run_cell(1)
    question.wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Allow once", exact=True).click()
    question.wait_for(state="detached")
    front.wait_for_run(1)
    assert not records.exists()
    assert front.output(1).locator(".jp-Stdin-input").count() == 0

    records.mkdir()
    front.run_cell(1)
    question.wait_for()
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Allow this code", exact=True).click()
    question.wait_for(state="detached")
    front.wait_for_run(1)
    assert not records.exists()
    records.mkdir()
    front.run_to_end(1)
    assert not records.exists()


def test_an_unguarded_kernel_is_called_so_and_can_be_switched(server: Server, front: Front) -> None:
    server.write_notebook("plain.ipynb", ["x = 1"], kernel="python3")
    front.open_lab("plain.ipynb")
    front.panel.get_by_role("heading", name="Not guarded").wait_for()
    item = front.page.locator(".jg-StatusItem")
    item.filter(has_text="Not guarded").wait_for()
    front.run_to_end(0)
    assert front.guard_metadata(0) is None
    front.panel.get_by_role("button", name="Switch to").click()
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    item.filter(has_text="Guard enforces").wait_for()


def test_a_guard_that_is_loaded_as_an_extension_is_seen(server: Server, front: Front) -> None:
    server.write_notebook("extension.ipynb", ["%load_ext jupyter_guard"], kernel="python3")
    front.open_lab("extension.ipynb")
    front.panel.get_by_role("heading", name="Not guarded").wait_for()
    front.run_cell(0)
    cooperative = front.panel.get_by_role("heading", name="Guarded, cooperatively")
    cooperative.wait_for()
    front.reload()
    front.open_panel()
    cooperative.wait_for()


def test_the_page_knows_nothing_that_approves(server: Server, front: Front) -> None:
    server.write_notebook("commands.ipynb", ["x = 1"])
    front.open_lab("commands.ipynb")
    commands = front.page.evaluate("() => window.jupyterapp.commands.listCommands()")
    # Each only shows something.
    shown = {f"jupyter-guard:{name}" for name in ("show-panel", "vet-cell", "vet-all")}
    assert {command for command in commands if command.startswith("jupyter-guard")} == shown
    # The palette has each.
    front.run_command("apputils:activate-command-palette")
    items = front.page.locator(".lm-CommandPalette-item[data-command^='jupyter-guard:']")
    items.nth(2).wait_for()
    assert {item.get_attribute("data-command") for item in items.all()} == shown


def test_markup_in_a_card_stays_text(server: Server, front: Front, tmp_path: Path) -> None:
    server.write_notebook("markup.ipynb", ["x = 1"])
    front.open_lab("markup.ipynb")
    hostile = "<img src=x onerror=\"document.title='owned'\">"
    bundle = {"state": "blocked", "verdict": "block", "sentence": hostile, "who": hostile, "findings": [
        {"rule": "JG301", "severity": "high", "message": hostile, "why": hostile, "instead": hostile},
    ]}  # fmt: skip
    front.show_output(0, {"application/vnd.jupyter-guard.v1+json": bundle, "text/plain": "plain"})
    card = front.output(0).locator(".jg-Card")
    card.wait_for()
    assert card.inner_text().count("onerror") == 5
    assert card.locator("img").count() == 0
    assert front.page.title() != "owned"
