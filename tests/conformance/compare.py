"""Checkouts of ipykernel and nbclient -> their own tests under plain ipykernel and under the guarded kernel, compared.

``python tests/conformance/compare.py --ipykernel DIR --nbclient DIR``. A checkout or an unpacked source distribution
will do (``pip download --no-binary :all: --no-deps``), of the versions that are installed; ``--python`` names an
interpreter in which the projects' test requirements and jupyter_guard are installed.

Their tests start the kernel named ``python3``; the second run puts the guarded kernel in that place. Files that never
start a kernel by its name are not run again: each of their tests is listed as deselected, beside plain's own result.
What the guard refuses under the policy of a plain install is run again with all allowed, and listed with the rule.
Prints every test whose results differ or that does not pass; exit status 1 when the guarded kernel does worse anywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

KERNELS = {"plain": ["-m", "ipykernel_launcher"], "guarded": ["-P", "-m", "jupyter_guard.kernel"]}
# What starts a kernel by its name; other files build ipykernel's classes within one process, or run a command of their
# own, and never meet the guarded kernel.
STARTS = re.compile(r"^from \.utils import|NotebookClient|NbClientApp", re.MULTILINE)
# Started once more when the outcome is not plain's: these projects mark many of their own tests as flaky.
AGAIN = 2
REFUSED = re.compile(r"Cell(?:Blocked|Declined).*?\((JG\d{3})\)", re.DOTALL)
# In observe mode the notes under the cells would be outputs of their own.
ALLOW = "version = 1\n[origin.unknown]\n" + "".join(
    f'{one} = "allow"\n' for one in ("critical", "high", "medium", "unread")
)


@dataclass(frozen=True)
class Outcome:
    """How a test ended (passed, failed, error, skipped or deselected), and why when it did not pass."""

    word: str
    why: str = ""


DESELECTED = Outcome("deselected")


def results(python: str, checkout: Path, tests: list[str], kernel: str, policy: str = "") -> dict[str, Outcome]:
    """The outcome of each test, by its node id; ``policy`` is a policy file's text."""
    with tempfile.TemporaryDirectory(prefix="cf-") as name:
        folder = Path(name)
        spec = folder / "kernels" / "python3"
        spec.mkdir(parents=True)
        argv = [python, *KERNELS[kernel], "-f", "{connection_file}"]
        text = {"argv": argv, "display_name": "Python 3", "language": "python"}
        text["metadata"] = {"debugger": True, "supported_encryption": ["curve"]}
        (spec / "kernel.json").write_text(json.dumps(text))
        report = folder / "report.xml"
        options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", "--tb=short"]
        # The first names each test's file; the second is the default, which these projects' own settings call an error.
        settings = ["-o", "junit_family=xunit1", "-o", "asyncio_default_fixture_loop_scope=function"]
        command = [python, "-m", "pytest", *options, *settings, *tests]
        environment = {**os.environ, "JUPYTER_PATH": name, "IPYTHONDIR": str(folder / "ipython")}
        if policy:
            (folder / "policy.toml").write_text(policy)
            environment["JUPYTER_GUARD_POLICY"] = str(folder / "policy.toml")
        done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=3600)
        if not report.exists():
            raise SystemExit(f"pytest did not run in {checkout}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return {node(case): _outcome(case) for case in ET.parse(report).iter("testcase")}


def node(case: ET.Element) -> str:
    """The id that pytest takes on its command line."""
    file = case.get("file", "")
    classes = case.get("classname", "").removeprefix(file.removesuffix(".py").replace("/", ".")).strip(".")
    return "::".join(one for one in (file, *classes.split("."), case.get("name", "")) if one)


def _outcome(case: ET.Element) -> Outcome:
    for kind, word in (("failure", "failed"), ("error", "error"), ("skipped", "skipped")):
        found = case.find(kind)
        if found is not None:
            return Outcome(word, (found.text or found.get("message") or "").strip())
    return Outcome("passed")


def is_worse(before: Outcome, after: Outcome) -> bool:
    """Whether the guarded kernel fails where plain ipykernel does not."""
    return before.word == "passed" and after.word not in ("passed", "deselected")


def compare(python: str, checkout: Path, why: bool) -> int:
    """Run both and print the differences; the number of tests that the guarded kernel does worse in."""
    files = sorted(str(path.relative_to(checkout)) for path in (checkout / "tests").glob("test_*.py"))
    shared = [one for one in files if STARTS.search((checkout / one).read_text(encoding="utf-8"))]
    plain = results(python, checkout, files, "plain")
    guarded = results(python, checkout, shared, "guarded")
    for _ in range(AGAIN):
        worse = [name for name in guarded if is_worse(plain.get(name, DESELECTED), guarded[name])]
        if worse:
            guarded |= results(python, checkout, worse, "guarded")
    bad = [name for name in guarded if is_worse(plain.get(name, DESELECTED), guarded[name])]
    refused = {name: found[1] for name in bad if (found := REFUSED.search(guarded[name].why))}
    permitted = results(python, checkout, list(refused), "guarded", ALLOW) if refused else {}
    allowed = {name for name in refused if permitted.get(name, DESELECTED).word == "passed"}
    for name in sorted(plain | guarded):
        before, after = plain.get(name, DESELECTED), guarded.get(name, DESELECTED)
        if name in allowed:
            print(f"{name}: plain passed, guarded refused by {refused[name]}, and passed when that is allowed")
        elif before.word != after.word or before.word != "passed":
            print(f"{name}: plain {before.word}, guarded {after.word}")
            if why and name in bad:
                print(after.why)
    print(
        f"{checkout.name}: {len(plain)} tests under plain ipykernel, {len(guarded)} of them start a kernel by name and "
        f"ran under the guarded one, {len(bad) - len(allowed)} worse, {len(allowed)} refused by the policy"
    )
    return len(bad) - len(allowed)


def main() -> int:
    """Compare what was given."""
    parser = argparse.ArgumentParser(description="Other projects' own tests under the guarded kernel.")
    parser.add_argument("--ipykernel", type=Path)
    parser.add_argument("--nbclient", type=Path)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the tests and the kernels")
    parser.add_argument("--why", action="store_true", help="print the failures of what got worse")
    options = parser.parse_args()
    given = [one for one in (options.ipykernel, options.nbclient) if one is not None]
    if not given:
        parser.error("nothing to compare: give --ipykernel DIR, --nbclient DIR or both")
    return 1 if sum(compare(options.python, one.resolve(), options.why) for one in given) else 0


if __name__ == "__main__":
    sys.exit(main())
