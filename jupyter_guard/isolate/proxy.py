"""Connections from inside a box -> the hosts that the policy grants, and no others.

``python -m jupyter_guard.isolate.proxy DESCRIPTOR BOX GRANTED`` is a process of its own, outside the box: ``BOX`` is
the process with which it ends, ``GRANTED`` JSON: ``{"hosts": [[name, port]], "relays": [[host, port]], "told": PATH,
"placed": "the policy's line"}``.
The listeners arrive on the descriptor, the proxy's first. A connection leads to one granted place for all of its life,
and each asks anew, so nothing that is sent later can lead elsewhere. What is refused is added to the file ``told``, a
line each, which the kernel shows on the cell.

HTTP is h11's to read and to write; docs/design.md says why the rest is no library's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import sys
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_guard.isolate.addresses import objection
from jupyter_guard.terms.covering import covers_host
from jupyter_guard.terms.host import Host

if TYPE_CHECKING:
    import h11

LARGEST_HEAD = 64 * 1024
SECONDS_TO_CONNECT = 15.0
SECONDS_TO_ASK = 60.0
MOST_LISTENERS = 253
# What is between a client and its proxy, and the host, which the proxy says itself.
_OWN = (b"connection", b"proxy-connection", b"proxy-authorization", b"host")
_READ_IN_TWO_WAYS = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]|\0")
# Whoever is refused asks again and again.
SECONDS_BETWEEN_TELLING, MOST_TOLD = 1.0, 1 << 18
_Served = Callable[[StreamReader, StreamWriter], Awaitable[None]]


class Telling:
    """Adds to a file what was refused, the same thing once a second, and no more than it may hold.

    ``placed`` says where the policy names the hosts, for what is to be mended there.
    """

    def __init__(self, path: str, placed: str = "the policy") -> None:
        self._path, self.placed = path, placed
        self._told: dict[str, float] = {}
        self._left = MOST_TOLD

    def tell(self, why: str) -> None:
        """Nothing can be said in a protocol that is not known, and not every client says what a proxy answered."""
        now, line = time.monotonic(), why.replace("\n", " ") + "\n"
        if now - self._told.get(why, -SECONDS_BETWEEN_TELLING) < SECONDS_BETWEEN_TELLING or len(line) > self._left:
            return
        self._told[why] = now
        self._left -= len(line)
        print(why, file=sys.stderr, flush=True)
        with contextlib.suppress(OSError), open(self._path, "a", encoding="utf-8") as file:
            file.write(line)


class RefusedError(Exception):
    """Not connected: the status of the answer, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"jupyter_guard: {why}")
        self.status = status


async def connected(
    hosts: Iterable[Host], name: str, port: int, placed: str = "the policy"
) -> tuple[StreamReader, StreamWriter]:
    """A connection to a granted host. Raises ``RefusedError``, which says where ``hosts`` are ``placed``."""
    hosts = tuple(hosts)
    if not covers_host(hosts, name, port):
        grant = name if port in (80, 443) else f"{name}:{port}"
        raise RefusedError(
            403, f"{name} is not among isolation.hosts of the policy: jupyter guard policy grant {grant}"
        )
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        what = f"{name} (isolation.hosts grants it) does not resolve"
        raise RefusedError(502, f"{what}: try `getent hosts {name}`, or mend the name [{placed}]") from None
    objections = {str(one[4][0]): objection(hosts, name, port, str(one[4][0])) for one in found}
    addresses = [one for one, why in objections.items() if not why]
    if not addresses:
        raise RefusedError(403, next(iter(objections.values()), f"{name} has no address"))
    why = ""
    for one in addresses:
        try:
            return await asyncio.wait_for(asyncio.open_connection(one, port), SECONDS_TO_CONNECT)
        except (TimeoutError, OSError) as error:
            why = getattr(error, "strerror", None) or "no answer in time"
    raise RefusedError(502, f"{name}:{port} cannot be reached: {why}")


def proxying(hosts: tuple[Host, ...], telling: Telling) -> _Served:
    """Serves HTTP and CONNECT (RFC 9110, 9.3.6), one request a connection."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(_request(reader), SECONDS_TO_ASK)
            name, port, first = _asked(request)
            ahead = await connected(hosts, name, port, telling.placed)
        except RefusedError as error:
            telling.tell(str(error))
            await _refuse(writer, error)
            return
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        if first:
            ahead[1].write(first)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _joined((reader, writer), ahead)

    return serve


def relaying(hosts: tuple[Host, ...], name: str, port: int, telling: Telling) -> _Served:
    """Serves whatever is spoken, to one place."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            ahead = await connected(hosts, name, port, telling.placed)
        except RefusedError as error:
            telling.tell(str(error))
            return
        await _joined((reader, writer), ahead)

    return serve


