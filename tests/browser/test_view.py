"""``%guard panel`` in a real page: the guard's own widgets, kept current, which answer nothing while the panel is open."""

from __future__ import annotations

from .driver import Front, Server

DROP = "import sqlite3\nsqlite3.connect('shop.db').execute('DROP TABLE sales')"


def test_the_view_is_drawn_and_kept_current_and_does_not_answer_for_the_panel(server: Server, front: Front) -> None:
    (server.root / "view.py").write_text("open('view-ran.txt', 'w').close()\n")
    server.write_notebook("view.ipynb", ["%guard panel", "x = 1"])
    front.open_lab("view.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    # JupyterLab's widgets come a moment after the kernel; what is shown before them is lost to them, whoever shows it.
    front.page.wait_for_function(
        """() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel._targetRegistry['jupyter.widget']"""
    )
    front.run_to_end(0)
    view = front.output(0)
    view.get_by_text("Nothing to report so far").wait_for()
    allow = view.get_by_role("button", name="Allow once", exact=True)
    assert allow.is_disabled()

    front.insert_cell(1, DROP)
    front.run_to_end(1)
    view.get_by_role("cell", name="stopped").wait_for()
    assert "sales" in view.inner_text()

    front.insert_cell(2, "exec(open('view.py').read())")
    front.run_cell(2)
    view.get_by_text("Waiting for an answer").wait_for()
    front.page.wait_for_timeout(600)
    allow.click()
    view.get_by_text("Answer in the guard's panel").wait_for()
    assert front.panel.locator(".jg-Question").is_visible()
    front.panel.get_by_role("button", name="Refuse", exact=True).click()
    front.panel.locator(".jg-Question").wait_for(state="detached")
    front.wait_for_run(2)
    assert not (server.root / "view-ran.txt").exists()
