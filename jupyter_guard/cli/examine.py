"""A machine, its Python and a folder -> what of the guard is on, what is missing, and what to type.

Every function gives facts about one part; none of them starts a kernel or changes anything.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import msgspec

from jupyter_guard.terms import Power

PACKAGES: Final = ("ipykernel", "IPython", "jupyter_client", "pyzmq", "msgspec", "sqlglot", "tree-sitter-bash")
OPTIONAL: Final = ("jupyterlab", "notebook", "jupyter_server")
SECONDS_FOR_ENGINES: Final = 5.0
EXTENSION: Final = "jupyter-guard"
# The oldest that load the extension: its package.json says ^4.2.0.
OLDEST: Final = {"jupyterlab": (4, 2), "notebook": (7, 2)}

# What to do about a privilege that a session holds.
TODO: Final = {
    Power.MACHINE: "use another account",
    Power.CLOUD: "use a role with fewer rights here",
    Power.CLUSTER: "use a context with fewer rights here",
    Power.DATABASE: "use an account that can only read, or a copy",
}


class Fact(msgspec.Struct, frozen=True):
    """One part: its state is ``ok``, ``missing`` (something is not used) or ``wrong`` (it does not guard)."""

    part: str
    state: str
    what: str
    todo: str = ""


def examine(folder: Path) -> Iterator[Fact]:
    """All facts, for notebooks in ``folder``."""
    yield from _python()
    yield from _kernels()
    yield from _lab_extension()
    yield from _server_extension()
    yield from _policy(folder)
    yield from _scrubber()
    yield from _rights()
    yield from _isolation(folder)


def _python() -> Iterator[Fact]:
    from jupyter_guard import __version__

    yield Fact("python", "ok", f"{platform.python_version()} at {sys.executable}; jupyter_guard {__version__}")
    found, absent = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            absent.append(name)
    yield Fact("packages", "ok", ", ".join(found))
    if absent:
        yield Fact("packages", "wrong", f"not installed: {', '.join(absent)}", f"pip install {' '.join(absent)}")
    front = [f"{name} {version(name)}" for name in OPTIONAL if _installed(name)]
    yield Fact(
        "front ends", "ok" if front else "missing", ", ".join(front) or "no JupyterLab or Notebook in this Python"
    )


def _kernels() -> Iterator[Fact]:
    from jupyter_client.kernelspec import KernelSpecManager

    from jupyter_guard.guard.install import NAME, is_guarded

    specs = KernelSpecManager().get_all_specs()
    guarded = {name: one for name, one in specs.items() if is_guarded(one["spec"].get("argv", []))}
    if NAME not in guarded:
        yield Fact(
            "kernel", "wrong", "the kernel Guarded Python is not installed", "jupyter guard install --sys-prefix"
        )
    for name, one in sorted(guarded.items()):
        python = str(one["spec"]["argv"][0])
        if shutil.which(python) is None:
            yield Fact("kernel", "wrong", f"{name}: there is no {python}", "jupyter guard install --sys-prefix")
        else:
            yield Fact("kernel", "ok", f"{name} ({one['spec'].get('display_name', '')}) in {one['resource_dir']}")
    rest = sorted(set(specs) - set(guarded))
    if rest:
        todo = f"jupyter guard install --wrap {rest[0]}"
        yield Fact("kernel", "missing", f"without a guard, and still to be picked: {', '.join(rest)}", todo)


def _lab_extension() -> Iterator[Fact]:
    from jupyter_core.paths import jupyter_path

    places = [Path(one) / EXTENSION for one in jupyter_path("labextensions")]
    found = next((one for one in places if (one / "package.json").is_file()), None)
    if found is not None:
        yield Fact("lab extension", "ok", str(found))
    else:
        what = "not installed: no panel, and cells count as written by nobody known"
        yield Fact("lab extension", "missing", what, "pip install --force-reinstall --no-deps jupyter_guard")
    for name, (major, minor) in OLDEST.items():
        has = version(name) if _installed(name) else ""
        if has and tuple(int(part) for part in re.findall(r"\d+", has)[:2]) < (major, minor):
            what = f"{name} {has} does not load it: no panel, and cells count as written by nobody known"
            yield Fact("lab extension", "missing", what, f'pip install "{name}>={major}.{minor}"')


def _server_extension() -> Iterator[Fact]:
    import json

    from jupyter_core.paths import jupyter_config_path

    if not _installed("jupyter_server"):
        yield Fact("server extension", "missing", "there is no jupyter_server in this Python")
        return
    for place in jupyter_config_path():
        for file in sorted((Path(place) / "jupyter_server_config.d").glob("*.json")):
            try:
                enabled = json.loads(file.read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"][
                    "jupyter_guard"
                ]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            state = "ok" if enabled else "missing"
            todo = "" if enabled else "jupyter server extension enable jupyter_guard"
            yield Fact("server extension", state, f"{'enabled' if enabled else 'disabled'} in {file}", todo)
            return
    yield Fact("server extension", "missing", "not enabled", "jupyter server extension enable jupyter_guard")


def _policy(folder: Path) -> Iterator[Fact]:
    from jupyter_guard.policy import PolicyError, load_effective, policy_files

    there = [f"{name} {path}" for name, path in policy_files(folder.absolute()) if path.exists()]
    try:
        policy = load_effective(folder)
    except PolicyError as error:
        for problem in error.problems:
            yield Fact("policy", "wrong", str(problem), "mend it: until then every cell is blocked")
        return
    locked = ", locked" if policy.locked else ""
    layers = ", ".join(there) or f"no file; the preset {policy.name} holds"
    yield Fact("policy", "ok", f"{policy.hash}, mode {policy.mode}{locked}: {layers}")
    if policy.mode == "observe":
        yield Fact("policy", "missing", "mode observe: everything is judged and nothing is stopped")


def _scrubber() -> Iterator[Fact]:
    from jupyter_guard.scrub import views
    from jupyter_guard.scrub.patterns import builtin

    if not views.COMPILED:
        what = "the module for output with colours was not compiled, or does not load: the same results, slower"
        yield Fact("scrubber", "missing", what, "install jupyter_guard where there is a C compiler and Python.h")
    count = len(builtin())
    if importlib.util.find_spec("hyperscan") is None:
        what = f"{count} token formats, found without Hyperscan: the same results, slower"
        yield Fact("scrubber", "missing", what, "pip install hyperscan")
        return
    from jupyter_guard.scrub.engine import prepare

    used = prepare()
    what = f"{count} token formats, found with Hyperscan {version('hyperscan')}"
    yield Fact(
        "scrubber", "ok" if used else "missing", what if used else f"{count} token formats; Hyperscan does not load"
    )


def _rights() -> Iterator[Fact]:
    if not hasattr(os, "geteuid"):
        yield Fact("rights", "ok", "not known on this system")
        return
    from jupyter_guard.guard.privileges import held

    privileges = held(os.environ, Path.home())
    for one in privileges:
        yield Fact("rights", "missing", f"{one.power}: {one}; cells have it too, an assistant's also", TODO[one.power])
    if os.geteuid() == 0:
        return
    if not privileges:
        yield Fact("rights", "ok", f"an ordinary account (uid {os.geteuid()})")
    if shutil.which("sudo") and _succeeds("sudo", "-n", "true"):
        yield Fact("rights", "missing", "sudo works without a password, for cells too", "ask for it to be taken away")


def _isolation(folder: Path) -> Iterator[Fact]:
    """What a guarded kernel started here would be held by; what the machine offers is tried, not looked up."""
    from jupyter_guard.isolate.plan import examine as try_machine
    from jupyter_guard.isolate.plan import opened, plan
    from jupyter_guard.policy import PolicyError, load_effective
    from jupyter_guard.policy.fields import PROPERTIES
    from jupyter_guard.policy.files import HUB_VARIABLE

    try:
        policy = load_effective(folder)
    except PolicyError:
        # Said already, under policy.
        return
    if sys.platform != "linux":
        yield _elsewhere(policy.isolation)
        return
    machine, wanted = try_machine(), policy.isolation
    made = plan(wanted, machine, policy.limits, by_site=os.environ.get(HUB_VARIABLE))
    offered = ", ".join(_offered(machine))
    bare = "a cell then has all your rights; vetting is no sandbox"
    if wanted.backend == "none" and not made.missing:
        what = f"isolation: none, as the policy says isolation.backend = none: {bare}. This machine offers {offered}"
        yield Fact("isolation", "missing", what, 'take that line out, or write backend = "auto"')
    elif made.missing or wanted.backend not in ("auto", "none", made.backend):
        what = f"the policy wants isolation by {wanted.backend} of {', '.join(made.required) or 'nothing named'}; "
        what += f"missing: {', '.join(made.missing) or wanted.backend}. This machine offers {offered}"
        yield Fact("isolation", "wrong", what, "; ".join(made.reasons) + ": until then no guarded kernel starts")
    elif made.backend == "none":
        yield Fact("isolation", "missing", f"isolation: none: {bare}", "; ".join(made.reasons))
    else:
        what = f"isolation: guarded kernels here start in {made.backend}: {', '.join(made.achieved)}"
        # Limits are told of below.
        lacks = [one for one in PROPERTIES if one not in (*made.achieved, "resources")]
        what += f", not {', '.join(lacks)}" if lacks else ""
        todo = ("; ".join(made.reasons) or opened(wanted, machine)) if lacks else ""
        yield Fact("isolation", "missing" if lacks else "ok", f"{what}. This machine offers {offered}", todo)
    yield from _limits(policy, machine)
    yield from _grants(folder, policy)
    yield from _containers()


def _elsewhere(wanted: Any) -> Fact:
    """What there is where no box can be made, whatever is installed."""
    system = {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, sys.platform)
    what = f"no isolation on {system}: a cell has all your rights; vetting is no sandbox, and [limits] hold time and "
    what += "output only"
    asked = ", ".join((*wanted.require, *([wanted.backend] if wanted.backend not in ("auto", "none") else [])))
    if asked:
        what += f". The policy wants {asked}, so no guarded kernel starts"
    return Fact("isolation", "wrong" if asked else "missing", what, "run the kernels on Linux, or in a virtual machine")


def _limits(policy: Any, machine: Any) -> Iterator[Fact]:
    """The limits in force, and whether this machine keeps them over a whole kernel."""
    from jupyter_guard.kernel.limit_words import amount

    said = [f"{name} {amount(name, value)} ({source})" for name, value, source in policy.limits_said()]
    if not said:
        what = "no limits: a cell may use up this machine's memory, disk and processes"
        yield Fact("limits", "missing", what, "set [limits] in a jupyter_guard.toml")
        return
    if machine.limits:
        what = f"{', '.join(said)}; not all of them hold: {machine.limits}"
        yield Fact("limits", "wrong" if "resources" in policy.isolation.require else "missing", what)
    else:
        yield Fact("limits", "ok", f"{', '.join(said)}; tried here, and over a whole kernel they hold")
    from jupyter_guard.isolate.cgroups import delegated

    group, why = delegated()
    what = f"memory and processes are also held in a control group below {group}" if group else why
    yield Fact("limits", "ok" if group else "missing", what)


def _grants(folder: Path, policy: Any) -> Iterator[Fact]:
    """What the policy grants and nobody gets, each with its line; hosts are really looked up."""
    from jupyter_guard.isolate import refusing
    from jupyter_guard.isolate.grants import grants

    if policy.isolation.backend == "none":
        return
    granted = grants(policy.isolation, str(folder), os.environ)
    problems = (*granted.problems, *refusing.unresolved(granted.hosts))
    for one in (*refusing.placed(policy, problems), *refusing.about_place(str(folder))):
        yield Fact("grants", "missing", one)


def _containers() -> Iterator[Fact]:
    """Container engines; no kernel runs in one yet, so none is ever wrong."""
    from jupyter_guard.isolate import containers

    found = containers.engines(SECONDS_FOR_ENGINES)
    works = [one for one in found if not one.trouble]
    yield Fact(
        "containers", "ok" if works else "missing", containers.summary(found) + "; kernels do not run in them yet"
    )


def _offered(machine: Any) -> list[str]:
    return [
        machine.bubblewrap or "bubblewrap (tried)",
        f"Landlock {machine.landlock}" if machine.landlock else "no Landlock",
        "seccomp filters" if machine.filters else "no seccomp filters",
    ]


def _succeeds(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
