"""Who wrote a cell, by how its text arrived."""

from __future__ import annotations

from typing import Any

import pytest

from .driver import Front, Server


@pytest.fixture
def opened(server: Server, front: Front, request: pytest.FixtureRequest) -> Front:
    name = f"{request.node.name}.ipynb"
    server.write_notebook(name, ["loaded = 1", "", ""])
    front.open_lab(name)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    return front


def origin(front: Front, index: int) -> dict[str, Any]:
    """Run a cell, and give what was recorded of it."""
    front.run_cell(index)
    front.wait_until_idle()
    recorded = front.guard_metadata(index)
    assert recorded is not None
    found: dict[str, Any] = recorded["origin"]
    return found


def test_typed_inserted_and_loaded_cells_differ(opened: Front) -> None:
    opened.type_cell(1, "typed = [1, 2]")
    opened.insert_cell(3, "inserted = 3")
    assert origin(opened, 0)["author"] == "imported"
    typed = origin(opened, 1)
    assert typed["author"] == "human"
    assert typed["started_by"] == "person"
    assert typed["shares"]["typed"] > 0.9
    assert origin(opened, 3)["author"] == "assistant"
    assert opened.cells.nth(3).locator(".jg-Badge").inner_text() == "assistant"
    assert opened.cells.nth(1).locator(".jg-Badge").count() == 0


def test_a_program_that_runs_a_cell_is_not_a_person(opened: Front) -> None:
    opened.type_cell(1, "typed = 1")
    opened.page.wait_for_timeout(1200)
    opened.run_command("notebook:run-cell")
    opened.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.getMetadata('jupyter_guard')"
    )
    assert opened.guard_metadata(1)["origin"]["started_by"] == "command"


def test_a_program_that_changes_a_typed_cell_makes_it_its_own(opened: Front) -> None:
    opened.type_cell(1, "frame = list()")
    opened.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells[1]
            .setSource('frame = list()\\nvalue = sorted([3, 1, 2])')"""
    )
    found = origin(opened, 1)
    assert found["author"] == "assistant"
    assert 0 < found["shares"]["typed"] < 1


def test_events_that_a_script_makes_are_not_typing(opened: Front) -> None:
    opened.page.wait_for_timeout(1200)
    opened.page.evaluate(
        """() => {
            const cell = window.jupyterapp.shell.currentWidget.content.widgets[1];
            const view = cell.editor.editor;
            const text = 'value = sorted([3, 1, 2])';
            view.contentDOM.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true}));
            view.dispatch({changes: {from: 0, insert: text}, userEvent: 'input.type'});
        }"""
    )
    found = origin(opened, 1)
    assert found["author"] == "assistant"
    assert found["shares"] == {"synthetic": 1}


def test_a_program_through_the_editor_is_seen(opened: Front) -> None:
    opened.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[1].editor
            .replaceSelection('value = sorted([3, 1, 2])')"""
    )
    assert origin(opened, 1)["author"] == "assistant"


def test_pasted_text_is_told_from_typed_text(opened: Front) -> None:
    opened.type_cell(1, "value = 12345")
    opened.copy_text(1)
    opened.paste_text(2)
    found = origin(opened, 2)
    assert found["author"] == "human"
    assert found["shares"] == {"pasted": 1}


def test_arranging_cells_keeps_their_authors(opened: Front) -> None:
    opened.type_cell(1, "typed = 1")
    opened.insert_cell(2, "inserted = 2")
    # Cut and paste both: c, x and v are JupyterLab's keys in command mode.
    for index in (1, 2):
        opened.select_cell(index)
        opened.page.keyboard.press("c")
        opened.page.keyboard.press("v")
        opened.page.wait_for_timeout(300)
        if index == 1:
            assert origin(opened, 2)["author"] == "human"
            opened.select_cell(2)
            opened.page.keyboard.press("x")
    assert origin(opened, 3)["author"] == "assistant"


def test_split_merge_and_undo_keep_the_authors(opened: Front) -> None:
    opened.type_cell(1, "first = 1\nsecond = 2")
    opened.cells.nth(1).locator(".cm-line").nth(1).click()
    opened.page.keyboard.press("Home")
    opened.page.keyboard.press("Control+Shift+Minus")
    opened.page.wait_for_timeout(300)
    opened.page.keyboard.press("Escape")
    assert origin(opened, 1)["author"] == "human"
    assert origin(opened, 2)["author"] == "human"
    opened.select_cell(1)
    opened.page.keyboard.press("Shift+ArrowDown")
    opened.page.keyboard.press("Shift+M")
    opened.page.wait_for_timeout(300)
    assert origin(opened, 1)["author"] == "human"
    opened.cells.nth(1).locator(".cm-content").click()
    opened.page.keyboard.press("Control+A")
    opened.page.keyboard.press("Delete")
    opened.page.keyboard.press("Control+Z")
    opened.page.keyboard.press("Escape")
    assert origin(opened, 1)["author"] == "human"


def test_the_editors_own_keys_are_a_persons(opened: Front) -> None:
    opened.type_cell(1, "first = (1)")
    opened.cells.nth(1).locator(".cm-content").click()
    opened.page.keyboard.press("Control+Slash")
    opened.page.keyboard.press("Escape")
    assert origin(opened, 1)["author"] == "human"


def test_an_accepted_completion_is_a_persons(opened: Front) -> None:
    opened.type_cell(1, "import collections")
    origin(opened, 1)
    opened.cells.nth(2).locator(".cm-content").click()
    opened.page.keyboard.type("collections.Order")
    opened.page.keyboard.press("Tab")
    opened.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.getSource()"
        ".startsWith('collections.OrderedDict') || document.querySelector('.jp-Completer:not(.lm-mod-hidden)')"
    )
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_timeout(300)
    opened.page.keyboard.press("Escape")
    found = origin(opened, 2)
    assert found["author"] == "human"


def test_a_restart_that_runs_everything_keeps_the_authors(opened: Front) -> None:
    opened.type_cell(1, "typed = 1")
    assert origin(opened, 1)["author"] == "human"
    opened.page.evaluate(
        """() => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const heard = window.heard = [];
            kernel.iopubMessage.connect((_, message) => {
                const data = message.content.data;
                if (message.header.msg_type === 'comm_msg' && data.type !== 'snapshot') heard.push(data.item?.origin);
            });
        }"""
    )
    opened.run_command("notebook:restart-run-all")
    opened.page.locator(".jp-Dialog .jp-mod-warn").click()
    opened.page.wait_for_function("() => window.heard.includes('human')")
    # The first cell was in the file, the second one was typed, here and before the restart.
    assert set(opened.page.evaluate("() => window.heard")) == {"imported", "human"}
    assert opened.guard_metadata(1)["origin"]["started_by"] == "person"


def test_a_stored_assistant_stays_one_after_a_reload(opened: Front) -> None:
    opened.insert_cell(1, "inserted = 2")
    assert origin(opened, 1)["author"] == "assistant"
    opened.reload()
    assert origin(opened, 1)["author"] == "assistant"
