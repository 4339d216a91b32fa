"""A secret value -> the other forms in which outputs show it: encoded, escaped, reversed, line by line."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator

SHORTEST_FORM = 8
"""A derived form shorter than this would be found in ordinary text."""

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
SEPARATORS = frozenset(" \t\r\n\x0b\x0c-_.,:;|/\\+*'\"`~=()[]{}<>" + ZERO_WIDTH)
# As `html.escape`, whose module brings tables of a third of a megabyte for the way back.
_IN_MARKUP = {38: "&amp;", 60: "&lt;", 62: "&gt;"}
_QUOTES = {34: "&quot;"}
SEPARATOR_BYTES = "".join(c for c in SEPARATORS if c.isascii()).encode()


def forms(value: str) -> Iterator[str]:
    """``value`` itself and every form of it worth looking for."""
    seen = {value}
    yield value
    for form in _derived(value):
        if len(form) >= SHORTEST_FORM and form not in seen:
            seen.add(form)
            yield form


def _derived(value: str) -> Iterator[str]:
    lines = value.splitlines()
    if len(lines) > 1:
        for line in lines:
            yield line.strip()
        yield "\n".join(lines)
        yield "\r\n".join(lines)
        yield "".join(lines)
    raw = value.encode("utf-8", "surrogatepass")
    yield from _base64(raw)
    yield from _percent(value, raw)
    yield from _escaped(value, raw)
    digits = binascii.hexlify(raw).decode()
    yield digits
    yield digits.upper()
    yield value[::-1]


def _base64(raw: bytes) -> Iterator[str]:
    """The characters that do not depend on what stands before and after, at each of the three alignments."""
    for offset in range(3):
        padded = b"\0" * offset + raw
        text = base64.b64encode(padded).decode()
        first = (offset * 8 + 5) // 6
        last = len(padded) * 8 // 6
        inner = text[first:last]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def _percent(value: str, raw: bytes) -> Iterator[str]:
    from urllib.parse import quote, quote_plus

    for safe in ("", "/", "~", "/:@"):
        encoded = quote(raw, safe=safe)
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), encoded)
    yield quote_plus(raw)
    yield "".join(f"%{byte:02X}" for byte in raw)
    yield "".join(f"%{byte:02x}" for byte in raw)


def _escaped(value: str, raw: bytes) -> Iterator[str]:
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]
        yield once.replace("/", "\\/")
    yield repr(value)[1:-1]
    yield repr(raw)[2:-1]
    yield ascii(value)[1:-1]
    yield value.replace("\\", "\\\\").replace("'", "\\'")
    yield value.translate(_IN_MARKUP | _QUOTES | {39: "&#x27;"})
    yield value.translate(_IN_MARKUP)
    yield value.translate(_IN_MARKUP | _QUOTES | {39: "&#39;"})
    yield "".join(f"\\x{byte:02x}" for byte in raw)
    yield "".join(f"\\u{ord(c):04x}" for c in value)


def encoded(text: str) -> bytes:
    """``text`` as engines of bytes read it, whatever is in it."""
    return text.encode("utf-8", "surrogatepass")


def squeezed(text: str) -> str:
    """``text`` without separators and characters of no width."""
    if text.isascii():
        return text.encode().translate(None, SEPARATOR_BYTES).decode()
    raw = text.encode("utf-8", "surrogatepass").translate(None, SEPARATOR_BYTES)
    bare = raw.decode("utf-8", "surrogatepass")
    for character in ZERO_WIDTH:
        bare = bare.replace(character, "")
    return bare


def squeezed_with_places(text: str, start: int) -> tuple[str, list[int]]:
    """The same for ``text[start:]``, and where in ``text`` each character that is left stands."""
    places = [at for at in range(start, len(text)) if text[at] not in SEPARATORS]
    return "".join([text[at] for at in places]), places
