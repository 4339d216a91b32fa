"""A machine, its Python and a folder -> what of the guard is on, what is missing, and what to type.

Every function gives facts about one part; none of them starts a kernel or changes anything.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import msgspec

PACKAGES: Final = ("ipykernel", "IPython", "jupyter_client", "pyzmq", "msgspec", "sqlglot", "tree-sitter-bash")
OPTIONAL: Final = ("jupyterlab", "notebook", "jupyter_server")
EXTENSION: Final = "jupyter-guard"
_LANDLOCK_CREATE_RULESET: Final = 444
_VERSION_ASKED: Final = 1


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
    yield from _isolation()


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
    yield from _isolated(policy)


def _isolated(policy: Any) -> Iterator[Fact]:
    from jupyter_guard.isolate.plan import examine as try_machine
    from jupyter_guard.isolate.plan import is_wanted, plan

    if not is_wanted(policy.isolation):
        return
    made = plan(policy.isolation, try_machine())
    named = policy.isolation.backend
    if made.missing or named not in ("auto", "none", made.backend):
        what = f"the policy wants isolation by {named} of {', '.join(made.required) or 'nothing named'}; "
        what += f"missing: {', '.join(made.missing) or named}"
        yield Fact("policy", "wrong", what, "; ".join(made.reasons) + ": until then guarded kernels run no cell")
        return
    yield Fact("isolation", "ok", f"guarded kernels here start in {made.backend}: {', '.join(made.achieved)}")


def _scrubber() -> Iterator[Fact]:
    from jupyter_guard.scrub.patterns import builtin

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
    if os.geteuid() == 0:
        yield Fact("rights", "missing", "root: a cell that runs can do anything to this machine", "use another account")
        return
    yield Fact("rights", "ok", f"an ordinary account (uid {os.geteuid()})")
    if shutil.which("sudo") and _succeeds("sudo", "-n", "true"):
        yield Fact("rights", "missing", "sudo works without a password, for cells too", "ask for it to be taken away")


def _isolation() -> Iterator[Fact]:
    what = "isolation: none unless the policy asks for it. A cell then has all your rights; vetting is no sandbox"
    yield Fact("isolation", "missing", what)
    yield Fact("isolation", "ok", "this machine offers " + ", ".join(_offered()))


def _offered() -> list[str]:
    offered = []
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        offered.append("no bubblewrap")
    elif _succeeds(bubblewrap, "--unshare-all", "--ro-bind", "/", "/", "true"):
        offered.append("bubblewrap (tried)")
    else:
        offered.append("bubblewrap that may not make namespaces here")
    abi = _landlock_version()
    offered.append(f"Landlock {abi}" if abi > 0 else "no Landlock")
    status = Path("/proc/self/status")
    filters = status.exists() and "Seccomp:" in status.read_text(encoding="utf-8", errors="replace")
    offered.append("seccomp filters" if filters else "no seccomp filters")
    return offered


def _landlock_version() -> int:
    """Landlock's ABI version, 0 where there is none, by landlock_create_ruleset(2)."""
    if not sys.platform.startswith("linux"):
        return 0
    library: Any = ctypes.CDLL(None, use_errno=True)
    answer: int = library.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_ASKED))
    return max(0, answer)


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
