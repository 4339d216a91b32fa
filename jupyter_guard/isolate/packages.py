"""A grant of ``packages`` -> a folder over the kernel's environment, into which its cells install.

It is an environment of its own (venv) that has the kernel's as well, its packages first: what pip would replace there
stays where it is, and only kernels with the grant see the new one. Nothing outside a box runs what is installed there.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from jupyter_guard.isolate.again import hash_of
from jupyter_guard.isolate.grants import PACKAGES, Grants
from jupyter_guard.isolate.variables import EVERYTHING

# Where the kernel finds it (`inside/child/packages.py`).
VARIABLE = "JUPYTER_GUARD_PACKAGES"
_SECONDS = 60.0
# For the kernel's interpreter, which may be another version, in another environment.
_MAKE = """
import glob, os, sys, sysconfig, venv
place, final = sys.argv[1:]
venv.EnvBuilder(symlinks=True).create(place)
for one in glob.glob(os.path.join(glob.escape(place), "bin", "[Aa]ctivate*")):
    os.remove(one)
own = sysconfig.get_path("purelib", vars={"base": place, "platbase": place, "installed_base": place})
theirs = [one for one in sys.path if os.path.basename(one) in ("site-packages", "dist-packages")]
with open(os.path.join(own, "guarded.pth"), "w") as file:
    file.writelines("import site; site.addsitedir(%r)\\n" % one for one in theirs)
for name in ("pip", "pip3"):
    path = os.path.join(place, "bin", name)
    with open(path, "w") as file:
        file.write('#!/bin/sh\\nexec "%s/bin/python" -m pip "$@"\\n' % final)
    os.chmod(path, 0o755)
"""


def place(granted: Grants, write: tuple[str, ...], python: str) -> str:
    """The folder for kernels of this interpreter, or ``""`` where the policy does not grant it."""
    if PACKAGES not in write and not (EVERYTHING in write and granted.writes_all):
        return ""
    return os.path.join(granted.home + PACKAGES[1:], f"{hash_of(python):016x}")


def make(folder: str, python: str) -> None:
    """Make it where it is not there. Raises ``OSError`` with what the interpreter says.

    What is there is left alone: cells write there, and may have laid links for whoever writes from outside. So it is
    made in a place in which no cell can write, and moved there.
    """
    if os.path.lexists(folder):
        return
    beside = f"{os.path.dirname(folder)}.{os.getpid()}"
    try:
        done = subprocess.run(
            # -I: what a cell has left in the workspace, under the name of a module, does not run out here.
            [python, "-I", "-c", _MAKE, beside, folder], capture_output=True, text=True, check=False,
            timeout=_SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
            raise OSError(f"{python} makes no environment for packages: {said[0]}")
        if not os.path.lexists(folder):
            os.makedirs(os.path.dirname(folder), 0o700, exist_ok=True)
            os.rename(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def variables(folder: str, path: str) -> dict[str, str]:
    """What has programs that cells start use it too: ``!pip``, ``!python``, ``!uv pip``."""
    return {VARIABLE: folder, "VIRTUAL_ENV": folder, "PATH": os.pathsep.join([os.path.join(folder, "bin"), path])}
