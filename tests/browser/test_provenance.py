"""Who wrote a cell, and who ran it, as the front end shows and stores it; `replay` has every way in which text arrives."""

from __future__ import annotations

import json
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
    front.run_to_end(index)
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


def test_a_restart_that_runs_everything_keeps_the_authors(opened: Front) -> None:
    opened.type_cell(1, "typed = 1")
    assert origin(opened, 1)["author"] == "human"
    opened.page.evaluate(
        """() => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const heard = window.heard = [];
            kernel.iopubMessage.connect((_, message) => {
                const data = message.content.data;
                if (message.header.msg_type !== 'comm_msg') return;
                // What ran before the restarted kernel knew of this page is in the snapshot.
                const items = {snapshot: data.reports, report: [data.item]}[data.type] ?? [];
                heard.push(...items.map(item => item.origin));
            });
        }"""
    )
    # A click, as a person gives: a program's command, however soon after a key, is not what is tested here.
    opened.page.locator(".jp-NotebookPanel-toolbar:visible [data-command='notebook:restart-run-all']").first.click()
    opened.page.locator(".jp-Dialog .jp-mod-warn").click()
    opened.page.wait_for_function("() => ['imported', 'human'].every(origin => window.heard.includes(origin))")
    opened.wait_until_idle()
    # The first cell was in the file, the second one was typed, here and before the restart.
    assert set(opened.page.evaluate("() => window.heard")) == {"imported", "human"}
    assert opened.guard_metadata(1)["origin"]["started_by"] == "person"


def test_a_stored_assistant_stays_one_after_a_reload(opened: Front) -> None:
    opened.insert_cell(1, "inserted = 2")
    assert origin(opened, 1)["author"] == "assistant"
    opened.reload()
    assert origin(opened, 1)["author"] == "assistant"


def test_who_does_not_want_it_in_the_notebook_has_it_while_the_kernel_lives(server: Server, opened: Front) -> None:
    stores(server, opened, False)
    try:
        opened.insert_cell(3, "import shutil\nshutil.rmtree('/nowhere/at/all', ignore_errors=True)")
        opened.run_cell(3)
        # Held as an assistant's, which is what the kernel knows of it.
        opened.cells.nth(3).get_by_text("assistant").first.wait_for()
        opened.wait_for_run(3)
        assert "origin" not in (opened.guard_metadata(3) or {})
        opened.save()
        opened.page.wait_for_timeout(500)
        assert '"author"' not in (server.root / notebook(opened)).read_text()
    finally:
        stores(server, opened, True)
    opened.insert_cell(3, "y = 2")
    assert origin(opened, 3)["author"] == "assistant"


def stores(server: Server, front: Front, value: bool) -> None:
    """Write the setting, and open the page anew."""
    server.request("/lab/api/settings/jupyter-guard:provenance", "PUT", {"raw": json.dumps({"storeOrigin": value})})
    front.page.reload()
    front.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    front.wait_for_kernel()


def notebook(front: Front) -> str:
    """The file of the notebook that is open."""
    return str(front.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path"))
