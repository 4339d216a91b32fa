"""A command -> the same as an ordinary user, for tests that root runs: nobody's rights, and nobody's home to read."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

USER = 61234
_TOOLS = ("unshare", "setpriv", "mount")


def command(words: list[str], *places: Path) -> list[str]:
    """``words`` as a user whom this machine does not know; those who are ordinary already stay who they are.

    ``places`` are what else has to be read. Interpreters and packages in folders that only root enters, such as its
    home, are mounted where they are, with nothing else of the folder; in a mount namespace that ends with the command.
    """
    if os.geteuid():
        return words
    wanted = {Path(sys.base_prefix), Path(sys.prefix), Path(__file__).parents[2], *places}
    closed = {top for one in wanted for top in one.resolve().parents if top != Path("/") and not _is_open(top)}
    lines = ["set -e", "keep=$(mktemp -d)"]
    for at, top in enumerate(sorted(one for one in closed if not any(other in one.parents for other in closed))):
        inside = sorted({one.resolve() for one in wanted if top in one.resolve().parents})
        for number, one in enumerate(inside):
            lines += [f"mkdir $keep/{at}-{number}", f"mount --bind {shlex.quote(str(one))} $keep/{at}-{number}"]
        lines.append(f"mount -t tmpfs -o mode=0755 tmpfs {shlex.quote(str(top))}")
        for number, one in enumerate(inside):
            place = shlex.quote(str(one))
            lines += [f"mkdir -p {place}", f"mount --bind $keep/{at}-{number} {place}"]
    lines.append(f'exec setpriv --reuid={USER} --regid={USER} --clear-groups --inh-caps=-all --bounding-set=-all "$@"')
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines), "sh", *words]


def trouble() -> str:
    """Why nobody ordinary can be had here, or ``""``."""
    if os.geteuid() == 0 and not all(map(shutil.which, _TOOLS)):
        return f"root needs {', '.join(_TOOLS)} to be somebody else"
    done = subprocess.run(
        command([sys.executable, "-c", "import jupyter_guard"]), capture_output=True, text=True, check=False
    )
    return f"an ordinary user cannot import the guard here: {done.stderr.strip()}" if done.returncode else ""


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o001)
