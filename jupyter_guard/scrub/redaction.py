"""What was taken out of an output, in a form that shows no part of it."""

from __future__ import annotations

import msgspec


class Redaction(msgspec.Struct, frozen=True):
    """``count`` values of one ``kind`` (``github-token``, ``environment``) were replaced in one ``channel``.

    ``channel`` is the message's type (``stream``, ``execute_result``, ``comm_msg`` ...), ``""`` for plain text.
    """

    kind: str
    channel: str = ""
    count: int = 1


def marker(kind: str) -> str:
    """What stands where a secret stood."""
    return f"[REDACTED:{kind}]"


def tally(found: list[Redaction]) -> tuple[Redaction, ...]:
    """Equal kinds and channels counted together, in order of first appearance."""
    counts: dict[tuple[str, str], int] = {}
    for redaction in found:
        key = (redaction.kind, redaction.channel)
        counts[key] = counts.get(key, 0) + redaction.count
    return tuple(Redaction(kind, channel, count) for (kind, channel), count in counts.items())
