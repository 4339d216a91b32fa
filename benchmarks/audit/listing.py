"""100,000 records in 50 journals -> seconds until `jupyter guard audit list` has them: the first time, then with its index."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.audit.records import record
from jupyter_guard.audit import Journal
from jupyter_guard.audit.place import audit_directory

COMMANDS = {
    "list, the first time (makes the index)": ("list",),
    "list": ("list",),
    "list --user --rule --since": ("list", "--user", "user7", "--rule", "JG301", "--since", "2026-01-01"),
    "show a request": ("show", "m99999"),
    "report": ("report", "page.html"),
}


def measure(count: int = 100_000, kernels: int = 50) -> None:
    """Write ``count`` records and print how long each command takes, with the start of Python."""
    with tempfile.TemporaryDirectory() as home:
        folder = audit_directory({}, Path(home))
        journals = [Journal(folder / f"2026-01-01-k{number}.jsonl") for number in range(kernels)]
        for number in range(count):
            journals[number % kernels].append(record(number, kernel=f"k{number % kernels}"))
        for journal in journals:
            journal.close()
        names = [name for name in os.environ if not name.startswith(("XDG_", "JUPYTER"))]
        environment = {name: os.environ[name] for name in names} | {"HOME": home}
        print(f"{count:,} records in {kernels} journals, {sum(p.stat().st_size for p in folder.iterdir()) >> 20} MB")
        for name, words in COMMANDS.items():
            began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "jupyter_guard", "audit", *words]
            subprocess.run(command, cwd=home, env=environment, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{name:<42} {time.perf_counter() - began:6.2f} s, {busy:5.2f} s of a processor")
