"""What the package needs -> its licences, whether it is kept up, and known vulnerabilities.

``python requirements/dependencies.py`` prints the table of ``docs/dependencies.md`` (``--write``: into it; ``--check``:
exit 1 when it says something else). ``--audit`` asks pip-audit (``pip install pip-audit``) about the exact versions in
``constraints.txt`` of the package and its extras, with everything that they need.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "dependencies.md"
BEGIN, END = "<!-- made by requirements/dependencies.py -->\n", "<!-- end -->\n"
# What none of the dependencies may be: https://www.gnu.org/licenses/ and its like bind whoever links.
REFUSED = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)


def pins() -> dict[str, str]:
    """Canonical name -> the version that everything here is tested with."""
    lines = (HERE / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def direct() -> Iterator[tuple[str, str]]:
    """Every dependency of the package and of its extras, with the extra (empty: none)."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra, wanted in {"": project["dependencies"], **project["optional-dependencies"]}.items():
        for one in wanted:
            yield canonicalize_name(Requirement(one).name), extra


def needed(names: set[str]) -> set[str]:
    """The names and all that they need here, as installed."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            wanted = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        plain = (one for one in map(Requirement, wanted) if one.marker is None or one.marker.evaluate({"extra": ""}))
        waiting += [canonicalize_name(one.name) for one in plain]
    return found


def licence(one: Distribution) -> str:
    """In the words of its metadata: an SPDX expression, or the classifiers, or the first line of what is written."""
    about = one.metadata
    classifiers = [
        text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or [] if text.startswith("License")
    ]
    written = (about.get("License") or "").strip().split("\n")[0]
    return about.get("License-Expression") or ", ".join(classifiers) or written or "not said"


def newest_python(one: Distribution) -> str:
    """The newest Python that it names: a sign of how recently somebody looked after it."""
    found = re.findall(r"Python :: 3\.(\d+)", "\n".join(one.metadata.get_all("Classifier") or []))
    return f"3.{max(map(int, found))}" if found else "-"


def table() -> str:
    """The table, a line a direct dependency. Raises ``SystemExit`` for a licence that is refused."""
    known = pins()
    lines = ["| | tested with | licence | newest Python named | extra |", "|---|---|---|---|---|"]
    for name, extra in sorted(direct(), key=lambda one: (one[1], one[0])):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            raise SystemExit(f"{name} is not installed here: install everything first (make .venv/tested)") from None
        said = licence(found)
        if REFUSED.search(said):
            raise SystemExit(f"{name}: {said}: this licence binds whoever uses the package")
        lines.append(f"| {found.name} | {known.get(name, 'not pinned')} | {said} | {newest_python(found)} | {extra} |")
    return "\n".join(lines) + "\n"


def audit() -> int:
    """What pip-audit says; its exit status, or 2 where it is not installed."""
    known = pins()
    names = sorted(needed({name for name, _ in direct()}))
    missing = [name for name in names if name not in known]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(f"{name}=={known[name]}\n" for name in names if name in known)
        file.flush()
        print(
            f"{len(names) - len(missing)} packages" + (f"; not pinned: {', '.join(missing)}" if missing else ""),
            flush=True,
        )
        words = ["pip-audit", "--strict", "--disable-pip", "--no-deps", "--requirement", file.name]
        try:
            return subprocess.run(words, check=False).returncode
        except FileNotFoundError:
            print("there is no pip-audit: pip install pip-audit", file=sys.stderr)
            return 2


def main() -> int:
    """Print, write, check or audit."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--write", "--check", "--audit"):
        parser.add_argument(option, action="store_true")
    given = parser.parse_args()
    if given.audit:
        return audit()
    made = table()
    if not (given.write or given.check):
        print(made, end="")
        return 0
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    new = before + BEGIN + made + END + rest.partition(END)[2]
    if given.write:
        PAGE.write_text(new, encoding="utf-8")
    return int(given.check and new != text)


if __name__ == "__main__":
    sys.exit(main())
