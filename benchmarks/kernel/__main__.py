"""``python -m benchmarks kernel``: what the guarded kernel costs, in medians and ratios.

Plain ipykernel, a C-only proxy and the guarded kernel take turns in every round, so that a busy machine is busy for
all of them.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.kernel.client import KERNELS, Kernel

MEGABYTES = 100
ROUNDS_A_KERNEL = 5
LINE = "line = 'a quite ordinary line of output, number 12345 ' * 20\n"
PRINT = LINE + f"for _ in range({MEGABYTES * 1000}): print(line[:999])"
BUFFERS = """
from ipykernel.comm import Comm
c = Comm(target_name="benchmark", data={})
for _ in range(10): c.send({"n": 1}, buffers=[bytes(5_000_000)])
c.close()
"""
LINES = "import sys\nfor i in range(%d): print('line', i); sys.stdout.flush()"
SQL = "import sqlite3\nsqlite3.connect(':memory:').execute('create table t (n int)').fetchall()"


class Table:
    """Measurements by kernel, printed as medians and ratios; ``lines`` collects them for a page in Markdown."""

    def __init__(self) -> None:
        self.lines = [
            "| | plain ipykernel | C-only proxy | guarded | against the proxy | against plain |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        print(f"{'':34}" + "".join(f"{name:>14}" for name in KERNELS) + f"{'/ proxy':>10}{'/ plain':>10}")

    def row(self, title: str, values: dict[str, list[float]], scale: float = 1e3, unit: str = "ms") -> None:
        """Print one row of medians."""
        medians = {name: statistics.median(values[name]) for name in KERNELS}
        cells = "".join(f"{medians[name] * scale:>11.2f} {unit:<2}" for name in KERNELS)
        guarded = medians["guarded"]
        proxy, plain = (guarded / medians[name] if medians[name] else 0.0 for name in ("C-only proxy", "plain"))
        print(f"{title:34}{cells}{proxy:>10.3f}{plain:>10.3f}", flush=True)
        shown = " | ".join(f"{medians[name] * scale:.1f} {unit}" for name in KERNELS)
        self.lines.append(f"| {title} | {shown} | {proxy:.2f} | {plain:.2f} |")


def each_round(rounds: int, measure: Callable[[str], float]) -> dict[str, list[float]]:
    """``measure`` for every kernel in turn, in a rotating order."""
    values: dict[str, list[float]] = {name: [] for name in KERNELS}
    names = list(KERNELS)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            values[name].append(measure(name))
    return values


def start_time(name: str) -> float:
    """Seconds from spawn to the first answer."""
    kernel = Kernel(name)
    kernel.close()
    return kernel.started


def passes(kernel: Kernel, count: int) -> list[float]:
    """Round trips of a cell that does nothing."""
    return [kernel.run("pass")[0] for _ in range(count)]


def buffers(rounds: int) -> dict[str, list[float]]:
    """How long the large buffers take, in kernels of their own, a few rounds in each.

    Whether the C library keeps a freed buffer's memory is decided once in a process, and in the child it costs or
    saves a tenth of all: no single kernel shows the cost of what stands before it.
    """
    values: dict[str, list[float]] = {name: [] for name in KERNELS}
    for _ in range(max(1, rounds // ROUNDS_A_KERNEL)):
        kernels = {name: Kernel(name) for name in KERNELS}
        try:
            for kernel in kernels.values():
                kernel.run(BUFFERS)
            measured = each_round(min(rounds, ROUNDS_A_KERNEL), partial(_send_buffers, kernels))
        finally:
            for kernel in kernels.values():
                kernel.close()
        for name, times in measured.items():
            values[name] += times
    return values


def _send_buffers(kernels: dict[str, Kernel], name: str) -> float:
    return kernels[name].run(BUFFERS)[0]


def lost_lines(kernel: Kernel, count: int) -> int:
    """How many of ``count`` flushed lines did not arrive."""
    published = kernel.run(LINES % count)[1]
    text = "".join(json.loads(frames[6])["text"] for frames in published if frames[0].startswith(b"stream"))
    return count - text.count("line ")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of the guarded kernel.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", default="start,pass,cpu,print,buffers,lines,memory")
    parser.add_argument("--markdown", action="store_true", help="print the table once more, as the README has it")
    options = parser.parse_args()
    wanted = set(options.only.split(","))
    what = describe()
    notes = []
    table = Table()
    gc.disable()
    if "start" in wanted:
        table.row("start to first answer", each_round(max(3, options.rounds // 3), start_time))
    kernels: dict[str, Kernel] = {}
    try:
        for name in KERNELS:
            kernels[name] = Kernel(name)
        for kernel in kernels.values():
            passes(kernel, 30)
        if "pass" in wanted:
            table.row(
                "pass, p50", each_round(options.rounds, lambda name: statistics.median(passes(kernels[name], 40)))
            )
        if "cpu" in wanted:

            def cpu(name: str) -> float:
                before = kernels[name].cpu()
                passes(kernels[name], 150)
                return (kernels[name].cpu() - before) / 150

            table.row("pass, CPU of all processes", each_round(max(4, options.rounds // 4), cpu))
        if "print" in wanted:
            table.row(
                f"{MEGABYTES} MB print",
                each_round(max(3, options.rounds // 6), lambda name: kernels[name].run(PRINT)[0]),
            )
        if "buffers" in wanted:
            table.row("10 x 5 MB buffers", buffers(options.rounds))
        if "lines" in wanted:
            table.row(
                "10,000 flushed prints",
                each_round(max(3, options.rounds // 6), lambda name: kernels[name].run(LINES % 10_000)[0]),
            )
            lost = {name: lost_lines(kernels[name], 15_000) for name in KERNELS}
            notes.append("lost of 15,000 lines: " + ", ".join(f"{name} {count}" for name, count in lost.items()))
            print(notes[-1])
        if "memory" in wanted and wanted & {"print", "buffers", "lines"}:
            notes += memory("after all of this", kernels["guarded"])
    finally:
        for kernel in kernels.values():
            kernel.close()
    if "memory" in wanted:
        fresh = Kernel("guarded")
        try:
            fresh.run(SQL)
            notes += memory("after the first cell with SQL", fresh)
        finally:
            fresh.close()
    if options.markdown:
        below = f"{what}; medians of {options.rounds} rounds. {'; '.join(notes)}."
        print("\n" + "\n".join([*table.lines, "", below]))


def memory(when: str, kernel: Kernel) -> list[str]:
    """Unshared memory of the wrapper and its helper at rest, a sentence each."""
    import psutil

    # What a flood took is given back in the first quiet moment.
    time.sleep(2)
    own = psutil.Process(kernel.process.pid)
    helper = [one for one in own.children() if "jupyter_guard.guard.helper" in one.cmdline()]
    told = []
    for title, processes in (("wrapper", [own]), ("helper", helper)):
        found = [one.memory_full_info() for one in processes]
        uss, pss = sum(one.uss for one in found) / 2**20, sum(one.pss for one in found) / 2**20
        told.append(f"memory of the {title} {when}: {uss:.1f} MB unshared (USS), {pss:.1f} MB proportional (PSS)")
        print(told[-1])
    return told


def describe() -> str:
    """Print what is active: a figure without its policy, engine and backend means nothing."""
    from jupyter_guard.policy import load_effective
    from jupyter_guard.scrub.engine import engine_for, prepare

    policy = load_effective(Path.cwd())
    prepare()
    engine = type(engine_for(None)).__name__
    what = f"policy {policy.hash} ({policy.mode}), scrub engine {engine}, isolation backend {policy.isolation.backend}"
    print(what)
    return what


if __name__ == "__main__":
    main()
