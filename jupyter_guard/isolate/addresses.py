"""An address that a granted name leads to, and the grants -> why no connection may be made to it, or nothing.

Who answers for a name on the internet may have it lead anywhere, also to this machine, its network, or the cloud's
metadata service, which gives keys to whoever asks (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from jupyter_guard.isolate.hosts import is_address
from jupyter_guard.terms.host import Host

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Where clouds answer for a machine's own keys and settings, beside link-local ones: AWS, GCP, Alibaba, Oracle, Azure.
_METADATA = tuple(
    ipaddress.ip_network(one)
    for one in ("fd00:ec2::/32", "fd20:ce::254/128", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32")
)
# Translated to IPv4 on the way (RFC 6052), and the older form of the same (RFC 4291, 2.5.5.1).
_EMBEDDING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
# No registry gives names below them away: RFC 6761, 6762 (also its appendix G), 8375, and ICANN's of 2024.
_INSIDE = ("localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "test", "home.arpa")


def objection(hosts: Iterable[Host], name: str, port: int, address: str) -> str:
    """Why ``name`` may not lead to ``address``, and what to grant; ``""`` where it may.

    An address that is granted itself may be reached; one of a private network or of this machine also by a name that
    is granted with its port, or that nobody on the internet can have.
    """
    hosts = tuple(hosts)
    found = plain(address)
    if any(is_address(one.name) and plain(one.name) == found and one.port in (0, port) for one in hosts):
        return ""
    if found.is_link_local or any(found in one for one in _METADATA if one.version == found.version):
        return f"{name} leads to {found}, of this link or a cloud's metadata: grant the address itself"
    if found.is_global and not found.is_multicast and not found.is_reserved:
        return ""
    if any(one.fits(name, port) and (one.port or is_inside(one.name)) for one in hosts) and not is_address(name):
        return ""
    return f"{name} leads to {found}, which is not on the internet: jupyter guard policy grant {name}:{port}"


def plain(address: str) -> _Address:
    """The address without its zone; the IPv4 address where it stands for one. Raises ``ValueError``."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found.sixtofour is not None:
        return found.sixtofour
    if any(found in one for one in _EMBEDDING) and int(found) > 1:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def is_inside(name: str) -> bool:
    """Whether a name, or ``*.name``, has no suffix that a registry gives names below: ``db``, ``db.internal``."""
    bare = name.lower().rstrip(".").removeprefix("*.")
    has_one_label = "." not in bare and not name.startswith("*.")
    return has_one_label or any(f".{bare}".endswith(f".{one}") for one in _INSIDE)
