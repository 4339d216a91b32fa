"""A value that the kernel's code has read -> what of it is to be known as a secret, and as what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LARGEST_VALUE = 64 * 1024
MASKED_KEPT = 1000
READ = frozenset({"masked value", "secrets manager", "environment", "credential file"})
"""How a value came to be known, as the kernel's code says it and a marker shows it."""


def secrets(value: str, kind: str, name: str) -> list[tuple[str, str]]:
    """Values and kinds. Of a variable its name decides, of a file what it holds."""
    kind = kind if kind in READ else "masked value"
    if kind not in ("environment", "credential file"):
        return [(value, kind)]
    # Few sessions set such variables, and what reads sources is large.
    from jupyter_guard.scrub.sources import from_environment, from_file

    if kind == "credential file":
        return [(secret.value, secret.kind) for secret in from_file(name, value)]
    return [(secret.value, secret.kind) for secret in from_environment({name: value})]


def mask(message: dict[str, Any], known: set[str], learn: Callable[[str, str], None]) -> dict[str, Any]:
    """What ``mask()`` is told for its value: ``learn`` takes each secret that is not among the ``known`` yet."""
    value = message.get("value")
    if not isinstance(value, str) or len(value) > LARGEST_VALUE:
        return {"ok": False, "text": f"mask() takes values of up to {LARGEST_VALUE} characters"}
    if len(known) >= MASKED_KEPT and value not in known:
        return {"ok": False, "text": f"mask() takes up to {MASKED_KEPT} values a session"}
    for secret, kind in secrets(value, str(message.get("kind")), str(message.get("name") or "")):
        if secret not in known:
            known.add(secret)
            learn(secret, kind)
    return {"ok": True}
