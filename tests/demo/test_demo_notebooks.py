"""The demo notebooks do under the guarded kernel what they promise, and say so themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from running import DEMO, demo_module

NOTEBOOKS = sorted(DEMO.glob("*.ipynb"))


def test_the_four_notebooks_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["analysis", "assistant_day", "tools_only", "tour"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_well_formed_and_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "guarded-python"
    assert set(notebook.metadata.jupyter_guard_demo) == set(demo_module("run").KINDS)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    # A stopped cell is an error on purpose: Run All goes on after it.
    stopped = [one for one in notebook.cells if "raises-exception" in one.metadata.get("tags", [])]
    promised = notebook.metadata.jupyter_guard_demo
    assert len(stopped) >= promised["blocked"]


@pytest.mark.kernel
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_its_promises(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = demo_module("run").main([str(path)])
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert "as promised" in printed


@pytest.mark.kernel
def test_a_broken_promise_is_an_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    notebook.metadata["jupyter_guard_demo"] = {"blocked": 1}
    nbformat.write(notebook, tmp_path / "wrong.ipynb")
    assert demo_module("run").main([str(tmp_path / "wrong.ipynb")]) == 1
    assert "blocked: promised 1, got 0" in capsys.readouterr().out
