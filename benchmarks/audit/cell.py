"""What the audit costs a cell: the guarded kernel with and without it, in turns; and each part of it by itself."""

from __future__ import annotations

import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.audit.records import record
from benchmarks.kernel.client import KERNELS, Kernel

WITHOUT, TIMED = "guarded without audit", "guarded, its keeping timed"
CELLS: dict[str, Callable[[int], str]] = {
    "`pass`, which looks and does nothing": lambda _: "pass",
    "an assignment, another each time": lambda number: f"a{number} = {number}",
    "a file that is read, another each time": lambda number: f"open('/dev/null').read(); n = {number}",
}


def measure(rounds: int = 300) -> None:
    """Print the difference that the audit makes to a cell, and what a record costs the helper."""
    KERNELS[WITHOUT] = ["-m", "benchmarks.audit.unaudited"]
    KERNELS[TIMED] = ["-m", "benchmarks.audit.timed"]
    gc.disable()
    with tempfile.TemporaryDirectory() as home:
        before = os.environ.get("JUPYTER_DATA_DIR")
        os.environ["JUPYTER_DATA_DIR"] = home
        try:
            _cells(rounds)
            _waits(Path(home) / "times", rounds)
        finally:
            os.environ.pop("JUPYTER_DATA_DIR")
            if before is not None:
                os.environ["JUPYTER_DATA_DIR"] = before
        _parts(Path(home) / "parts")
    gc.enable()


def _cells(rounds: int) -> None:
    kernels = {"with": Kernel("guarded"), "without": Kernel(WITHOUT)}
    try:
        for kernel in kernels.values():
            for _ in range(50):
                kernel.run("pass")
        for name, code in CELLS.items():
            times: dict[str, list[float]] = {"with": [], "without": []}
            differences = []
            before = {one: _cpu(kernel) for one, kernel in kernels.items()}
            for number in range(rounds):
                for one in ("with", "without") if number % 2 else ("without", "with"):
                    times[one].append(kernels[one].run(code(number))[0] * 1e3)
                differences.append(times["with"][-1] - times["without"][-1])
            time.sleep(0.5)
            after = {one: _cpu(kernel) for one, kernel in kernels.items()}
            print(name)
            for at, p in ((0, "p10"), (4, "p50")):
                without, with_it = (statistics.quantiles(times[one], n=10)[at] for one in ("without", "with"))
                print(f"  a cell, {p}: {without:.3f} ms without, {with_it:.3f} ms with it ({with_it - without:+.3f})")
            print(f"  p50 of the differences of neighbours: {statistics.median(differences):+.3f} ms")
            for at, process in enumerate(("wrapper, before and after the cell", "helper, beside the cell")):
                without, with_it = ((after[one][at] - before[one][at]) / rounds for one in ("without", "with"))
                print(f"  processor a cell, {process}: {with_it - without:+.3f} ms", flush=True)
    finally:
        for kernel in kernels.values():
            kernel.close()


def _waits(file: Path, rounds: int) -> None:
    """What a cell waits for: the calls in the wrapper, before the cell is on its way and after it has ended."""
    os.environ["JUPYTER_GUARD_TIMES"] = str(file)
    kernel = Kernel(TIMED)
    del os.environ["JUPYTER_GUARD_TIMES"]
    try:
        for name, code in CELLS.items():
            file.write_text("")
            for number in range(rounds):
                kernel.run(code(number))
            time.sleep(0.3)
            calls = [line.split() for line in file.read_text().splitlines()]
            print(name)
            for call, what in (("decided", "a cell waits, before it runs"), ("ended", "and when it has ended")):
                _print(f"  {what}", [float(took) for kind, took in calls if kind == call])
    finally:
        kernel.close()


def _cpu(kernel: Kernel) -> tuple[float, float]:
    """Milliseconds on a processor so far of the wrapper and of its helper: of these a busy machine makes no more."""
    found = [0.0, 0.0]
    for process in kernel.tree():
        words = " ".join(process.cmdline())
        is_helper = "jupyter_guard.guard.helper" in words
        if process.pid == kernel.process.pid or is_helper:
            for task in Path(f"/proc/{process.pid}/task").iterdir():
                found[is_helper] += int((task / "schedstat").read_text().split()[0]) / 1e6
    return found[0], found[1]


def _parts(folder: Path, count: int = 5_000) -> None:
    """In process, without a cell: what the helper does, beside the cell."""
    import msgspec

    from jupyter_guard.audit import Journal
    from jupyter_guard.guard.keeping import Keeper
    from jupyter_guard.guard.protocol import Decided

    records = [record(number) for number in range(1, count + 1)]
    said = [Decided(one.number, json.dumps(msgspec.to_builtins(one)).encode(), b"{}") for one in records]
    with Journal(folder / "journal.jsonl") as journal:
        _print("one line added to a journal", [_timed(journal.append, one) for one in records])
    keeper = Keeper(folder / "keeper")
    _print("a decision of the wrapper's kept", [_timed(keeper.keep, one) for one in said])
    keeper.close()


def _timed(work: Callable[..., object], *arguments: object) -> float:
    begin = time.perf_counter()
    work(*arguments)
    return (time.perf_counter() - begin) * 1e6


def _print(name: str, times: list[float]) -> None:
    times.sort()
    print(f"{name:<40} {statistics.median(times):6.1f} us p50, {times[int(len(times) * 0.99)]:6.0f} us p99")
