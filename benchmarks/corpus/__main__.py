"""Notebooks made of the project's own cases -> time and memory by their number and by the processes that work.

``python -m benchmarks.corpus`` prints the tables, as Markdown; ``--figure FILE.svg`` draws them too (matplotlib). Every
run is the command line in a process of its own. ``--dask`` does the second table's runs also on a cluster on this
machine. The third is of notebooks of one line, which show what a notebook costs beside its code: every command also with
a journal, and once more with everything in it. Memory is the most that the process that hands out the work held, and
the most that any of the others did.
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
from collections.abc import Iterable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple

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


class Cost(NamedTuple):
    """Of one run: seconds, and the most memory in MiB of the process that hands out and of any that works."""

    seconds: float
    own: float
    others: float


class Row(NamedTuple):
    """A command or where it ran, how many notebooks or workers, and what it cost: also with a journal, and from it."""

    name: str
    number: int
    cost: Cost
    kept: Cost | None = None
    journal: float = 0  # MiB
    again: Cost | None = None


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


def measured(command: str, folder: Path, *options: str) -> Cost:
    """What a run costs."""
    words = [sys.executable, "-m", "jupyter_guard", *(word.format(folder) for word in COMMANDS[command]), *options]
    own = others = 0
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said, subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said) as running:
        process = psutil.Process(running.pid)
        while running.poll() is None:
            with suppress(psutil.Error):
                own = max(own, process.memory_info().rss)
                others = max([others, *(one.memory_info().rss for one in process.children(recursive=True))])
            time.sleep(SECONDS_BETWEEN_LOOKS)
        seconds = time.perf_counter() - start
        if running.returncode not in (0, 1):
            said.seek(0)
            last = said.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(words)}: exit status {running.returncode}\n{last}")
    return Cost(seconds, own / 2**20, others / 2**20)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=__doc__)
    parser.add_argument("--counts", nargs="*", type=int, default=[125, 250, 500, 1000])
    parser.add_argument("--workers", nargs="*", type=int, default=[1, *_powers(len(os.sched_getaffinity(0)))])
    parser.add_argument("--small", nargs="*", type=int, default=[1000, 4000, 16000], help="notebooks of one line")
    parser.add_argument("--dask", action="store_true")
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    growth = by_count(given.counts)
    side = by_workers(given.counts[-1], given.workers, given.dask) if given.counts else []
    small = by_line(given.small)
    if given.figure is not None:
        draw(given.figure, growth, side, small)
    return 0


def by_count(counts: list[int]) -> list[Row]:
    """Rows of each command over notebooks of some cells, printed on the way."""
    if not counts:
        return []
    table = Table(f"{CELLS + 1} cells a notebook", "command", "notebooks", "seconds", "a second", *MEMORY)
    for count in counts:
        with corpus(count, CELLS) as folder:
            for command in COMMANDS:
                cost = measured(command, folder)
                table.add(Row(command, count, cost), cost.seconds, count / cost.seconds, cost.own, cost.others)
    return table.rows


def by_workers(count: int, workers: list[int], dask: bool) -> list[Row]:
    """Rows of ``vet`` by where it ran and with how many workers, printed on the way."""
    if not workers:
        return []
    table = Table(f"vet, {count:,} notebooks of {CELLS + 1} cells", "workers", "of them", "seconds", "a second")
    with corpus(count, CELLS) as folder:
        for where, number in [*(("processes", one) for one in workers), *(("Dask", one) for one in workers if dask)]:
            with cluster(number) if where == "Dask" else nullcontext(None) as address:
                options = ("--dask", address) if address else ("--workers", str(number))
                cost = measured("vet", folder, *options)
            table.add(Row(where, number, cost), cost.seconds, count / cost.seconds)
    return table.rows


def by_line(counts: list[int]) -> list[Row]:
    """Rows of each command over notebooks of one line, also with a journal and from it, printed on the way."""
    if not counts:
        return []
    journal = ("with a journal", "from it", "MiB, journal")
    table = Table("one line a notebook", "command", "notebooks", "seconds", "a second", *journal, *MEMORY)
    for count in counts:
        with corpus(count, 0) as folder:
            for command in COMMANDS:
                kept = folder.with_name(f"{command.split()[0]}.journal")
                resume = ("--resume", str(kept))
                cost, first = measured(command, folder), measured(command, folder, *resume)
                size = kept.stat().st_size / 2**20
                again = measured(command, folder, *resume)
                table.add(
                    Row(command, count, cost, first, size, again),
                    *(cost.seconds, count / cost.seconds, first.seconds, again.seconds, size, first.own, first.others),
                )
    return table.rows


MEMORY = ("MiB, hands out", "MiB, works")


class Table:
    """Rows that are printed as they come; the first column's are words, the others' numbers."""

    def __init__(self, title: str, *columns: str) -> None:
        self.rows: list[Row] = []
        print(f"\n{title}; {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} before\n")
        print(f"| {' | '.join(columns)} |\n|---|{'---:|' * (len(columns) - 1)}", flush=True)

    def add(self, row: Row, *numbers: float) -> None:
        """Print a row with these numbers after its name and its number."""
        self.rows.append(row)
        print(f"| {row.name} | {row.number:,} | {' | '.join(map(_shown, numbers))} |", flush=True)


class corpus:  # noqa: N801 - reads as a function
    """A folder with ``count`` notebooks of ``cells`` cells and one line, for as long as it is wanted."""

    def __init__(self, count: int, cells: int) -> None:
        self._count, self._cells = count, cells

    def __enter__(self) -> Path:
        self._made = tempfile.TemporaryDirectory(prefix="jupyter_guard-corpus-")
        folder = Path(self._made.name) / "notebooks"
        write_corpus(folder, self._count, self._cells)
        return folder

    def __exit__(self, *_: object) -> None:
        self._made.cleanup()


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
    """Four plots: time by notebooks and by workers, and of notebooks of one line time and memory."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "jupyter_guard"
    from matplotlib import pyplot as plt
    from matplotlib.ticker import StrMethodFormatter

    figure, ((first, second), (third, fourth)) = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    for at, command in enumerate(COMMANDS):
        rows, lines = ([row for row in some if row.name == command] for some in (growth, small))
        colour: dict[str, Any] = {"color": f"C{at}"}
        first.plot(*_points((row.number, row.cost.seconds) for row in rows), "o-", label=command, **colour)
        third.plot(*_points((row.number, row.cost.seconds) for row in lines), "o-", label=command, **colour)
        kept = [(row.number, row.kept.seconds, row.again.seconds) for row in lines if row.kept and row.again]
        third.plot(*_points((count, seconds) for count, seconds, _ in kept), "s--", **colour)
        third.plot(*_points((count, seconds) for count, _, seconds in kept), "x:", **colour)
        fourth.plot(*_points((row.number, row.cost.own) for row in lines), "o-", label=command, **colour)
        fourth.plot(*_points((row.number, row.cost.others) for row in lines), "s--", **colour)
    for where in dict.fromkeys(row.name for row in side):
        second.plot(*_points((row.number, row.cost.seconds) for row in side if row.name == where), "o-", label=where)
    first.set(xlabel=f"notebooks of {CELLS + 1} cells", ylabel="seconds", title="Every command, all cores")
    second.set(xlabel="workers", ylabel="seconds", title="vet, the same notebooks")
    second.set_xticks(sorted({row.number for row in side}))
    third.set(xlabel="notebooks of one line", ylabel="seconds", title="Dashed: with a journal; dotted: from it")
    fourth.set(xlabel="notebooks of one line", ylabel="MiB at most", title="Hands out; dashed: works")
    for plot in (first, second, third, fourth):
        plot.set(xlim=0, ylim=0)
        if plot.lines:
            plot.legend()
        plot.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    figure.savefig(path, metadata={"Date": None})


def _points(pairs: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """The one's and the other's of pairs."""
    listed = [*pairs]
    return [one for one, _ in listed], [other for _, other in listed]


def _shown(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def _powers(cores: int) -> Iterator[int]:
    return itertools.takewhile(lambda number: number <= cores, (2**power for power in range(1, 10)))


if __name__ == "__main__":
    sys.exit(main())
