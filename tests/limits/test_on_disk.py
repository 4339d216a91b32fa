"""What cells write to the disk is counted together: one file, many, and what children write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from tests.kernel.front import Front

from .conftest import cards

Limited = Callable[..., Front]


def test_a_large_file_is_an_error(limited: Limited) -> None:
    front = limited('disk = "50 MiB"\n')
    front.run("kept = 42")
    run = front.run("with open('big', 'wb') as file:\n    for _ in range(2000): file.write(bytes(10**6))")
    # "File too large", or an interrupt where the sum was seen first.
    assert run.status == "error"
    assert "limits.disk` = 50 MiB" in run.text + cards(run)
    assert (front.folder / "big").stat().st_size <= 50 * 2**20
    assert front.run("kept").result == "42"


def test_what_a_cell_wrote_before_it_ended_costs_neither_the_kernel_nor_the_next_cell(limited: Limited) -> None:
    front = limited('disk = "50 MiB"\n')
    front.run("kept = 42")
    # Over within one look, most times: it ends before anybody sees what it has written.
    run = front.run("for i in range(60):\n    with open(f'small{i}', 'wb') as file: file.write(bytes(10**6))")
    if run.status == "error":
        assert "the limit on writing to disk was reached" in cards(run)
    for _ in range(5):
        time.sleep(0.1)
        assert front.run("kept").result == "42"


def test_many_files_and_what_children_write_count_together(limited: Limited) -> None:
    front = limited('disk = "50 MiB"\n')
    run = front.run(
        "import os, time\nos.mkdir('many')\n"
        "for i in range(20_000):\n"
        "    with open(f'many/{i}', 'wb') as file: file.write(bytes(20_000))\n    time.sleep(0.0002)"
    )
    assert run.error["ename"] == "KeyboardInterrupt"
    assert "so the cell was interrupted" in cards(run)
    assert len(os.listdir(front.folder / "many")) < 20_000
    run = front.run(
        "!for i in $(seq 400); do dd if=/dev/zero of=part$i bs=1M count=1 2> /dev/null; sleep 0.01; done; echo end"
    )
    assert "the limit on writing to disk was reached" in cards(run)
    assert len([one for one in os.listdir(front.folder) if one.startswith("part")]) < 400
