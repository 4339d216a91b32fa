"""Clients of databases that do not speak SQL (``mongosh``, ``redis-cli``) -> what their words do to which data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.shell.arguments import Arguments, parse_arguments
from jupyter_guard.read.shell.commands import Command
from jupyter_guard.read.shell.state import Shell
from jupyter_guard.read.shell.streams import UNKNOWN, Stream, plain, shown
from jupyter_guard.terms import Kind, Scope

LOCAL = re.compile(r"^(?:\w+://)?(?:[^@/]*@)?(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|0\.0\.0\.0|unix:)(?=[:/]|$)")
_URL = re.compile(r"\w+(?:\+\w+)*://(?:[^@/]*@)?(?P<host>[^/?]*)(?:/(?P<name>[^?]*))?")

_MONGO = Command(values="--eval|--host|--port|-u|--username|-p|--password|--authenticationDatabase|--file|-f")
_REDIS = Command(values="-h|-p|-a|-n|-u|-s|--user|--pass|--pattern|--count|-r|-i|--eval")
_CALL = re.compile(
    r"(?:getCollection\(\s*['\"](?P<quoted>[^'\"]+)['\"]\s*\)|(?:db|getSiblingDB\([^)]*\))\s*(?:\.\s*(?P<plain>\w+)|\[\s*(?:['\"](?P<item>[^'\"]+)['\"]|[\w.$]+)\s*\]))"
    r"\s*\.\s*(?P<verb>drop|deleteMany|deleteOne|remove|updateMany|insertMany|insertOne|replaceOne|updateOne|bulkWrite)"
    r"\s*\(\s*(?P<filter>\{\s*\})?"
)
_WHOLE = re.compile(r"\bdropDatabase\s*\(|dropDatabase['\"]?\s*:")
_SERVER = re.compile(r"\bshutdownServer\s*\(|\bshutdown['\"]?\s*:\s*1")


def place(address: str) -> tuple[str, Scope]:
    """The database's name in an address or URL, and where its server is."""
    found = _URL.match(address)
    name = (found["name"] or "") if found else ""
    return name, Scope.UNKNOWN if not address or LOCAL.match(address) else Scope.REMOTE


def mongo(shell: Shell, words: list[str], stdin: Stream, _seen: bool) -> Stream:
    """``mongosh [ADDRESS] --eval TEXT``."""
    arguments = parse_arguments(words[1:], _MONGO)
    address = next(iter([*arguments.values("--host"), *arguments.operands]), "")
    name, scope = (
        place(address) if "://" in address or "/" in address or arguments.has("--host") else (address, Scope.UNKNOWN)
    )
    shell.emit(shell.context.effect(
        Kind.NETWORK_CONNECT, shown(plain(address)) if scope is Scope.REMOTE else "MongoDB", via=words[0],
        scope=scope if scope is Scope.REMOTE else Scope.SESSION,
    ))  # fmt: skip
    where = f" in `{shown(name or address)}`" if name or address else ""
    for text in (*arguments.values("--eval"), stdin.text):
        for kind, what, via, tags in _mongo_does(text):
            shell.emit(shell.context.effect(kind, what + where, via=via, scope=scope, tags=tags))
    return UNKNOWN


def _mongo_does(text: str) -> Iterator[tuple[Kind, str, str, tuple[str, ...]]]:
    if _WHOLE.search(text):
        yield Kind.DATA_DESTROY, "the whole database", "DROP DATABASE", ("ddl",)
    if _SERVER.search(text):
        yield Kind.PROCESS_SIGNAL, "the database server", "shutdownServer", ()
    for found in _CALL.finditer(text):
        verb, name = found["verb"], found["quoted"] or found["plain"] or found["item"] or ""
        collection = f"collection `{name.replace(HOLE, '…')}`" if name else "collections"
        if verb == "drop":
            yield Kind.DATA_DESTROY, collection, "DROP COLLECTION", ("ddl",)
        elif verb in ("deleteMany", "remove") and found["filter"]:
            yield Kind.DATA_DESTROY, collection, verb, ("no-where",)
        else:
            yield Kind.DATA_WRITE, collection, verb, ("no-where",) if verb == "updateMany" and found["filter"] else ()


def redis(shell: Shell, words: list[str], stdin: Stream, _seen: bool) -> Stream:
    """``redis-cli [-h HOST] COMMAND ...``, or commands that it is fed, one a line."""
    arguments = parse_arguments(words[1:], _REDIS)
    address = next(iter([*arguments.values("-h"), *arguments.values("-u")]), "")
    _, scope = place(address)
    shell.emit(shell.context.effect(
        Kind.NETWORK_CONNECT, shown(plain(address)) if scope is Scope.REMOTE else "Redis", via=words[0],
        scope=scope if scope is Scope.REMOTE else Scope.SESSION,
    ))  # fmt: skip
    lines = [arguments.operands] if arguments.operands else [line.split() for line in stdin.text.split("\n")[:200]]
    for line in lines:
        for kind, what, tags in _redis_does(line, arguments):
            where = f" in `{shown(address)}`" if address else " in Redis"
            shell.emit(shell.context.effect(kind, what + where, via=words[0], scope=scope, tags=tags))
    return UNKNOWN


def _redis_does(line: list[str], arguments: Arguments) -> Iterator[tuple[Kind, str, tuple[str, ...]]]:
    verb, rest = (line[0].lower(), line[1:]) if line else ("", [])
    if verb in ("flushall", "flushdb"):
        yield Kind.DATA_DESTROY, "every key", ("bulk",)
    elif verb in ("del", "unlink") and rest:
        many = any(HOLE in key for key in rest)
        what = "keys" if many else ", ".join(f"key `{shown(plain(key))}`" for key in rest[:3])
        yield (Kind.DATA_DESTROY if many else Kind.DATA_WRITE), what, ("bulk",) if many else ()
    elif verb == "shutdown":
        yield Kind.PROCESS_SIGNAL, "the server", ()
    elif verb == "config" and rest[:1] and rest[0].lower() == "set":
        yield Kind.DATA_WRITE, rest[1] if len(rest) > 1 else "a setting", ("server-setting",)
    elif verb in ("eval", "evalsha", "fcall", "script") or arguments.has("--eval"):
        yield Kind.DATA_WRITE, "keys", ("dynamic",)
    elif verb in (
        "set",
        "mset",
        "hset",
        "lpush",
        "rpush",
        "sadd",
        "zadd",
        "incr",
        "expire",
        "rename",
        "hdel",
        "append",
    ):
        yield Kind.DATA_WRITE, f"key `{shown(plain(rest[0]))}`" if rest else "a key", ()
