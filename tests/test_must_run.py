"""A test that may not be skipped, and is: the run fails in continuous integration, and says which one and why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SKIPPED = "import pytest\n@pytest.mark.skip(reason='no such program here')\ndef test_it():\n    pass\n"
RUN = "def test_other():\n    pass\n"


def closing(folder: Path, listed: str, *words: str, ci: str = "true") -> tuple[int, str]:
    """The exit status and the output of the tests in ``folder``, with the list and what these tests themselves have."""
    tests = folder / "tests"
    tests.mkdir()
    shutil.copy(HERE / "conftest.py", tests)
    (tests / "must_run.txt").write_text(f"# a comment\n{listed}\n")
    (tests / "test_skipped.py").write_text(SKIPPED)
    (tests / "test_run.py").write_text(RUN)
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        # Of the plugins, only what is named: most of the time is for others'.
        env={**environment, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("words", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "in processes"])
def test_one_that_is_listed_and_skipped_fails_the_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    status, said = closing(tmp_path, "tests/test_skipped.py", *words)
    assert "1 passed, 1 skipped" in said
    assert "MUST RUN, but skipped: tests/test_skipped.py::test_it: Skipped: no such program here" in said
    assert status == pytest.ExitCode.TESTS_FAILED


def test_a_name_that_no_test_has_fails_the_run(tmp_path: Path) -> None:
    status, said = closing(tmp_path, "tests/test_run.py\ntests/test_gone.py::test_it")
    assert "MUST RUN, but there is no such test: tests/test_gone.py::test_it" in said
    assert "tests/test_run.py" not in said.partition("MUST RUN")[2]
    assert status == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("listed", "words", "ci"),
    [
        ("tests/test_run.py", (), "true"),
        # A person's machine may lack what the test needs, and who names a test asks for that one only.
        ("tests/test_skipped.py", (), ""),
        ("tests/test_skipped.py", ("tests",), "true"),
    ],
    ids=["another one is skipped", "not in CI", "named"],
)
def test_everything_else_is_as_ever(tmp_path: Path, listed: str, words: tuple[str, ...], ci: str) -> None:
    status, said = closing(tmp_path, listed, *words, ci=ci)
    assert "1 passed, 1 skipped" in said
    assert "MUST RUN" not in said
    assert status == pytest.ExitCode.OK


def test_each_name_on_the_list_is_in_a_file_that_is_there() -> None:
    listed = [one for one in (HERE / "must_run.txt").read_text().splitlines() if one and one[0] != "#"]
    assert len(listed) == len(set(listed)) > 50
    for one in listed:
        path, _, name = one.partition("::")
        files = list(HERE.parent.glob(f"{path}*"))
        assert files, one
        assert not name or f"def {name.partition('[')[0]}" in files[0].read_text(), one
