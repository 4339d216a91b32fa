"""Names of benchmarks -> each one run in a process of its own, so that none pays for what another imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the benchmarks named on the command line, or all of them; the exit code is the worst of theirs.

    What comes after the names, from the first option on, is handed to each of them.
    """
    known = sorted(path.parent.name for path in HERE.glob("*/__main__.py"))
    words = sys.argv[1:]
    at = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    options = words[at:]
    if options and not at:
        print(f"options go to a benchmark: name one of {', '.join(known)} before them", file=sys.stderr)
        return 2
    names = words[:at] or known
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    worst = 0
    for name in names:
        print(f"== {name} ==", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *options]
        worst = max(worst, subprocess.run(command, cwd=HERE.parent).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
