"""What a cell did stands beside what was read in it: foreseen and seen, foreseen only, seen only."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jupyter_guard.audit.place import read_records
from jupyter_guard.guard.card import MIME
from jupyter_guard.kernel.happened import compared, in_words

from .front import Front


def snapshot(kernel: Front) -> dict[str, Any]:
    """What a panel that opens now is told."""
    kernel.open_panel()
    return kernel.told("snapshot")


def test_three_parts() -> None:
    foreseen = {("file.delete", "results"), ("file.write", "out.csv"), ("data.destroy", "table `a` in `shop.db`")}
    seen = {("file.delete", "results/1.csv"), ("file.delete", "results"), ("file.write", "shop.db")}
    told = compared(
        foreseen, seen | {("file.write", "/w/other.csv"), ("file.delete", "old/x"), ("file.delete", "old")}, "/w"
    )
    assert told == {
        "both": ["data.destroy table `a` in `shop.db`", "file.delete results"],
        "foreseen": ["file.write out.csv"],
        "seen": ["file.delete old", "file.write /w/other.csv"],
    }
    assert in_words(told).startswith(
        "foreseen and seen: data.destroy table `a` in `shop.db`, file.delete results; foreseen only"
    )


def happened(home: Path) -> list[dict[str, Any]]:
    """What the journal has of it."""
    time.sleep(0.3)
    (path,) = (home / ".local/share/jupyter/jupyter_guard/audit").glob("*.jsonl")
    return [dict(one.happened) for _, one in read_records(path) if one.event == "happened"]


@pytest.fixture
def kernel(start: Callable[..., Front], tmp_path: Path) -> Front:
    """One whose home is no part of the workspace: IPython writes into it."""
    return start(home=tmp_path)


def test_the_audit_record_and_the_panel_have_it(kernel: Front, tmp_path: Path) -> None:
    (kernel.folder / "old.csv").write_text("old")
    (kernel.folder / "names.txt").write_text("os remove old.csv")
    code = "import importlib\nm, f, a = open('names.txt').read().split()\ngetattr(importlib.import_module(m), f)(a)\n"
    code += "open('new.csv', 'w').close()\nif len(a) > 100: open('never.csv', 'w').close()"
    assert kernel.assistant(code).status == "ok"
    told = {"both": ("file.write new.csv",), "foreseen": ("file.write never.csv",), "seen": ("file.delete old.csv",)}
    assert happened(tmp_path) == [told]
    (report,) = [one for one in snapshot(kernel)["reports"] if "happened" in one]
    assert report["happened"] == {name: list(part) for name, part in told.items()}


def test_a_statement_is_seen_as_it_was_executed(kernel: Front, tmp_path: Path) -> None:
    with closing(sqlite3.connect(kernel.folder / "shop.db")) as connection:
        connection.executescript("CREATE TABLE sales (id); INSERT INTO sales VALUES (1)")
    (kernel.folder / "sql.txt").write_text("UPDATE sales SET id = 2 WHERE id = 1")
    code = "import sqlite3\nwith sqlite3.connect('shop.db') as c: c.execute(open('sql.txt').read())"
    assert kernel.assistant(code).status == "ok"
    (told,) = happened(tmp_path)
    assert "file.write shop.db" in told["seen"]


def test_the_card_says_what_was_not_as_foreseen(kernel: Front) -> None:
    (kernel.folder / "old.csv").write_text("old")
    (kernel.folder / "names.txt").write_text("os remove old.csv")
    signals = "import os\ntry: os.kill(2 ** 22 + 1, 9)\nexcept OSError: pass\n"
    hidden = "import importlib\nm, f, a = open('names.txt').read().split()\ngetattr(importlib.import_module(m), f)(a)\n"
    run = kernel.assistant(signals + hidden + "if len(a) > 100: open('never.csv', 'w').close()")
    (card,) = run.of("display_data")
    # Before `idle`, after which nobody who saves notebooks listens to the cell.
    (again,) = run.of("update_display_data")
    assert run.published[-1]["content"] == {"execution_state": "idle"}
    assert again["content"]["transient"] == card["content"]["transient"]
    words = "Seen, not foreseen: deleting `old.csv`. Foreseen, not seen: writing `never.csv`."
    before, after = card["content"]["data"], again["content"]["data"]
    assert after["text/plain"] == f"{before['text/plain']}\n{words}"
    assert after["text/html"].count("<div") == after["text/html"].count("</div>")
    assert "Seen, not foreseen: deleting <code>old.csv</code>." in after["text/html"]
    assert after[MIME] == {**before[MIME], "happened": words}
    # What went as foreseen is no news.
    run = kernel.assistant(signals)
    assert (len(run.of("display_data")), run.of("update_display_data")) == (1, [])


def test_of_a_persons_cell_nothing_is_told(kernel: Front, tmp_path: Path) -> None:
    assert kernel.run("open('mine.csv', 'w').close()", metadata={"jupyter_guard": {"origin": "human"}}).status == "ok"
    assert happened(tmp_path) == []
