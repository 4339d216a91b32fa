"""What a cell has started is ended before the kernel where the machine runs out, and many open files are warned of."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from jupyter_guard.isolate import tree
from jupyter_guard.kernel.victims import SOONER, Earlier, score
from tests.kernel.front import Front

Limited = Callable[..., Front]


@pytest.mark.parametrize(("own", "then"), [(0, SOONER), (900, 900)])
def test_a_child_is_marked_once_and_never_spared(own: int, then: int) -> None:
    kernel = tree.look(os.getpid())
    assert kernel is not None
    with subprocess.Popen(["sleep", "60"]) as child:
        own, then = own + score(kernel.pid), then + score(kernel.pid)
        with open(f"/proc/{child.pid}/oom_score_adj", "w") as file:
            file.write(str(own))
        found = tree.look(child.pid)
        assert found is not None
        earlier = Earlier()
        earlier.mark(kernel, [found])
        assert score(child.pid) == then
        with open(f"/proc/{child.pid}/oom_score_adj", "w") as file:
            file.write("999")
        earlier.mark(kernel, [found])
        assert score(child.pid) == 999
        child.kill()
    earlier.mark(kernel, [found])


def test_open_files_are_counted() -> None:
    before = tree.open_files(os.getpid())
    made = [os.open(os.devnull, os.O_RDONLY) for _ in range(50)]
    try:
        assert tree.open_files(os.getpid()) == before + 50
    finally:
        for one in made:
            os.close(one)
    assert tree.open_files(2**22 + 1) == 0


def test_a_cell_that_opens_many_files_is_warned_and_its_children_go_first(limited: Limited) -> None:
    front = limited("open_files = 500\n")
    code = "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '60'])\n"
    code += "kept = [open(os.devnull) for _ in range(380)]\ntime.sleep(0.6)\n"
    code += "read = lambda who: int(open(f'/proc/{who}/oom_score_adj').read())\n"
    run = front.run(code + "found = read(child.pid) - read('self')\nchild.kill()\nfound")
    assert run.result == str(SOONER)
    assert run.text.count("of 500 used") == 1
    assert "limits.open_files" in run.text
    assert not run.of("error")
