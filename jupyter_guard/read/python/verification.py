"""Arguments and attributes that switch off the check of who the far side is -> a connection without it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.python.classes import library_bases
from jupyter_guard.read.python.reach import host_scope
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import described
from jupyter_guard.read.python.values import ANYTHING, Const, Inst, Map, Obj, Seq, Unknown, Value
from jupyter_guard.read.unchecked import is_switch, words
from jupyter_guard.terms import Kind
from jupyter_guard.terms import Scope as Reach

_TAGS = ("no-verify",)
# What connects, by its own name or its class's.
_CLIENT = re.compile(
    r"(?:client|session|conn|opts|options|http|api|request|adapter|sftp|ssh|transport|config|filesystem)\w*(?:\(\))?$",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"(?:^|[._])(?:get|post|put|patch|delete|head|options|request|fetch|send|connect|stream|urlopen|resource)(?:_|\b)",
    re.IGNORECASE,
)
# Arguments that are handed on to the client inside.
_PASSED_ON = frozenset(
    """
    options sslopt ssl_options ssl_opts ssl_params tls ssl client_kwargs client_options storage_options connect_args
    connection_options http_options transport_options session_kwargs request_kwargs requests_kwargs httpx_kwargs
    broker_use_ssl redis_backend_use_ssl config connection_params request_args
    """.split()
)
_PLACES = ("url", "base_url", "host", "hosts", "hostname", "endpoint", "endpoint_url", "server", "uri", "address")


@functools.cache
def _arguments() -> frozenset[str]:
    known = words()
    return _PASSED_ON.union(known.anywhere, known.clients, *known.libraries.values())


def of_call(run: Run, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST | None) -> None:
    """Add that a call connects without a check, where an argument says so."""
    if _arguments().isdisjoint(kwargs):
        return
    host = _host(args, kwargs)
    client = host is not None or _CLIENT.search(name) is not None or _CALLED.search(name) is not None
    library = name.partition(".")[0]
    if any(_switches(one, value, client, library) for one, value in _given(kwargs)):
        for text in _texts(host) or [HOLE]:
            run.emit(Kind.NETWORK_CONNECT, text, node=node, via=name.lstrip("."), tags=_TAGS, scope=host_scope(text))


def of_attribute(run: Run, value: Value, name: str, new: Value, node: ast.AST | None) -> None:
    """Add the same for ``value.name = new``."""
    if name in _arguments() and _switches(name, new, any(map(_is_client, value.atoms))):
        run.emit(Kind.NETWORK_CONNECT, node=node, via=name, tags=_TAGS, scope=Reach.REMOTE)


def _given(kwargs: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    for name, value in kwargs.items():
        yield name, value
        if name in _PASSED_ON:
            for atom in value.atoms:
                if type(atom) is Map:
                    yield from ((str(key), one) for key, one in atom.items.items())


def of_connection(run: Run, name: str, made: Value, node: ast.AST | None) -> None:
    """Add the same for what a connection is made with: ``mongodb://host/?tlsInsecure=true``."""
    for text in _texts(made):
        if "=" in text and words().connection.search(text):
            run.emit(Kind.NETWORK_CONNECT, text, node=node, via=name, tags=_TAGS, scope=host_scope(text))


def _switches(name: str, value: Value, client: bool, library: str = "") -> bool:
    texts = map(described, value.atoms)
    return any(text is not None and is_switch(name, text, client, library) for text in texts)


def _is_client(atom: object) -> bool:
    if type(atom) is Inst:
        return _CLIENT.search(atom.type) is not None
    if type(atom) is Unknown:
        return _CLIENT.search(atom.path) is not None
    return type(atom) is Obj and any(_CLIENT.search(base) for base in library_bases(atom.cls))


def _host(args: list[Value], kwargs: Mapping[str, Value]) -> Value | None:
    for name in _PLACES:
        if name in kwargs:
            return kwargs[name]
    return next((one for one in args if any("://" in text for text in _texts(one))), None)


def _texts(value: Value | None) -> list[str]:
    found: list[str] = []
    for atom in (value or ANYTHING).atoms:
        if type(atom) is Const and isinstance(atom.value, str):
            found.append(atom.value)
        elif type(atom) is Seq:
            found += [text for one in atom.items[:4] for text in _texts(one)]
        elif type(atom) is Map:
            found += _texts(atom.items.get("host"))
    return found
