"""What is saved in Jupyter while a cell runs -> undo knows that it may be a person's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from jupyter_server.services.contents.filemanager import FileContentsManager

from jupyter_guard.server import _noted
from jupyter_guard.undo import Header, Steps, saves
from jupyter_guard.undo.restore import chosen, of_others
from jupyter_guard.undo.steps import NOT_SEEN, SAVED
from jupyter_guard.undo.store import store_of, undo_directory


def test_a_save_while_a_cell_runs_is_nobodys_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("JUPYTER_DATA_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "work"
    root.mkdir()
    manager = FileContentsManager(root_dir=str(root))
    manager.register_post_save_hook(_noted)

    def save(name: str, text: str) -> None:
        manager.save({"type": "file", "format": "text", "content": text}, name)

    save("before.txt", "no cell has run yet, and there is no store")
    base = undo_directory({}, tmp_path)
    assert not base.exists()
    steps = Steps(str(root), store_of(base, str(root)), 2**30, 7, 2**30)
    step, _ = steps.begin(Header(), ())
    save("mine.txt", "saved while the cell runs")
    (root / "both.txt").write_text("the cell's")
    save("both.txt", "and a person's")
    (root / "cell_1.txt").write_text("the cell's")
    (root / "other.txt").write_text("nobody knows whose")
    (root / "log.sqlite-wal").write_text("the cell's database")
    done = steps.finish(step, ["both.txt", str(root / "cell_2.txt"), "log.sqlite"])
    assert done is not None
    assert of_others(steps, done, chosen(steps, done)) == {SAVED: ["both.txt", "mine.txt"], NOT_SEEN: ["other.txt"]}


def test_the_list_stays_small_and_bears_torn_lines(tmp_path: Path) -> None:
    begun = time.time()
    (tmp_path / saves.NAME).write_bytes(b'{"time": 1, "pa\n[]\n\xff\n')
    for number in range(6000):
        saves.note(tmp_path, f"/w/{number:06d}/{'x' * 60}")
    assert sum(one.stat().st_size for one in tmp_path.iterdir()) < 2.1 * saves.LARGEST
    assert f"/w/005999/{'x' * 60}" in saves.since(tmp_path, begun)
    assert saves.since(tmp_path, time.time() + 1) == set()
