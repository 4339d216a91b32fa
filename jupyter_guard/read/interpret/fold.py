"""Calls on constants -> constants: texts put together, decoded, turned around; paths.

Only functions that are total and cheap on bounded input are here; nothing of the session is ever run.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import posixpath
import re
import shlex
import string
import textwrap
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.interpret.values import MOST_TEXT

LARGEST_COUNT = 10_000

_TEXT_METHODS = frozenset(
    (
        *("capitalize", "casefold", "center", "encode", "expandtabs", "format", "join", "ljust", "lower", "lstrip"),
        *("removeprefix", "removesuffix", "replace", "rjust", "rstrip", "split", "splitlines", "strip", "swapcase"),
        *("title", "translate", "upper", "zfill", "decode", "hex", "rsplit", "partition", "rpartition"),
    )
)
_WIDE = re.compile(r"\d{5,}")


class Unfoldable(Exception):  # noqa: N818 - says that a call is not folded, not that something is wrong
    """The call's result is not known."""


def method(receiver: Any, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """The result of ``receiver.name(*args)`` on constants. Raises ``Unfoldable``."""
    if not isinstance(receiver, str | bytes) or name not in _TEXT_METHODS or len(receiver) > MOST_TEXT:
        raise Unfoldable
    if any(isinstance(arg, int) and abs(arg) > LARGEST_COUNT for arg in args):
        raise Unfoldable
    if name == "format" and _WIDE.search(str(receiver)):
        # A width in a format specification can ask for any amount of memory.
        raise Unfoldable
    if name == "replace" and len(args) >= 2 and len(receiver) * max(1, len(args[1])) > MOST_TEXT:
        raise Unfoldable
    try:
        return bounded(getattr(receiver, name)(*args, **keywords))
    except Exception as error:
        raise Unfoldable from error


def function(name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """The result of the function of that full name on constants. Raises ``Unfoldable``."""
    folder = _FUNCTIONS.get(name)
    if folder is None:
        raise Unfoldable
    try:
        return bounded(folder(*args, **keywords))
    except Unfoldable:
        raise
    except Exception as error:
        raise Unfoldable from error


def is_foldable(name: str) -> bool:
    """Whether ``function`` knows the name."""
    return name in _FUNCTIONS


def binary(operator: str, left: Any, right: Any) -> Any:
    """The result of an operator on constants. Raises ``Unfoldable``."""
    try:
        if operator == "Add":
            return bounded(left + right)
        if operator == "Mod" and isinstance(left, str | bytes):
            if _WIDE.search(str(left)):
                raise Unfoldable
            return bounded(left % right)
        if operator == "Mult":
            return _product(left, right)
        if operator in _ARITHMETIC and isinstance(left, int | float) and isinstance(right, int | float):
            return bounded(_ARITHMETIC[operator](left, right))
    except Unfoldable:
        raise
    except Exception as error:
        raise Unfoldable from error
    raise Unfoldable


def _product(left: Any, right: Any) -> Any:
    if isinstance(left, int | float) and isinstance(right, int | float):
        if max(abs(left), abs(right)) >= 10**40:
            raise Unfoldable
        return left * right
    sequence, count = (left, right) if isinstance(right, int) else (right, left)
    if not isinstance(count, int) or len(sequence) * max(count, 0) > MOST_TEXT:
        raise Unfoldable
    return sequence * count


def _power(base: Any, exponent: Any) -> Any:
    if abs(base) > 10**6 or abs(exponent) > 40:
        raise Unfoldable
    return base**exponent


def _shift(left: Any, right: Any) -> Any:
    if right > 200:
        raise Unfoldable
    return left << right


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Sub": lambda a, b: a - b,
    "Div": lambda a, b: a / b,
    "FloorDiv": lambda a, b: a // b,
    "Mod": lambda a, b: a % b,
    "Pow": _power,
    "BitXor": lambda a, b: a ^ b,
    "BitOr": lambda a, b: a | b,
    "BitAnd": lambda a, b: a & b,
    "LShift": _shift,
    "RShift": lambda a, b: a >> b,
}


def bounded(result: Any) -> Any:
    """``result`` when it is small enough to carry on. Raises ``Unfoldable``."""
    if isinstance(result, str | bytes) and len(result) > MOST_TEXT:
        raise Unfoldable
    if isinstance(result, list | tuple) and len(result) > LARGEST_COUNT:
        raise Unfoldable
    return bytes(result) if isinstance(result, bytearray) else result


def _plain(text: Any) -> Any:
    # A hole decodes to nothing: what is partly unknown stays unknown.
    if (isinstance(text, str) and HOLE in text) or (isinstance(text, bytes) and HOLE.encode() in text):
        raise Unfoldable
    return text


def _decoded(decoder: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda text, *rest, **keywords: decoder(_plain(text), *rest, **keywords)


def _decompress(data: Any, *_: Any) -> bytes:
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(_plain(data), MOST_TEXT)


def _codec(text: Any, codec: str = "utf-8", *_: Any) -> Any:
    name = codec.replace("_", "-").lower()
    if name in ("rot13", "rot-13"):
        return codecs.decode(_plain(text), "rot13")
    if name in ("hex", "base64", "hex-codec", "base64-codec"):
        data = _plain(text)
        return codecs.decode(data.encode() if isinstance(data, str) else data, codec)
    return text.decode(codec) if isinstance(text, bytes) else text.encode(codec)


def _bytes(value: Any = b"", encoding: str = "utf-8", *_: Any) -> bytes:
    if isinstance(value, int):
        raise Unfoldable
    return value.encode(encoding) if isinstance(value, str) else bytes(value)


def _text(value: Any = "", *encoding: Any) -> str:
    return value.decode(*encoding) if isinstance(value, bytes) and encoding else str(value)


def _format(value: Any, spec: str = "") -> str:
    if _WIDE.search(spec):
        raise Unfoldable
    return format(value, spec)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "builtins.str": _text,
    "builtins.repr": repr,
    "builtins.ascii": ascii,
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.hex": hex,
    "builtins.oct": oct,
    "builtins.bin": bin,
    "builtins.int": int,
    "builtins.float": float,
    "builtins.bool": bool,
    "builtins.len": len,
    "builtins.abs": abs,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.bytes.fromhex": lambda text: bytes.fromhex(_plain(text)),
    "builtins.bytearray.fromhex": lambda text: bytes.fromhex(_plain(text)),
    "builtins.format": _format,
    "builtins.str.join": lambda separator, parts: separator.join(parts),
    "builtins.str.lower": str.lower,
    "builtins.str.upper": str.upper,
    "builtins.str.replace": lambda text, old, new: method(text, "replace", [old, new], {}),
    "builtins.str.format": lambda text, *args, **keywords: method(text, "format", list(args), keywords),
    "builtins.str.strip": lambda text, *rest: text.strip(*rest),
    "base64.b64decode": _decoded(base64.b64decode),
    "base64.standard_b64decode": _decoded(base64.standard_b64decode),
    "base64.urlsafe_b64decode": _decoded(base64.urlsafe_b64decode),
    "base64.b32decode": _decoded(base64.b32decode),
    "base64.b16decode": _decoded(base64.b16decode),
    "base64.a85decode": _decoded(base64.a85decode),
    "base64.b85decode": _decoded(base64.b85decode),
    "base64.decodebytes": _decoded(base64.decodebytes),
    "base64.b64encode": base64.b64encode,
    "binascii.unhexlify": _decoded(binascii.unhexlify),
    "binascii.a2b_hex": _decoded(binascii.a2b_hex),
    "binascii.a2b_base64": _decoded(binascii.a2b_base64),
    "codecs.decode": _codec,
    "codecs.encode": _codec,
    "zlib.decompress": _decompress,
    "gzip.decompress": _decompress,
    "urllib.parse.unquote": urllib.parse.unquote,
    "urllib.parse.quote": urllib.parse.quote,
    "html.unescape": html.unescape,
    "os.path.join": posixpath.join,
    "os.path.expanduser": lambda path: path,
    "os.path.expandvars": lambda path: path,
    "os.path.abspath": posixpath.normpath,
    "os.path.realpath": posixpath.normpath,
    "os.path.normpath": posixpath.normpath,
    "os.path.dirname": posixpath.dirname,
    "os.path.basename": posixpath.basename,
    "os.path.split": posixpath.split,
    "os.path.splitext": posixpath.splitext,
    "os.fspath": lambda path: path,
    "os.fsdecode": lambda path: path if isinstance(path, str) else path.decode(),
    "shlex.split": lambda text: shlex.split(text),
    "shlex.join": shlex.join,
    "textwrap.dedent": textwrap.dedent,
    "operator.add": lambda a, b: binary("Add", a, b),
    "operator.concat": lambda a, b: binary("Add", a, b),
}

CONSTANTS: dict[str, Any] = {
    "os.sep": "/",
    "os.pathsep": ":",
    "os.linesep": "\n",
    "os.curdir": ".",
    "os.pardir": "..",
    "os.name": "posix",
    "os.devnull": "/dev/null",
    "os.path.sep": "/",
    "string.ascii_letters": string.ascii_letters,
    "string.ascii_lowercase": string.ascii_lowercase,
    "string.ascii_uppercase": string.ascii_uppercase,
    "string.digits": string.digits,
    "string.punctuation": string.punctuation,
    "string.printable": string.printable,
    "signal.SIGKILL": 9,
    "signal.SIGTERM": 15,
    "math.inf": float("inf"),
}
