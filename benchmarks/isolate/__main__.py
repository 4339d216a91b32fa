"""``python -m benchmarks isolate``: what each box costs, against the same guarded kernel in none.

All kernels take turns in every round, in a rotating order, so that a busy machine is busy for all of them; a ratio is
the median of the rounds' own ratios, since what else a machine does differs from round to round.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.kernel.client import Kernel

NONE = "none"
BACKENDS = (NONE, "bubblewrap", "landlock")
# Everything else as in `personal`, which is what a plain install has.
POLICY = 'version = 1\n[isolation]\nbackend = "{backend}"\n'
CELLS = {
    "`pass`": ("pass", 40),
    "a cell that computes": ("total = 0\nfor number in range(300_000): total += number * number", 3),
    "a cell that writes and reads 200 files": (
        "import os, pathlib\n"
        "for n in range(200): pathlib.Path('f%d' % n).write_text('x' * 100)\n"
        "sum(len(pathlib.Path('f%d' % n).read_text()) for n in range(200))\n"
        "for n in range(200): os.remove('f%d' % n)",
        3,
    ),
    "a cell that starts a program": ("import subprocess\nsubprocess.run(['true'], check=True)", 5),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of isolation.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--backends", default=",".join(BACKENDS[1:]), help="which, beside none")
    parser.add_argument("--only", default="", help="start, or a part of a cell's name")
    parser.add_argument("--markdown", action="store_true", help="print the table once more, as the docs have it")
    options = parser.parse_args()
    from benchmarks.kernel.__main__ import describe

    what = describe()
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        boxes = Boxes(Path(folder), (NONE, *options.backends.split(",")))
        lines = [f"| | {' | '.join(boxes.names)} | {' | '.join(f'{one} / none' for one in boxes.names[1:])} |"]
        lines.append("|---|" + "---:|" * (2 * len(boxes.names) - 1))
        print(f"{'':42}" + "".join(f"{one:>14}" for one in boxes.names) + "   ratios, in the same order")
        for title, values in boxes.measured(options.rounds, options.only):
            medians = [statistics.median(values[one]) * 1e3 for one in boxes.names]
            ratios = [
                statistics.median(own / base for own, base in zip(values[one], values[NONE], strict=True))
                for one in boxes.names[1:]
            ]
            print(
                f"{title:42}"
                + "".join(f"{one:>11.2f} ms" for one in medians)
                + "".join(f"{one:>8.3f}" for one in ratios),
                flush=True,
            )
            cells = [f"{one:.1f} ms" for one in medians] + [f"{one:.2f}" for one in ratios]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    if options.markdown:
        print("\n" + "\n".join([*lines, "", f"{what}; {options.rounds} rounds."]))


class Boxes:
    """Kernels in each box, started from policies in ``folder``."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.names = names
        self._policies = {name: folder / f"{name}.toml" for name in names}
        for name, path in self._policies.items():
            path.write_text(POLICY.format(backend=name))

    def started(self, name: str) -> Kernel:
        """A new kernel; raises ``RuntimeError`` when something else than ``name`` holds it."""
        os.environ["JUPYTER_GUARD_POLICY"] = str(self._policies[name])
        kernel = Kernel("guarded")
        published = b"".join(
            b"".join(one)
            for one in kernel.run("import os; print(os.environ.get('JUPYTER_GUARD_ISOLATION', 'none'))")[1]
        )
        if name.encode() not in published:
            kernel.close()
            sys.exit(f"{name} does not work here: jupyter guard doctor says why")
        return kernel

    def measured(self, rounds: int, only: str) -> Iterator[tuple[str, dict[str, list[float]]]]:
        """Each measurement's title, and seconds by box, a round each."""
        if only in "start to first answer":
            values: dict[str, list[float]] = {name: [] for name in self.names}
            for number in range(rounds):
                for name in self._turn(number):
                    kernel = self.started(name)
                    values[name].append(kernel.started)
                    kernel.close()
            yield "start to first answer", values
        kernels = {name: self.started(name) for name in self.names}
        try:
            for title, (code, times) in CELLS.items():
                if only not in title:
                    continue
                values = {name: [] for name in self.names}
                for kernel in kernels.values():
                    kernel.run(code)
                for number in range(rounds):
                    for name in self._turn(number):
                        found = [kernels[name].run(code)[0] for _ in range(times)]
                        values[name].append(statistics.median(found))
                yield title, values
        finally:
            for kernel in kernels.values():
                kernel.close()

    def _turn(self, number: int) -> tuple[str, ...]:
        at = number % len(self.names)
        return self.names[at:] + self.names[:at]


if __name__ == "__main__":
    main()
