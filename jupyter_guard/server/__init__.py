"""A Jupyter server's start -> the guard's routes and events on it, and notebooks that are saved without secrets."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import jupyter_guard

__all__ = ["_load_jupyter_server_extension"]


def _load_jupyter_server_extension(server_app: Any) -> None:
    """Add the guard's routes and its hook before saving; called by jupyter_server when it loads enabled extensions."""
    from jupyter_guard.server.routes import events_route, routes
    from jupyter_guard.server.saving import SavingHook
    from jupyter_guard.server.uploading import look_at_all_of_it

    web_app = server_app.web_app
    added = routes(web_app.settings["base_url"])
    # Pages are told with their configuration that the server is guarded too, in JupyterLab and Notebook 7.
    web_app.settings.setdefault("page_config_data", {})["jupyterGuard"] = jupyter_guard.__version__
    # What is added later is asked earlier: Jupyter's own way to emit an event is behind ours.
    web_app.add_handlers(".*$", [*added, events_route(web_app.settings["base_url"])])
    manager = server_app.contents_manager
    if hasattr(manager, "register_pre_save_hook"):
        hook = SavingHook(web_app.settings.get("server_root_dir", "."), server_app.log)
        manager.register_pre_save_hook(hook)
        look_at_all_of_it(manager, hook)
    else:
        server_app.log.warning("jupyter_guard: %s has no pre-save hook: saved outputs are not cleaned", type(manager))
    if hasattr(manager, "register_post_save_hook"):
        manager.register_post_save_hook(_noted)
    _publish(server_app)
    # Another extension's rooms: it may be loaded after this one.
    server_app.io_loop.add_callback(_listen, server_app)
    server_app.log.info("jupyter_guard: serving %s", ", ".join(path for path, _ in added))


def _noted(os_path: str = "", **_: Any) -> None:
    """What is saved here is nobody's cell's doing: undo asks before it writes over that."""
    from jupyter_guard.undo.saves import note
    from jupyter_guard.undo.store import undo_directory

    with contextlib.suppress(OSError):
        # A full disk: then undo takes it for something that nobody told of, which it asks about as well.
        note(undo_directory(os.environ, Path.home()), os_path)


def _listen(server_app: Any) -> None:
    """Hear of the programs that write into shared documents, where there are any."""
    from jupyter_guard.server.rooms import EXTENSION, Rooms
    from jupyter_guard.server.writers import notebook_at, texts_of

    def stored(path: str) -> frozenset[str] | None:
        place = getattr(server_app.contents_manager, "_get_os_path", None)
        found = notebook_at(Path(place(path))) if place is not None else None
        return None if found is None else texts_of(found)

    for extension in server_app.extension_manager.extension_apps.get(EXTENSION, ()):
        Rooms(extension, stored, server_app.log).listen(server_app.event_logger)


def _publish(server_app: Any) -> None:
    """Emit decisions as events, from when the server's loop runs on."""
    from jupyter_guard.audit.place import audit_directory
    from jupyter_guard.server.publishing import Publisher, is_published

    if is_published(server_app.event_logger):
        # A server can be told twice to load this: by its own settings and by those of the installation.
        return
    from jupyter_guard.server.metrics import metrics

    publisher = Publisher(audit_directory(os.environ, Path.home()), server_app.event_logger, server_app.log)
    publisher.metrics = metrics()

    def begin() -> None:
        # Held by the server: a task that nobody holds may be collected.
        server_app.jupyter_guard_publishing = asyncio.ensure_future(publisher.run())

    server_app.io_loop.add_callback(begin)
