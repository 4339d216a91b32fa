"""The tour in JupyterLab, run cell by cell as a reader does.

JUPYTER_GUARD_PICTURES=DIR keeps its picture; with --basetemp=/home/ann the paths in it are a reader's.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat

from .driver import Front, Server

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "demo_notebooks" / "tour.ipynb"
ANSWERS = {"y": "Allow once", "n": "Refuse"}
IDLE_OR_ASKED = """index => {
    const cell = window.jupyterapp.shell.currentWidget.content.widgets[index];
    return document.querySelector('.jg-Question') !== null || !['*', ''].includes(cell.prompt);
}"""


def test_the_tour_shows_every_layer(server: Server, front: Front) -> None:
    shutil.copy(TOUR, server.root / "tour.ipynb")
    tour = nbformat.read(TOUR, as_version=4)
    promised = tour.metadata["jupyter_guard_demo"]
    front.open_lab("tour.ipynb", tidy=True)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    page = front.page

    asked = 0
    for index, cell in enumerate(tour.cells):
        if cell.cell_type != "code":
            continue
        front.run_any_cell(index)
        page.wait_for_function(IDLE_OR_ASKED, arg=index, timeout=120_000)
        question = front.panel.locator(".jg-Question")
        if question.count():
            asked += 1
            page.wait_for_timeout(600)
            if asked == 1:
                picture(front, "tour.png", index)
            answer = cell.metadata.get("jupyter_guard_demo", {}).get("answer", "y")
            front.panel.get_by_role("button", name=ANSWERS[answer], exact=True).click()
            question.wait_for(state="detached")
            page.wait_for_function(IDLE_OR_ASKED, arg=index, timeout=120_000)

    assert asked == promised["confirmed"] + promised["declined"]
    states = front.panel.locator(".jg-Group-state").all_inner_texts()
    assert states.count("Stopped before it ran") == promised["blocked"]
    assert states.count("Not run: it was not allowed") == promised["declined"]
    assert states.count("Ran: you allowed it") == promised["confirmed"]
    redacted = front.panel.get_by_role("region", name="Secrets taken out")
    assert int(redacted.locator(".jg-Count").inner_text()) >= promised["redacted"]
    assert page.locator(".jg-Badge.jg-mod-assistant").count() == sum(
        cell.metadata.get("jupyter_guard", {}).get("origin") == "assistant" for cell in tour.cells
    )


def picture(front: Front, name: str, index: int) -> None:
    """Keep what is on screen, with the asked cell in view, where the environment says."""
    folder = os.environ.get("JUPYTER_GUARD_PICTURES")
    if folder:
        front.page.set_viewport_size({"width": 1360, "height": 1060})
        front.show_cell(index)
        Path(folder).mkdir(parents=True, exist_ok=True)
        front.screenshot(Path(folder) / name)
