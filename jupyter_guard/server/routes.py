"""HTTP requests under ``/jupyter-guard/`` -> JSON for the front end and for administrators; ``openapi.yaml`` describes
them.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.services.events.handlers import EventHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_guard.server import audit_routes
from jupyter_guard.server.publishing import OWN_SCHEMAS
from jupyter_guard.server.status import server_status

# Who may list kernel specs may know which of them are guarded.
RESOURCE = "kernelspecs"
OPENAPI = Path(__file__).with_name("openapi.yaml")


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


class LockHandler(APIHandler):
    """``GET /jupyter-guard/lock``: every part of the lock, and whether it holds."""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """``{"holds": bool, "checks": [{"what", "found", "holds", "why", "fix"}]}``."""
        from jupyter_guard.server.checking import checks

        found = await asyncio.to_thread(checks, self.serverapp)
        self.finish(msgspec.json.encode({"holds": all(one.holds for one in found), "checks": found}))


class PolicyHandler(APIHandler):
    """``GET /jupyter-guard/policy``: what is in force for notebooks in the server's root, and which layer said so."""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """``{"hash", "mode", "locked", "values": {key: value}, "set_by": {key: layer}, "problems": [...]}``."""
        root = Path(self.settings.get("server_root_dir", ".")).expanduser()
        self.finish(msgspec.json.encode(await asyncio.to_thread(_policy, root)))


class OpenApiHandler(JupyterHandler):
    """``GET /jupyter-guard/openapi.yaml``: the description of all this."""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The file, as it is installed."""
        self.set_header("Content-Type", "application/yaml")
        self.finish(OPENAPI.read_bytes())


class GivenEventsHandler(EventHandler):
    """``POST /api/events``: Jupyter's own, for events of others."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Emit an event; 403 for one of the guard's: what an administrator hears of decisions is what was decided."""
        given = self.get_json_body()
        if isinstance(given, dict) and given.get("schema_id") in OWN_SCHEMAS:
            raise web.HTTPError(403, f"jupyter_guard: {given['schema_id']} is emitted by the guard alone")
        await ensure_async(super().post())


def _policy(root: Path) -> dict[str, Any]:
    from jupyter_guard.audit.place import account_of
    from jupyter_guard.guard import opened
    from jupyter_guard.policy import PolicyError, load_effective

    try:
        policy = load_effective(root)
    except PolicyError as error:
        return {"hash": "", "mode": "", "locked": False, "values": {}, "set_by": {}, "opened": "",
                "problems": [str(one) for one in error.problems]}  # fmt: skip
    problems, sentence = list[str](), ""
    try:
        found = opened.opening(account_of(os.environ), opened.now())
        if found is not None:
            policy, sentence = policy.observing(), found.sentence
    except opened.OpenedError as mistake:
        problems.append(str(mistake))
    values = policy.values()
    return {
        "hash": policy.hash,
        "mode": str(policy.mode),
        "locked": policy.locked,
        "values": values,
        "set_by": {
            key: next((say.layer for say in reversed(policy.explain(key)) if say.outcome != "ignored"), "")
            for key in values
            if key in policy.explained_keys()
        },
        "opened": sentence,
        "problems": problems,
    }


HANDLERS: tuple[tuple[str, type[JupyterHandler]], ...] = (
    ("status", StatusHandler),
    ("lock", LockHandler),
    ("policy", PolicyHandler),
    ("decisions", audit_routes.DecisionsHandler),
    ("decisions/([A-Za-z0-9_.-]{1,200})", audit_routes.DecisionHandler),
    ("summary", audit_routes.SummaryHandler),
    ("verify", audit_routes.VerifyHandler),
    ("report", audit_routes.ReportHandler),
    ("openapi.yaml", OpenApiHandler),
)


def routes(base_url: str) -> list[tuple[str, type[JupyterHandler]]]:
    """The patterns and handlers to add to a server whose URLs begin with ``base_url``."""
    return [(url_path_join(base_url, "jupyter-guard", path), handler) for path, handler in HANDLERS]


def events_route(base_url: str) -> tuple[str, type[JupyterHandler]]:
    """The pattern and handler that stand before Jupyter's own for events that somebody gives."""
    return url_path_join(base_url, "api", "events"), GivenEventsHandler
