"""Code that nobody could read before its cell ran is judged where it is compiled, and traced to its cell."""

from __future__ import annotations

import base64

import pytest

from .front import Front

HARMFUL = 'import shutil, os\nshutil.rmtree(os.path.expanduser("~"))'
HIDDEN = base64.b64encode(HARMFUL.encode()).decode()


@pytest.fixture(autouse=True)
def something_to_lose(front: Front) -> None:
    (front.folder / "home" / "keep").write_text("x")
    # Read from a file: nothing in any cell says what it is.
    (front.folder / "text.b64").write_text(HIDDEN)
    front.run(
        "import base64, os, sys\nfrom pathlib import Path\nlater = Path('text.b64').read_text", store_history=False
    )
    front.run("def reveal(): return base64.b64decode(later()).decode()", store_history=False)


def kept(front: Front) -> bool:
    return (front.folder / "home" / "keep").exists()


def test_exec_of_text_that_was_built_at_run_time(front: Front) -> None:
    defined = front.run("def go(text):\n    exec(text)")
    run = front.assistant("print('before')\ngo(reveal())\nprint('after')", answer="y")
    assert run.status == "error"
    assert kept(front)
    assert run.text == "before\n"
    assert run.error["ename"] == "CellBlocked"
    assert f"line 2 of cell {defined.count}, called from cell {run.count}, runs deletes `~`" in run.error["evalue"]
    assert run.kinds.index("stream") < run.kinds.index("display_data") < run.kinds.index("error")
    card = run.of("display_data")[0]["content"]["data"]["text/plain"]
    assert "stopped part of this cell" in card
    assert "JG203" in card
