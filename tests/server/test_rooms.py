"""What programs write into a real server's shared documents: theirs while no page is there, the page's business else."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyter_server_ydoc", reason="jupyter-server-ydoc is not installed")
from jupyter_nbmodel_client import NbModelClient, get_jupyter_notebook_websocket_url
from jupyter_ydoc import YNotebook
from pycrdt import create_sync_message, create_update_message, handle_sync_message
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.server.conftest import TOKEN
from tests.server.test_writers import CHROME, notebook

IN_FILE = "in_file = 1"


async def until(holds: Any, what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


def authors(file: Path) -> dict[str, Any]:
    try:
        cells = json.loads(file.read_text())["cells"]
    except ValueError:  # it is being written
        return {}
    found = [("".join(cell["source"]), cell["metadata"].get("jupyter_guard", {}).get("origin", {})) for cell in cells]
    return {source: origin.get("author") for source, origin in found}


@asynccontextmanager
async def agent(url: str, name: str) -> AsyncIterator[NbModelClient]:
    """A program in the notebook's room, as the released client for agents makes one."""
    async with NbModelClient(get_jupyter_notebook_websocket_url(url, name, TOKEN)) as client:
        yield client


class Page:
    """What a browser's page sends: its websocket says where it comes from and, as Chromium's, nothing of the site."""

    def __init__(self, connection: Any) -> None:
        self.document = YNotebook()
        self._connection = connection
        self._document_changes = self.document.ydoc.observe(self._send)
        self._is_told = False

    def _send(self, event: Any) -> None:
        if not self._is_told:
            self._connection.write_message(create_update_message(event.update), binary=True)

    async def read(self) -> None:
        """Follow the room until the connection ends."""
        await self._connection.write_message(create_sync_message(self.document.ydoc), binary=True)
        while (message := await self._connection.read_message()) is not None:
            if message[0] != 0:
                continue
            self._is_told = True
            reply = handle_sync_message(message[1:], self.document.ydoc)
            self._is_told = False
            if reply is not None:
                await self._connection.write_message(reply, binary=True)


@asynccontextmanager
async def page(url: str, name: str) -> AsyncIterator[YNotebook]:
    body = json.dumps({"format": "json", "type": "notebook"}).encode()
    headers = {"Authorization": f"token {TOKEN}"}
    asked = urllib.request.Request(f"{url}/api/collaboration/session/{name}", body, headers, method="PUT")
    with urllib.request.urlopen(asked, timeout=30) as answer:
        session = json.load(answer)
    room = f"json:notebook:{session['fileId']}?sessionId={session['sessionId']}"
    address = f"{url.replace('http', 'ws', 1)}/api/collaboration/room/{room}"
    connection = await websocket_connect(HTTPRequest(address, headers={**headers, "Origin": url, "User-Agent": CHROME}))
    opened = Page(connection)
    reading = asyncio.create_task(opened.read())
    try:
        await until(lambda: opened.document.cell_number, "the page did not get the notebook")
        yield opened.document
        await asyncio.sleep(0.3)
    finally:
        connection.close()
        await reading


def written(root: Path, name: str) -> Path:
    file = root / name
    file.write_text(json.dumps(notebook(IN_FILE)))
    return file


def test_what_a_program_writes_where_no_page_is_is_an_assistants(url: str, root: Path) -> None:
    file = written(root, "alone.ipynb")

    async def act() -> None:
        async with agent(url, file.name) as client:
            client.add_code_cell("by_program = sorted([3, 1, 2])")
            await until(lambda: authors(file).get("by_program = sorted([3, 1, 2])"), "it was not marked in the file")
        # The page that opens it finds the mark in the document, though that never was read from the file again.
        async with page(url, file.name) as document:
            found = [cell.to_py() for cell in document.ycells]
            assert found[1]["metadata"]["jupyter_guard"]["origin"]["author"] == "assistant"
            assert "jupyter_guard" not in found[0]["metadata"]

    asyncio.run(act())
    assert authors(file) == {IN_FILE: None, "by_program = sorted([3, 1, 2])": "assistant"}
    assert "which no page showed; 1 of its cells" in (root / "log").read_text()


def test_while_a_page_is_there_it_tells(url: str, root: Path) -> None:
    file = written(root, "together.ipynb")

    async def act() -> None:
        async with page(url, file.name) as document, agent(url, file.name) as client:
            document.append_cell({"cell_type": "code", "source": "by_person = 1", "metadata": {}, "outputs": []})
            client.add_code_cell("by_program = 1")
            await until(lambda: {"by_person = 1", "by_program = 1"} <= authors(file).keys(), "it was not saved")

    asyncio.run(act())
    assert set(authors(file).values()) == {None}


def test_what_a_person_wrote_last_stays_theirs_and_what_came_afterwards_does_not(url: str, root: Path) -> None:
    file = written(root, "afterwards.ipynb")

    async def act() -> None:
        async with agent(url, file.name) as client:
            async with page(url, file.name) as document:
                document.append_cell({"cell_type": "code", "source": "by_person = 1", "metadata": {}, "outputs": []})
            await asyncio.sleep(1)
            client.add_code_cell("by_program = 1")
            await until(lambda: authors(file).get("by_program = 1"), "it was not marked in the file")

    asyncio.run(act())
    assert authors(file) == {IN_FILE: None, "by_person = 1": None, "by_program = 1": "assistant"}


def test_what_is_read_again_from_the_file_is_what_was_in_the_file(url: str, root: Path) -> None:
    file = written(root, "overwritten.ipynb")

    async def act() -> None:
        async with agent(url, file.name) as client:
            await asyncio.sleep(1)
            file.write_text(json.dumps(notebook(IN_FILE, "by_checkout = 1")))
            await until(lambda: len(client) == 2, "the document did not follow its file")
            client.add_code_cell("by_program = 1")
            await until(lambda: authors(file).get("by_program = 1"), "it was not marked in the file")

    asyncio.run(act())
    assert authors(file)["by_checkout = 1"] is None
