"""The child's messages -> what front ends may see of them: cleaned, signed, and with the user's own words.

Nothing that the child says here has authority: it may not speak as the guard, and what it claims about a refused
cell is put right from what the wrapper knows.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_guard import __version__
from jupyter_guard.guard.card import MIME
from jupyter_guard.guard.launchers import ASKS_FOR_GUARD
from jupyter_guard.kernel.request import parse_output
from jupyter_guard.kernel.unsaid import Unsaid
from jupyter_guard.kernel.wire import BUFFERS, CONTENT, HEADER, METADATA, PARENT, Header, MalformedError, parse_header
from jupyter_guard.scrub import MessageScrubber, Redaction

if TYPE_CHECKING:
    from jupyter_guard.kernel.relay import Relay

log = logging.getLogger("jupyter_guard")

TARGET = "jupyter_guard"
WITHHELD = "[jupyter_guard: output withheld, the scrubber failed on it]"
_DISPLAYS = frozenset({"display_data", "update_display_data", "execute_result"})
# What counts as a cell's output, where that is limited.
COUNTED = _DISPLAYS | {"stream", "comm_open", "comm_msg"}
_STATES = ("busy", "idle", "starting", "restarting", "dead")
# Byte for byte what ipykernel sends; anything else under this name is looked at.
_PLAIN = frozenset({b'{"execution_state": "busy"}', b'{"execution_state": "idle"}'})


class _Reply(msgspec.Struct):
    status: str = ""


class _Input(msgspec.Struct):
    execution_count: int = 0


_reply = msgspec.json.Decoder(_Reply)
_input = msgspec.json.Decoder(_Input)


class Outgoing:
    """Passes on what the child sends, message by message, in its order."""

    def __init__(self, relay: Relay, scrubber: MessageScrubber) -> None:
        self._relay = relay
        self.scrubber = scrubber
        self.unsaid = Unsaid(relay)
        self.learned: list[tuple[str, str]] = []
        self._streams: dict[str, tuple[bytes, bytes]] = {}
        self._stream_names: dict[str, bytes] = {}

    def take(self, channel: str, identity: bytes, frames: list[bytes]) -> None:
        """One message from the child; on iopub there is a topic instead of an identity. Raises ``MalformedError``."""
        relay = self._relay
        at = relay.back.wire.check(frames)
        header, parent = parse_header(frames[at + HEADER]), parse_header(frames[at + PARENT])
        if not relay.front.wire.session:
            relay.front.wire.session = header.session
        if relay.front.wire.is_own(parent):
            relay.nudge_answered(header, frames[at + CONTENT])
        elif channel == "iopub":
            self._published(frames, at, header, parent)
        else:
            self._replied(channel, identity, frames, at, header, parent)

    def _published(self, frames: list[bytes], at: int, header: Header, parent: Header) -> None:
        relay = self._relay
        kind, about = header.msg_type, parent.msg_id
        if kind == "status":
            self._status(frames, at, about)
            return
        if kind == "iopub_welcome":
            relay.child_is_connected()
            return
        if kind.startswith("comm_") and self._speaks_as_guard(frames[at + CONTENT]):
            log.warning("the kernel's code tried to speak on the guard's comm; dropped")
            return
        if kind == "comm_msg" and relay.panel.views is not None and b"update_states" in frames[at + CONTENT]:
            frames[at + CONTENT] = relay.panel.views.with_states(frames[at + CONTENT])
        limits = relay.limits
        if limits is not None and kind in COUNTED and not limits.output.passes(kind, about, frames, at):
            relay.front.flood.passed += len(frames[at + CONTENT])
            if limits.output.has_news:
                limits.published(kind, about, frames[at + PARENT], b"")
            return
        if kind == "stream":
            self._switch(frames, at, about)
        elif about in self._streams:
            self.release(about)
        if kind in _DISPLAYS:
            _drop_card(frames, at)
        under_way = relay.dispatch.under_way.get(about) if kind == "execute_input" else None
        if kind == "execute_input":
            self._echo(frames, at, under_way[0] if under_way else None)
        if self._clean("iopub", frames, at, header, about):
            relay.front.wire.sign(frames, at)
            relay.front.publish(frames)
        if limits is not None and (kind == "error" or limits.output.has_news):
            limits.published(kind, about, frames[at + PARENT], frames[at + CONTENT])
        if kind == "execute_input" and relay.untold:
            relay.tell_lost(frames[at + PARENT])
        if under_way is not None and under_way[0].card:
            relay.publish_card(under_way[0])

    def _status(self, frames: list[bytes], at: int, about: str) -> None:
        relay = self._relay
        content = frames[at + CONTENT]
        idle = b'"idle"' in content
        if idle and about in self._streams:
            self.release(about)
        if at and not relay.topic:
            relay.learn_topic(frames[0])
        if content not in _PLAIN:
            # Starting is rare; and no status needs words of its own.
            state = parse_output(content).get("execution_state")
            frames[at + CONTENT] = json.dumps({"execution_state": state if state in _STATES else "busy"}).encode()
        frames[at + METADATA] = b"{}"
        del frames[at + BUFFERS :]
        relay.front.wire.sign(frames, at)
        if idle:
            self.unsaid.idle(about, lambda: relay.front.publish(frames))
        else:
            relay.front.publish(frames)

    def _replied(
        self, channel: str, identity: bytes, frames: list[bytes], at: int, header: Header, parent: Header
    ) -> None:
        relay = self._relay
        kind, about = header.msg_type, parent.msg_id
        content = frames[at + CONTENT]
        if kind == "input_request":
            relay.drain_iopub()
            self.release(about)
            asked = parse_output(content)
            relay.asking.child_asks(identity, asked.get("password") is True, asked.get("prompt"))
        elif kind == "execute_reply" and b"set_next_input" in content:
            relay.ledger.note_payload(parse_output(content).get("payload"))
        elif kind == "comm_info_reply" and relay.panel.views is not None:
            frames[at + CONTENT] = relay.panel.views.listed(about, content)
        elif kind == "kernel_info_reply" and about.startswith(ASKS_FOR_GUARD):
            frames[at + CONTENT] = _introduced(content, relay.panel.standing.policy)
        if kind == "execute_reply":
            relay.dispatch.replying(about, _status_of(content))
        self._clean(channel, frames, at, header, about)
        relay.front.wire.sign(frames, at)
        relay.front.send(channel, [identity, *frames])
        relay.answered(identity, about)
        if kind == "execute_reply":
            relay.dispatch.replied(about)

    def _echo(self, frames: list[bytes], at: int, request: Any) -> None:
        content = frames[at + CONTENT]
        try:
            count = _input.decode(content).execution_count
        except (msgspec.MsgspecError, UnicodeDecodeError):
            count = 0
        self._relay.dispatch.executed = count or self._relay.dispatch.executed
        if request is not None:
            request.count = count
            self._relay.link.note_count(count, request)
        if request is not None and request.refused:
            frames[at + CONTENT] = json.dumps({"code": request.code, "execution_count": count}).encode()

    def _speaks_as_guard(self, content: bytes) -> bool:
        if b"jupyter_guard" not in content and b"\\u" not in content and not self._relay.panel.has_comms:
            return False
        found = parse_output(content)
        return found.get("target_name") == TARGET or self._relay.panel.owns(found.get("comm_id"))

    def _switch(self, frames: list[bytes], at: int, about: str) -> None:
        """Remember whose stream this is; what is held of the other stream goes out first, to keep the order."""
        name = b"stderr" if b'"name": "stderr"' in frames[at + CONTENT][:64] else b"stdout"
        if self._stream_names.get(about, name) != name:
            self.release(about)
        self._stream_names[about] = name
        self._streams[about] = (frames[at + PARENT], frames[0] if at else b"")

    def release(self, about: str) -> None:
        """Send what is held of a request's output: it has ended, asks, or shows something else."""
        kept = self._streams.pop(about, None)
        self._stream_names.pop(about, None)
        if kept is None:
            return
        relay = self._relay
        try:
            held = self.scrubber.flush(about)
        except Exception:
            log.exception("the scrubber failed")
            held = [("stream", json.dumps({"name": "stderr", "text": WITHHELD + "\n"}).encode())]
        for kind, content in held:
            relay.front.publish([kept[1] or kind.encode(), *relay.front.wire.message(kind, content, kept[0])])
        if self.scrubber.flushed:
            self._tell(tuple(self.scrubber.flushed), "stream", about)
            self.scrubber.flushed.clear()

    def learn(self, value: str, kind: str) -> None:
        """Take a value out of everything from now on."""
        self.learned.append((value, kind))
        self.scrubber.learn(value, kind)

    def open_streams(self) -> list[str]:
        """The requests of which text may be held."""
        return list(self._streams)

    def _clean(self, channel: str, frames: list[bytes], at: int, header: Header, about: str) -> bool:
        """Take secrets out of a message in place; whether there is anything left to send now."""
        kind = header.msg_type
        buffers = [one if isinstance(one, bytes) else memoryview(one) for one in frames[at + BUFFERS :]]
        try:
            cleaned = self.scrubber.clean(channel, kind, about, frames[at + METADATA], frames[at + CONTENT], buffers)
        except Exception:
            log.exception("the scrubber failed on a message of type %s", kind)
            frames[at + METADATA] = b"{}"
            frames[at + CONTENT] = withheld(kind, frames[at + CONTENT])
            del frames[at + BUFFERS :]
            return True
        if cleaned.redactions:
            self._tell(cleaned.redactions, kind, about)
        if not cleaned.changed:
            return True
        frames[at + METADATA] = cleaned.metadata
        if cleaned.content is None:
            return False
        frames[at + CONTENT] = cleaned.content
        frames[at + BUFFERS :] = [bytes(one) for one in cleaned.buffers]
        return True

    def own(self, kind: str, content: bytes, about: str) -> bytes:
        """The wrapper's own message content without known secrets: cards and prompts quote the user's code."""
        try:
            cleaned = self.scrubber.clean("iopub", kind, about, b"{}", content, ())
        except Exception:
            log.exception("the scrubber failed on one of the guard's own messages")
            return withheld(kind, content)
        return cleaned.content if cleaned.content is not None else content

    def _tell(self, redactions: tuple[Redaction, ...], kind: str, about: str) -> None:
        self._relay.panel.redacted(redactions, kind, about)
        self._relay.keeping.redacted(redactions, about)


