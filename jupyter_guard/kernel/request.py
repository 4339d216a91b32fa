"""A checked message from a front end -> a request, with what judging it needs."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import msgspec

from jupyter_guard.kernel.wire import CONTENT, HEADER, METADATA, Header, MalformedError
from jupyter_guard.origin import code_hash, is_id

EXECUTE = "execute_request"
_decode = msgspec.json.decode


class State(Enum):
    """Where an execute request is on its way."""

    QUEUED = "queued"
    JUDGING = "judging"
    ASKING = "asking"
    SENT = "sent"


class Request:
    """One message from a front end on shell or control. ``frames`` has the routing ids before ``at``."""

    __slots__ = (
        "also", "at", "card", "channel", "client", "frames", "header", "is_idle", "replied", "shown", "state",
        "stops", "was_interrupted",
    )  # fmt: skip

    def __init__(self, channel: str, frames: list[bytes], at: int, header: Header) -> None:
        self.channel = channel
        self.frames = frames
        self.at = at
        self.header = header
        self.client = frames[0] if at else b""
        self.state = State.QUEUED
        self.replied = False
        self.is_idle = False
        # The child was sent an interrupt while it had this.
        self.was_interrupted = False
        # Whether its error stops what was queued behind it.
        self.stops = False
        # Shown on the cell as soon as its input was echoed.
        self.card: bytes = b""
        # Shown behind it.
        self.also: tuple[bytes, ...] = ()
        # The card that was shown so, and the name by which it can be shown anew.
        self.shown: tuple[bytes, str] = (b"", "")

    @property
    def parent(self) -> bytes:
        """What messages about this request carry as their parent header."""
        return self.frames[self.at + HEADER]

    @property
    def msg_id(self) -> str:
        """The request's own id."""
        return self.header.msg_id


class Execute(Request):
    """An execute request. ``code`` and the rest are the request's content with the protocol's defaults.

    Raises ``MalformedError`` for content of another shape.
    """

    __slots__ = (
        "allow_stdin", "approval", "cell_id", "code", "content", "count", "evidence", "expressions", "metadata",
        "origin", "refused", "sha256", "silent", "status", "stop_on_error", "store_history",
    )  # fmt: skip

    def __init__(self, channel: str, frames: list[bytes], at: int, header: Header) -> None:
        super().__init__(channel, frames, at, header)
        self.content = content = parse_object(frames[at + CONTENT])
        self.metadata = parse_object(frames[at + METADATA])
        code = content.get("code")
        if not isinstance(code, str):
            raise MalformedError("an execute_request without code")
        self.code = code
        self.silent = bool(content.get("silent", False))
        self.store_history = bool(content.get("store_history", not self.silent))
        self.allow_stdin = bool(content.get("allow_stdin", False))
        self.stop_on_error = bool(content.get("stop_on_error", True))
        expressions = content.get("user_expressions") or {}
        if not isinstance(expressions, dict):
            raise MalformedError("user_expressions that are no table")
        self.expressions = tuple(str(one) for one in expressions.values())
        cell_id = self.metadata.get("cellId")
        self.cell_id = cell_id if is_id(cell_id) else ""
        self.sha256 = ""
        self.refused = False
        # What its reply said.
        self.status = "ok"
        # Its number, once the child has echoed it.
        self.count = 0
        # By whom it was judged as written, and what spoke for it.
        self.origin = "unknown"
        self.evidence: tuple[str, ...] = ()
        # The last answer to a question about it: the choice, and where it was made.
        self.approval: tuple[str, str] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all would run."""
        return not self.code.strip() and not self.expressions

    def hash(self) -> str:
        """The hash of the code, by which claims and approvals know it."""
        if not self.sha256:
            self.sha256 = code_hash(self.code)
        return self.sha256


def parse_object(frame: bytes) -> dict[str, Any]:
    """A JSON object, lone surrogates and all, which stricter parsers refuse. Raises ``MalformedError``."""
    try:
        found = _decode(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # Lone surrogates and what is no number are none of its business; the standard library takes them.
        try:
            found = json.loads(frame)
        except (ValueError, RecursionError) as error:
            raise MalformedError(f"content that is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise MalformedError("content that is no JSON object")
    return found


def parse_output(frame: bytes) -> dict[str, Any]:
    """As ``parse_object``, of the child's own: where Python could not decode something, ipykernel sends its bytes."""
    try:
        return parse_object(frame)
    except MalformedError:
        return parse_object(frame.decode("utf-8", "surrogateescape").encode("utf-8", "surrogatepass"))
