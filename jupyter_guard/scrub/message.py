"""A kernel's message as its JSON bytes -> the same bytes, or a message without its secrets.

Each kind of message is cleaned where outputs can be: text that streams keeps state between messages, a bundle is
cleaned by the type of each of its forms, a traceback as one text, and everything else string by string, with the
name that stands before a value. A message with nothing in it to take out is returned as the very bytes that came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from jupyter_guard.scrub.comms import SecretFields, is_echo
from jupyter_guard.scrub.content import Cleaner
from jupyter_guard.scrub.engine import engine_for
from jupyter_guard.scrub.fields import WIDGET
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
# Characters as entities, and tags between characters that a secret may have: a page shows none of that.
_ENTITY = re.compile(rb"&(?:#|[A-Za-z]{2,31};)")
_TAG_WITHIN = re.compile(rb"<(?<=[\w+/=.~-]<)[^<>]{0,500}>(?:<[^<>]{0,500}>)*[\w+/=.~&-]")
# Characters as values of an object, one after the other: what they spell is seen once they are read.
_SPELLED = re.compile(rb"""(?::\s?"(?:[^"\\]|\\.){1,4}"\s?,\s?"[^"]{0,16}"){3}""")


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
    ``with_own(policy.scrub.patterns)``. ``fields`` are the kernel's widgets that take secrets, where another scrubber
    has seen some before. ``flushed`` collects what was taken out of held text that ``flush`` gave back; who reads it
    empties it.
    """

    def __init__(
        self,
        known: KnownValues | None = None,
        patterns: Sequence[Pattern] | None = None,
        fields: SecretFields | None = None,
    ) -> None:
        self._patterns = patterns
        self._known = known if known is not None else KnownValues()
        self._streams: dict[tuple[str, str], Scrubber] = {}
        self.fields = fields if fields is not None else SecretFields()
        for value in self.fields.known:
            self._known.learn(value, WIDGET)
        self.flushed: list[Redaction] = []

    def learn(self, value: str, kind: str) -> None:
        """Take ``value`` out from now on."""
        self._known.learn(value, kind)

    def stream(self) -> Scrubber:
        """What cleans a text that comes in pieces as this cleans messages, with what it learns from now on."""
        return Scrubber(self._known, self._patterns)

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
        is_field = msg_type == "comm_msg" and self.fields.may_be_in(content)
        if self.fields.typed and not is_field:
            for value in self.fields.newly_typed():
                self._known.learn(value, WIDGET)
        if msg_type == "stream":
            return self._stream(parent_id, metadata, content, buffers)
        found: list[Redaction] = []
        cleaner = Cleaner(self._known, found, self._patterns)
        new_content: bytes = content
        new_metadata = metadata
        if is_field or self._may_have_secrets(content):
            before = _read(content)
            if msg_type in ("comm_open", "comm_msg"):
                before = self.fields.seen(before, cleaner)
            if msg_type == "comm_msg" and is_echo(before):
                return Cleaned(metadata, content, buffers)
            after = self._content(cleaner, msg_type, before)
            if found:
                new_content = _packed(after)
        if len(metadata) > 2 and self._may_have_secrets(metadata):
            in_metadata = len(found)
            after = cleaner.value(_read(metadata))
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
        message = _read(content)
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
        """Whether to look inside: a keyword or a known value is there, or what could hide one: escapes, markup."""
        if b"\\u" in raw or b"\\/" in raw:
            return True
        if (b"&" in raw and _ENTITY.search(raw)) or (b"<" in raw and _TAG_WITHIN.search(raw)):
            return True
        text = _decoded(raw)
        if engine_for(self._patterns).any_keyword(text):
            return True
        matcher = self._known.matcher()
        if matcher is None:
            return False
        return matcher.may_be_in_json(text) or (b"application/json" in raw and _SPELLED.search(raw) is not None)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        # ipykernel writes what Python itself could not decode, such as a file's name, as the bytes that it was.
        return raw.decode("utf-8", "surrogateescape")


def _read(raw: bytes) -> Any:
    return json.loads(_decoded(raw))


def _packed(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=True, separators=(",", ":"))
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