def _introduced(content: bytes, policy: str) -> bytes:
    """What the kernel says of itself, and that it is guarded, which is not the kernel's to say."""
    told = {**parse_output(content), "jupyter_guard": {"guarded": True, "version": __version__, "policy": policy}}
    return json.dumps(told).encode()


def _status_of(content: bytes) -> str:
    try:
        return _reply.decode(content).status
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return str(parse_output(content).get("status", ""))


def _drop_card(frames: list[bytes], at: int) -> None:
    """Take the guard's own type of output out of the child's: only the wrapper shows cards."""
    content = frames[at + CONTENT]
    if b"jupyter-guard" not in content and b"\\u00" not in content and b"\\u002" not in content:
        return
    found = parse_output(content)
    data = found.get("data")
    if isinstance(data, dict) and MIME in data:
        del data[MIME]
        frames[at + CONTENT] = json.dumps(found).encode()


def withheld(kind: str, content: bytes) -> bytes:
    """Content of the same shape that says why nothing is shown."""
    try:
        before = parse_output(content)
    except MalformedError:
        before = {}
    after: dict[str, Any]
    if kind == "stream":
        after = {"name": before.get("name", "stderr"), "text": WITHHELD + "\n"}
    elif kind in _DISPLAYS:
        after = {key: before[key] for key in ("execution_count", "transient") if key in before}
        after |= {"data": {"text/plain": WITHHELD}, "metadata": {}}
    elif kind == "input_request":
        after = {"prompt": WITHHELD, "password": before.get("password") is True}
    elif kind == "execute_input":
        after = {"code": WITHHELD, "execution_count": before.get("execution_count", 0)}
    else:
        after = {key: before[key] for key in ("status", "execution_count", "comm_id") if key in before}
        after |= {"ename": "OutputWithheld", "evalue": WITHHELD, "traceback": [WITHHELD]}
    return json.dumps(after).encode()
