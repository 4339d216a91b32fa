"""HTTP requests under ``/jupyter-guard/`` -> JSON for the front end."""

from __future__ import annotations

from typing import Any

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_guard.server.status import server_status

# Who may list kernel specs may know which of them are guarded.
RESOURCE = "kernelspecs"


class StatusHandler(APIHandler):
    """``GET /jupyter-guard/status``."""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a ``ServerStatus`` as JSON; 403 without a login."""
        specs: dict[str, Any] = await ensure_async(self.kernel_spec_manager.get_all_specs())
        root = self.settings.get("server_root_dir", ".")
        self.finish(msgspec.json.encode(server_status(specs, root)))


def routes(base_url: str) -> list[tuple[str, type[APIHandler]]]:
    """The patterns and handlers to add to a server whose URLs begin with ``base_url``."""
    return [(url_path_join(base_url, "jupyter-guard", "status"), StatusHandler)]
