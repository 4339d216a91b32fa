"""What turns up while a cell runs: by whom it counts as written, and how people are told of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jupyter_guard.guard.inner import Writers, to_set_aside
from jupyter_guard.guard.pipeline import Pipeline
from jupyter_guard.guard.protocol import Judged, Vet

HARM = "import shutil, os\nshutil.rmtree(os.path.expanduser('~'))\n"
DEFINED = "import shutil, os\ndef wipe():\n    shutil.rmtree(os.path.expanduser('~'))\n"


def judge(pipeline: Pipeline, code: str, origin: str = "unknown", **more: object) -> Judged:
    return pipeline.judge(Vet(1, code.encode(), origin, **more))  # type: ignore[arg-type]


def test_a_file_counts_as_written_by_its_cell(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    path = str(tmp_path / "mine.py")
    judge(pipeline, "%%writefile mine.py\nx = 1", "assistant", number=4)
    found = judge(pipeline, HARM, "human", how="module", path=path, cells=((7, 2),))
    assert found.verdict == "block"
    assert b"imported by line 2 of cell 7, written by cell 4" in found.errors["blocked"]
    assert judge(pipeline, HARM, "human", how="module", path=str(tmp_path / "other.py")).verdict == "confirm"


def test_whose_acts_are_judged_stays_while_the_policy_cannot_be_read(tmp_path: Path) -> None:
    policy = tmp_path / "jupyter_guard.toml"
    policy.write_text(
        'version = 1\n[origin.unknown]\ncritical = "block"\nhigh = "block"\nmedium = "confirm"\nunread = "block"\n'
    )
    pipeline = Pipeline(tmp_path)
    assert pipeline.standing.watched == ("unknown", "imported", "assistant")
    policy.write_text("version = \n")
    assert pipeline.take_up_policy()
    assert pipeline.standing.problems
    assert pipeline.standing.watched == ("unknown", "imported", "assistant")
    assert judge(pipeline, "1 + 1", how="act").verdict == "block"
    policy.unlink()
    assert pipeline.take_up_policy()
    assert pipeline.standing.watched == ("imported", "assistant")


def test_a_file_that_a_refused_cell_would_have_written_is_nobodys(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    judge(pipeline, "open('mine.py', 'w')\n" + HARM, "assistant", number=4)
    assert judge(pipeline, HARM, "human", how="module", path=str(tmp_path / "mine.py")).verdict == "confirm"


def test_text_is_read_with_the_sessions_names_and_defines_some(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    judge(pipeline, "import shutil, os\nhome = os.path.expanduser('~')\nremove = shutil.rmtree")
    assert judge(pipeline, "remove(home)", how="text").verdict == "confirm"
    judge(pipeline, "again = remove", how="text")
    assert judge(pipeline, "again(home)").verdict == "confirm"


def test_what_is_only_looked_at_defines_nothing(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path)
    judge(pipeline, "import shutil, os\nhome = os.path.expanduser('~')")
    judge(pipeline, "(go := shutil.rmtree)", how="look")
    assert judge(pipeline, "go(home)").verdict == "allow"
    assert judge(pipeline, "shutil.rmtree(home)", how="look").verdict == "confirm"
    assert judge(pipeline, "shutil.rmtree(home", how="look").verdict == "allow"


def test_functions_of_a_module_that_was_there_before_are_read_when_they_are_called(tmp_path: Path) -> None:
    path = tmp_path / "before.py"
    path.write_text(DEFINED)
    pipeline = Pipeline(tmp_path)
    pipeline._writers._since = time.time() + 60
    assert judge(pipeline, DEFINED, "assistant", how="module", path=str(path)).verdict == "allow"
    assert judge(pipeline, DEFINED + "wipe()\n", "assistant", how="module", path=str(path)).verdict == "block"
    pipeline._writers._since = 0.0
    assert judge(pipeline, DEFINED, "assistant", how="module", path=str(path)).verdict != "allow"


def test_a_file_with_a_forged_time_is_new(tmp_path: Path) -> None:
    writers = Writers(tmp_path)
    path = tmp_path / "forged.py"
    path.write_text("")
    os.utime(path, (0, 0))
    assert writers.is_new(str(path))
    assert writers.is_new(str(tmp_path / "not_there.py"))
    assert not writers.is_new(os.__file__)


def aside(tmp_path: Path, code: str) -> tuple[str, ...] | None:
    pipeline = Pipeline(tmp_path)
    judge(pipeline, "1")
    # As if somebody had allowed what the policy refuses.
    return to_set_aside(pipeline._vet(code, Vet(2, code.encode(), "assistant")), ["assistant"])


def test_a_file_that_nobody_can_foresee_is_said(tmp_path: Path) -> None:
    code = "import os\ndef gone(path): os.remove(path)\nopen('a', 'w')\ngone(input())"
    assert aside(tmp_path, code) == ("", "a")
    assert aside(tmp_path, "open('a', 'w')") == ("a",)


def test_more_files_than_are_named_are_said(tmp_path: Path) -> None:
    found = aside(tmp_path, "\n".join(f"open('a{number}', 'w')" for number in range(600)))
    assert found is not None
    assert found[0] == ""
    assert len(found) <= 500
    assert "a10" in found


@pytest.mark.parametrize("suffix", ["", "-wal", "-journal"])
@pytest.mark.parametrize(
    "code",
    [
        "import sqlite3\nsqlite3.connect('data/shop.db').execute('DELETE FROM sales')",
        "import sqlite3\nsqlite3.connect('data/shop.db').executescript('DROP TABLE sales')",
        "import sqlalchemy\nengine = sqlalchemy.create_engine('sqlite:///data/shop.db')\n"
        "engine.connect().execute(sqlalchemy.text('DELETE FROM sales'))",
    ],
)
def test_of_a_database_its_file_is_set_aside(tmp_path: Path, code: str, suffix: str) -> None:
    found = aside(tmp_path, code)
    assert found is not None
    assert "data/shop.db" + suffix in found
    assert not any("`" in one for one in found)


@pytest.mark.parametrize("place", ["postgresql://host/shop", "sqlite://"])
def test_a_database_that_is_no_file_is_none(tmp_path: Path, place: str) -> None:
    code = f"import sqlalchemy\nengine = sqlalchemy.create_engine({place!r})\n"
    assert aside(tmp_path, code + "engine.connect().execute(sqlalchemy.text('DELETE FROM sales'))") == ()
