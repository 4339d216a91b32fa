"""Programs that run notebooks: the same outputs as under the plain kernel, and the same errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

pytestmark = pytest.mark.kernel
NAME = "guarded-under-test"


@pytest.fixture(autouse=True)
def kernelspec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "jupyter" / "kernels" / NAME
    place.mkdir(parents=True)
    argv = [sys.executable, "-P", "-m", "jupyter_guard.kernel", "-f", "{connection_file}"]
    Path(place, "kernel.json").write_text(json.dumps({"argv": argv, "display_name": NAME, "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))


def notebook(*cells: str) -> Any:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    made.metadata["kernelspec"] = {"name": NAME, "display_name": NAME, "language": "python"}
    return made


CELLS = (
    "import sys\nprint('out'); print('err', file=sys.stderr)",
    "6 * 7",
    "from IPython.display import HTML, display\nh = display('a', display_id='x')\nh.update('b')\nHTML('<b>x</b>')",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
)


def outputs(name: str, folder: Path) -> list[Any]:
    made = notebook(*CELLS)
    NotebookClient(made, kernel_name=name, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in made.cells]


def test_nbclient_gets_the_same_outputs(tmp_path: Path) -> None:
    assert outputs(NAME, tmp_path) == outputs("python3", tmp_path)


def test_nbclient_stops_at_an_error(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        NotebookClient(notebook("1/0", "2"), kernel_name=NAME).execute()


def test_nbclient_sees_a_dead_kernel_and_the_reason_stands_in_the_notebook() -> None:
    made = notebook("1", "import os; os._exit(3)", "2")
    with pytest.raises(DeadKernelError):
        NotebookClient(made, kernel_name=NAME).execute()
    assert "exit status 3" in made.cells[1].outputs[0].evalue


# What a program in the kernel has put into the notebook counts as an assistant's.
PUT = "get_ipython().set_next_input({!r})"
HIDDEN = "m, f, a = calls[{}]\ngetattr(importlib.import_module(m), f)(*a)"


def test_nbclient_runs_what_is_watched_and_can_be_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    (work / "reports" / "old").mkdir(parents=True)
    kept = {work / "reports" / "sum.csv": "sum\n3\n", work / "reports" / "old" / "2023.csv": "a,b\n1,2\n"}
    for path, text in kept.items():
        path.write_text(text)
    calls = [["shutil", "rmtree", ["reports"]], ["os", "system", ["rm -rf /nowhere/at/all"]]]
    (work / "calls.json").write_text(json.dumps(calls))
    monkeypatch.setenv("HOME", str(home))
    made = notebook(
        "import importlib, json, os\ncalls = json.load(open('calls.json'))",
        PUT.format(HIDDEN.format(0)),
        HIDDEN.format(0),
        "os.path.exists('reports')",
        PUT.format(HIDDEN.format(1)),
        HIDDEN.format(1),
        "%guard undo reports",
    )
    NotebookClient(made, kernel_name=NAME, allow_errors=True, resources={"metadata": {"path": str(work)}}).execute()
    said = ["".join(str(one) for one in cell.outputs) for cell in made.cells]
    assert said[:3] == ["", "", ""]
    assert "False" in said[3]
    (error,) = (one for one in made.cells[5].outputs if one.output_type == "error")
    assert (error.ename, "is about to do" in error.evalue) == ("CellBlocked", True)
    assert "Brought back" in said[6]
    assert {path: path.read_text() for path in kept} == kept


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]


def test_nbconvert_executes_a_notebook(tmp_path: Path) -> None:
    nbformat.write(notebook(*CELLS), tmp_path / "a.ipynb")
    words = ["nbconvert", "--execute", "--to", "notebook", "--output", "b.ipynb", "a.ipynb"]
    run([sys.executable, "-m", "jupyter", *words], tmp_path)
    assert nbformat.read(tmp_path / "b.ipynb", 4).cells[1].outputs[0].data["text/plain"] == "42"


def test_papermill_executes_a_notebook_with_parameters(tmp_path: Path) -> None:
    pytest.importorskip("papermill")
    made = notebook("x = 1", "print(x + 1)")
    made.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(made, tmp_path / "a.ipynb")
    run([sys.executable, "-m", "papermill", "a.ipynb", "b.ipynb", "-p", "x", "41", "--no-progress-bar"], tmp_path)
    assert "42" in str(nbformat.read(tmp_path / "b.ipynb", 4).cells[-1].outputs)
