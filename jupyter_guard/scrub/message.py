"""A kernel's message as its JSON bytes -> the same bytes, or a message without its secrets.

Each kind of message is cleaned where outputs can be: text that streams keeps state between messages, a bundle is
cleaned by the type of each of its forms, a traceback as one text, and everything else string by string, with the
name that stands before a value. A message with nothing in it to take out is returned as the very bytes that came.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from jupyter_guard.scrub.content import Cleaner
from jupyter_guard.scrub.engine import engine_for
from jupyter_guard.scrub.known import KnownValues
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.redaction import Redaction, tally
from jupyter_guard.scrub.stream import Scrubber

# They carry nothing that code chose.
UNTOUCHED = frozenset(
    {
        "status", "kernel_info_reply", "iopub_welcome", "shutdown_reply", "interrupt_reply", "clear_output",
        "is_complete_reply", "comm_info_reply", "connect_reply", "create_subshell_reply", "delete_subshell_reply",
        "list_subshell_reply", "comm_close",
    }
)  # fmt: skip
_BUNDLES = frozenset({"display_data", "update_display_data", "execute_result", "inspect_reply"})
_STREAMS_KEPT = 512


class Cleaned(msgspec.Struct, frozen=True):
    """A cleaned message. ``content`` is ``None`` while all of it is held; unless ``changed``, bytes are those given."""

    metadata: bytes
    content: bytes | None
    buffers: Sequence[bytes | memoryview]
    changed: bool = False
    redactions: tuple[Redaction, ...] = ()


class MessageScrubber:
    """Cleans one kernel's messages, in the order in which they are sent.

    ``patterns`` are the token formats to look for, by default the built-in ones; an organisation's come from
    ``with_own(policy.scrub.patterns)``. ``flushed`` collects what was taken out of held text that ``flush`` gave back;
    who reads it empties it.
    """

    def __init__(self, known: KnownValues | None = None, patterns: Sequence[Pattern] | None = None) -> None:
        self._patterns = patterns
        self._known = known if known is not None else KnownValues()
        self._streams: dict[tuple[str, str], Scrubber] = {}
        self.flushed: list[Redaction] = []

    def learn(self, value: str, kind: str) -> None:
        """Take ``value`` out from now on."""
        self._known.learn(value, kind)

    def clean(
        self,
        channel: str,
        msg_type: str,
        parent_id: str,
        metadata: bytes,
        content: bytes,
        buffers: Sequence[bytes | memoryview] = (),
    ) -> Cleaned:
        """The message without its secrets. Raises ``ValueError`` for what is no JSON: nothing of it may be shown."""
        if msg_type in UNTOUCHED:
            return Cleaned(metadata, content, buffers)
        if msg_type == "stream":
            return self._stream(parent_id, metadata, content, buffers)
        found: list[Redaction] = []
        cleaner = Cleaner(self._known, found, self._patterns)
        new_content: bytes = content
        new_metadata = metadata
        if self._may_have_secrets(content):
            before = json.loads(content)
            if msg_type == "comm_msg" and _is_echo(before):
                return Cleaned(metadata, content, buffers)
            after = self._content(cleaner, msg_type, before)
            if found:
                new_content = _packed(after)
        if len(metadata) > 2 and self._may_have_secrets(metadata):
            in_metadata = len(found)
            after = cleaner.value(json.loads(metadata))
            if len(found) > in_metadata:
                new_metadata = _packed(after)
        new_buffers = [cleaner.buffer(buffer) for buffer in buffers] if buffers else buffers
        if not found:
            return Cleaned(metadata, content, buffers)
        redactions = tally([Redaction(r.kind, msg_type, r.count) for r in found])
        return Cleaned(new_metadata, new_content, new_buffers, True, redactions)

    def flush(self, parent_id: str) -> list[tuple[str, bytes]]:
        """What is held of the streams of a request, as messages to send now."""
        out = []
        for key in [key for key in self._streams if key[0] == parent_id]:
            scrubber = self._streams.pop(key)
            text = scrubber.flush()
            self.flushed += tally([Redaction(r.kind, "stream", r.count) for r in scrubber.redactions])
            if text:
                out.append(("stream", _packed({"name": key[1], "text": text})))
        return out

    def _stream(
        self, parent_id: str, metadata: bytes, content: bytes, buffers: Sequence[bytes | memoryview]
    ) -> Cleaned:
        message = json.loads(content)
        text = message["text"]
        key = (parent_id, message["name"])
        scrubber = self._streams.get(key)
        if scrubber is None:
            scrubber = self._streams[key] = Scrubber(self._known, self._patterns)
        out = scrubber.feed(text)
        if out == text:
            return Cleaned(metadata, content, buffers)
        redactions = tally([Redaction(r.kind, "stream", r.count) for r in scrubber.redactions])
        scrubber.redactions.clear()
        if not out:
            return Cleaned(metadata, None, buffers, True, redactions)
        message["text"] = out
        return Cleaned(metadata, _packed(message), buffers, True, redactions)

    def _content(self, cleaner: Cleaner, msg_type: str, content: Any) -> Any:
        if not isinstance(content, dict):
            return cleaner.value(content)
        if msg_type in _BUNDLES:
            return cleaner.bundle(content)
        if msg_type == "error":
            return cleaner.error(content)
        if msg_type == "execute_reply":
            return cleaner.reply(content)
        return cleaner.value(content)

    def _may_have_secrets(self, raw: bytes) -> bool:
        """Whether to look inside: a keyword or a known value is there, or an escape that could hide one."""
        if b"\\u" in raw or b"\\/" in raw:
            return True
        text = raw.decode("utf-8", "surrogatepass")
        if engine_for(self._patterns).any_keyword(text):
            return True
        matcher = self._known.matcher()
        return matcher is not None and matcher.may_be_in_json(text)


def _is_echo(content: Any) -> bool:
    """A widget's state on its way back to whoever typed it: changed here, the front end would take up the change."""
    data = content.get("data") if isinstance(content, dict) else None
    return isinstance(data, dict) and data.get("method") == "echo_update"


def _packed(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=True, separators=(",", ":")).encode("utf-8", "surrogatepass")
