"""A planned ``jupyterhub_config.py``, or a user's running server -> the holes in its lock, each with what closes it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from jupyter_guard.hub.keeping import is_ours
from jupyter_guard.hub.settings import settings
from jupyter_guard.hub.spawners import KINDS, LOCKED, own_settings, spawner_names
from jupyter_guard.policy import PolicyError, load_effective
from jupyter_guard.policy.files import HUB_VARIABLE, admin_problems

DEFAULT_POLICY = "/etc/jupyter/jupyter_guard.toml"
SECONDS = 20


class Hole(NamedTuple):
    """One way round the lock: ``where`` it is, what is ``found`` there, ``why`` it matters and what closes it.

    One that ``is_open`` not is an administrator's own function: the lock is set again after it ran, and what else it
    does nobody here can see.
    """

    where: str
    found: str
    why: str
    fix: str
    is_open: bool = True


class CannotCheckError(ValueError):
    """What was to be checked cannot be read or reached, in words."""


def check_file(path: Path) -> list[Hole]:
    """The holes of a configuration file, which is executed as the Hub would. Raises ``CannotCheckError``."""
    from traitlets.config.loader import PyFileConfigLoader

    try:
        config = PyFileConfigLoader(path.name, str(path.absolute().parent)).load_config()
    except Exception as problem:
        # It is somebody's program: whatever it raises is what is wrong with it.
        raise CannotCheckError(f"{path} cannot be loaded: {type(problem).__name__}: {problem}") from None
    return list(_holes(config))


def _holes(config: Any) -> Iterator[Hole]:
    spawner = config.get("Spawner", {})
    environment = spawner.get("environment") or {}
    named = environment.get(HUB_VARIABLE)
    # `enforce` leaves a function that knows the groups; what it answers without any is the site's.
    policies = _policies(named)
    for setting in settings(policies[0] if policies else DEFAULT_POLICY):
        section, trait = setting.trait.split(".")
        value = config.get(section, {}).get(trait)
        if value is None or not setting.is_met_by(value):
            yield Hole(f"c.{setting.trait}", _shown(value), setting.why, "call jupyter_guard.hub.enforce(c) last")
    used = spawner_names(config)
    yield from _class(config, used)
    yield from _own(config, used)
    ours = {one.trait for one in own_settings()}
    for section in sorted(config):
        if section.endswith("Spawner") and section != "Spawner":
            for trait in sorted(set(LOCKED) & set(config[section])):
                if f"{section}.{trait}" in ours or is_ours(config[section][trait]):
                    continue
                yield Hole(
                    f"c.{section}.{trait}",
                    _shown(config[section][trait]),
                    f"It takes the place of c.Spawner.{trait} for this spawner.",
                    f"set c.Spawner.{trait} before enforce, and remove this line",
                )
    yield from _hooks(config)
    for path in policies:
        problems = admin_problems({HUB_VARIABLE: path})
        for problem in problems:
            yield Hole(path, problem, "No server starts a kernel while its policy is not in order.", "mend the file")
        if not problems:
            yield from _loose(path)


# Whose spawners start a server with the command and the environment that they were told.
_PACKAGES = ("jupyterhub", "kubespawner", "dockerspawner", "systemdspawner")


def _class(config: Any, used: set[str]) -> Iterator[Hole]:
    """What the spawner's class itself decides."""
    named = config.get("JupyterHub", {}).get("spawner_class")
    if "SimpleLocalProcessSpawner" in used:
        yield Hole(
            "c.JupyterHub.spawner_class",
            _shown(named),
            "Every server runs as the Hub's own account, so what only that account may change all users can.",
            "a spawner that runs each server as its user, or in a container of its own",
        )
    package = named.__module__ if isinstance(named, type) else str(named or "jupyterhub.spawner")
    if "." in package and package.partition(".")[0] not in _PACKAGES:
        yield Hole(
            "c.JupyterHub.spawner_class",
            _shown(named),
            "A class of your own, which cannot be looked into: what it starts, and with what, it says itself.",
            "let it start self.cmd with self.get_args() and self.get_env(), as JupyterHub's own do",
            is_open=False,
        )


_HOOKS = ("pre_spawn_hook", "auth_state_hook", "apply_user_options", "group_overrides")


def _hooks(config: Any) -> Iterator[Hole]:
    """The functions that may change a server's settings before it starts, and what they are seen to change."""
    if not is_ours(config.get("Spawner", {}).get("pre_spawn_hook")):
        yield Hole(
            "c.Spawner.pre_spawn_hook",
            _shown(config.get("Spawner", {}).get("pre_spawn_hook")),
            "It fills in whose server it is, makes the user's folders root's and sets the lock again after others.",
            "call jupyter_guard.hub.enforce(c); your own hook runs within it",
        )
    for section in sorted(one for one in config if one.endswith("Spawner")):
        for trait in _HOOKS:
            value = config[section].get(trait)
            if is_ours(value):
                value = value.keywords["earlier"]
            elif section != "Spawner" and trait in LOCKED:
                # Named already as what takes the place of all spawners'.
                continue
            if isinstance(value, Mapping):
                taken = sorted({one for group in value.values() for one in _overridden(group)} & set(LOCKED))
                if taken:
                    yield Hole(
                        f"c.{section}.{trait}",
                        f"{', '.join(taken)} in {_shown(value)}",
                        "It would change what the lock sets, which is set again after it.",
                        f"remove it; policies by group are enforce's: enforce(c, groups={{...}}), not {trait}",
                    )
            elif value:
                yield Hole(
                    f"c.{section}.{trait}",
                    _shown(value),
                    "A function of your own, which cannot be looked into. The lock is set again after it ran; what "
                    "else it does as the Hub (folders, files, programs) is up to it.",
                    "read it with that in mind; the Hub's log names what it would have changed",
                    is_open=False,
                )


