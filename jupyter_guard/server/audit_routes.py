"""HTTP requests about decisions -> those of this account, or for an administrator those of the fleet.

Whose they are: the journals of the account that runs the server; where ``JUPYTER_GUARD_STORE`` names a database (a
Hub's `enforce` sets it in administrators' servers only), what is there, for the owner of that server and nobody else.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web

if TYPE_CHECKING:
    from jupyter_guard.audit import Record
    from jupyter_guard.audit.query import Query
    from jupyter_guard.audit.verifying import Checked
    from jupyter_guard.guard.records import Records

# Who may listen to the server's events hears of decisions anyway.
RESOURCE = "events"
STORE = "JUPYTER_GUARD_STORE"
MOST = 1_000
_FILTERS = ("since", "until", "notebook")
_LISTS = ("origin", "state", "rule", "user")


class Asked(JupyterHandler):
    """What the handlers below have in common."""

    auth_resource = RESOURCE

    def _query(self) -> Query:
        from jupyter_guard.guard.records import query_of

        chosen: dict[str, Any] = {name: self.get_query_argument(name, "") for name in _FILTERS}
        chosen |= {name: [one for one in self.get_query_arguments(name) if one] for name in _LISTS}
        try:
            return query_of(**chosen)
        except ValueError as problem:
            said, name = problem.args
            raise web.HTTPError(400, f"{name}: {said}".replace("%", "%%")) from None

    def _last(self) -> int:
        text = self.get_query_argument("last", "100")
        if not text.isdecimal() or not 0 < int(text) <= MOST:
            raise web.HTTPError(400, f"last: expected a number from 1 to {MOST}")
        return int(text)

    @contextmanager
    def _records(self) -> Iterator[Records]:
        """In the thread that reads them. Raises ``web.HTTPError``."""
        from jupyter_guard.audit.place import audit_directory
        from jupyter_guard.audit.store import StoreError
        from jupyter_guard.guard.records import FleetRecords, FolderRecords

        store = os.environ.get(STORE, "")
        if not store:
            yield FolderRecords(audit_directory(os.environ, Path.home()))
            return
        try:
            from jupyter_guard.audit.fleet import Fleet

            with Fleet(store) as fleet:
                yield FleetRecords(fleet)
        except ImportError as problem:
            raise web.HTTPError(503, f"{problem}: pip install 'jupyter_guard[fleet]'") from None
        except StoreError as problem:
            raise web.HTTPError(503, f"the store cannot be reached: {problem}".replace("%", "%%")) from None

    def _check_owner(self) -> None:
        """Nobody but its owner sees a fleet through an administrator's server. Raises ``web.HTTPError`` 403."""
        owner = os.environ.get("JUPYTERHUB_USER", "")
        if os.environ.get(STORE) and owner and getattr(self.current_user, "username", "") != owner:
            raise web.HTTPError(403, "the records of the fleet are for the owner of this server")


class DecisionsHandler(Asked, APIHandler):
    """``GET /jupyter-guard/decisions``: the last that pass the filters."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """``{"total": N, "records": [...]}``, the latest last."""
        self._check_owner()
        query, last = self._query(), self._last()
        if self.get_query_argument("telling", "") in ("1", "true"):
            query = msgspec.structs.replace(query, telling=True)

        def found() -> tuple[int, list[Record]]:
            with self._records() as records:
                return records.count(query), [record for _, _, record in records.find(query, last)]

        total, records = await asyncio.to_thread(found)
        self.finish(msgspec.json.encode({"total": total, "records": [shown(one) for one in records]}))


class DecisionHandler(Asked, APIHandler):
    """``GET /jupyter-guard/decisions/REQUEST``: all that is kept about one execute request."""

    @web.authenticated
    @authorized
    async def get(self, request: str) -> None:
        """``{"records": [{"kept": ..., "sequence": ..., ...}]}``; 404 where there is none."""
        self._check_owner()
        from jupyter_guard.audit.query import Query

        def found() -> list[dict[str, Any]]:
            with self._records() as records:
                return [
                    {"kept": where, "sequence": sequence, **shown(record)}
                    for where, sequence, record in records.find(Query(request=request), MOST)
                ]

        items = [one for one in await asyncio.to_thread(found) if one["msg_id"] == request]
        if not items:
            raise web.HTTPError(404, "there is no record about this request")
        self.finish(msgspec.json.encode({"records": items}))


class SummaryHandler(Asked, APIHandler):
    """``GET /jupyter-guard/summary``: counts of the decisions that pass the filters."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """A ``Summary`` as JSON."""
        self._check_owner()
        from jupyter_guard.audit.summary import Summary, summarize

        query = self._query()

        def counted() -> Summary:
            with self._records() as records:
                return summarize(record for _, _, record in records.find(query))

        self.finish(msgspec.json.encode(await asyncio.to_thread(counted)))


class VerifyHandler(Asked, APIHandler):
    """``GET /jupyter-guard/verify``: is every journal, or every kernel's chain in the store, whole?"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """``{"journals": N, "problems": [{"journal", "line", "kind", "message"}]}``."""
        self._check_owner()
        journals, problems = await asyncio.to_thread(_verified)
        self.finish(msgspec.json.encode({"journals": journals, "problems": problems}))


class ReportHandler(Asked):
    """``GET /jupyter-guard/report``: the page of `jupyter guard audit report`, with filters and the last decisions."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """HTML without any script."""
        self._check_owner()
        from jupyter_guard.audit.summary import summarize
        from jupyter_guard.guard.audit_page import view

        query, last = self._query(), self._last()
        chosen = {name: ", ".join(self.get_query_arguments(name)) for name in (*_FILTERS, *_LISTS)}

        def written() -> str:
            with self._records() as records:
                summary = summarize(record for _, _, record in records.find(query))
                told = msgspec.structs.replace(query, telling=True)
                return view(summary, records.name, chosen, [record for _, _, record in records.find(told, last)])

        page = await asyncio.to_thread(written)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(page)


def shown(record: Record) -> dict[str, Any]:
    """All fields of a record, as JSON values."""
    built: dict[str, Any] = msgspec.to_builtins({name: getattr(record, name) for name in record.__struct_fields__})
    return built


def _verified() -> tuple[int, list[dict[str, Any]]]:
    from jupyter_guard.audit.place import audit_directory
    from jupyter_guard.audit.store import StoreError
    from jupyter_guard.audit.verifying import check_fleet, check_folder

    store = os.environ.get(STORE, "")
    try:
        if store:
            from jupyter_guard.audit.fleet import Fleet

            with Fleet(store) as fleet:
                return _told(check_fleet(fleet))
        return _told(check_folder(audit_directory(os.environ, Path.home())))
    except (StoreError, ImportError) as problem:
        raise web.HTTPError(503, f"the store cannot be reached: {problem}".replace("%", "%%")) from None


def _told(chains: Iterable[Checked]) -> tuple[int, list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    number = 0
    for chain in chains:
        number += 1
        found += ({"journal": chain.name, **msgspec.structs.asdict(one)} for one in chain.problems)
    return number, found
