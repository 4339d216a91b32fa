"""A Jupyter server's start -> the guard's routes on it."""

from __future__ import annotations

from typing import Any

__all__ = ["_load_jupyter_server_extension"]


def _load_jupyter_server_extension(server_app: Any) -> None:
    """Add the guard's routes; called by jupyter_server when it loads enabled extensions."""
    from jupyter_guard.server.routes import routes

    web_app = server_app.web_app
    added = routes(web_app.settings["base_url"])
    web_app.add_handlers(".*$", added)
    server_app.log.info("jupyter_guard: serving %s", ", ".join(path for path, _ in added))
