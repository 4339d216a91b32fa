"""``python -m benchmarks.vet.fuzz --seconds 600``: cells that nobody would write -> crashes, failures and slow readings.

The readers run in a process of their own, so that a crash of a C library is seen, and the cell that it was on is kept
where the process cannot lose it. A finding is: the process died; the guard failed on the cell (``JG000``); reading took
longer than ``--slowest`` seconds; a place lies outside of the cell; the same cells were read differently the second time.
"""

from __future__ import annotations

import argparse
import json
import mmap
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.vet.cases import own_cases, read_cases
from benchmarks.vet.grammar import cell
from benchmarks.vet.measure import WORKSPACE
from jupyter_guard.guard.session import Session
from jupyter_guard.terms import Report

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "vet"
ROOM = 1 << 20


def main() -> None:
    """Print what was found; leave with 1 when anything was."""
    options = _options()
    if options.worker:
        _work(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        found, count, slowest = _watch(options, Path(folder) / "cell")
    for one in found:
        print(json.dumps(one))
    print(f"{count} cells in {options.seconds} s, seed {options.seed}; {len(found)} findings; slowest {slowest:.2f} s")
    sys.exit(bool(found))


def _watch(options: argparse.Namespace, shared: Path) -> tuple[list[dict[str, Any]], int, float]:
    """Keep a worker going until the time is over; its findings, the count of cells, the slowest one's seconds."""
    found: list[dict[str, Any]] = []
    count, slowest, seed = 0, 0.0, options.seed
    end = time.monotonic() + options.seconds
    while (left := end - time.monotonic()) > 1:
        shared.write_bytes(bytes(ROOM))
        command = [sys.executable, "-m", "benchmarks.vet.fuzz", "--worker", str(shared), "--seconds", str(int(left))]
        command += ["--seed", str(seed), "--slowest", str(options.slowest)]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=left + 60)
            output, code = done.stdout, str(done.returncode)
        except subprocess.TimeoutExpired as late:
            output, code = (late.stdout or b"").decode(), "hangs"
        for line in output.split("\n"):
            said = json.loads(line) if line.startswith("{") else {}
            if "count" in said:
                count, slowest = count + said["count"], max(slowest, said["slowest"])
            elif said:
                found.append(said)
        if code != "0":
            room = shared.read_bytes()
            size, number = int.from_bytes(room[:4], "little"), int.from_bytes(room[4:8], "little")
            count += number
            code_text = room[8 : 8 + size].decode("utf-8", "surrogatepass")
            found.append({"what": f"the process died ({code})", "seed": seed, "code": code_text})
        seed += 1
    return found, count, slowest


def _work(options: argparse.Namespace) -> None:
    """Read cells until the time is over, a few in each session; findings go to the output, a line each."""
    chance = random.Random(options.seed)
    corpus = _corpus()
    end = time.monotonic() + options.seconds
    count, slowest = 0, 0.0
    with Path(options.worker).open("r+b") as file, mmap.mmap(file.fileno(), ROOM) as room:
        while time.monotonic() < end:
            cells = [cell(chance, corpus) for _ in range(chance.randrange(1, 5))]
            session = Session("personal", origin=chance.choice(["human", "assistant"]), workspace=WORKSPACE)
            reports = []
            for code in cells:
                data = code.encode("utf-8", "surrogatepass")[: ROOM - 8]
                room[:8] = len(data).to_bytes(4, "little") + count.to_bytes(4, "little")
                room[8 : 8 + len(data)] = data
                begun = time.perf_counter()
                report = session.vet(code)
                took = time.perf_counter() - begun
                count, slowest = count + 1, max(slowest, took)
                reports.append(report)
                if wrong := _wrong(report, took, options.slowest):
                    print(json.dumps({"what": wrong, "seed": options.seed, "code": code, "cells": cells}), flush=True)
            if chance.random() < 0.1:
                again = Session("personal", origin=session.origin, workspace=WORKSPACE)
                for code, report in zip(cells, reports, strict=True):
                    other = again.vet(code)
                    if (other.findings, other.effects) != (report.findings, report.effects):
                        print(
                            json.dumps({"what": "read differently", "seed": options.seed, "cells": cells}), flush=True
                        )
                        break
    print(json.dumps({"count": count, "slowest": slowest}), flush=True)


def _wrong(report: Report, took: float, slowest: float) -> str:
    if any(finding.rule == "JG000" for finding in report.findings):
        return "the guard failed: " + "; ".join(finding.message for finding in report.findings)
    if took > slowest:
        return f"slow: {took:.2f} s"
    lines = report.cell.code.count("\n") + 1
    for span in (*(one.span for one in report.effects), *(one.span for one in report.findings)):
        if not 1 <= span.line <= span.end_line <= lines:
            return f"a place outside of the cell: {span}"
    return ""


def _corpus() -> list[str]:
    cases = [one for half in ("own", "independent") for one in own_cases(ROOT / "tests" / "corpus" / half)]
    for name in ("examples", "cyberseceval", "benign"):
        if (DATA / f"{name}.jsonl.gz").exists():
            cases += list(read_cases(DATA / f"{name}.jsonl.gz"))[:: 1 if name != "benign" else 8]
    return [code for case in cases for code in case.cells if 0 < len(code) < 4000]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vet.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slowest", type=float, default=10.0, help="seconds that one cell may take (default: 10)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
