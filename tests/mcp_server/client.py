"""The SDK's own client, over stdio and over HTTP, against ``jupyter guard mcp`` as people start it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from .jupyter import SECONDS, Jupyter

COMMAND = (sys.executable, "-P", "-m", "jupyter_guard", "mcp")


@contextlib.asynccontextmanager
async def over_stdio(jupyter: Jupyter, *words: str, command: tuple[str, ...] = COMMAND) -> AsyncIterator[ClientSession]:
    parameters = StdioServerParameters(
        command=command[0],
        args=[*command[1:], *words],
        env={**jupyter.env, "JUPYTER_GUARD_LOG": "INFO"},
        cwd=str(jupyter.root),
    )
    with (jupyter.home / "mcp.log").open("a") as log:
        async with stdio_client(parameters, errlog=log) as streams, ClientSession(*streams) as session:
            await session.initialize()
            yield session


class HttpServer:
    """``jupyter guard mcp --http``, running."""

    def __init__(self, jupyter: Jupyter, command: tuple[str, ...] = COMMAND) -> None:
        self.log = jupyter.home / "mcp-http.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*command, "--http"], cwd=jupyter.root, env=jupyter.env, stderr=log)
        deadline = time.monotonic() + SECONDS
        while not (found := list(jupyter.runtime.glob(f"jupyter-guard-mcp-{self.process.pid}.json"))):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        self.file: Path = found[0]
        while not self.file.read_text():
            time.sleep(0.05)
        written = json.loads(self.file.read_text())
        self.url, self.token = str(written["url"]), str(written["token"])
        while True:
            with contextlib.suppress(httpx2.TransportError):
                httpx2.get(self.url, timeout=5)
                break
            assert time.monotonic() < deadline, self.log.read_text()

    def __enter__(self) -> HttpServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        finally:
            self.process.kill()

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[ClientSession]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http,
            streamable_http_client(self.url, http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            yield session


def text(result: Any) -> str:
    """All the text of a tool's answer."""
    return "\n".join(one.text for one in result.content if one.type == "text")


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Play a scenario."""

    async def within() -> None:
        with anyio.fail_after(SECONDS * 3):
            await scenario()

    anyio.run(within)
