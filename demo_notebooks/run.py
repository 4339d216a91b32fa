"""Demo notebooks -> a table of what the guard did in each; exit status 0 only if it is what they promise.

A notebook's promises stand in its metadata: ``jupyter_guard_demo = {"blocked": 1, "confirmed": 1, ...}``, and in
``jupyter_guard_config`` the folder of a policy that it is run with.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from rich.console import Console
from rich.table import Table
from rich.text import Text

sys.path.insert(0, str(Path(__file__).parent))

from headless import NotebookRun, run_notebook

HERE = Path(__file__).parent
KINDS = ("blocked", "declined", "confirmed", "warned", "redacted")
# The reply repeats what an error has shown already.
REPEATED = ("execute_reply",)
STOPPED = ("CellBlocked", "CellDeclined")
_COLOURS = {"blocked": "red", "declined": "red", "confirmed": "yellow", "warned": "yellow", "redacted": "cyan"}


@dataclass(frozen=True)
class Item:
    """One thing that the guard did: its kind, the notebook's cell (from 1), the rules, the sentence."""

    kind: str
    cell: int
    rule: str
    sentence: str
    count: int = 1


def environment(notebook: Any) -> dict[str, str] | None:
    """The kernel's environment where the notebook names a folder here with a policy of its own."""
    named = notebook.metadata.get("jupyter_guard_config", "")
    return {**os.environ, "JUPYTER_CONFIG_DIR": str(HERE / named)} if named else None


def items(run: NotebookRun) -> list[Item]:
    """What the guard reported, in the order of the cells."""
    cells = {one.msg_id: one.number for one in run.cells}
    found: list[Item] = []
    for report in run.snapshot.get("reports", []):
        kind = "warned" if report["state"] == "ran" and report["verdict"] == "warn" else report["state"]
        if kind in KINDS:
            rules = [one["rule"] for one in report["findings"] if one["verdict"] == report["verdict"]]
            names = ", ".join(dict.fromkeys(rules))
            found.append(Item(kind, cells.get(report["msg_id"], 0), names, report["sentence"]))
    counted: Counter[tuple[int, str]] = Counter()
    for one in run.snapshot.get("redactions", []):
        if one["channel"] not in REPEATED:
            counted[cells.get(one["msg_id"], 0), one["kind"]] += one["count"]
    found += [Item("redacted", cell, "", kind, count) for (cell, kind), count in counted.items()]
    return sorted(found, key=lambda one: (one.cell, KINDS.index(one.kind)))


def broken_promises(notebook: Any, run: NotebookRun, found: list[Item]) -> list[str]:
    """A sentence for each way in which the run differs from what the notebook promises."""
    promised = notebook.metadata.get("jupyter_guard_demo", {})
    got: Counter[str] = Counter()
    for one in found:
        got[one.kind] += one.count
    problems = [
        f"{kind}: promised {promised.get(kind, 0)}, got {got[kind]}"
        for kind in KINDS
        if promised.get(kind, 0) != got[kind]
    ]
    if not run.snapshot:
        problems.append("the kernel did not answer on the guard's comm")
    failed = [one for one in run.cells if one.error and one.error not in STOPPED]
    return problems + [f"cell {one.number} failed with {one.error}" for one in failed]


def table(name: str, notebook: Any, found: list[Item]) -> Table:
    """The run of one notebook as people read it."""
    view = Table(title=name, title_justify="left", title_style="bold", expand=True)
    view.add_column("what", no_wrap=True)
    view.add_column("cell", justify="right", no_wrap=True)
    view.add_column("rule", no_wrap=True)
    view.add_column("the cell ...", ratio=1)
    for one in found:
        what = f"{one.kind} x{one.count}" if one.count > 1 else one.kind
        view.add_row(Text(what, _COLOURS[one.kind]), str(one.cell or ""), one.rule, Text(one.sentence))
    if not found:
        view.add_row("", "", "", Text("nothing: every cell ran as always", "dim"))
    promised = notebook.metadata.get("jupyter_guard_demo", {})
    view.caption = "promised: " + ", ".join(f"{promised.get(kind, 0)} {kind}" for kind in KINDS)
    view.caption_justify = "left"
    return view


def main(arguments: list[str] | None = None) -> int:
    """Run the notebooks named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description="Run the demo notebooks through the guarded kernel.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in this folder")
    parser.add_argument("--kernel", default="guarded-python", help="the kernelspec to use")
    parser.add_argument("--inside", action="store_true", help="a plain ipykernel with %%load_ext jupyter_guard instead")
    parser.add_argument("--save", type=Path, help="a folder for the executed notebooks")
    options = parser.parse_args(arguments)
    paths = options.notebooks or sorted(HERE.glob("*.ipynb"))
    kernel, prelude = ("python3", "%load_ext jupyter_guard") if options.inside else (options.kernel, "")
    console = Console()
    failed = False
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        with (
            console.status(f"{path.name} runs under {kernel} ..."),
            tempfile.TemporaryDirectory(prefix="guard-demo-", ignore_cleanup_errors=True) as folder,
        ):
            run = run_notebook(notebook, kernel, Path(folder), prelude, environment(notebook))
        found = items(run)
        console.print(table(path.name, notebook, found))
        problems = broken_promises(notebook, run, found)
        for problem in problems:
            console.print(Text(f"  not as promised: {problem}", "red"))
        if not problems:
            console.print(Text(f"  as promised ({len(run.cells)} cells ran or were stopped)", "green"))
        console.print()
        failed = failed or bool(problems)
        if options.save is not None:
            options.save.mkdir(parents=True, exist_ok=True)
            for cell_run in run.cells:
                cell_run.cell.outputs = cell_run.outputs
            nbformat.write(notebook, options.save / path.name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
