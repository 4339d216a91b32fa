"""A notebook that comes in parts, or under another name first -> one that passes the hooks before saving, as all do.

Jupyter's managers of large files run those hooks for the first part alone, and write each part at once; a rename runs
none. Here the parts of a notebook are kept until the last has come, and what is to be called a notebook is looked
through before it is.
"""

from __future__ import annotations

import base64
import tempfile
from collections import OrderedDict
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from typing import IO, Any

from jupyter_core.utils import ensure_async
from tornado import web

from jupyter_guard.server.saving import SavingHook

NOTEBOOK = ".ipynb"
# A page sends one file after the other; who begins more than these loses the oldest, and is told to begin again.
_AT_ONCE = 32


def look_at_all_of_it(manager: Any, hook: SavingHook) -> None:
    """Have ``manager``, of either kind of Jupyter's, save what is uploaded or renamed as ``hook`` makes it."""
    uploads = Uploads(manager.save)
    own_save, own_rename = manager.save, manager.rename

    def save(model: dict[str, Any], path: str = "") -> Any:
        if model.get("chunk") is None or not path.endswith(NOTEBOOK):
            return own_save(model, path)
        return uploads.take(model, path.strip("/"))

    async def save_in_time(model: dict[str, Any], path: str = "") -> Any:
        return await ensure_async(save(model, path))

    def rename(old_path: str, new_path: str) -> None:
        if _becomes_notebook(old_path, new_path) and manager.file_exists(old_path):
            model = _cleaned(manager.get(old_path, content=True, type="file"), hook, new_path, manager)
            if model is not None:
                own_save(model, old_path)
        own_rename(old_path, new_path)

    async def rename_in_time(old_path: str, new_path: str) -> None:
        if _becomes_notebook(old_path, new_path) and await manager.file_exists(old_path):
            model = _cleaned(await manager.get(old_path, content=True, type="file"), hook, new_path, manager)
            if model is not None:
                await own_save(model, old_path)
        await own_rename(old_path, new_path)

    manager.save = save_in_time if iscoroutinefunction(own_save) else save
    manager.rename = rename_in_time if iscoroutinefunction(own_rename) else rename


class Uploads:
    """The notebooks whose parts are coming in. ``save`` is the manager's own."""

    def __init__(self, save: Any) -> None:
        self.save = save
        # In files without a name: they are gone with the server.
        self._parts: OrderedDict[str, IO[bytes]] = OrderedDict()

    def take(self, model: dict[str, Any], path: str) -> Any:
        """Keep a part; with the last, numbered -1, save the whole and answer as the manager does.

        Raises ``web.HTTPError`` 400 for what is no part, or one whose first is missing.
        """
        part = _bytes_of(model)
        if model["chunk"] == 1:
            self._begin(path)
        file = self._parts.get(path)
        if file is None:
            raise web.HTTPError(
                400,
                f"jupyter_guard: the first part of {path} is not here (any more). A notebook is saved when all of its "
                "parts have come: send it again from its first part on.",
                reason="The first part is not here",
            )
        file.write(part)
        if model["chunk"] != -1:
            return _told(path)
        del self._parts[path]
        with file:
            file.seek(0)
            text = base64.b64encode(file.read()).decode()
        return self.save({"type": "file", "format": "base64", "content": text}, path)

    def _begin(self, path: str) -> None:
        if (earlier := self._parts.pop(path, None)) is not None:
            earlier.close()
        while len(self._parts) >= _AT_ONCE:
            self._parts.popitem(last=False)[1].close()
        self._parts[path] = tempfile.TemporaryFile()  # noqa: SIM115 - open until the last part


def _bytes_of(model: dict[str, Any]) -> bytes:
    """What a part of a file holds, with jupyter_server's own refusals. Raises ``web.HTTPError`` 400."""
    if model.get("type") != "file":
        raise web.HTTPError(400, f"File type {model.get('type')!r} is not supported for large file transfer")
    if not isinstance(model.get("content"), str):
        raise web.HTTPError(400, "No file content provided")
    if not isinstance(model["chunk"], int):
        raise web.HTTPError(400, f"The number of a part is an integer, not {model['chunk']!r}")
    if model.get("format") not in ("text", "base64"):
        raise web.HTTPError(400, "Must specify format of file contents as 'text' or 'base64'")
    try:
        return model["content"].encode() if model["format"] == "text" else base64.b64decode(model["content"])
    except ValueError as problem:
        raise web.HTTPError(400, f"Encoding error: {problem}") from None


def _told(path: str) -> dict[str, Any]:
    """What a manager answers of a file without its content, for one that is not written yet."""
    now = datetime.now(UTC)
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "type": "file",
        "writable": True,
        "created": now,
        "last_modified": now,
        "mimetype": None,
        "content": None,
        "format": None,
        "size": None,
    }


def _becomes_notebook(old_path: str, new_path: str) -> bool:
    return new_path.endswith(NOTEBOOK) and not old_path.endswith(NOTEBOOK)


def _cleaned(found: dict[str, Any], hook: SavingHook, path: str, manager: Any) -> dict[str, Any] | None:
    """What to save of a file before it is called ``path``; ``None`` where it may stay as it is. Raises as the hook."""
    model = {"type": "file", "format": found["format"], "content": found["content"]}
    hook(model, path, manager)
    return model if model["content"] != found["content"] else None
