"""Jupyter Events of shared documents -> the cells that a program wrote while no page was there, marked in them.

A page that is connected tells for itself who wrote what. Without one, whatever changes comes from a program: an agent
in the server's process, or a client that connected to the room as jupyter-nbmodel-client does. Nobody would know of
that later: the page that opens the notebook would take it for what was in the file.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from jupyter_guard.origin.claim import METADATA_KEY
from jupyter_guard.server.writers import claimed, is_from_page

EXTENSION: Final = "jupyter_server_ydoc"
# The schemas of jupyter-server-ydoc: who joins and leaves a room, what becomes of its document.
AWARENESS: Final = "https://schema.jupyter.org/jupyter_collaboration/awareness/v1"
SESSION: Final = "https://schema.jupyter.org/jupyter_collaboration/session/v1"
# Who joins is served, and what who leaves had sent is read, in tasks that begin after the event.
SETTLE_SECONDS = 0.2


class Room:
    """The texts that a room's document had at the last look, and whether a page was there then or since."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.texts: frozenset[str] | None = None
        self.had_page = False


class Rooms:
    """Listens to a server's ``event_logger`` for the rooms of ``extension``, jupyter-server-ydoc's application.

    ``stored`` gives the texts of the code cells in a notebook's file, by the server's path, or ``None`` where it cannot
    be read.
    """

    def __init__(self, extension: Any, stored: Callable[[str], Iterable[str] | None], log: logging.Logger) -> None:
        self._extension, self._stored, self._log = extension, stored, log
        self._rooms: defaultdict[str, Room] = defaultdict(Room)

    def listen(self, event_logger: Any) -> None:
        """Hear of it from now on."""
        event_logger.add_listener(schema_id=SESSION, listener=self.happened)
        event_logger.add_listener(schema_id=AWARENESS, listener=self.moved)

    async def happened(self, *, data: dict[str, Any], **_: Any) -> None:
        """A document was loaded, saved, overwritten from its file, or let go."""
        name, action = data["room"], data.get("action")
        if not _is_notebook(name):
            return
        if action == "clean":
            self._rooms.pop(name, None)
        elif action in ("load", "overwrite"):
            texts = await asyncio.to_thread(self._stored, data["path"])
            async with self._rooms[name].turn:
                # Of a file that cannot be read here, the document is what there was.
                self._rooms[name].texts = None if texts is None else frozenset(texts)
        elif action == "save":
            await self._look(name)

    async def moved(self, *, data: dict[str, Any], **_: Any) -> None:
        """Somebody joined or left a room: until here, it was as it was before."""
        name = data["roomid"]
        if not _is_notebook(name):
            return
        if data["action"] == "join":
            await self._look(name, is_begun=True)
        await asyncio.sleep(SETTLE_SECONDS)
        await self._look(name)

    async def _look(self, name: str, is_begun: bool = False) -> None:
        """Mark what changed since the last look, unless a page was there; ``is_begun``: one may just have come."""
        document = await self._extension.get_document(room_id=name, copy=False)
        if document is None:
            return
        room = self._rooms[name]
        async with room.turn:
            has_page = any(map(_is_page, self._clients(name)))
            cells = list(_code_cells(document))
            texts = frozenset(text for _, text in cells)
            if room.texts is not None and not room.had_page and (is_begun or not has_page):
                changed = [(cell, text) for cell, text in cells if text.strip() and text not in room.texts]
                self._mark(document, changed)
            room.texts, room.had_page = texts, has_page

    def _mark(self, document: Any, changed: list[tuple[Any, str]]) -> None:
        if not changed:
            return
        with document.ydoc.transaction():
            for cell, text in changed:
                metadata = cell["metadata"]
                metadata[METADATA_KEY] = claimed(metadata.to_py().get(METADATA_KEY), text)
        said = "jupyter_guard: a program changed %s, which no page showed; %d of its cells are marked as its own"
        self._log.warning(said, document.path, len(changed))

    def _clients(self, name: str) -> Iterable[Any]:
        room = self._extension.ywebsocket_server.rooms.get(name)
        return () if room is None else tuple(room.clients)


def _is_notebook(room: str) -> bool:
    # format:type:id of the file; JupyterLab's own rooms have names of other forms.
    return room.split(":")[1:2] == ["notebook"]


def _is_page(client: Any) -> bool:
    request = getattr(client, "request", None)
    return request is not None and is_from_page(request)


def _code_cells(document: Any) -> Iterator[tuple[Any, str]]:
    for cell in document.ycells:
        if cell.get("cell_type") == "code" and cell.get("metadata") is not None:
            yield cell, str(cell["source"])
