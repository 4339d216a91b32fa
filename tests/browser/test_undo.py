"""What an assistant's cell has deleted, listed in the panel and brought back there: one file, a step, over newer work."""

from __future__ import annotations

from pathlib import Path

import pytest

from .driver import Front, Server

FILES = {"sales/2023.csv": "a,b\n1,2\n", "sales/old/2022.csv": "a,b\n3,4\n"}
DELETE = "import shutil\nshutil.rmtree('sales')\nprint('gone')"


@pytest.fixture
def sales(server: Server, front: Front) -> Path:
    """A folder that an assistant's cell has deleted, and the panel with the list of what was."""
    for name, text in FILES.items():
        (server.root / name).parent.mkdir(parents=True, exist_ok=True)
        (server.root / name).write_text(text)
    server.write_notebook("undo.ipynb", ["x = 1"])
    front.open_lab("undo.ipynb")
    front.insert_cell(1, DELETE)
    front.run_cell(1)
    question = front.panel.get_by_role("button", name="Allow once", exact=True)
    done = front.output(1).get_by_text("gone")
    question.or_(done).first.wait_for()
    if question.count():
        question.click()
    done.wait_for()
    assert not (server.root / "sales").exists()
    front.panel.get_by_text("Files that cells have changed").click()
    return server.root / "sales"


def test_a_step_is_brought_back_whole(front: Front, sales: Path) -> None:
    undo = front.panel.locator(".jg-Undo")
    undo.get_by_text("sales/2023.csv deleted (8 bytes)").first.wait_for()
    undo.get_by_role("button", name="Bring all back").first.click()
    undo.get_by_role("status").get_by_text("Brought back").wait_for()
    assert {name: (sales.parent / name).read_text() for name in FILES} == FILES
    # What the undo itself changed is a step, which can be taken back.
    undo.get_by_text("What an undo replaced").first.wait_for()


def test_one_file_is_brought_back_and_newer_work_is_asked_about(front: Front, sales: Path) -> None:
    undo = front.panel.locator(".jg-Undo")
    undo.get_by_role("button", name="Bring sales/2023.csv back").first.click()
    undo.get_by_role("status").get_by_text("Brought back").wait_for()
    assert (sales / "2023.csv").read_text() == FILES["sales/2023.csv"]
    assert not (sales / "old").exists()
    (sales / "2023.csv").write_text("mine\n")
    step = undo.get_by_role("listitem").filter(has_text="sales/old/2022.csv deleted").first
    step.get_by_role("button", name="Bring sales/2023.csv back").click()
    undo.get_by_role("status").get_by_text("Not done yet").wait_for()
    assert (sales / "2023.csv").read_text() == "mine\n"
    undo.get_by_role("button", name="Bring it back over the newer work").click()
    undo.get_by_role("status").get_by_text("Brought back").wait_for()
    assert (sales / "2023.csv").read_text() == FILES["sales/2023.csv"]


def test_no_program_brings_anything_back(front: Front, sales: Path) -> None:
    undo = front.panel.locator(".jg-Undo")
    undo.get_by_text("sales/2023.csv deleted (8 bytes)").first.wait_for()
    front.page.evaluate(
        """() => [...document.querySelectorAll('.jg-Undo button')].forEach(button => {
            button.click();
            button.dispatchEvent(new MouseEvent('click', {bubbles: true}));
        })"""
    )
    undo.get_by_role("status").get_by_text("Nobody answered.").wait_for()
    assert not sales.exists()
