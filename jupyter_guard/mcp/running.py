"""Code and an open notebook -> what came of running it on the notebook's guarded kernel, as an assistant's.

Over the server's websocket with the user's own token, as a front end does, but with no way to answer a question: what
the policy asks about is asked in the pages that have the notebook open. Whoever gives up takes the run back.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import anyio
import msgspec
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

from jupyter_guard.mcp.notebooks import Notebook, NotebookError, channels, headers
from jupyter_guard.mcp.outputs import Outputs
from jupyter_guard.origin import code_hash
from jupyter_guard.origin.claim import METADATA_KEY
from jupyter_guard.terms import Origin

ASK_SECONDS: Final = 2.0
LEASE_SECONDS: Final = 30.0
PROOF_SECONDS: Final = 15.0
# A guard has answered before the kernel behind it does; beyond that, messages may change places on their way.
OVERTAKEN_SECONDS: Final = 3.0
GIVING_UP_SECONDS: Final = 10.0
LARGEST_MESSAGE: Final = 256 << 20
STATES: Final = {
    "": "sent to the kernel",
    "queued": "waiting for the cells before it",
    "judging": "being judged",
    "asking": "waiting for a person to allow it, in the guard's panel of the notebook",
    "running": "running",
}


class Caller(Protocol):
    """The client that waits for a call."""

    @property
    def is_gone(self) -> bool:
        """Whether nobody can be answered any more."""

    async def progress(self, seconds: float, total: float, message: str) -> None:
        """Tell it that a call goes on."""


class Result(msgspec.Struct):
    """What came of a run.

    ``status``: ``ran``; ``failed``, an error of the code's own; ``refused``, before anything ran; ``stopped``, while it
    ran; ``timed out``; ``not run``; ``died``. ``said`` is that in words.
    """

    status: str
    said: str
    outputs: Outputs


class _Reply(msgspec.Struct):
    status: str = ""
    ename: str = ""
    evalue: str = ""
    execution_count: int | None = None


async def run(notebook: Notebook, code: str, seconds: float, caller: Caller, lease: float = LEASE_SECONDS) -> Result:
    """Run ``code`` and wait for at most ``seconds``. Raises ``NotebookError`` where the kernel cannot be reached.

    When the task is cancelled, or the client is gone, what has not ended is taken back; and by the kernel's guard
    itself where nothing was heard from here for ``lease`` seconds.
    """
    async with _connected(notebook) as kernel:
        conversation = _Conversation(kernel, code, lease)
        await conversation.prove(notebook)
        try:
            return await conversation.run(seconds, caller)
        finally:
            if not conversation.is_over:
                # Also when this task is cancelled: it ends when the run has been taken back.
                with anyio.CancelScope(shield=True):
                    await conversation.take_back()


@contextlib.asynccontextmanager
async def _connected(notebook: Notebook) -> AsyncIterator[WebSocketClientConnection]:
    request = HTTPRequest(channels(notebook, uuid.uuid4().hex), headers=headers(notebook.server), connect_timeout=20)
    try:
        connection = await websocket_connect(request, max_message_size=LARGEST_MESSAGE)
    except HTTPClientError as error:
        refused = error.code in (401, 403)
        why = "the server does not accept your token" if refused else f"the server answers {error.code}"
        raise NotebookError(f"The kernel of {notebook.path!r} cannot be reached: {why}.") from error
    except (OSError, WebSocketError) as error:
        raise NotebookError(f"The kernel of {notebook.path!r} cannot be reached: {error}.") from error
    try:
        yield connection
    finally:
        connection.close()


class _Conversation:
    """One run over one connection."""

    def __init__(self, connection: WebSocketClientConnection, code: str, lease: float) -> None:
        self._connection = connection
        self._code, self._lease = code, lease
        self._session = uuid.uuid4().hex
        self._msg_id = ""
        self.outputs = Outputs()
        self._reply: _Reply | None = None
        self._is_idle = False
        self._died = ""
        self._state = ""
        self._asked: dict[str, Any] | None = None
        self._is_overtaken = False
        # A read that is given up stays the next one's.
        self._reading: asyncio.Future[Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of the run, or it was never sent."""
        if not self._msg_id or self._died:
            return True
        return self._reply is not None and (self._is_idle or self._reply.status == "aborted")

    async def prove(self, notebook: Notebook) -> None:
        """Have the guard itself answer before any code is sent. Raises ``NotebookError``."""
        await self._ask()
        # What any kernel answers, behind what only the guard does: then a plain one need not be waited for.
        await self._send("control", "kernel_info_request", {}, uuid.uuid4().hex)
        deadline, waits = time.monotonic() + PROOF_SECONDS, True
        while self._asked is None and not self._died and time.monotonic() < deadline:
            await self._receive(min(1.0, max(0.0, deadline - time.monotonic())))
            if waits and self._is_overtaken:
                deadline, waits = min(deadline, time.monotonic() + OVERTAKEN_SECONDS), False
        if self._asked is None:
            raise NotebookError(
                f"The kernel of {notebook.path!r} does not answer as a guarded kernel does, so nothing is run on it"
                + (f" ({self._died})." if self._died else ". A person can restart it.")
            )
        problems = self._asked.get("problems")
        if problems:
            raise NotebookError(f"The guard of {notebook.path!r} runs nothing: {' '.join(map(str, problems))}")

    async def run(self, seconds: float, caller: Caller) -> Result:
        begin = time.monotonic()
        self._msg_id = uuid.uuid4().hex
        with anyio.CancelScope(shield=True):
            # The lease first: whatever happens to this process, nothing of the run goes on without it.
            await self._ask()
            await self._execute()
        next_question = begin
        while not self.is_over:
            passed = time.monotonic() - begin
            if passed >= seconds:
                return await self._time_out(seconds)
            if caller.is_gone:
                raise NotebookError("The client is gone; what it ran was taken back.")
            if begin + passed >= next_question:
                next_question = begin + passed + min(ASK_SECONDS, self._lease / 3)
                await self._ask()
                await caller.progress(round(passed, 1), seconds, STATES.get(self._state, self._state))
            await self._receive(min(next_question - time.monotonic(), seconds - passed))
        return self._result()

    async def take_back(self) -> None:
        """See to it that nothing of the run goes on, as far as that can be done."""
        deadline = time.monotonic() + GIVING_UP_SECONDS
        while not self.is_over and time.monotonic() < deadline:
            # Again and again: a cell that is just being judged is asked about, or runs, in a moment.
            await self._ask(withdraw=True)
            next_try = time.monotonic() + 0.5
            while not self.is_over and time.monotonic() < next_try:
                await self._receive(next_try - time.monotonic())

    async def _time_out(self, seconds: float) -> Result:
        await self.take_back()
        came = self._result() if self.is_over else None
        said = f"There was no end within {seconds:g} seconds: "
        if came is None:
            said += "the code was interrupted and still runs; a person can restart the kernel."
        elif came.status == "refused":
            said += "nobody answered the guard's question, so the code did not run. "
            said += "A person answers it in the guard's panel of the notebook."
        elif came.status == "stopped":
            said += "the code ran until the guard asked about what it was going to do; what came before is done."
        elif came.status == "not run":
            said += "other cells were still running, so the code did not run."
        else:
            said += "the code ran and was interrupted; what it had done by then stays done."
        return Result("timed out", said, self.outputs)

    def _result(self) -> Result:
        outputs, reply = self.outputs, self._reply
        if self._died or reply is None:
            return Result("died", f"The kernel ended while the code ran. {outputs.error or self._died}", outputs)
        if reply.status == "ok":
            return Result("ran", "The code ran.", outputs)
        if reply.status == "aborted":
            return Result("not run", "The code did not run: the kernel stopped what was queued.", outputs)
        stopped = [card for card in outputs.cards if card.get("state") in ("blocked", "declined")]
        if not stopped:
            return Result("failed", f"The code ran and failed: {reply.ename}: {reply.evalue}", outputs)
        if stopped[-1].get("about"):
            said = f"The guard stopped the code while it ran: {reply.evalue}. What came before is done."
            return Result("stopped", said, outputs)
        return Result("refused", f"The guard did not run the code: {reply.evalue}.", outputs)

    # --- messages, https://jupyter-client.readthedocs.io/en/stable/messaging.html

    async def _execute(self) -> None:
        content = {
            "code": self._code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            # Questions are a person's to answer, and this is none; and what a person has queued goes on if this fails.
            "allow_stdin": False,
            "stop_on_error": False,
        }
        origin = {"author": str(Origin.ASSISTANT), "sha256": code_hash(self._code), "started_by": "program"}
        await self._send("shell", "execute_request", content, self._msg_id, {METADATA_KEY: {"origin": origin}})

    async def _ask(self, withdraw: bool = False) -> None:
        content: dict[str, Any] = {}
        if self._msg_id:
            content = {"msg_id": self._msg_id, "withdraw": withdraw, "lease": self._lease}
        await self._send("control", "guard_request", content, uuid.uuid4().hex)

    async def _send(
        self, channel: str, kind: str, content: dict[str, Any], msg_id: str, metadata: dict[str, Any] | None = None
    ) -> None:
        header = {
            "msg_id": msg_id,
            "msg_type": kind,
            "username": "jupyter-guard-mcp",
            "session": self._session,
            "date": datetime.now(UTC).isoformat(),
            "version": "5.3",
        }
        message = {
            "channel": channel,
            "header": header,
            "parent_header": {},
            "metadata": metadata or {},
            "content": content,
            "buffers": [],
        }
        try:
            await self._connection.write_message(msgspec.json.encode(message))
        except WebSocketError:
            self._died = "the connection to it was closed"

    async def _receive(self, seconds: float) -> None:
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._connection.read_message())
        done, _ = await asyncio.wait([self._reading], timeout=max(0.01, seconds))
        if not done:
            return
        packed = self._reading.result()
        self._reading = None
        if packed is None:
            self._died = "the connection to it was closed"
        elif isinstance(packed, str):
            # Those with buffers are for widgets.
            self._take(msgspec.json.decode(packed))

    def _take(self, message: Any) -> None:
        kind, content = message["header"]["msg_type"], message["content"]
        about = message["parent_header"].get("msg_id", "")
        if kind == "guard_reply":
            self._asked = content
            self._state = content.get("state") or self._state
        elif kind == "kernel_info_reply":
            self._is_overtaken = True
        elif kind == "status" and content.get("execution_state") in ("dead", "restarting", "autorestarting"):
            self._died = "it died or was restarted"
        elif not self._msg_id or about != self._msg_id:
            return
        elif kind == "execute_reply":
            self._reply = msgspec.convert(content, _Reply, strict=False)
        elif kind == "status":
            self._is_idle = self._is_idle or content.get("execution_state") == "idle"
        else:
            self.outputs.take(kind, content)
