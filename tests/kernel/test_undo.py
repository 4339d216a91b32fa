"""An assistant's cell changes files in the workspace; a person takes it back, on a real kernel."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_guard.undo.saves import note

from .front import ASSISTANT, Front, Run


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder: modes, times, links and contents."""
    found = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        content: object = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(root))] = about.st_mode, about.st_mtime_ns, content
    return found


@pytest.fixture
def kernel(start: Callable[..., Front], tmp_path: Path) -> Front:
    return start(home=tmp_path)


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something, or fail."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def work(front: Front) -> Path:
    folder = front.folder / "reports"
    (folder / "old").mkdir(parents=True)
    (folder / "old" / "2023.csv").write_text("a,b\n1,2\n")
    (folder / "sum.csv").write_text("sum\n3\n")
    (folder / "last").symlink_to("sum.csv")
    return folder


def test_a_deleted_folder_comes_back(kernel: Front) -> None:
    folder = work(kernel)
    before = tree(folder)
    assert kernel.run("import shutil\nshutil.rmtree('reports')", metadata=ASSISTANT).status == "ok"
    assert not folder.exists()
    assert "deleted reports/old/2023.csv (8 bytes)" in kernel.run("%guard undo show").text
    assert "Brought back" in kernel.run("%guard undo reports").text
    assert tree(folder) == before
    # What was taken back is a step as well.
    assert "created reports/" in kernel.run("%guard undo show").text


def test_one_file_comes_back_from_what_a_program_did(kernel: Front) -> None:
    folder = work(kernel)
    run = kernel.run("!rm reports/old/2023.csv; echo 4 > reports/sum.csv", metadata=ASSISTANT)
    assert run.status == "ok"
    assert "Brought back" in kernel.run("%guard undo reports/sum.csv").text
    assert (folder / "sum.csv").read_text() == "sum\n3\n"
    assert not (folder / "old" / "2023.csv").exists()


def test_newer_work_is_asked_about(kernel: Front) -> None:
    folder = work(kernel)
    kernel.run("open('reports/sum.csv', 'w').write('9')", metadata=ASSISTANT)
    assert "changed reports/sum.csv" in kernel.run("%guard undo show").text
    (folder / "sum.csv").write_text("a person's")
    kernel.run("%guard undo reports", answer="n")
    assert (folder / "sum.csv").read_text() == "a person's"
    kernel.run("%guard undo reports", answer="y")
    assert (folder / "sum.csv").read_text() == "sum\n3\n"


WRITES = """
import sqlite3, time
names = [n.strip() for n in open('names')]
for n in names: open(n, 'w').write('the cell')
with sqlite3.connect('db' + '.sqlite') as c: c.execute('CREATE TABLE t (i)')
open('ready', 'w').close()
while not __import__('os').path.exists('go'): time.sleep(0.05)
"""


def test_what_a_person_does_while_a_cell_runs_is_asked_about(kernel: Front, tmp_path: Path) -> None:
    names = ["one.csv", "two_1.csv", "two_2.csv", "saved.csv"]
    (kernel.folder / "names").write_text("\n".join(names))
    for name in [*names, "persons.csv"]:
        (kernel.folder / name).write_text("before")
    cell = kernel.send(WRITES, metadata=ASSISTANT)
    wait_until((kernel.folder / "ready").exists)
    (kernel.folder / "persons.csv").write_text("a person's, by an editor")
    (kernel.folder / "saved.csv").write_text("a person's, saved in Jupyter")
    note(tmp_path / ".local/share/jupyter/jupyter_guard/undo", str(kernel.folder / "saved.csv"))
    (kernel.folder / "go").touch()
    kernel.finish(cell)
    run = kernel.run("%guard undo", answer="n")
    (asked,) = run.questions
    assert "saved in Jupyter while the cell ran: saved.csv" in asked
    assert "a program or library that it started: go, persons.csv" in asked
    assert not any(name in asked for name in (*names[:3], "db.sqlite"))
    assert (kernel.folder / "persons.csv").read_text() == "a person's, by an editor"
    assert (kernel.folder / "one.csv").read_text() == "the cell"
    # What nobody else can have written is brought back without a question, in a later cell of the session's, too.
    for name in names[:3]:
        assert "Brought back" in kernel.run(f"%guard undo {name}").text
        assert (kernel.folder / name).read_text() == "before"
    kernel.assistant("for n in names[:3]: open(n, 'w').write('again')")
    assert "Brought back" in kernel.run("%guard undo").text
    assert (kernel.folder / "two_2.csv").read_text() == "before"


