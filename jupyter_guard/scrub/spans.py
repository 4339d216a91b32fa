"""Places of secrets in a text -> places that do not overlap, each with the name that says most."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec


class Found(msgspec.Struct, frozen=True):
    """A secret at ``text[start:end]``. ``rank`` orders names: 0 a known value, 1 a token format, 2 a generic form."""

    start: int
    end: int
    kind: str
    rank: int

    def moved(self, by: int) -> Found:
        """The same, ``by`` characters further."""
        return Found(self.start + by, self.end + by, self.kind, self.rank)


# No end of a line ends it, as these stand in keys, and no sign of base64.
_KEY = re.compile(r"[A-Za-z0-9+/=_\\\r\n]*")


def overlong_end(text: str, at: int) -> int:
    """Where the secret ends that reaches over ``text[at]`` and is longer than any shape."""
    found = _KEY.match(text, at)
    return found.end() if found is not None else at


def merged(spans: Iterable[Found]) -> list[Found]:
    """The union of ``spans``, in order: replacing overlapping ones one by one would leave the longer's tail."""
    out: list[Found] = []
    best: Found | None = None
    for span in sorted(spans, key=lambda s: (s.start, s.end, s.rank, s.kind)):
        if best is None or span.start >= out[-1].end:
            out.append(span)
            best = span
            continue
        if _says_more(span, best):
            best = span
        last = out[-1]
        out[-1] = Found(last.start, max(last.end, span.end), best.kind, best.rank)
    return out


def _says_more(one: Found, other: Found) -> bool:
    return (one.rank, other.end - other.start, one.kind) < (other.rank, one.end - one.start, other.kind)
