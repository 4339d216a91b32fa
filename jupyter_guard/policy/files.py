"""A project's directory -> the policy files that hold there, and the policy that they make together."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from jupyter_guard.policy.layer import Layer, PolicyError, PolicyProblem, preset_layer, read_layer
from jupyter_guard.policy.packs import with_packs
from jupyter_guard.policy.policy import Policy

SITE = Path("/etc/jupyter/jupyter_guard.toml")
NAME = "jupyter_guard.toml"
HUB_VARIABLE = "JUPYTER_GUARD_POLICY"


def policy_files(project: str | Path, environment: Mapping[str, str] | None = None) -> list[tuple[str, Path]]:
    """The layers' names and paths, the mightiest first, whether or not the files exist.

    Site, hub (only where ``JUPYTER_GUARD_POLICY`` names a file), user (in Jupyter's configuration directory, found as
    ``jupyter_core`` finds it), project: ``jupyter_guard.toml`` and, where it has the table, ``pyproject.toml``, in
    ``project``. Both count, so that one that is made later takes nothing of the other away.
    """
    *files, (layer, own), (_, shared) = possible_files(project, environment)
    with_table = [(layer, shared)] if has_table(shared) else []
    return [*files, *with_table, *([(layer, own)] if _is_there(own) or not with_table else [])]


def possible_files(project: str | Path, environment: Mapping[str, str] | None = None) -> list[tuple[str, Path]]:
    """As ``policy_files``, without a look at any: both files that the project's layer may come from are there.

    As long as none of these changes, comes or goes, the policy stays what it is.
    """
    environment = os.environ if environment is None else environment
    files = [("site", SITE)]
    if environment.get(HUB_VARIABLE):
        files.append(("hub", Path(environment[HUB_VARIABLE])))
    files.append(("user", _config_directory(environment) / NAME))
    return [*files, ("project", Path(project) / NAME), ("project", Path(project) / "pyproject.toml")]


def load_effective(
    project: str | Path, preset: str = "personal", environment: Mapping[str, str] | None = None
) -> Policy:
    """The policy in force for notebooks in ``project``.

    Raises ``PolicyError`` with the mistakes of all layers; a file that the hub's variable names must exist.
    """
    layers: list[Layer] = []
    problems: list[PolicyProblem] = []
    for name, path in policy_files(project, environment):
        if not _is_there(path):
            if name == "hub":
                problems.append(PolicyProblem(str(path), 0, "", f"{HUB_VARIABLE} names this file, and it is not there"))
            continue
        try:
            layers += with_packs(read_layer(path, name, owned_by_root=name == "site"))
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(problems)
    return Policy(preset_layer(preset), layers)


def admin_problems(environment: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong, in words, with the layers that are not the user's: site, and the file that the hub names.

    Both must belong to root, be no symbolic links and be writable by nobody else. A site layer may be missing.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(HUB_VARIABLE)
    problems: list[str] = []
    for name, path in (("site", SITE), *((("hub", Path(named)),) if named and Path(named) != SITE else ())):
        if name == "hub" and not _is_there(path):
            problems.append(f"{path}: {HUB_VARIABLE} names this policy, and it is not there")
            continue
        if name == "site" and not _is_there(path):
            if named and Path(named) == SITE:
                problems.append(f"{path}: {HUB_VARIABLE} names this policy, and it is not there")
            continue
        try:
            read_layer(path, name, owned_by_root=True)
        except PolicyError as error:
            problems += [str(problem) for problem in error.problems]
    return problems


def _is_there(path: Path) -> bool:
    """Whether something is at the path; also where nobody may look: reading it then says why it cannot be read."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _config_directory(environment: Mapping[str, str]) -> Path:
    if environment.get("JUPYTER_CONFIG_DIR"):
        return Path(environment["JUPYTER_CONFIG_DIR"])
    home = Path(environment.get("HOME") or Path.home())
    if environment.get("JUPYTER_PLATFORM_DIRS", "").lower() in ("", "no", "n", "false", "off", "0", "0.0"):
        return home / ".jupyter"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Jupyter"
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Jupyter"
    return Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "jupyter"


def has_table(path: Path) -> bool:
    """Whether a ``pyproject.toml`` has the guard's table; false for one that cannot be read."""
    try:
        return "jupyter_guard" in tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError, AttributeError):
        # Somebody else's file: whatever is wrong with it, it is no policy of ours.
        return False
