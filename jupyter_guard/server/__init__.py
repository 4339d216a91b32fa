"""A Jupyter server's start -> the guard's routes on it, and notebooks that are saved without secrets."""

from __future__ import annotations

from typing import Any

__all__ = ["_load_jupyter_server_extension"]


def _load_jupyter_server_extension(server_app: Any) -> None:
    """Add the guard's routes and its hook before saving; called by jupyter_server when it loads enabled extensions."""
    from jupyter_guard.server.routes import routes
    from jupyter_guard.server.saving import SavingHook

    web_app = server_app.web_app
    added = routes(web_app.settings["base_url"])
    web_app.add_handlers(".*$", added)
    manager = server_app.contents_manager
    if hasattr(manager, "register_pre_save_hook"):
        manager.register_pre_save_hook(SavingHook(web_app.settings.get("server_root_dir", "."), server_app.log))
    else:
        server_app.log.warning("jupyter_guard: %s has no pre-save hook: saved outputs are not cleaned", type(manager))
    server_app.log.info("jupyter_guard: serving %s", ", ".join(path for path, _ in added))
