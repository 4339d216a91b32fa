"""Places of secrets in a text -> places that do not overlap, each with the name that says most."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Found(msgspec.Struct, frozen=True):
    """A secret at ``text[start:end]``. ``rank`` orders names: 0 a known value, 1 a token format, 2 a generic form.

    What ``goes_on`` is the rest of one that was found before it. What begins there has no say in the name of the whole,
    which a stream has passed on by then: up to ``named`` it has, if that is given, and else in all of what was found.
    """

    start: int
    end: int
    kind: str
    rank: int
    goes_on: bool = False
    named: int = -1

    def moved(self, by: int) -> Found:
        """The same, ``by`` characters further."""
        return msgspec.structs.replace(self, start=self.start + by, end=self.end + by)

    @property
    def named_until(self) -> int:
        """What begins before may have a better name for it."""
        if self.named >= 0:
            return self.named
        return self.start if self.goes_on else self.end


def merged(spans: Iterable[Found]) -> list[Found]:
    """The union of ``spans``, in order: replacing overlapping ones one by one would leave the longer's tail."""
    out: list[Found] = []
    best: Found | None = None
    for span in sorted(spans, key=lambda s: (s.start, s.end, s.rank, s.kind)):
        if best is None or span.start >= out[-1].end:
            out.append(span)
            best = span
            continue
        named = out[-1].named_until
        if not span.goes_on and span.start < named:
            if _says_more(span, best):
                best = span
            named = max(named, span.end)
        last = out[-1]
        out[-1] = Found(last.start, max(last.end, span.end), best.kind, best.rank, last.goes_on, named)
    return out


def _says_more(one: Found, other: Found) -> bool:
    return (one.rank, other.end - other.start, one.kind) < (other.rank, one.end - one.start, other.kind)
