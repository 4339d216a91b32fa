"""A text -> whether a place in it lies inside base64 of something else: a picture, a font, a file.

Such text is random, and sooner or later it holds any format's prefix. Only known values are looked for inside it. It
begins after ``;base64,`` (a `data:` URI, RFC 2397), with what a picture or a document begins with, or where so many
characters of the alphabet follow one another that nothing else is that long. A new line goes on with it when the one
before was full (RFC 2045 writes 76 characters), also behind a backslash, with which scripts write pictures in several
lines.
"""

from __future__ import annotations

import string

_ALPHABET = string.ascii_letters + string.digits + "+/"
_WITHIN = _ALPHABET + "\r\n"
_START = ";base64,"
# The first bytes of PNG, JPEG, GIF, PDF, ZIP and WOFF2 files, as far as they fill whole characters.
_BEGINNINGS = ("iVBORw0KGgo", "/9j/4", "R0lGODdh", "R0lGODlh", "JVBERi0", "UEsDBB", "d09GMg")
_LONG = 512
_FULL_LINE = 60

BLOB_LOOK_BEHIND = 640
"""Characters before a place that decide: the run, its ends of lines, and what it began with."""


def inside_blob(text: str, at: int, end: int) -> bool:
    """Whether ``text[at:end]`` lies inside such a run. Looks at no more than ``BLOB_LOOK_BEHIND`` characters before."""
    if text[at:end].replace("\\\n", "\n").rstrip("=").strip(_WITHIN):
        return False
    before = text[max(0, at - BLOB_LOOK_BEHIND) : at]
    count = 0
    while True:
        rest = before.rstrip(_ALPHABET)
        line = len(before) - len(rest)
        count += line
        # Anywhere in the run: a page's words may touch the picture that follows them.
        if rest.endswith(_START) or count >= _LONG or any(one in before[len(rest) :] for one in _BEGINNINGS):
            return True
        if not rest.endswith("\n"):
            return False
        before = rest[:-1].removesuffix("\r").removesuffix("\\")
        if before.endswith(_START):
            return True
        full = len(before) - len(before.rstrip(_ALPHABET))
        if full < _FULL_LINE:
            return False
