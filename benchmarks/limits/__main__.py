"""``python -m benchmarks limits``: what the limits cost, against the same guarded kernel without any.

Both kernels take turns in every round, so that a busy machine is busy for both.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.kernel.client import Kernel

LIMITS = """version = 1
[limits]
memory = "4 GiB"
cell_seconds = 3600
cell_cpu_seconds = 3600
processes = 256
open_files = 4096
disk = "10 GiB"
output = "1 GiB"
recursion = 20000
"""
HEAVY = "total = 0\nfor number in range(6_000_000): total += number * number"
# Near the limit on memory, each look has to ask for the shares of every process.
CHILDREN = """
import multiprocessing, time
context = multiprocessing.get_context("fork")
data = bytes(300_000_000)
made = [context.Process(target=time.sleep, args=(1.5,)) for _ in range(20)]
[one.start() for one in made]
[one.join() for one in made]
"""
NAMES = ("without limits", "with all limits")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of the limits.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--markdown", action="store_true", help="print the table once more, as the docs have it")
    options = parser.parse_args()
    gc.disable()
    lines = ["| | without limits | with all limits | ratio |", "|---|---:|---:|---:|"]
    with tempfile.TemporaryDirectory() as folder:
        kernels = _kernels(Path(folder))
        try:
            for kernel in kernels.values():
                _passes(kernel, 30)
            for title, rounds, measure, unit in _measurements(options.rounds):
                values: dict[str, list[float]] = {name: [] for name in NAMES}
                for number in range(rounds):
                    for name in NAMES if number % 2 else reversed(NAMES):
                        values[name].append(measure(kernels[name]))
                without, limited = (statistics.median(values[name]) for name in NAMES)
                print(
                    f"{title:44}{without:>10.2f} {unit:<3}{limited:>10.2f} {unit:<3}{limited / without:>8.3f}",
                    flush=True,
                )
                lines.append(f"| {title} | {without:.2f} {unit} | {limited:.2f} {unit} | {limited / without:.2f} |")
        finally:
            for kernel in kernels.values():
                kernel.close()
    if options.markdown:
        print(
            "\n"
            + "\n".join([*lines, "", f"Medians of {options.rounds} rounds for `pass`, fewer for what takes longer."])
        )


def _kernels(folder: Path) -> dict[str, Kernel]:
    found = {}
    for name, text in zip(NAMES, ("version = 1\n", LIMITS), strict=True):
        policy = folder / f"{name.split()[0]}.toml"
        policy.write_text(text)
        os.environ["JUPYTER_GUARD_POLICY"] = str(policy)
        found[name] = Kernel("guarded")
        found[name].run("1")
    del os.environ["JUPYTER_GUARD_POLICY"]
    return found


def _measurements(rounds: int) -> list[tuple[str, int, Callable[[Kernel], float], str]]:
    few = max(3, rounds // 6)
    return [
        ("`pass`, p50", rounds, lambda kernel: statistics.median(_passes(kernel, 40)) * 1e3, "ms"),
        ("`pass`, CPU of the wrapper", max(4, rounds // 2), _pass_cpu, "ms"),
        ("a cell that only computes", few, lambda kernel: kernel.run(HEAVY)[0] * 1e3, "ms"),
        ("its CPU, of the wrapper", few, lambda kernel: _wrapper_cpu(kernel, HEAVY), "ms"),
        (
            "20 processes that share 300 MB, CPU of the wrapper",
            few,
            lambda kernel: _wrapper_cpu(kernel, CHILDREN),
            "ms",
        ),
        ("idle for 5 s, CPU of the wrapper", 2, _idle_cpu, "ms"),
        (
            "unshared memory of the wrapper",
            1,
            lambda kernel: psutil.Process(kernel.process.pid).memory_full_info().uss / 2**20,
            "MB",
        ),
    ]


def _passes(kernel: Kernel, count: int) -> list[float]:
    return [kernel.run("pass")[0] for _ in range(count)]


def _pass_cpu(kernel: Kernel) -> float:
    before = _own_cpu(kernel)
    _passes(kernel, 150)
    return (_own_cpu(kernel) - before) / 150


def _wrapper_cpu(kernel: Kernel, code: str) -> float:
    before = _own_cpu(kernel)
    kernel.run(code)
    return _own_cpu(kernel) - before


def _idle_cpu(kernel: Kernel) -> float:
    before = _own_cpu(kernel)
    time.sleep(5.2)
    return _own_cpu(kernel) - before


def _own_cpu(kernel: Kernel) -> float:
    """Milliseconds on a processor, exactly: the sums in ``stat`` are of ticks."""
    total = 0
    for task in Path(f"/proc/{kernel.process.pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e6


if __name__ == "__main__":
    main()
