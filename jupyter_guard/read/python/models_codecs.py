"""Codecs of constants (base64, hex, rot13, zlib, chr, bytes) -> what they hide, marked as decoded."""

# ruff: noqa: ARG001 - every model takes the run and the call, whether it needs both or not
from __future__ import annotations

import base64
import binascii
import codecs
import html
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.acts import TAINTS
from jupyter_guard.read.python.fold import GIANT
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import (
    ANYTHING,
    DECODED,
    MAX_TEXT,
    Const,
    Seq,
    Value,
    const,
    derived,
    items_of,
    join,
)
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach


def _decoder(function: Callable[[Any], Any]) -> Callable[[Run, Site], Value]:
    def model(run: Run, site: Site) -> Value:
        value = site.args[0] if site.args else ANYTHING
        found: list[Value] = []
        for atom in value.atoms:
            result: Value = ANYTHING
            if type(atom) is Const and isinstance(atom.value, (str, bytes)) and HOLE not in str(atom.value):
                try:
                    result = const(function(atom.value))
                except Exception:  # it would fail at run time too
                    result = ANYTHING
            found.append(result)
        return (join(found) if found else ANYTHING).marked((value.marks & TAINTS) | {DECODED}).by(value.origin)

    return model


def _encoder(function: Callable[[Any], Any]) -> Callable[[Run, Site], Value]:
    def model(run: Run, site: Site) -> Value:
        value = site.args[0] if site.args else ANYTHING
        only = value.only()
        if only is not None and isinstance(only.value, (str, bytes)):
            try:
                return const(function(only.value), value.marks)
            except Exception:  # it would fail at run time too
                return derived(*site.args)
        return derived(*site.args)

    return model


def _bytes(data: Any) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _inflate(data: Any) -> bytes:
    engine = zlib.decompressobj(47)
    result = engine.decompress(_bytes(data), MAX_TEXT)
    if engine.unconsumed_tail:
        raise ValueError("too long")
    return result


def _codec(decode: bool) -> Callable[[Run, Site], Value]:
    def model(run: Run, site: Site) -> Value:
        name = site.args[1].only() if len(site.args) > 1 else None
        name = name or (site.kwargs["encoding"].only() if "encoding" in site.kwargs else None)
        encoding = str(name.value).lower() if name is not None else "utf-8"
        if encoding in ("zlib", "zip", "bz2", "zlib_codec", "bz2_codec"):
            return _decoder(_inflate)(run, site)
        value = _decoder(lambda data: codecs.decode(data, encoding) if decode else codecs.encode(data, encoding))(
            run, site
        )
        if encoding.replace("-", "").replace("_", "") in ("utf8", "ascii", "latin1"):
            return value.without(DECODED).marked(site.args[0].marks & {DECODED} if site.args else ())
        return value

    return model


def _chr(run: Run, site: Site) -> Value:
    only = site.args[0].only() if site.args else None
    if only is not None and isinstance(only.value, int) and 0 <= only.value < 0x110000:
        return const(chr(only.value), frozenset({DECODED}))
    return Value((), frozenset({DECODED}))


def _ord(run: Run, site: Site) -> Value:
    only = site.args[0].only() if site.args else None
    if only is not None and isinstance(only.value, (str, bytes)) and len(only.value) == 1:
        return const(ord(only.value))
    return ANYTHING


def _to_bytes(run: Run, site: Site) -> Value:
    if not site.args:
        return const(b"")
    value = site.args[0]
    only = value.only()
    if only is not None and isinstance(only.value, str):
        return const(only.value.encode("utf-8", "surrogatepass"), value.marks)
    if only is not None and isinstance(only.value, bytes):
        return value
    if only is not None and isinstance(only.value, int) and only.value > GIANT:
        size = f"{only.value:,} bytes of memory"
        run.emit(Kind.RESOURCE_EXHAUST, size, node=site.node, via=site.name, tags=("giant",), scope=Reach.SESSION)
        return ANYTHING
    items = items_of(value) if any(type(atom) is Seq for atom in value.atoms) else None
    if items is not None:
        numbers = [one.only() for one in items]
        if all(one is not None and isinstance(one.value, int) and 0 <= one.value < 256 for one in numbers):
            return const(bytes(one.value for one in numbers if one is not None), frozenset({DECODED}))
    return derived(*site.args)


def _hex_text(run: Run, site: Site) -> Value:
    return _decoder(bytes.fromhex)(run, site)


def _join_method(run: Run, site: Site) -> Value | None:
    from jupyter_guard.read.python.methods import of_constant

    only = site.args[0].only() if site.args else None
    if only is None:
        return derived(*site.args)
    name = site.name.rpartition(".")[2]
    return of_constant(only.value, name, site.args[1:], site.kwargs, site.args[0].marks)


def _operator(symbol: str) -> Callable[[Run, Site], Value]:
    def model(run: Run, site: Site) -> Value:
        import ast

        from jupyter_guard.read.python.fold import Giant, binary

        if len(site.args) != 2:
            return derived(*site.args)
        try:
            return binary(getattr(ast, symbol)(), site.args[0], site.args[1])
        except Giant:
            return ANYTHING

    return model


MODELS: dict[str, Callable[[Run, Site], Value | None]] = {
    "base64.b64decode": _decoder(base64.b64decode),
    "base64.standard_b64decode": _decoder(base64.b64decode),
    "base64.urlsafe_b64decode": _decoder(base64.urlsafe_b64decode),
    "base64.decodebytes": _decoder(lambda data: base64.decodebytes(_bytes(data))),
    "base64.b32decode": _decoder(base64.b32decode),
    "base64.b16decode": _decoder(base64.b16decode),
    "base64.b85decode": _decoder(base64.b85decode),
    "base64.a85decode": _decoder(base64.a85decode),
    "base64.b64encode": _encoder(lambda data: base64.b64encode(_bytes(data))),
    "base64.urlsafe_b64encode": _encoder(lambda data: base64.urlsafe_b64encode(_bytes(data))),
    "binascii.unhexlify": _decoder(binascii.unhexlify),
    "binascii.a2b_hex": _decoder(binascii.unhexlify),
    "binascii.a2b_base64": _decoder(binascii.a2b_base64),
    "bytes.fromhex": _hex_text,
    "bytearray.fromhex": _hex_text,
    "zlib.decompress": _decoder(_inflate),
    "gzip.decompress": _decoder(_inflate),
    "codecs.decode": _codec(True),
    "codecs.encode": _codec(False),
    "urllib.parse.unquote": _decoder(lambda data: urllib.parse.unquote(data)),
    "html.unescape": _decoder(html.unescape),
    "chr": _chr,
    "ord": _ord,
    "bytes": _to_bytes,
    "bytearray": _to_bytes,
    "str.join": _join_method,
    "str.format": _join_method,
    "str.replace": _join_method,
    "str.lower": _join_method,
    "str.strip": _join_method,
    "bytes.decode": _join_method,
    "operator.add": _operator("Add"),
    "operator.concat": _operator("Add"),
    "operator.mul": _operator("Mult"),
    "operator.mod": _operator("Mod"),
    "operator.xor": _operator("BitXor"),
}
