"""A secret value -> the other forms in which outputs show it: encoded, escaped, reversed, line by line."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator

SHORTEST_FORM = 8
"""A derived form shorter than this would be found in ordinary text."""

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
# Blanks beyond ASCII, and what else is not seen: other format characters (Cf) and selectors of variations.
_UNSEEN = (
    "\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufe00-\ufe0f\ufeff\xad\u034f\U000e0001-\U000e01ef"
)
_EACH_UNSEEN = re.compile(f"[{_UNSEEN}]+")
# Each by itself is looked for at tens of gigabytes a second; those beyond the basic plane by how they begin in UTF-8.
_BASIC = tuple(
    chr(code)
    for first, last in re.findall("(.)(?:-(.))?", _UNSEEN)
    for code in range(ord(first), ord(last or first) + 1)
    if code < 0x10000
)
_BEYOND = chr(0xE0001).encode()[:2]
SEPARATORS = frozenset(" \t\r\n\x0b\x0c-_.,:;|/\\+*'\"`~=()[]{}<>")
# As `html.escape`, whose module brings tables of a third of a megabyte for the way back.
_IN_MARKUP = {38: "&amp;", 60: "&lt;", 62: "&gt;"}
_QUOTES = {34: "&quot;"}
_PART = 65_536
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
    yield from _sixteen_bits(value)
    yield repr(value[::-1])[1:-1]
    yield json.dumps(value[::-1])[1:-1]


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


def _sixteen_bits(value: str) -> Iterator[str]:
    """As Windows' programs keep texts, PowerShell's ``-EncodedCommand`` for one."""
    raw = value.encode("utf-16-le", "surrogatepass")
    yield from _base64(raw)
    yield binascii.hexlify(raw).decode()
    yield repr(raw)[2:-1]


def _percent(value: str, raw: bytes) -> Iterator[str]:
    from urllib.parse import quote, quote_plus

    for safe in ("", "/", "~", "/:@"):
        encoded = quote(raw, safe=safe)
        yield encoded
        yield quote(encoded, safe="")
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
    yield "".join(f"&#{ord(c)};" for c in value)
    yield "".join(f"&#x{ord(c):x};" for c in value)
    yield "".join(f"\\x{byte:02x}" for byte in raw)
    yield "".join(f"\\u{ord(c):04x}" for c in value)


def encoded(text: str) -> bytes:
    """``text`` as engines of bytes read it, whatever is in it."""
    return text.encode("utf-8", "surrogatepass")


def decoded(data: bytes) -> str:
    """The text again."""
    return data.decode("utf-8", "surrogatepass")


def squeezed(text: str) -> str:
    """``text`` without separators and characters of no width."""
    if text.isascii():
        return text.encode().translate(None, SEPARATOR_BYTES).decode()
    raw = text.encode("utf-8", "surrogatepass").translate(None, SEPARATOR_BYTES)
    bare = raw.decode("utf-8", "surrogatepass")
    if _BEYOND in raw or any(character in bare for character in _BASIC):
        return _EACH_UNSEEN.sub("", bare)
    return bare


def _is_separator(character: str) -> bool:
    return character in SEPARATORS or (character >= "\xa0" and _EACH_UNSEEN.match(character) is not None)


def places_of(text: str, start: int, wanted: Iterable[int]) -> dict[int, int]:
    """Where in ``text`` each of the ``wanted`` characters of ``squeezed(text[start:])`` stands.

    A part of a long text is looked at character by character only when one of them is in it.
    """
    left = sorted(set(wanted), reverse=True)
    out: dict[int, int] = {}
    count = 0
    for begin in range(start, len(text), _PART):
        if not left:
            break
        part = text[begin : begin + _PART]
        size = len(squeezed(part))
        if left[-1] < count + size:
            places = [begin + at for at, character in enumerate(part) if not _is_separator(character)]
            while left and left[-1] < count + size:
                number = left.pop()
                out[number] = places[number - count]
        count += size
    return out
