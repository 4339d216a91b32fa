"""The parts of a wrapper that messages on the guard's comm touch, without a child, a socket or a helper."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

from jupyter_guard.guard.approvals import Approvals
from jupyter_guard.guard.ledger import Ledger
from jupyter_guard.guard.protocol import Judged, Tell, Vet, pack
from jupyter_guard.kernel.asking import Asking
from jupyter_guard.kernel.claiming import Claiming
from jupyter_guard.kernel.looping import Loops
from jupyter_guard.kernel.outgoing import Outgoing
from jupyter_guard.kernel.panel import Panel
from jupyter_guard.kernel.relay import Relay
from jupyter_guard.kernel.request import Execute, Request
from jupyter_guard.kernel.wire import Header, Wire
from jupyter_guard.origin import code_hash
from jupyter_guard.scrub import KnownValues, MessageScrubber

from .page import Page

PAGE, OTHER = b"page", b"other"
ITEM = json.dumps({"origin": "unknown", "verdict": "allow", "sentence": "", "findings": []}).encode()


def frames(client: bytes, content: Any, metadata: Any = None) -> list[bytes]:
    return [client, *Wire(b"").message("comm_msg", content, metadata=metadata or {})]


class Wrapper:
    """The real panel, questions, claims and scrubber; what would leave the process is kept in lists."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.pages: dict[str, Page] = {}
        self.asked: list[Vet | Tell] = []
        self.language = "python"
        self.lost_before = ""
        self.limits = None
        self.ledger, self.loops, self.approvals = Ledger(), Loops(), Approvals()
        self.keeping = SimpleNamespace(kernel="k", send=lambda: None, redacted=lambda *_: None)
        self.judging = SimpleNamespace(ask=self.ask, ask_words=self.ask)
        relay = cast("Relay", self)
        self.outgoing = Outgoing(relay, MessageScrubber(KnownValues()))
        self.panel, self.asking = Panel(relay), Asking(relay)
        self.dispatch = SimpleNamespace(claiming=Claiming(relay))

    def ask(self, request: Vet | Tell) -> None:
        pack(request)
        self.asked.append(request)

    def publish(self, kind: str, content: Any, parent: bytes, topic: bytes | None = None, metadata: Any = None) -> None:
        message = Wire(b"").message(kind, content, parent, metadata)
        self.published.append(json.loads(message[5]))

    def receive(self, kind: str, content: Any, client: bytes = PAGE) -> bool:
        request = Request("shell", frames(client, content), 1, Header(msg_id="m", msg_type=kind))
        return self.panel.receive(request)

    def open(self, comm_id: str = "c", client: bytes = PAGE, page: Page | None = None) -> Page:
        """A page, a new one or one that opens its next comm, opens a comm."""
        page = page or Page()
        data = {"version": 1, "key": page.public}
        assert self.receive("comm_open", {"comm_id": comm_id, "target_name": "jupyter_guard", "data": data}, client)
        self.pages[comm_id] = page
        self.hear(comm_id)
        return page

    def hear(self, comm_id: str) -> None:
        """The page takes what it was told."""
        for one in self.published:
            if one.get("comm_id") == comm_id:
                self.pages[comm_id].hear(one["data"])

    def tell(self, data: Any, comm_id: str = "c", client: bytes = PAGE) -> Any:
        """Send what a page says, with its proof; gives what was sent."""
        self.hear(comm_id)
        sealed = self.pages[comm_id].sealed(data)
        self.send(sealed, comm_id, client)
        return sealed

    def send(self, data: Any, comm_id: str = "c", client: bytes = PAGE) -> None:
        assert self.receive("comm_msg", {"comm_id": comm_id, "data": data}, client)

    def claim(self, code: str, author: str, comm_id: str = "c", cell_id: str = "cell") -> Any:
        return self.tell({"type": "claim", "sha256": code_hash(code), "author": author, "cell_id": cell_id}, comm_id)

    def author(self, code: str, cell_id: str = "cell", client: bytes = PAGE) -> str:
        found = self.panel.claim(execute(code, cell_id, client))
        return "" if found is None else str(found.author)

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [one["data"] for one in self.published if one["data"].get("type") == kind]


def execute(code: str, cell_id: str = "cell", client: bytes = PAGE, msg_id: str = "run") -> Execute:
    content = {"code": code, "allow_stdin": False}
    return Execute(
        "shell", frames(client, content, {"cellId": cell_id}), 1, Header(msg_id=msg_id, msg_type="execute_request")
    )


def judged(number: int = 1, verdict: str = "allow", item: bytes = ITEM) -> Judged:
    return Judged(number, verdict, verdict, "", item, prompt="run it?")
