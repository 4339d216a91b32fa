"""The credential stores and services that a grant can name, and which entries of a policy let one be read."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources

import msgspec


class Service(msgspec.Struct, frozen=True):
    """What belongs to one name: paths below the home directory, variables, and its clients' errors."""

    name: str
    paths: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@functools.cache
def stores() -> dict[str, tuple[str, ...]]:
    """Credential stores that a grant can name, with their paths below the home directory."""
    return {name: tuple(paths) for name, paths in _table("stores.toml").items()}


@functools.cache
def services() -> dict[str, Service]:
    """Every name that can be granted, the other names that people have for it among them."""
    found: dict[str, Service] = {}
    table = _table("services.toml")
    for name, paths in stores().items():
        more = table.get(name, {})
        one = Service(name, paths, tuple(more.get("variables", ())), tuple(more.get("errors", ())))
        found |= dict.fromkeys((name, *more.get("called", ())), one)
    return found


def names_a_store(entry: str) -> bool:
    """Whether an entry of ``isolation.read`` or ``write`` is a store's name or ends in its path.

    ``"*"`` does not grant such a place, so a layer that says ``"*"`` does not allow a lower one to name it.
    """
    if entry in stores():
        return True
    whole = "/" + entry.strip("/").removeprefix("~/")
    return any(whole.endswith("/" + path.strip("/")) for paths in stores().values() for path in paths)


def _table(name: str) -> dict[str, dict[str, list[str]]]:
    text = resources.files("jupyter_guard.isolate").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)
