"""A machine -> its container engines, and the runtimes by which they start small machines or a system of their own.

Nothing is looked up: the engine is asked and a container really started, under a time-out and without any download.
Kernels do not run in containers yet: these are shown, and ``command`` is what a person runs to see one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import msgspec

ENGINES = ("docker", "podman")
# What stands between a container and this system: gVisor answers system calls itself, the others start a small machine.
RUNTIMES = {"runsc": "gVisor", "kata": "a micro-VM", "krun": "a micro-VM"}
# Their programs, where the engine finds them by path (podman) instead of by a name that was given to it (docker).
PROGRAMS = {"runsc": ("runsc",), "kata": ("kata-runtime", "containerd-shim-kata-v2"), "krun": ("krun",)}
SECONDS_TO_TRY = 20.0
IMAGE = "python:3.12-slim"
INSTALL = "install one (Debian, Ubuntu: apt-get install podman)"


class Engine(msgspec.Struct, frozen=True):
    """A container engine: ``trouble`` says why nothing can be started with it, ``""`` that something was.

    ``release`` is the version of the system inside, as ``uname -r`` tells it.
    """

    name: str
    runtime: str = ""
    trouble: str = ""
    release: str = ""

    @property
    def gives(self) -> str:
        """In words: ``docker with runsc (gVisor)``."""
        return f"{self.name} with {self.runtime} ({RUNTIMES[self.runtime]})" if self.runtime else self.name


def engines(seconds: float = SECONDS_TO_TRY) -> tuple[Engine, ...]:
    """Each engine by itself and with each runtime that it knows; what is not there has no entry."""
    found = []
    for name in ENGINES:
        program = shutil.which(name)
        if program is None:
            continue
        trouble, runtimes = _asked(program, seconds)
        found.append(Engine(name, "", trouble) if trouble else _tried(name, program, "", "", seconds))
        if not trouble:
            found += [_tried(name, program, short, long, seconds) for short, long in runtimes]
    return tuple(found)


def summary(found: Sequence[Engine]) -> str:
    """One sentence for people."""
    if not found:
        return f"no container engine is there: {INSTALL}"
    return "; ".join(f"{one.gives}: {one.trouble or 'works'}" for one in found)


def command(engine: str, runtime: str = "", image: str = IMAGE, words: Sequence[str] = ("uname", "-r")) -> list[str]:
    """A container with nothing: no network, no rights, nothing writable, no download."""
    chosen = ["--runtime", runtime] if runtime else []
    if engine.rpartition("/")[2] == "podman" and runtime.rpartition("/")[2] == "runsc":
        # podman's "none" is a network of its own with nothing in it, which gVisor takes for this system's and refuses.
        chosen += ["--runtime-flag", "network=none"]
    closed = ["--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pids-limit=64"]
    return [engine, "run", "--rm", "--pull=never", *chosen, *closed, "--memory=256m", image, *words]


def _asked(program: str, seconds: float) -> tuple[str, list[tuple[str, str]]]:
    """Why the engine does not answer, or the runtimes that it knows: our name, and its."""
    done = _run([program, "info", "--format", "{{json .}}"], seconds)
    if isinstance(done, str):
        return done, []
    try:
        about = json.loads(done.stdout)
    except ValueError:
        return _said(done), []
    if done.returncode or about.get("ServerErrors"):
        return "; ".join(about.get("ServerErrors") or [_said(done)]), []
    return "", _known(about)


def _known(about: dict[str, Any]) -> list[tuple[str, str]]:
    named = {one.rpartition("/")[2].lower(): one for one in about.get("Runtimes") or {}}
    found = []
    for short, programs in PROGRAMS.items():
        names = [full for name, full in named.items() if short in name]
        paths = [path for one in programs if (path := shutil.which(one))] if "Runtimes" not in about else []
        found += [(short, one) for one in (names or paths)[:1]]
    return found


def _tried(name: str, program: str, short: str, runtime: str, seconds: float) -> Engine:
    images = _run([program, "images", "--quiet"], seconds)
    if isinstance(images, str):
        return Engine(name, short, images)
    image = next(iter(images.stdout.split()), "")
    if not image:
        return Engine(name, short, f"it answers, and there is no image to try it with: {name} pull {IMAGE}")
    done = _run(command(program, runtime, image), seconds)
    if isinstance(done, str):
        return Engine(name, short, done)
    return Engine(name, short, _said(done) if done.returncode else "", done.stdout.strip())


def _run(words: list[str], seconds: float) -> subprocess.CompletedProcess[str] | str:
    """A process that has ended, or why it did not."""
    try:
        return subprocess.run(
            words, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return f"it does not answer within {seconds:.0f} seconds"
    except OSError as error:
        return f"it cannot be started: {error.strerror}"


def _said(done: subprocess.CompletedProcess[str]) -> str:
    lines = [one for one in done.stderr.splitlines() if one.strip()]
    return lines[-1].strip() if lines else f"exit status {done.returncode}"
