"""Messages that an ipykernel is about to send -> the same messages without secrets.

All of a kernel's output passes one function, ``Session.send``: streams (from their own thread), displays, results,
errors, comm messages and replies. Wrapping it is the in-process twin of what the guarded kernel does on the wire.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from jupyter_guard.scrub import KnownValues, MessageScrubber, Redaction

log = logging.getLogger("jupyter_guard")

WITHHELD = "[jupyter_guard: output withheld, the scrubber failed on it]"
# They carry nothing that code chose, and some of them are sent while nothing else works.
_PLAIN = frozenset(
    {"status", "kernel_info_reply", "iopub_welcome", "shutdown_reply", "interrupt_reply", "clear_output"}
)


class CleanSend:
    """The function that takes ``Session.send``'s place.

    ``found`` is told what was redacted, and the id of the request that it belongs to.
    """

    def __init__(self, kernel: Any, known: KnownValues, found: Callable[[Iterable[Redaction], str], None]) -> None:
        self._kernel = kernel
        self._session = kernel.session
        self._send = kernel.session.send
        self._found = found
        self._scrubber = MessageScrubber(known)
        self._lock = threading.RLock()
        self._holding: dict[str, dict[str, Any]] = {}

    def __call__(
        self,
        stream: Any,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        ident: Any = None,
        buffers: Any = None,
        track: bool = False,
        header: Any = None,
        metadata: Any = None,
    ) -> Any:
        """Send a message as ``Session.send`` would, cleaned. One that is held for now is built but not sent."""
        if isinstance(msg_or_type, dict):
            message = msg_or_type
            buffers = buffers or message.get("buffers", [])
        else:
            message = self._session.msg(msg_or_type, content, parent, header, metadata)
        kind = str(message["header"]["msg_type"])
        parent_id = str((message.get("parent_header") or {}).get("msg_id", ""))
        with self._lock:
            if kind != "stream" and (kind not in _PLAIN or message["content"].get("execution_state") == "idle"):
                self.release(parent_id)
            if kind not in _PLAIN:
                buffers = self._cleaned(message, kind, parent_id, buffers)
                if message["content"] is None:
                    self._holding[parent_id] = message["parent_header"]
                    return message
            return self._send(stream, message, ident=ident, buffers=buffers, track=track)

    def release(self, parent_id: str) -> None:
        """Send what is held of a request's output: it has ended, asks, or shows something else."""
        with self._lock:
            parent = self._holding.pop(parent_id, None)
            try:
                held = self._scrubber.flush(parent_id)
            except Exception:
                log.exception("the scrubber failed")
                held = []
            for kind, content in held:
                message = self._session.msg(kind, json.loads(content), parent)
                self._send(self._kernel.iopub_socket, message, ident=kind.encode())

    def _cleaned(self, message: dict[str, Any], kind: str, parent_id: str, buffers: Any) -> Any:
        """Clean ``message`` in place (``content`` becomes ``None`` while all of it is held); returns its buffers."""
        channel = _channel(kind)
        pack = self._session.pack
        try:
            cleaned = self._scrubber.clean(
                channel, kind, parent_id, pack(message["metadata"]), pack(message["content"]), list(buffers or ())
            )
        except Exception:
            log.exception("the scrubber failed on a %s message", kind)
            message["content"] = _withheld(kind, message["content"])
            message["metadata"] = {}
            return []
        if cleaned.redactions:
            self._found(cleaned.redactions, parent_id)
        if cleaned.content is None:
            message["content"] = None
        elif cleaned.changed:
            message["content"] = json.loads(cleaned.content)
            message["metadata"] = json.loads(cleaned.metadata)
        return list(cleaned.buffers)


def _channel(kind: str) -> str:
    if kind == "input_request":
        return "stdin"
    return "shell" if kind.endswith("_reply") else "iopub"


def _withheld(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """Content of the same shape that says why nothing is shown."""
    if kind == "stream":
        return {"name": content.get("name", "stderr"), "text": WITHHELD + "\n"}
    if kind in ("error", "execute_reply"):
        kept = _only(content, ("status", "execution_count"))
        return {**kept, "ename": "OutputWithheld", "evalue": WITHHELD, "traceback": [WITHHELD]}
    if kind in ("display_data", "execute_result", "update_display_data"):
        kept = _only(content, ("execution_count", "transient"))
        return {**kept, "data": {"text/plain": WITHHELD}, "metadata": {}}
    return {"status": "error", "ename": "OutputWithheld", "evalue": WITHHELD}


def _only(content: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: content[key] for key in keys if key in content}
