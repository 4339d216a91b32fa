"""A name that somebody wants granted -> entries of the person's own policy file, where the layers above allow them.

The file keeps its comments and order, and is replaced as a whole or not at all.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from jupyter_guard.isolate.grants import PACKAGES
from jupyter_guard.isolate.stores import names_a_store, services
from jupyter_guard.isolate.variables import is_credential
from jupyter_guard.policy.files import HUB_VARIABLE, policy_files
from jupyter_guard.policy.layer import Layer, parse_layer, preset_layer, read_layer
from jupyter_guard.policy.policy import Policy
from jupyter_guard.terms.covering import covers_host
from jupyter_guard.terms.host import parsed

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Wanted(msgspec.Struct, frozen=True):
    """Entries that a name stands for, by the key that they belong to."""

    entries: dict[str, tuple[str, ...]]


class Granted(msgspec.Struct, frozen=True):
    """What was added to ``file``, by key; nothing where all of it was granted already."""

    file: str
    added: dict[str, tuple[str, ...]]


class RefusedError(Exception):
    """Nothing was written; the text says which layer and line decide, and who can change that."""


def wanted(name: str, folder: Path, home: Path, writable: bool = False) -> Wanted:
    """What ``name`` means: a service or credential store, ``packages``, a path, a host, or a variable.

    ``writable`` grants a path for writing too. Raises ``ValueError`` for what is none of these.
    """
    if writable:
        return Wanted({"isolation.write": (_path(name, folder, home),)})
    if name == "packages":
        return Wanted({"isolation.write": (PACKAGES,)})
    service = services().get(name.lower())
    if service is not None:
        return Wanted({"isolation.read": (service.name,), "isolation.env": service.variables})
    if "://" in name:
        parsed(name)
    if name in (".", "..", "~") or "/" in name or (folder / name).exists():
        return Wanted({"isolation.read": (_path(name, folder, home),)})
    if "." in name or ":" in name.rstrip(":") or name == "localhost":
        parsed(name)
        return Wanted({"isolation.hosts": (name.lower(),)})
    if _VARIABLE.match(name) and (name.upper() == name or name in os.environ):
        return Wanted({"isolation.env": (name,)})
    known = ", ".join(sorted({one.name for one in services().values()}))
    raise ValueError(f"a credential store ({known}), packages, a path, a host or host:port, or a variable's name")


def grant(what: Wanted, folder: Path, environment: Mapping[str, str] | None = None) -> Granted:
    """Add it to the user's file.

    Raises ``RefusedError``, ``PolicyError`` for mistakes in any layer, and ``OSError``.
    """
    import tomlkit

    environment = os.environ if environment is None else environment
    files = dict(policy_files(folder, environment))
    path = files["user"]
    layers = _layers(folder, environment)
    before = Policy(preset_layer("personal"), layers).values()
    missing = {
        key: tuple(one for one in entries if not _holds(key, before[key], one)) for key, entries in what.entries.items()
    }
    missing = {key: entries for key, entries in missing.items() if entries}
    if not missing:
        return Granted(str(path), {})
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    if "version" not in document:
        document.add("version", 1)
    own = next((one for one in layers if one.name == "user"), Layer("user"))
    for key, entries in missing.items():
        _add(document, key, own.values.get(key, before[key]), entries)
    made = tomlkit.dumps(document)
    mine = parse_layer(made, "user", str(path))
    after = Policy(preset_layer("personal"), _with(layers, mine))
    for key, entries in missing.items():
        refused = [one for one in entries if not _holds(key, after.values()[key], one)]
        if refused:
            raise RefusedError(_why(after, key, refused[0]))
    _replace(path, made)
    return Granted(str(path), missing)


def _layers(folder: Path, environment: Mapping[str, str]) -> list[Layer]:
    found = []
    for name, path in policy_files(folder, environment):
        if path.exists() or path.is_symlink() or (name == "hub" and environment.get(HUB_VARIABLE)):
            found.append(read_layer(path, name, owned_by_root=name == "site"))
    return found


def _with(layers: list[Layer], mine: Layer) -> list[Layer]:
    above = [one for one in layers if one.name in ("site", "hub")]
    return [*above, mine, *(one for one in layers if one.name == "project")]


def _holds(key: str, entries: tuple[str, ...], one: str) -> bool:
    if one in entries:
        return True
    needs_its_name = is_credential(one) if key == "isolation.env" else names_a_store(one)
    if key == "isolation.hosts":
        host = parsed(one)
        return "*" in entries or covers_host(map(parsed, entries), host.name, host.port)
    return "*" in entries and not needs_its_name


def _add(document: Any, key: str, values: tuple[str, ...], entries: tuple[str, ...]) -> None:
    import tomlkit

    table, name = key.split(".")
    if table not in document:
        document.add(table, tomlkit.table())
    there = document[table].get(name)
    if there is None:
        document[table].add(name, [*values, *entries])
        return
    for one in entries:
        there.append(one)


def refusal(policy: Policy, key: str, entry: str) -> str:
    """Why the person could not grant ``entry``, or ``""`` where the layers allow it."""
    above = [say for say in policy.explain(key) if say.layer != "user" and "preset" not in say.layer]
    locks = [say for say in policy.explain("locked") if say.value is True and say.layer != "user"]
    allowed = all(_holds(key, say.value, entry) for say in above)
    if locks and not above:
        allowed = _holds(key, policy.values()[key], entry)
    return "" if allowed else _why(policy, key, entry)


def _why(policy: Policy, key: str, entry: str) -> str:
    """Which layer keeps ``entry`` out, with its line."""
    told = f"{entry} cannot be granted for {key}: "
    for say in policy.explain(key):
        if say.layer != "user" and "preset" not in say.layer and not _holds(key, say.value, entry):
            return (
                f"{told}the {say.layer} policy ({say.file}:{say.line}) allows {_shown(say.value)} and no more. {_ASK}"
            )
    for say in policy.explain("locked"):
        if say.value is True and say.layer != "user":
            return f"{told}the {say.layer} policy ({say.file}:{say.line}) is locked, so lower ones only tighten. {_ASK}"
    return f"{told}what holds is {_shown(policy.values()[key])}"


_ASK = "Whoever keeps that file can add it there"


def _shown(entries: Any) -> str:
    return "[" + ", ".join(f'"{one}"' for one in entries) + "]"


def _path(name: str, folder: Path, home: Path) -> str:
    whole = Path(os.path.normpath(folder / Path(name).expanduser()))
    # The file counts for every folder, so that a path must not depend on one.
    return f"~/{whole.relative_to(home)}" if home in whole.parents else str(whole)


def _replace(path: Path, text: str) -> None:
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
