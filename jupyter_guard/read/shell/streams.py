"""Text that flows between commands -> the same text decoded, reversed or printed, with what is known of its source."""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import re
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from jupyter_guard.read.context import HOLE

# One private-use character a source, so that taint survives every operation on strings.
SOURCES: Final[dict[str, str]] = {
    "network": "\ue0f1",
    "file": "\ue0f2",
    "credential": "\ue0f3",
    "environment": "\ue0f4",
    "user": "\ue0f5",
    "database": "\ue0f6",
    "private": "\ue0f8",
}
_BY_MARK: Final = {mark: source for source, mark in SOURCES.items()}
OWN_PROCESS: Final = "\ue0f7"
"""The number of a process that the same text started: ``$!``."""
LONGEST_UNPACKED: Final = 200_000
MARKS: Final = re.compile(f"[{HOLE}{OWN_PROCESS}{''.join(_BY_MARK)}]")


class Stream(msgspec.Struct, frozen=True):
    """Text on its way: ``text`` holds marks where it is not known; ``tags`` says what was done to it."""

    text: str = ""
    tags: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Whether every character is known."""
        return not MARKS.search(self.text)


EMPTY: Final = Stream()
UNKNOWN: Final = Stream(HOLE)


def sources(text: str) -> frozenset[str]:
    """The ``from:X`` tags of the unknown parts of ``text``."""
    return frozenset(f"from:{_BY_MARK[mark]}" for mark in MARKS.findall(text) if mark in _BY_MARK)


def plain(text: str) -> str:
    """``text`` with every mark turned into the one that readers of other languages know."""
    return MARKS.sub(HOLE, text)


def shown(text: str) -> str:
    """``text`` for people: an ellipsis where it is not known."""
    return MARKS.sub("…", text)


def unescape(text: str) -> str:
    r"""What ``$'..'``, ``echo -e`` and ``printf`` make of backslashes (octal, hex, unicode, letters)."""

    def one(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "xuU" and len(code) > 1:
            return chr(min(int(code[1:], 16), 0x10FFFF))
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        return {
            "n": "\n",
            "t": "\t",
            "r": "\r",
            "a": "\a",
            "b": "\b",
            "f": "\f",
            "v": "\v",
            "e": "\x1b",
            "E": "\x1b",
        }.get(code, code)

    return re.sub(
        r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|0?[0-7]{1,3}|.)", one, text, flags=re.DOTALL
    )


def printed(words: list[str]) -> str:
    """What ``printf`` prints for its words, as far as its simple directives go."""
    if not words:
        return ""
    form, values = unescape(words[0]), list(words[1:])
    out = []
    for _ in range(64):
        out.append(
            re.sub(
                r"%[-+ #0]*[\d*]*(?:\.[\d*]+)?([a-zA-Z%])",
                lambda found: "%" if found[1] == "%" else _formatted(found[1], values.pop(0) if values else ""),
                form,
            )
        )
        if not values or "%" not in form:
            break
    return "".join(out)


def _formatted(directive: str, value: str) -> str:
    if directive == "b":
        return unescape(value)
    if directive == "c":
        return value[:1]
    return value


def decoded(stream: Stream, how: str) -> Stream:
    """``stream`` after one of the decoders in ``_DECODERS``.

    Text that is not known keeps its sources; either way what comes out is marked ``obfuscated``.
    """
    tags = stream.tags | {"obfuscated"}
    if not stream.known:
        return Stream("".join(dict.fromkeys(MARKS.findall(stream.text))), tags)
    try:
        return Stream(_DECODERS[how](stream.text), tags)
    except (ValueError, binascii.Error, zlib.error, OSError, EOFError, KeyError):
        return Stream(HOLE, tags)


def _bytes(text: str) -> bytes:
    return re.sub(r"\s+", "", text).encode("ascii")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _base64(text: str) -> str:
    data = _bytes(text)
    return _text(base64.b64decode(data + b"=" * (-len(data) % 4)))


def _hex(text: str) -> str:
    body = re.sub(r"(?m)^[0-9a-fA-F]{6,8}:", "", text)
    return _text(bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", body.replace("0x", "").replace("\\x", ""))))


def _unpacked(engine: Any, text: str) -> str:
    """What is packed in ``text``. Raises ``ValueError`` where that is long: a few bytes may unpack to gigabytes."""
    data = engine.decompress(text.encode("latin-1"), LONGEST_UNPACKED)
    if not engine.eof:
        raise ValueError("too long, or cut off")
    return _text(data)


_DECODERS: dict[str, Callable[[str], str]] = {
    "base64": _base64,
    "base32": lambda text: _text(base64.b32decode(_bytes(text))),
    "hex": _hex,
    "gzip": lambda text: _unpacked(zlib.decompressobj(31), text),
    "bzip2": lambda text: _unpacked(bz2.BZ2Decompressor(), text),
    "rot13": lambda text: codecs.decode(text, "rot13"),
    "reverse": lambda text: "\n".join(line[::-1] for line in text.split("\n")),
    "url": urllib.parse.unquote,
}


def translated(text: str, words: list[str]) -> str | None:
    """What ``tr`` makes of ``text``, or ``None`` when its sets are too clever."""
    flags = [word for word in words if word.startswith("-") and len(word) > 1]
    sets = [_set(unescape(word)) for word in words if word not in flags]
    if any(one is None for one in sets) or not sets:
        return None
    first = sets[0] or ""
    if any("d" in flag for flag in flags):
        return "".join(char for char in text if char not in first)
    if len(sets) < 2 or not sets[1]:
        return None
    second = sets[1] + sets[1][-1] * max(len(first) - len(sets[1]), 0)
    return text.translate({ord(a): b for a, b in zip(first, second, strict=False)})


def _set(text: str) -> str | None:
    for name, chars in (
        ("[:lower:]", "abcdefghijklmnopqrstuvwxyz"),
        ("[:upper:]", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("[:digit:]", "0123456789"),
        ("[:space:]", " \t\n\r\x0b\x0c"),
    ):
        text = text.replace(name, chars)
    if "[:" in text:
        return None
    return re.sub(
        r"(.)-(.)",
        lambda found: "".join(map(chr, range(ord(found[1]), min(ord(found[2]), ord(found[1]) + 255) + 1))),
        text,
        flags=re.DOTALL,
    )
