"""``python -m benchmarks.vet.matchers``: what an own rule by shape (``match``) costs, beside the same rule by name.

Processor time, since a busy machine counts for nothing then.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINES = (5, 20, 100)
ROUNDS = 30
ABOUT = """version = 1
[own.ACME01]
title = "Collects all rows"
why = "They are many."
instead = "Take some of them."
severity = "low"
bad = ["from acme import collect\\ncollect()\\nrows.collect()"]
good = ["rows.take(5)"]
"""
RULES = {
    "no own rule": "version = 1\n",
    "calls": f'{ABOUT}calls = ["acme.collect"]\n',
    "match": f"{ABOUT}match = 'Call(func=Attribute(attr=Name(\"collect\")))'\n",
}
# The shape, and its name alone.
ENDS = {"matches": "rows.collect()", "only the name": "collect = 1"}
LOAD = "import time; b = time.process_time(); import libcst.matchers, libcst.metadata; print(time.process_time() - b)"


def cell(lines: int, number: int, end: str) -> str:
    """An ordinary cell in which the name of the matcher stands, another one for each number."""
    body = [f"value_{at} = base[{at}] * {number} + offset.get('k{at}', {at})" for at in range(lines - 1)]
    return "\n".join([*body, end])


def main() -> None:
    """Print milliseconds of a processor a cell, and what loading libcst takes."""
    from jupyter_guard import Session
    from jupyter_guard.policy import Policy

    runs = [subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True) for _ in range(5)]
    load = statistics.median(float(run.stdout) for run in runs)
    print(f"loading libcst, once a session that has such a rule: {load * 1e3:.0f} ms")
    sessions = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in RULES.items():
            path = Path(folder) / "policy.toml"
            path.write_text(text, encoding="utf-8")
            sessions[name] = Session(Policy.load(path), origin="assistant", workspace=folder)
            sessions[name].vet(cell(5, -1, ENDS["matches"]))
        print(f"{'ms a cell, p50':<28}" + "".join(f"{name:>14}" for name in sessions))
        for lines in LINES:
            for what, end in ENDS.items():
                times: dict[str, list[float]] = {name: [] for name in sessions}
                for number in range(ROUNDS):
                    for name, session in sessions.items():
                        text = cell(lines, number, end)
                        begin = time.process_time()
                        report = session.vet(text)
                        times[name].append(time.process_time() - begin)
                        found = "ACME01" in [one.rule for one in report.findings]
                        if name == "match" and found is not (what == "matches"):
                            raise RuntimeError(f"{text!r}: {found}")
                row = "".join(f"{statistics.median(took) * 1e3:>14.2f}" for took in times.values())
                print(f"{f'{lines} lines, {what}':<28}{row}", flush=True)


if __name__ == "__main__":
    main()