async def _request(reader: StreamReader) -> h11.Request:
    """The head of a request. Raises ``RefusedError``, and where none comes ``OSError`` or asyncio's own errors."""
    import h11

    head = await reader.readuntil(b"\r\n\r\n")
    if _READ_IN_TWO_WAYS.search(head):
        # h11 reads these as one of both, as servers did once (RFC 9112, 2.2 and 5.2).
        raise RefusedError(400, "a field of the request is folded, or has a bare end of a line")
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
    try:
        connection.receive_data(head)
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        raise RefusedError(400, f"no HTTP request: {error}") from None
    if not isinstance(event, h11.Request):
        raise RefusedError(400, "no HTTP request")
    return event


def _asked(request: h11.Request) -> tuple[str, int, bytes]:
    """Host, port and what to send on; nothing for CONNECT. Raises ``RefusedError``."""
    import h11

    target = request.target.decode("latin-1")
    try:
        if request.method == b"CONNECT":
            parts = urlsplit(f"//{target}")
            return str(parts.hostname or ""), parts.port or 443, b""
        parts = urlsplit(target)
        if parts.scheme.lower() != "http" or not parts.hostname:
            raise RefusedError(400, "this is the way out of a box: ask it for http://host/ or CONNECT host:port")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # A host beside the one that was asked for would lead to another site of the same server (RFC 9112, 3.2.2).
        fields = [(b"Host", parts.netloc.rpartition("@")[2].encode("latin-1"))]
        fields += [(name, value) for name, value in request.headers.raw_items() if name.lower() not in _OWN]
        fields.append((b"Connection", b"close"))
        sent = h11.Connection(h11.CLIENT).send(h11.Request(method=request.method, target=path, headers=fields))
        port = parts.port or 80
    except (ValueError, h11.LocalProtocolError):
        raise RefusedError(400, "no HTTP request") from None
    # h11 speaks 1.1 only, and what is older cannot read its answers.
    older = request.http_version != b"1.1"
    return parts.hostname, port, bytes(sent or b"").replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", int(older))


async def _refuse(writer: StreamWriter, error: RefusedError) -> None:
    # What clients show of a refused CONNECT is the first line only.
    why = str(error).encode("ascii", "replace")
    lines = (b"HTTP/1.1 %d " % error.status + why, b"Content-Type: text/plain", b"Content-Length: %d" % (len(why) + 1))
    writer.write(b"\r\n".join((*lines, b"Connection: close", b"", why + b"\n")))
    with contextlib.suppress(OSError):
        await writer.drain()


async def _joined(one: tuple[StreamReader, StreamWriter], other: tuple[StreamReader, StreamWriter]) -> None:
    try:
        await asyncio.gather(_copied(one[0], other[1]), _copied(other[0], one[1]))
    finally:
        other[1].close()


async def _copied(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        # One end is gone: so is the other.
        writer.close()


def closing(served: _Served) -> _Served:
    """The same, and the connection to the box closed behind it."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await served(reader, writer)
        finally:
            writer.close()

    return serve


async def _serve(
    inside: socket.socket, box: int, hosts: tuple[Host, ...], relays: list[tuple[str, int]], telling: Telling
) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    # Its number stays the same when the launcher becomes the box.
    loop.add_reader(os.pidfd_open(box), over.set)
    waiting = asyncio.ensure_future(over.wait())
    inside.setblocking(False)
    arrived = asyncio.Event()
    loop.add_reader(inside, arrived.set)
    await asyncio.wait([waiting, asyncio.ensure_future(arrived.wait())], return_when=asyncio.FIRST_COMPLETED)
    loop.remove_reader(inside)
    if over.is_set():
        return
    _, handles, _, _ = socket.recv_fds(inside, 1, MOST_LISTENERS)
    inside.close()
    serving = [proxying(hosts, telling), *(relaying(hosts, name, port, telling) for name, port in relays)]
    for handle, served in zip(handles, serving, strict=False):
        listener = socket.socket(fileno=handle)
        await asyncio.start_server(closing(served), sock=listener, limit=LARGEST_HEAD)
    await waiting


def main(arguments: list[str]) -> None:
    """Serve until the box is gone. The caller has to wait for this process, not for the one that serves."""
    if os.fork():
        # The kernel's box may have one child only, and ends with it.
        os._exit(0)
    granted = json.loads(arguments[2])
    hosts = tuple(Host(name, port) for name, port in granted["hosts"])
    with contextlib.suppress(KeyboardInterrupt, ProcessLookupError):
        inside, box = socket.socket(fileno=int(arguments[0])), int(arguments[1])
        asyncio.run(_serve(inside, box, hosts, granted["relays"], Telling(granted["told"], granted["placed"])))


if __name__ == "__main__":
    main(sys.argv[1:])
