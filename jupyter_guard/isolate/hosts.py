"""A policy's ``hosts`` -> which host and port may be reached, and which ports are answered inside the box."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

from jupyter_guard.terms.covering import covers_host
from jupyter_guard.terms.host import Host, parsed

EVERYTHING = "*"
LOOPBACK = "127.0.0.1"
# Without the right to serve them, a process listens on no port below.
FIRST_FREE_PORT = 1024


class Relay(msgspec.Struct, frozen=True):
    """What listens inside at ``address`` and ``port`` leads to ``host``, at the same port."""

    host: str
    address: str
    port: int


def listed(entries: Iterable[str], problems: list[str]) -> tuple[Host, ...]:
    """The entries that can be read, ``"*"`` left out; what is wrong with the others is added to ``problems``."""
    found = []
    for one in entries:
        if one == EVERYTHING:
            continue
        try:
            found.append(parsed(one))
        except ValueError as error:
            problems.append(f"isolation.hosts = {one!r}: {error}, so it grants nothing")
    return tuple(found)


def opens(entries: Iterable[str], name: str, port: int) -> bool:
    """Whether a box with these ``entries`` reaches ``name`` at ``port``; 0, where that is not known: at any.

    What is in the box itself is reached in each.
    """
    return EVERYTHING in entries or is_reached(listed(entries, []), name, port)


def is_reached(hosts: tuple[Host, ...], name: str, port: int) -> bool:
    """The same where the network is not open."""
    ports = (port,) if port else (0, *(one.port for one in hosts))
    return is_loopback(name) or any(covers_host(hosts, name, one) for one in ports)


def relays(hosts: Iterable[Host], problems: list[str]) -> tuple[Relay, ...]:
    """For programs that know no proxy, such as databases' clients: each ``host:port`` answered inside.

    A host's name leads to an address of the box's own loopback; where none can, ``problems`` is told.
    """
    addresses: dict[str, str] = {}
    found = []
    for one in hosts:
        if not one.port or one.name.startswith("*."):
            continue
        what = f"isolation.hosts = {one.name}:{one.port}: "
        if one.port < FIRST_FREE_PORT:
            # The web's own go through the proxy anyway.
            if one.port not in (80, 443):
                problems.append(what + "ports below 1024 are reached by programs that use the proxy only")
            continue
        if is_loopback(one.name):
            addresses[one.name] = LOOPBACK
        elif is_address(one.name):
            problems.append(what + "an address is reached by programs that use the proxy only; others need its name")
            continue
        addresses.setdefault(one.name, f"127.0.1.{len(addresses) + 1}")
        found.append(Relay(one.name, addresses[one.name], one.port))
    return tuple(dict.fromkeys(found[:200]))


def is_loopback(name: str) -> bool:
    """Whether it is this machine."""
    return name in ("localhost", "::1") or (is_address(name) and ipaddress.ip_address(name).is_loopback)


def is_address(name: str) -> bool:
    """Whether it is a number, not a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
