"""Where a kernel's command starts ipykernel, and that nothing is taken for it that runs something else first."""

from __future__ import annotations

import pytest

from jupyter_guard.guard.launchers import launcher_at

CONDA = ["python", "-m", "nb_conda_kernels.runner", "/opt/conda", "/home/ann/env", "/home/ann/env/bin/python"]


@pytest.mark.parametrize(
    ("argv", "at"),
    [
        (["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], 1),
        (["python", "-m", "ipykernel", "-f", "x"], 1),
        # What `python -m ipykernel install --user` writes since Python 3.11.
        (["python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "x"], 2),
        (["python", "-X", "utf8", "-W", "ignore", "-EsB", "-m", "ipykernel_launcher"], 6),
        ([*CONDA, "-m", "ipykernel_launcher", "-f", "x"], 6),
        ([*CONDA, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "x"], 7),
        ([*CONDA[:5], "-m", "ipykernel_launcher"], -1),
        ([*CONDA, "-c", "import os", "-m", "ipykernel_launcher"], -1),
        (["python", "-c", "import os", "-m", "ipykernel_launcher"], -1),
        (["python", "-ic", "-m", "ipykernel_launcher"], -1),
        (["python", "-m", "mine", "-m", "ipykernel_launcher"], -1),
        (["sh", "x.py", "-m", "ipykernel_launcher"], -1),
        (["python", "-X"], -1),
        (["python", "-", "-m", "ipykernel_launcher"], -1),
        (["python"], -1),
        ([], -1),
    ],
)
def test_where_it_starts(argv: list[str], at: int) -> None:
    assert launcher_at(argv) == at
