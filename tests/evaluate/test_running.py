"""Samples are run in real isolated kernels: what runs is told from what does not, and nothing gets out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from jupyter_guard.evaluate.running import NoBoxError, runs
from jupyter_guard.evaluate.sample import Sample
from jupyter_guard.terms import Cell

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(sys.platform != "linux", reason="isolation is there on Linux only"),
]


def sample(*codes: str, language: str = "python") -> Sample:
    return Sample("m", "t", 1, "here", tuple(Cell(code, language=language) for code in codes))


def told(one: Sample, seconds: int = 20) -> bool | None:
    try:
        return runs(one, seconds)
    except NoBoxError as error:
        pytest.skip(f"no isolated kernel starts here: {error}")


def test_cells_run_in_order_with_magics_and_shell() -> None:
    assert (
        told(sample("x = 2", "%time y = x + 1\nassert y == 3", "open('a.txt', 'w').write('kept')", "!test -s a.txt"))
        is True
    )
    assert told(sample("echo $((1 + 1)) > b.txt", "test -s b.txt", language="bash")) is True


@pytest.mark.parametrize("code", ["1 / 0", "def (", "import os\nos._exit(3)", "input('who? ')"])
def test_what_fails_does_not_run(code: str) -> None:
    assert told(sample("x = 1", code)) is False


def test_what_never_ends_does_not_run() -> None:
    assert told(sample("while True: pass"), seconds=2) is False


def test_without_code_or_with_sql_nothing_is_started() -> None:
    assert runs(sample(), 1) is False
    assert runs(sample("SELECT 1", language="sql"), 1) is None


def test_nothing_gets_out_and_no_secret_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "-".join(["correct", "horse"]))
    mark = tmp_path / "mark"
    mark.write_text("as it was")
    assert (
        told(
            sample(
                f"import os\nassert 'SHOP_TOKEN' not in os.environ\nassert os.environ['HOME'] != {os.environ['HOME']!r}"
            )
        )
        is True
    )
    told(sample(f"open({str(mark)!r}, 'w').write('changed')"))
    assert mark.read_text() == "as it was"
    assert told(sample("import socket\nsocket.create_connection(('1.1.1.1', 80), 3)")) is False