def test_a_persons_cell_is_not_set_aside(kernel: Front) -> None:
    work(kernel)
    kernel.run("open('reports/sum.csv', 'w').write('9')")
    assert "No cell has changed anything" in kernel.run("%guard undo list").text


def test_the_panel_shows_the_files_and_brings_back_one_or_all(kernel: Front) -> None:
    folder = work(kernel)
    before = tree(folder)
    kernel.open_panel()
    numbers = itertools.count(1)

    def asked(**about: object) -> dict[str, Any]:
        kernel.tell({"type": "undo", "id": next(numbers), **about})
        found: dict[str, Any] = json.loads(kernel.told("undo")["text"])
        return found

    assert asked() == {"steps": []}
    kernel.assistant("import shutil\nshutil.rmtree('reports')\nopen('new.csv', 'w').write('1')")
    (step,) = asked()["steps"]
    assert (step["origin"], step["cell"]) == ("assistant", 1)
    kinds = {one["path"]: (one["kind"], one["folder"], one["before"], one["after"]) for one in step["files"]}
    assert kinds["reports/sum.csv"] == ("deleted", False, 6, 0)
    assert kinds["reports/old"][:2] == ("deleted", True)
    assert kinds["new.csv"] == ("created", False, 0, 1)
    assert "Brought back" in asked(step=step["step"], path="reports/sum.csv")["said"]
    assert (folder / "sum.csv").read_text() == "sum\n3\n"
    (folder / "sum.csv").write_text("a person's")
    assert "newer work in reports/sum.csv" in asked(step=step["step"])["newer"]
    assert not (folder / "old").exists()
    assert "Brought back" in asked(step=step["step"], over=True)["said"]
    assert tree(folder) == before
    assert not (kernel.folder / "new.csv").exists()


def test_the_panels_way_needs_the_pages_proof(kernel: Front) -> None:
    folder = work(kernel)
    kernel.open_panel()
    kernel.told("snapshot")
    kernel.assistant("import shutil\nshutil.rmtree('reports')")
    kernel.tell({"type": "undo", "id": 1, "step": 1}, sealed=False)
    kernel.run("1 + 1")
    assert not folder.exists()


PROGRAM = "import os\nopen('ran', 'w').close()\nos.system('true')"
# Shown on a card for itself.
WARNED = f"{PROGRAM}\ntry: os.kill(2 ** 22 + 1, 9)\nexcept OSError: pass"


@pytest.fixture
def large(start: Callable[..., Front], tmp_path: Path) -> Callable[..., Front]:
    """Starts a kernel in a workspace that is too large to be set aside as a whole, with a policy for undo."""

    def begin(undo: str, more: str = "") -> Front:
        (tmp_path / ".jupyter").mkdir()
        policy = f'version = 1\n[undo]\nwhole = "1 KiB"\n{undo}\n{more}\n'
        (tmp_path / ".jupyter" / "jupyter_guard.toml").write_text(policy)
        front = start(home=tmp_path)
        (front.folder / "large.bin").write_bytes(bytes(2000))
        return front

    return begin


def cards(run: Run) -> list[str]:
    return [one["content"]["data"]["text/plain"] for one in run.of("display_data")]


@pytest.mark.parametrize(
    ("uncovered", "answer", "ename"),
    [
        ("allow", None, ""),
        ("warn", None, ""),
        ("confirm", "y", ""),
        ("confirm", "n", "CellDeclined"),
        ("block", "y", "CellBlocked"),
    ],
)
def test_what_is_not_covered_is_said_before_the_cell_runs(
    large: Callable[[str], Front], uncovered: str, answer: str | None, ename: str
) -> None:
    front = large(f'uncovered = "{uncovered}"')
    run = front.assistant(PROGRAM, answer=answer)
    assert (run.error["ename"] if ename else run.status) == (ename or "ok")
    assert (front.folder / "ran").exists() == (not ename)
    said = "\n".join([*cards(run), *run.questions])
    assert ("cannot be brought back" in said) == (uncovered != "allow")
    assert len(run.questions) == (uncovered == "confirm")
    # A person's cell is not set aside, and neither is one that changes what can be named.
    assert cards(front.run(PROGRAM)) == cards(front.assistant("open('named', 'w').close()")) == []


def test_a_cell_with_a_card_of_its_own_says_it_too(large: Callable[[str], Front]) -> None:
    front = large('uncovered = "warn"')
    first, second = cards(front.assistant(WARNED))
    assert "signals" in first
    assert "cannot be brought back" in second
    assert "cannot be brought back" in front.run("%guard explain").text


