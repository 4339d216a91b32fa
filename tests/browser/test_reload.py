"""A page that is reloaded while a question is open: it is shown again, with what changed, and can be answered."""

from __future__ import annotations

from .driver import Front, Server

ASKED = "exec(open('again.py').read())"
# As long as the guard waits for the page before to say that it is still there.
PATIENCE_MS = 1600


def test_an_open_question_comes_back_after_a_reload(server: Server, front: Front) -> None:
    (server.root / "again.py").write_text("open('again.txt', 'a').write('once ')\n")
    server.write_notebook("again.ipynb", ["x = 1"])
    front.open_lab("again.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.insert_cell(1, ASKED)
    front.run_cell(1)
    question = front.panel.locator(".jg-Question")
    question.wait_for()

    front.reload()
    front.open_panel()
    question.wait_for()
    assert "again.py" in question.locator(".jg-Sentence").inner_text()
    front.page.wait_for_timeout(PATIENCE_MS)
    question.get_by_role("button", name="Allow once", exact=True).click()
    question.wait_for(state="detached")
    front.wait_until_idle()
    assert (server.root / "again.txt").read_text() == "once "


def test_what_changed_since_a_cell_was_allowed_outlives_the_page(server: Server, front: Front) -> None:
    server.write_notebook("changed.ipynb", ["x = 1"])
    front.open_lab("changed.ipynb")
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    front.insert_cell(1, "first = 1\nsecond = 2")
    front.run_to_end(1)
    front.reload()
    front.open_panel()
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    set_source(front, 1, "first = 1\n" + ASKED)
    front.run_cell(1)
    changes = front.panel.locator(".jg-Question .jg-Changes")
    changes.wait_for()
    lines = [line.strip() for line in changes.locator(".jg-Changes-line").all_inner_texts()]
    assert lines == ["first = 1", "- second = 2", f"+ {ASKED}"]

    # With the question open as well.
    front.reload()
    front.open_panel()
    changes.wait_for()
    assert [line.strip() for line in changes.locator(".jg-Changes-line").all_inner_texts()] == lines
    front.interrupt_kernel()
    changes.wait_for(state="detached")


def set_source(front: Front, index: int, source: str) -> None:
    front.page.evaluate(
        """([index, source]) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel
            .setSource(source)""",
        [index, source],
    )
