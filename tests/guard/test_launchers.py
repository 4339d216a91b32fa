"""Where a kernel's command starts ipykernel, and that nothing is taken for it that runs something else first."""

from __future__ import annotations

import pytest

from jupyter_guard.guard.launchers import launcher_at, unwelcome

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


FILE = ["-f", "{connection_file}"]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        # What `python -m ipykernel install` writes, with and without `--frozen_modules`.
        ([], FILE, []),
        (["-Xfrozen_modules=off"], FILE, []),
        (["-X", "utf8", "-W", "ignore", "-EsB"], ["--f={connection_file}", "--debug", "--colors=NoColor"], []),
        ([], ["--IPKernelApp.connection_file={connection_file}", "--quiet"], []),
        ([], [*FILE, "--IPKernelApp.exec_lines=print(1)"], ["--IPKernelApp.exec_lines=print(1)"]),
        ([], [*FILE, "--profile", "mine"], ["--profile", "mine"]),
        ([], [*FILE, "--profile-dir=/home/ann/p"], ["--profile-dir=/home/ann/p"]),
        ([], [*FILE, "--config=/home/ann/c.py"], ["--config=/home/ann/c.py"]),
        ([], [*FILE, "--IPKernelApp.kernel_class=mine.Kernel"], ["--IPKernelApp.kernel_class=mine.Kernel"]),
        # It imports matplotlib, which may be a file of the working folder.
        ([], [*FILE, "--matplotlib=inline"], ["--matplotlib=inline"]),
        ([], ["-c", "import mine", *FILE], ["-c", "import mine"]),
        ([], ["mine.py", *FILE], ["mine.py"]),
        ([], ["-f", "/home/ann/connection.json"], ["-f", "/home/ann/connection.json"]),
        (["-Xpycache_prefix=/home/ann"], FILE, ["-Xpycache_prefix=/home/ann"]),
        (["-X", "presite=mine"], FILE, ["-Xpresite=mine"]),
        (["-W", "error::mine.Warn"], FILE, ["-Werror::mine.Warn"]),
    ],
)
def test_what_a_users_command_may_not_say(before: list[str], after: list[str], found: list[str]) -> None:
    assert unwelcome(["python", *before, "-m", "ipykernel_launcher", *after]) == found
    assert unwelcome([*CONDA, *before, "-m", "ipykernel_launcher", *after]) == found
