"""A server of tools -> served over stdio, or over HTTP on this machine's loopback to whoever has the token."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

import anyio
from anyio.abc import TaskStatus

from jupyter_guard.mcp.sdk import GONE

LOOPBACK: Final = "127.0.0.1"
PATH: Final = "/mcp"
TOKEN_VARIABLE: Final = "JUPYTER_GUARD_MCP_TOKEN"  # noqa: S105 - its name
SHORTEST_TOKEN: Final = 16
SECONDS_TO_WRITE: Final = 0.1

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def over_stdio(server: Any, end: Callable[[], Awaitable[None]]) -> None:
    """Serve one client on standard input and output, until it closes them.

    A signal that ends the process does so when ``end`` has returned.
    """
    from mcp.server.stdio import stdio_server

    async with anyio.create_task_group() as group:
        if os.name != "nt":
            await group.start(_end_by_signal, end)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
        group.cancel_scope.cancel()


async def _end_by_signal(end: Callable[[], Awaitable[None]], *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            await end()
            # The answers of what was stopped are on their way; a client that is there reads them.
            await anyio.sleep(SECONDS_TO_WRITE)
            # A thread reads standard input, and would be waited for.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


async def over_http(server: Any, listener: socket.socket, token: str) -> None:
    """Serve clients that come by HTTP to a socket of ``listen``."""
    import uvicorn
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

    port = listener.getsockname()[1]
    hosts = [f"{LOOPBACK}:{port}", f"localhost:{port}"]
    # A page at another name that leads here says that name in Host, and in Origin where it comes from.
    settings = TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=hosts, allowed_origins=[f"http://{one}" for one in hosts]
    )
    manager = StreamableHTTPSessionManager(app=server, security_settings=settings)
    config = uvicorn.Config(
        Door(manager.handle_request, token),
        log_level="warning",
        lifespan="off",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    async with manager.run():
        await uvicorn.Server(config).serve(sockets=[listener])


class Door:
    """Lets in who says the token; tells the calls of one that goes away."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]], token: str) -> None:
        self._application = application
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Anything else than HTTP is closed."""
        if scope["type"] != "http":
            return
        said = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(said) != 1 or not hmac.compare_digest(said[0], self._expected):
            await _refuse(send, 401, "This needs the header Authorization: Bearer and the token that was written down.")
            return
        if scope["path"].rstrip("/") != PATH:
            await _refuse(send, 404, f"MCP is served at {PATH}.")
            return
        gone = scope[GONE] = anyio.Event()

        async def heard() -> MutableMapping[str, Any]:
            message = await receive()
            if message["type"] == "http.disconnect":
                gone.set()
            return message

        await self._application(scope, heard, send)


def listen(port: int) -> socket.socket:
    """A socket on the loopback only; 0 lets the system choose. Raises ``OSError``."""
    return socket.create_server((LOOPBACK, port))


def chosen_token(env: MutableMapping[str, str]) -> str:
    """The token of the environment, which children do not get, or a new one. Raises ``ValueError`` for a short one."""
    given = env.pop(TOKEN_VARIABLE, "")
    if given and len(given) < SHORTEST_TOKEN:
        raise ValueError(f"{TOKEN_VARIABLE} has fewer than {SHORTEST_TOKEN} characters; leave it out to have one made")
    return given or secrets.token_urlsafe(32)


def write_down(folder: Path, url: str, token: str) -> Path:
    """A file that only this user can read, with the address and the token; it goes when the server ends."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"jupyter-guard-mcp-{os.getpid()}.json"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump({"url": url, "token": token, "pid": os.getpid()}, out)
    return file


async def _refuse(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
