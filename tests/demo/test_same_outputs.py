"""Ten notebooks that nobody here wrote give the same outputs under the guarded kernel as under plain ipykernel."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from running import comparable, demo_module, steady_environment

FOREIGN = sorted((Path(__file__).parent / "foreign").glob("*.ipynb"))
# The notebooks draw random numbers without a seed; both runs draw the same ones.
SEED = "import numpy; numpy.random.seed(0); del numpy"

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(600)]


def test_there_are_ten() -> None:
    assert len(FOREIGN) == 10
    for path in FOREIGN:
        source = nbformat.read(path, as_version=4).metadata["source"]
        assert source["repository"].startswith("https://")
        assert (path.parent / source["licence_text"]).is_file()


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.stem)
def test_outputs_are_the_same(path: Path, tmp_path: Path) -> None:
    run_notebook = demo_module("headless").run_notebook
    notebook = nbformat.read(path, as_version=4)
    runs = []
    for kernel in ("python3", "guarded-python"):
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        runs.append(run_notebook(notebook, kernel, folder, SEED, steady_environment()))
    plain, guarded = runs
    assert guarded.snapshot, "the guarded kernel did not answer on its comm"
    assert len(plain.cells) == len(guarded.cells) > 5
    for before, after in zip(plain.cells, guarded.cells, strict=True):
        assert comparable(after.outputs) == comparable(before.outputs), f"cell {before.number}: {before.cell.source}"
        assert after.status == before.status
        assert after.questions == []
    states = {one["state"] for one in guarded.snapshot["reports"]}
    assert states <= {"ran"}
    assert guarded.snapshot["redactions"] == []