def test_the_policy_says_whose_cells_can_be_taken_back(large: Callable[[str], Front]) -> None:
    front = large('origins = ["unknown", "imported"]')
    (front.folder / "a").write_text("kept")
    assert front.run("import os\nos.remove('a')").status == "ok"
    assert "Brought back" in front.run("%guard undo a").text
    assert (front.folder / "a").read_text() == "kept"


# What a cell calls with names and arguments that no reading can tell.
HIDDEN = (
    "import importlib, json, os\nm, f, a = json.load(open('call.json'))\ngetattr(importlib.import_module(m), f)(*a)"
)
SLIPS: tuple[tuple[str, str, list[object]], ...] = (
    ("subprocess", "run", [["rm", "-rf", "reports"]]),
    ("subprocess", "run", [["sh", "-c", "echo 4 > reports/sum.csv"]]),
    ("subprocess", "call", [["rm", "-rf", "old"], -1, None, None, None, None, None, True, False, "reports"]),
    ("os", "system", ["rm -rf reports"]),
    ("shutil", "rmtree", ["reports"]),
    ("shutil", "move", ["reports/old", "gone"]),
    ("os", "remove", ["reports/sum.csv"]),
    ("os", "rename", ["reports/sum.csv", "reports/last"]),
    ("io", "open", ["reports/sum.csv", "w"]),
    ("io", "open", ["reports/last", "w"]),
    ("os", "truncate", ["reports/sum.csv", 0]),
)


@pytest.mark.parametrize("backend", ["none", "bubblewrap"])
def test_what_reading_cannot_see_is_set_aside_when_it_is_done(large: Callable[..., Front], backend: str) -> None:
    if backend == "bubblewrap" and not shutil.which("bwrap"):
        pytest.skip("there is no bubblewrap here")
    front = large('uncovered = "warn"', f'[isolation]\nbackend = "{backend}"')
    folder = work(front)
    before = tree(folder)
    for module, function, arguments in SLIPS:
        (front.folder / "call.json").write_text(json.dumps([module, function, arguments]))
        run = front.assistant(HIDDEN)
        assert (run.status, cards(run)) == ("ok", []), (function, arguments)
        assert tree(folder) != before, (function, arguments)
        shown = front.run("%guard undo").text
        assert "Brought back" in shown, (function, arguments, shown)
        assert tree(folder) == before, (function, arguments)
    # Nobody knows what this changes: it is said, once.
    (front.folder / "call.json").write_text(json.dumps(["subprocess", "run", [["touch", "-c", "large.bin"]]]))
    (card,) = cards(front.assistant(f"{HIDDEN}\ngetattr(importlib.import_module(m), f)(['true'])"))
    assert "cannot be brought back" in card


# Where nobody else has written anything, nothing that people do would be asked about after any of these.
QUIET = "import subprocess\nsubprocess.run(['true'])\nfor n in range(60): open(f'quiet{n}', 'w').close()\n"


def test_what_people_do_without_a_name_is_set_aside_where_the_policy_says_so(large: Callable[..., Front]) -> None:
    front = large('origins = ["unknown"]\nuncovered = "allow"')
    folder = work(front)
    before = tree(folder)
    for module, function, arguments in SLIPS[:6]:
        (front.folder / "call.json").write_text(json.dumps([module, function, arguments]))
        run = front.run(QUIET + HIDDEN)
        assert (run.status, cards(run), run.questions) == ("ok", [], []), (function, arguments)
        assert tree(folder) != before, (function, arguments)
        for name in ("reports", "gone"):
            front.run(f"%guard undo {name}")
        assert tree(folder) == before, (function, arguments)


@pytest.mark.parametrize("also_helper", [False, True])
def test_a_killed_kernel_loses_nothing(also_helper: bool, start: Callable[..., Front], tmp_path: Path) -> None:
    first = start(home=tmp_path)
    folder = work(first)
    before = tree(folder)
    first.send("import shutil, time\nshutil.rmtree('reports')\ntime.sleep(600)", metadata=ASSISTANT)
    wait_until(lambda: not folder.exists())
    victims = [first.child(), psutil.Process(first.pid), *([first.helper()] if also_helper else [])]
    for one in victims:
        one.kill()
    wait_until(lambda: not first.manager.is_alive())
    second = start(home=tmp_path, in_folder=first.folder)
    if also_helper:
        # Nobody saw what the cell left.
        run = second.run("%guard undo reports", answer="n")
        assert "may be newer" in run.questions[0]
        assert not folder.exists()
    run = second.run("%guard undo reports", answer="y")
    assert "Brought back" in run.text
    assert len(run.questions) == also_helper
    assert tree(folder) == before
