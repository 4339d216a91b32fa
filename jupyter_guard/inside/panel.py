"""What the in-process host knows -> the panel, over the comm that the front end opens.

The wire format is the guarded kernel's own (version 1), with ``enforced`` false: this host is cooperative.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_guard.guard.pages import Comm, Pages
from jupyter_guard.guard.protocol import Judged
from jupyter_guard.origin import Claim, Claims, code_hash, read_claim
from jupyter_guard.scrub import Redaction
from jupyter_guard.terms import Origin

if TYPE_CHECKING:
    from jupyter_guard.inside.host import Host

TARGET = "jupyter_guard"
VERSION = 1
ITEMS_KEPT = 500
CLAIMS_KEPT = 500


class Panel:
    """Every open panel of this kernel: each gets a full snapshot when it opens, then increments."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._manager = getattr(host.kernel, "comm_manager", None)
        self._pages = Pages()
        self._comms: dict[str, Any] = {}
        self._reports: list[dict[str, Any]] = []
        self._redactions: list[dict[str, Any]] = []
        self._claims = Claims(CLAIMS_KEPT)
        self._cell_of: dict[str, str] = {}
        self._telling = threading.local()

    @property
    def reports(self) -> list[dict[str, Any]]:
        """The kept reports as the panel's JSON has them, the latest last."""
        return list(self._reports)

    def attach(self) -> None:
        """Answer front ends that open the comm from now on."""
        if self._manager is not None:
            self._manager.register_target(TARGET, self._opened)

    def detach(self) -> None:
        """Close the comms and answer nobody."""
        if self._manager is None:
            return
        for comm in self._comms.values():
            with contextlib.suppress(Exception):
                comm.close()
        self._comms.clear()
        self._pages = Pages()
        if self._manager.targets.get(TARGET) == self._opened:
            self._manager.unregister_target(TARGET, self._opened)

    def claim_for(self, code: str, cell_id: str, request: dict[str, Any]) -> Claim | None:
        """The live claim by which a run of exactly this text, asked for by that message, may be judged."""
        client = _client(request)
        found = self._claims.about(
            code_hash(code), cell_id, self._pages.speaker(client), b"beside " + client, last=True
        )
        if found is not None:
            self._claims.used(code_hash(code))
        return found

    def report(self, judged: Judged, state: str, request: str, cell_id: str, code: str) -> None:
        """Tell the panels of a judged cell."""
        item = {
            "msg_id": request,
            "cell_id": cell_id,
            "sha256": code_hash(code),
            "state": state,
            "time": datetime.now(UTC).isoformat(),
            **json.loads(judged.item),
        }
        self._cell_of[request] = cell_id
        while len(self._cell_of) > ITEMS_KEPT:
            del self._cell_of[next(iter(self._cell_of))]
        self._keep(self._reports, item)
        self._tell({"type": "report", "item": item})

    def redaction(self, redactions: Iterable[Redaction], request: str) -> None:
        """Tell the panels of secrets that were taken out of a message."""
        if getattr(self._telling, "now", False):
            return
        cell_id = self._cell_of.get(request, "")
        for one in redactions:
            item = {
                "msg_id": request,
                "cell_id": cell_id,
                "kind": one.kind,
                "channel": one.channel,
                "count": one.count,
            }
            self._keep(self._redactions, item)
            self._tell({"type": "redaction", "item": item})

    def _keep(self, items: list[dict[str, Any]], item: dict[str, Any]) -> None:
        items.append(item)
        del items[:-ITEMS_KEPT]

    def _tell(self, data: dict[str, Any]) -> None:
        # What is sent here passes the scrubber too: should that find something, it is not told in turn.
        self._telling.now = True
        try:
            for comm_id in self._pages:
                with contextlib.suppress(Exception):
                    self._comms[comm_id].send(data)
        finally:
            self._telling.now = False

    def _opened(self, comm: Any, message: dict[str, Any]) -> None:
        opened = self._pages.open(comm.comm_id, message["content"].get("data"), _client(message))
        if opened is None:
            return
        self._comms[comm.comm_id] = comm
        # Opening one may have made another give way.
        self._comms = {comm_id: self._comms[comm_id] for comm_id in self._pages}
        comm.on_msg(lambda received: self._received(comm, received))
        comm.on_close(lambda closed: self._closed(comm, closed))
        comm.send({**self._snapshot(), "key": opened.seal.public})

    def _closed(self, comm: Any, message: dict[str, Any]) -> None:
        if comm.comm_id in self._pages:
            self._pages.close(comm.comm_id, message["content"].get("data"))

    def _received(self, comm: Any, message: dict[str, Any]) -> None:
        data = message["content"].get("data")
        if not isinstance(data, dict) or comm.comm_id not in self._pages:
            return
        known = self._pages[comm.comm_id]
        if data.get("type") == "snapshot":
            comm.send({**self._snapshot(), "key": known.seal.public})
            return
        said = known.seal.opened(data) or {}
        claim = read_claim(said) if said.get("type") == "claim" else None
        # Anybody may raise scrutiny; that a person wrote something, a page alone says, and of its own runs.
        if claim is not None and (known.is_pages or claim.author > Origin.HUMAN):
            self._claims.keep(claim, known.speaker, may_lower=known.is_pages)
        elif said.get("type") == "humans" and known.is_pages:
            comm.send(self._humans(known, said))

    def _humans(self, page: Comm, said: dict[str, Any]) -> dict[str, Any]:
        humans = (one for one in self._reports if one.get("origin") == Origin.HUMAN)
        text = "\n".join(f"{one['sha256']} {one['cell_id']}" for one in humans)
        proof = page.seal.proof(f"humans {said.get('id')} {text}")
        return {"type": "humans", "id": said.get("id"), "text": text, "proof": proof}

    def _snapshot(self) -> dict[str, Any]:
        standing = self._host.pipeline.standing
        return {
            "type": "snapshot",
            "version": VERSION,
            "guard": {
                "mode": standing.mode,
                "policy": standing.policy,
                "preset": standing.preset,
                "locked": standing.locked,
                "isolation": {"backend": standing.backend, "missing": list(standing.missing)},
                "enforced": False,
                "privileges": list(standing.privileges),
                "problems": list(standing.problems),
            },
            "reports": self.reports,
            "redactions": list(self._redactions),
            "pending": [],
        }


def _client(message: dict[str, Any]) -> bytes:
    """Whose connection a message came by; what no front end sent has none."""
    return str((message.get("header") or {}).get("session", "")).encode("utf-8", "surrogatepass")
