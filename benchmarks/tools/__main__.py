"""``python -m benchmarks tools``: a call of an approved tool, beside a function's and a process's, in turns.

Also what the text of a cell costs to vet where it may call tools only (``code = "tools"``), beside where it may be any.
``--markdown`` prints tables for the documents; ``--rounds`` says how often each is done.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SHOP = Path(__file__).with_name("shop.py")
AMOUNTS = [20.0, 250.0, 5.0]
POLICY = """version = 1
[origin.assistant]
code = "{code}"
[tools]
sources = ["{shop}"]
[isolation]
backend = "{backend}"
write = []
[tool.keep]
write = ["notes"]
"""
# Each can stand where only tools may be called; ``{n}`` makes every round's text another one.
CELLS = (
    "from jupyter_guard import tools\nsum_{n} = tools.total(amounts=[1.0, {n}.0])\nprint(sum_{n})",
    "for order in range({n}, {n} + 3):\n    kept = tools.keep(name=f'order-{{order}}', text='late')\n    print(order, kept)",
    "rows = [{{'id': one, 'amount': one * 2.5}} for one in range({n})]\n"
    "late = sorted((one['amount'] for one in rows if one['id'] > 3), reverse=True)\nprint(len(late), sum(late))",
)
# And each of these is refused there, with the nearest tool looked for.
REFUSED = (
    "import os\nos.remove('notes/order-{n}.txt')",
    "with open('notes/order-{n}.txt', 'w') as file:\n    file.write('late')",
)
Row = tuple[str, float, float, int]


def main() -> None:
    """Print what is active and the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks tools", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="how often each is done (default: 30)")
    parser.add_argument("--markdown", action="store_true", help="tables for the documents")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds: at least 2, since the first is another thing than the later ones")
    show = markdown if options.markdown else plain
    with workspace() as folder:
        calls, boxes = called(folder, options.rounds)
        print(f"boxes: {', '.join(boxes)}; {options.rounds} rounds in turns, load {os.getloadavg()[0]:.1f}")
        show(("a call", "first", "later, p50", "ms"), calls)
        show(("a cell in a guarded kernel", "first", "later, p50", "ms"), in_a_kernel(options.rounds))
        show(("vetting one cell of an assistant's", "first", "later, p50", "ms"), vetted(folder, options.rounds))


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder to work in with the tools beside it, and journals of its own."""
    before, kept = Path.cwd(), dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        root = Path(name)
        (root / "work" / "notes").mkdir(parents=True)
        (root / "shop.py").write_text(SHOP.read_text(encoding="utf-8"), encoding="utf-8")
        os.environ["JUPYTER_DATA_DIR"] = str(root / "data")
        # The user's own policy, over what a plain install does; the kernel takes it up too.
        os.environ.pop("JUPYTER_GUARD_POLICY", None)
        os.environ["JUPYTER_CONFIG_DIR"] = str(root / "config")
        (root / "config").mkdir()
        Path(policy_file(root)).rename(root / "config" / "jupyter_guard.toml")
        os.chdir(root / "work")
        try:
            yield root
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(kept)


def policy_file(root: Path, code: str = "any", backend: str = "auto") -> str:
    """The path of a policy that approves the tools, of its own for each ``code`` and ``backend``."""
    path = root / f"{code}-{backend}.toml"
    path.write_text(POLICY.format(code=code, shop=root / "shop.py", backend=backend), encoding="utf-8")
    return str(path)


def called(root: Path, rounds: int) -> tuple[list[Row], list[str]]:
    """A call of the same work by each way that there is, and the boxes that the tools ran in."""
    import runpy

    from jupyter_guard.policy import Policy
    from jupyter_guard.tools import Call, registry

    seen: list[str] = []

    def record(call: Call) -> None:
        seen.append(call.backend)

    def tool(backend: str, name: str, arguments: dict[str, Any]) -> Callable[[], object]:
        policy = Policy.load(Path(policy_file(root, backend=backend)))
        # What a first call waits for too: the tools' process that says what they are.
        return lambda: registry(policy, Path.cwd()).named(name).call(arguments, record=record)

    function = runpy.run_path(str(root / "shop.py"))["total"]
    ways: dict[str, Callable[[], object]] = {
        "the work itself, `sum`": lambda: sum(AMOUNTS),
        "the tool as a function, its arguments checked": lambda: function(AMOUNTS),
        "a process: `python -c pass`": lambda: process("pass"),
        "a process that imports msgspec and calls the tool's file": lambda: process(
            f"import runpy; print(runpy.run_path({str(root / 'shop.py')!r})['total']({AMOUNTS}))"
        ),
        "the approved tool, without a box": tool("none", "total", {"amounts": AMOUNTS}),
        "the approved tool, in its box": tool("auto", "total", {"amounts": AMOUNTS}),
        "the same, one that writes": tool("auto", "keep", {"name": "a", "text": "late"}),
    }
    return timed(ways, rounds), sorted(set(seen))


def in_a_kernel(rounds: int) -> list[Row]:
    """Cells of one guarded kernel, from request to idle."""
    from benchmarks.kernel.client import Kernel

    kernel = Kernel("guarded")

    def cell(code: str) -> Callable[[], object]:
        return lambda: answered(kernel, code)

    try:
        answered(kernel, f"from jupyter_guard import tools\namounts = {AMOUNTS}\n1")
        ways = {
            "`sum(amounts)`": cell("sum(amounts)"),
            "`tools.total(amounts=amounts)`": cell("tools.total(amounts=amounts)"),
        }
        return timed(ways, rounds)
    finally:
        kernel.close()


def answered(kernel: Any, code: str) -> None:
    """Run a cell. Raises ``RuntimeError`` where it gave no result: then nothing was measured."""
    _, published = kernel.run(code)
    if not any(b'"execute_result"' in frames[3] for frames in published):
        raise RuntimeError(f"the cell {code!r} gave no result")


def vetted(root: Path, rounds: int) -> list[Row]:
    """Each cell, in a session where any code may be and in one where only tools may be called."""
    from jupyter_guard import Session
    from jupyter_guard.policy import Policy

    rows: list[Row] = []
    for title, cells, verdict in (("made of tools", CELLS, "allow"), ("of other code", REFUSED, "block")):
        # Of a policy's own text each: the tools of one that was seen before are known.
        (root / "shop.py").write_text(f"{SHOP.read_text(encoding='utf-8')}# {title}\n", encoding="utf-8")
        sessions = {
            code: Session(Policy.load(Path(policy_file(root, code=code))), origin="assistant", workspace=Path.cwd())
            for code in ("any", "tools")
        }
        times: dict[str, list[float]] = {code: [] for code in sessions}
        for number in range(rounds):
            for code in sorted(sessions, reverse=bool(number % 2)):
                for text in cells:
                    begin = time.perf_counter()
                    report = sessions[code].vet(text.format(n=number + 5))
                    times[code].append(time.perf_counter() - begin)
                    if code == "tools" and str(report.verdict) != verdict:
                        raise RuntimeError(f"{report.verdict}, {verdict} was expected: {report.sentence}")
        for code, found in times.items():
            rows.append((f'{title}, `code = "{code}"`', found[0], statistics.median(found[len(cells) :]), len(found)))
    return rows


def timed(ways: dict[str, Callable[[], object]], rounds: int) -> list[Row]:
    """Each way once a round, in turns."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - begin)
    return [(name, found[0], statistics.median(found[1:]), len(found)) for name, found in times.items()]


def process(code: str) -> None:
    """Run a program of its own, as a call without the guard would. Raises ``CalledProcessError``."""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def plain(head: tuple[str, ...], rows: list[Row]) -> None:
    """Print a table in columns."""
    print(f"\n{head[0] + ', ' + head[3]:<64} {head[1]:>10} {head[2]:>12}")
    for name, first, later, _ in rows:
        print(f"{name:<64} {first * 1e3:>10.3f} {later * 1e3:>12.3f}", flush=True)


def markdown(head: tuple[str, ...], rows: list[Row]) -> None:
    """Print a table for the documents."""
    print(f"\n| {head[0]}, {head[3]} | {head[1]} | {head[2]} |\n|---|---:|---:|")
    for name, first, later, _ in rows:
        print(f"| {name} | {first * 1e3:.3f} | {later * 1e3:.3f} |", flush=True)


if __name__ == "__main__":
    main()
