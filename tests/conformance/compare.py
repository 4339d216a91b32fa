"""Checkouts of ipykernel and nbclient -> their own tests under plain ipykernel and under the guarded kernel, compared.

``python tests/conformance/compare.py --ipykernel DIR --nbclient DIR``. Their tests start the kernel named ``python3``;
the second run puts the guarded kernel in that place. Prints every test whose results differ and every test that was
deselected beside plain ipykernel's own result; exit status 1 when the guarded kernel does worse anywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

# Tests of a kernel from outside; the others test ipykernel's classes within one process.
IPYKERNEL = ("test_kernel.py", "test_message_spec.py", "test_async.py", "test_debugger.py", "test_subshells.py",
             "test_start_kernel.py")  # fmt: skip
NBCLIENT = ("test_client.py",)
KERNELS = {"plain": ["-m", "ipykernel_launcher"], "guarded": ["-P", "-m", "jupyter_guard.kernel"]}


def results(checkout: Path, files: tuple[str, ...], kernel: str) -> dict[str, str]:
    """The outcome of each test: passed, failed, error or skipped."""
    with tempfile.TemporaryDirectory(prefix="cf-") as name:
        folder = Path(name)
        spec = folder / "kernels" / "python3"
        spec.mkdir(parents=True)
        argv = [sys.executable, *KERNELS[kernel], "-f", "{connection_file}"]
        text = {"argv": argv, "display_name": "Python 3", "language": "python", "metadata": {"debugger": True}}
        (spec / "kernel.json").write_text(json.dumps(text))
        tests = [str(path) for one in files if (path := checkout / "tests" / one).exists()]
        report = folder / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]
        environment = {**os.environ, "JUPYTER_PATH": name, "IPYTHONDIR": str(folder / "ipython")}
        subprocess.run(command, cwd=checkout, env=environment, timeout=3600)
        cases = ET.parse(report).iter("testcase")
        return {f"{case.get('classname')}::{case.get('name')}": _outcome(case) for case in cases}


def _outcome(case: ET.Element) -> str:
    for kind, word in (("failure", "failed"), ("error", "error"), ("skipped", "skipped")):
        if case.find(kind) is not None:
            return word
    return "passed"


def compare(checkout: Path, files: tuple[str, ...]) -> int:
    """Run both and print the differences; the number of tests that the guarded kernel does worse in."""
    plain, guarded = (results(checkout, files, kernel) for kernel in KERNELS)
    worse = 0
    for name in sorted(plain | guarded):
        before, after = plain.get(name, "deselected"), guarded.get(name, "deselected")
        if before != after or before != "passed":
            print(f"{name}: plain {before}, guarded {after}")
        worse += before == "passed" and after != "passed"
    print(f"{checkout.name}: {len(plain)} tests, {worse} worse under the guarded kernel")
    return worse


def main() -> int:
    """Compare what was given."""
    parser = argparse.ArgumentParser(description="Other projects' own tests under the guarded kernel.")
    parser.add_argument("--ipykernel", type=Path)
    parser.add_argument("--nbclient", type=Path)
    options = parser.parse_args()
    worse = 0
    for checkout, files in ((options.ipykernel, IPYKERNEL), (options.nbclient, NBCLIENT)):
        if checkout is not None:
            worse += compare(checkout.resolve(), files)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
