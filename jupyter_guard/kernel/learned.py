"""A value that the kernel's code has read -> what of it is to be known as a secret, and as what."""

from __future__ import annotations

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
