"""Notebooks made of the project's own cases -> time and memory by their number and by the processes that work.

``python -m benchmarks.corpus`` prints the tables; ``--figure FILE.svg`` draws them too (matplotlib). Every run is the
command line in a process of its own. ``--dask`` does the second table's runs also on a cluster on this machine.
Memory is the most that the process that hands out the work held, and the most that any of the others did.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import psutil

from benchmarks.vet.cases import own_cases

CASES = Path(__file__).parents[2] / "tests" / "corpus" / "own"
CELLS = 6
SECONDS_BETWEEN_LOOKS = 0.1
COMMANDS = {
    "vet": ("vet", "{}", "--format", "jsonl"),
    "scrub --check": ("scrub", "--check", "{}", "--no-known"),
    "evaluate": ("evaluate", "{}"),
}


def write_corpus(folder: Path, count: int, cells: int = CELLS) -> None:
    """``count`` notebooks, no two alike, a thousand a folder; with no cells asked for, a line of code each."""
    texts = itertools.cycle([cell for case in own_cases(CASES) for cell in case.cells])
    for number in range(count):
        place = folder / f"{number // 1000:03d}"
        place.mkdir(parents=True, exist_ok=True)
        sources = [f"x = {number}", *itertools.islice(texts, cells)]
        made = [
            {
                "cell_type": "code",
                "metadata": {},
                "execution_count": at,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": [f"{number} {at}\n"] * 10}]
                if cells
                else [],
                "source": source,
            }
            for at, source in enumerate(sources, 1)
        ]
        notebook = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        (place / f"n{number:06d}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def measured(command: str, folder: Path, *options: str) -> tuple[float, float, float]:
    """Seconds, and the most memory in MiB of the process that hands out and of any that works."""
    words = [sys.executable, "-m", "jupyter_guard", *(word.format(folder) for word in COMMANDS[command]), *options]
    own = others = 0
    start = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        process = psutil.Process(running.pid)
        while running.poll() is None:
            with suppress(psutil.Error):
                own = max(own, process.memory_info().rss)
                others = max([others, *(one.memory_info().rss for one in process.children(recursive=True))])
            time.sleep(SECONDS_BETWEEN_LOOKS)
    seconds = time.perf_counter() - start
    if running.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(words)}: exit status {running.returncode}")
    return seconds, own / 2**20, others / 2**20


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=__doc__)
    parser.add_argument("--counts", nargs="+", type=int, default=[125, 250, 500, 1000])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, *_powers(len(os.sched_getaffinity(0)))])
    parser.add_argument("--small", nargs="*", type=int, default=[1000, 4000, 16000], help="notebooks of one line")
    parser.add_argument("--dask", action="store_true")
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jupyter_guard-corpus-") as made:
        folder = Path(made)
        growth = by_count(folder, given.counts)
        side = by_workers(folder, given.counts[-1], given.workers, given.dask)
        small = by_count(folder, given.small, cells=0, commands=("vet",))
    if given.figure is not None:
        draw(given.figure, growth, side, small)
    return 0


Row = tuple[str, int, float, float, float]


def by_count(
    folder: Path, counts: list[int], cells: int = CELLS, commands: tuple[str, ...] = (*COMMANDS,)
) -> list[Row]:
    """Rows of command, notebooks, seconds, MiB and MiB, printed on the way."""
    if not counts:
        return []
    print(f"{cells + 1} cells a notebook, {len(os.sched_getaffinity(0))} cores (load {os.getloadavg()[0]:.1f})\n")
    print("command         notebooks   seconds   a second   MiB, hands out   MiB, works")
    rows = []
    for count in counts:
        place = folder / f"{count}x{cells}"
        write_corpus(place, count, cells)
        for command in commands:
            seconds, own, others = measured(command, place)
            rows.append((command, count, seconds, own, others))
            print(f"{command:14}{count:11,}{seconds:10.1f}{count / seconds:11.1f}{own:17.0f}{others:13.0f}", flush=True)
    print()
    return rows


def by_workers(folder: Path, count: int, workers: list[int], dask: bool) -> list[Row]:
    """Rows of where, workers, seconds, MiB and MiB, of ``vet``, printed on the way."""
    place = folder / f"{count}x{CELLS}"
    print(f"vet, {count:,} notebooks\n")
    print("where           workers   seconds   a second")
    rows: list[Row] = []
    for where, number in [*(("processes", one) for one in workers), *(("Dask", one) for one in workers if dask)]:
        with cluster(number) if where == "Dask" else nullcontext(None) as address:
            options = ("--dask", address) if address else ("--workers", str(number))
            seconds, own, others = measured("vet", place, *options)
        rows.append((where, number, seconds, own, others))
        print(f"{where:14}{number:9}{seconds:10.1f}{count / seconds:11.1f}", flush=True)
    print()
    return rows


class cluster:  # noqa: N801 - reads as a function
    """The address of a Dask cluster on this machine, for as long as it is wanted."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def __enter__(self) -> str:
        from distributed import LocalCluster

        self._made = LocalCluster(
            n_workers=self._workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
        )
        return str(self._made.scheduler_address)

    def __exit__(self, *_: object) -> None:
        self._made.close()


def draw(path: Path, growth: list[Row], side: list[Row], small: list[Row]) -> None:
    """Three plots beside each other: time by notebooks, by workers, and memory by notebooks."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "jupyter_guard"
    from matplotlib import pyplot as plt

    figure, (first, second, third) = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for command in COMMANDS:
        points = [(count, seconds) for one, count, seconds, _, _ in growth if one == command]
        first.plot(*zip(*points, strict=True), "o-", label=command)
    first.set(xlabel="notebooks", ylabel="seconds", title="All cores", xlim=0, ylim=0)
    first.legend()
    for where in dict.fromkeys(row[0] for row in side):
        points = [(workers, seconds) for one, workers, seconds, _, _ in side if one == where]
        second.plot(*zip(*points, strict=True), "o-", label=where)
    second.set(xlabel="workers", title="vet, the same notebooks", xlim=0, ylim=0)
    second.set_xticks(sorted({row[1] for row in side}))
    second.legend()
    for label, at in (("hands out", 3), ("works", 4)):
        third.plot([row[1] for row in small], [row[at] for row in small], "o-", label=label)
    third.set(xlabel="notebooks of one line", ylabel="MiB at most", title="vet", xlim=0, ylim=0)
    third.legend()
    figure.savefig(path, metadata={"Date": None})


def _powers(cores: int) -> Iterator[int]:
    return itertools.takewhile(lambda number: number <= cores, (2**power for power in range(1, 10)))


if __name__ == "__main__":
    sys.exit(main())
