"""One entry of a policy's ``hosts`` -> which host and port it grants."""

from __future__ import annotations

import msgspec


class Host(msgspec.Struct, frozen=True):
    """``name`` in lower case, a name or an address; ``*.name`` is every name below. ``port`` 0: any."""

    name: str
    port: int = 0

    def fits(self, name: str, port: int) -> bool:
        """Whether the entry grants it."""
        if self.port and self.port != port:
            return False
        name = name.lower().rstrip(".")
        return name.endswith(self.name[1:]) if self.name.startswith("*.") else name == self.name


def parsed(entry: str) -> Host:
    """``host``, ``host:port``, ``[address]:port`` or ``*.host``. Raises ``ValueError``, which says what is wrong."""
    text = entry.strip().lower()
    if "/" in text or "@" in text:
        raise ValueError("it is a host or host:port, not an address of a page")
    name, port = text, ""
    if text.startswith("["):
        name, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        name, _, port = text.partition(":")
    if not name.strip("*.") or "*" in name.removeprefix("*."):
        raise ValueError("a star stands for what is before the first dot only, as in *.example.org")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{port!r} is no port")
    return Host(name.rstrip("."), int(port or 0))