def _overridden(group: Any) -> set[str]:
    found = group.get("spawner_override") if isinstance(group, Mapping) else None
    return {str(one) for one in found} if isinstance(found, Mapping) else set()


def _own(config: Any, used: set[str]) -> Iterator[Hole]:
    """What is missing, or goes round the lock, for the kinds of spawner that the configuration uses or sets."""
    for kind in KINDS:
        if kind.name not in used and kind.name not in config:
            continue
        section = config.get(kind.name, {})
        for setting in kind.settings:
            trait = setting.trait.split(".")[1]
            value = section.get(trait)
            if value is None or not setting.is_met_by(value):
                yield Hole(f"c.{setting.trait}", _shown(value), setting.why, "call jupyter_guard.hub.enforce(c) last")
        # What stands for a class's bases, and for a class made of it, counts for it too.
        names = sorted({kind.name, *(used if kind.name in used else ())})
        for trap in kind.traps:
            trait = trap.trait.split(".")[1]
            for name in (one for one in names if trait in config.get(one, {})):
                value = _settled(config[name][trait])
                if trap.is_open(value):
                    yield Hole(f"c.{name}.{trait}", _shown(value), trap.why, trap.fix)


def _settled(value: Any) -> Any:
    """What a trait's value comes to where the configuration only adds to the default, which is empty for all traps."""
    from traitlets.config.loader import LazyConfigValue

    if not isinstance(value, LazyConfigValue):
        return value
    return value.get_value({} if "update" in value.to_dict() else [])


def _policies(named: Any) -> list[str]:
    if isinstance(named, str):
        return [named]
    keywords = getattr(named, "keywords", {})
    return [*([keywords["policy"]] if "policy" in keywords else []), *dict(keywords.get("groups") or {}).values()]


def _loose(path: str) -> Iterator[Hole]:
    """What a policy that is in order leaves to its users."""
    try:
        policy = load_effective(
            "/", environment={HUB_VARIABLE: path, "HOME": "/", "JUPYTER_CONFIG_DIR": "/nonexistent"}
        )
    except PolicyError as error:
        for problem in error.problems:
            yield Hole(
                path, str(problem), "No server starts a kernel while its policy is not in order.", "mend the file"
            )
        return
    if str(policy.mode) == "observe":
        yield Hole(path, 'mode = "observe"', "Nothing is stopped: it is only written down.", 'mode = "enforce"')


def check_server(url: str, token: str) -> list[Hole]:
    """The holes of a user's running server at ``url``, seen with that user's ``token``; nothing is started or changed.

    What the server says of itself counts where it holds its guard's extension: whoever could change that could change
    anything else too, which is what the checks of its folders are for.

    Raises ``CannotCheckError`` when it cannot be reached.
    """
    base = url.rstrip("/")
    holes: list[Hole] = []
    status, answer = _get(f"{base}/api/kernelspecs", token)
    if status != 200:
        raise CannotCheckError(f"{base}/api/kernelspecs answers {status}: is this a user's server, and the token his?")
    for name, spec in sorted(answer.get("kernelspecs", {}).items()):
        argv = spec.get("spec", {}).get("argv", [])
        starter = (spec.get("spec", {}).get("metadata") or {}).get("kernel_provisioner") or {}
        if (
            argv[1:4] != ["-I", "-m", "jupyter_guard.kernel"]
            and starter.get("provisioner_name") != "guarded-provisioner"
        ):
            holes.append(
                Hole(
                    f"kernel {name}",
                    " ".join(argv)[:100],
                    "It starts without the guard.",
                    "the server must run with LockedKernelSpecManager: see c.Spawner.args",
                )
            )
    status, answer = _get(f"{base}/jupyter-guard/lock", token)
    if status != 200:
        holes.append(
            Hole(
                "/jupyter-guard/lock",
                str(status),
                "The server extension is not loaded.",
                "install jupyter_guard there, and let ServerApp.jpserver_extensions name jupyter_guard.server",
            )
        )
    holes += [
        Hole(one["what"], one["found"], one["why"], one["fix"]) for one in answer.get("checks", []) if not one["holds"]
    ]
    status, _ = _get(f"{base}/api/terminals", token)
    if status not in (403, 404):
        holes.append(
            Hole("/api/terminals", str(status), "A terminal is a shell that nobody guards.", "terminals_enabled=False")
        )
    return holes


def _get(url: str, token: str) -> tuple[int, dict[str, Any]]:
    if not url.startswith(("http://", "https://")):
        raise CannotCheckError(f"{url} is no address: expected http:// or https://")
    asked = Request(url, headers={"Authorization": f"token {token}"})  # noqa: S310 - looked at above
    try:
        with urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310
            content = json.loads(answer.read())
            return answer.status, content if isinstance(content, dict) else {}
    except HTTPError as error:
        return error.code, {}
    except ValueError:
        return 200, {}
    except (URLError, OSError) as problem:
        raise CannotCheckError(f"{url} cannot be reached: {getattr(problem, 'reason', problem)}") from None


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    if callable(value):
        return getattr(value, "__qualname__", type(value).__name__)
    text = repr(value).replace(os.linesep, " ")
    return text if len(text) <= 100 else text[:97] + "..."
