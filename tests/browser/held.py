"""An assistant's cell that is held until a person answers -> its notebook, and what the cell would destroy.

Each is in a folder of its own, so that nothing which an earlier attempt left is in the way, its journal neither.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, NamedTuple

from .driver import Front, Server

# What the file does is not known before it runs: the policy asks about it.
CODE = "exec(open('wipe.py').read())"
WIPE = "import shutil\nopen('wiped.txt', 'a').write('once ')\nshutil.rmtree('customers', ignore_errors=True)\n"


class Held(NamedTuple):
    """The notebook's name below the server's root; the folder that the cell deletes, the file that each run writes to."""

    name: str
    data: Path
    wiped: Path


def prepare(server: Server) -> Held:
    """A folder with a notebook of one cell in it, and with what the assistant's cell is about."""
    folder = server.root / f"held-{uuid.uuid4().hex[:8]}"
    held = Held(f"{folder.name}/held.ipynb", folder / "customers", folder / "wiped.txt")
    held.data.mkdir(parents=True)
    (folder / "wipe.py").write_text(WIPE)
    server.write_notebook(held.name, ["x = 1"])
    return held


def opened(server: Server, front: Front) -> Held:
    """One whose notebook is open, guarded, with the panel beside it."""
    held = prepare(server)
    front.open_lab(held.name)
    front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
    return held


def ask(front: Front) -> Any:
    """Insert the cell as the second and run it, as an assistant's extension does; gives the question."""
    front.insert_cell(1, CODE)
    run_as_program(front, 1)
    question = front.panel.locator(".jg-Question")
    question.wait_for()
    return question


def run_as_program(front: Front, index: int) -> None:
    """Run a cell as an assistant's extension does: by a command, with the cell made the active one."""
    front.page.evaluate(
        """index => {
            const {content} = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = index;
            void window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        index,
    )


def waiting(front: Front) -> Any:
    """The number of the question that the panel shows, which the page's programs can read."""
    return front.panel.locator(".jg-Question-title").evaluate("title => title.id.replace('jg-question-', '')")


def wait_until_gone(front: Front, held: Held, tries: int = 300) -> None:
    """Wait until the cell that was allowed has done it: the question goes before it begins."""
    while held.data.exists() and (tries := tries - 1):
        front.page.wait_for_timeout(100)
    assert not held.data.exists()
