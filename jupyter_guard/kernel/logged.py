"""What a wrapped kernel writes past the protocol -> our own standard error, which is the server's log, without secrets.

A kernel that our launcher does not know writes what it, and the programs that it starts, do not catch to descriptors 1
and 2. Both are a pipe that is read here. Nothing waits for whoever reads the log: what they do not take is dropped, and
how much is said.
"""

from __future__ import annotations

import codecs
import os
import select
from typing import TYPE_CHECKING, Any

from jupyter_guard.scrub import KnownValues, MessageScrubber

if TYPE_CHECKING:
    import zmq

    from jupyter_guard.kernel.relay import Relay
    from jupyter_guard.scrub import Scrubber

READ_BYTES = 1 << 16
MOST_HELD = 1 << 20
# POSIX: whoever is told that a pipe can be written to can write so many bytes without waiting.
PIPE_BUF = 512 if not hasattr(select, "PIPE_BUF") else select.PIPE_BUF
LOG = 2
LAST_READS = 64


class Logged:
    """One kernel's pipe; ``fd`` is our end, -1 for none.

    Until the session's known values are there, what was written is held, up to a megabyte.
    """

    def __init__(self, relay: Relay, fd: int, poller: zmq.Poller) -> None:
        self.fd = fd
        self._relay = relay
        self._poller = poller
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._knows = False
        self._current = relay.outgoing.scrubber
        self._stream: Scrubber | None = None
        self._held = ""
        self._dropped = 0

    def ready(self, _fd: Any = None) -> None:
        """Take what is there now, at most one buffer full."""
        try:
            data = os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(self._decoder.decode(data))
        else:
            self._poller.unregister(self.fd)
            os.close(self.fd)
            self.fd = -1

    def follow(self) -> None:
        """The session's known values are there, or others than before."""
        self._knows = True
        held, self._held = self._held, ""
        self._take(held)

    def last_words(self) -> None:
        """The kernel has ended; programs that it left may keep the pipe open, and are not waited for."""
        for _ in range(LAST_READS):
            if self.fd < 0 or not select.select([self.fd], [], [], 0)[0]:
                break
            self.ready()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        if self._held and not self._knows:
            # The helper, which knows all sources, never answered.
            from pathlib import Path

            known = KnownValues.from_sources(("env",), os.environ, Path.home())
            self._relay.outgoing.scrubber = MessageScrubber(known)
            self.follow()
        self._take(self._decoder.decode(b"", final=True))
        if self._stream is not None:
            self._write(self._stream.flush())

    def _take(self, text: str) -> None:
        now = self._relay.outgoing.scrubber
        if not self._knows and len(self._held) + len(text) <= MOST_HELD:
            self._held += text
            return
        if self._stream is None or now is not self._current:
            before = self._stream.flush() if self._stream is not None else ""
            self._write(before)
            self._current, self._stream = now, now.stream()
        text, self._held = self._held + text, ""
        if text:
            self._write(self._stream.feed(text))

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape") if text else b""
        if data and self._dropped and _takes_more():
            data = f"[jupyter_guard] {self._dropped:,} bytes of the kernel's log were not taken\n".encode() + data
            self._dropped = 0
        for at in range(0, len(data), PIPE_BUF):
            try:
                if not _takes_more():
                    self._dropped += len(data) - at
                    return
                os.write(LOG, data[at : at + PIPE_BUF])
            except OSError:
                # There is no log.
                return


def _takes_more() -> bool:
    return bool(select.select([], [LOG], [], 0)[1])
