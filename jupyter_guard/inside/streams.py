"""What a terminal session writes to its standard streams -> the same text without secrets."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Callable, Iterable
from typing import Any

from jupyter_guard.scrub import KnownValues, Redaction, Scrubber

WITHHELD = "[jupyter_guard: output withheld, the scrubber failed on it]\n"


class CleanStream:
    """Stands in for a text stream; everything else (``encoding``, ``fileno`` ...) is the stream's own.

    Text that may be the beginning of a secret is held until it is known to be none, at most until ``release``.
    ``flush`` flushes what was let through and holds the rest: a secret may be printed in two flushed pieces.
    """

    def __init__(self, inner: Any, known: KnownValues, found: Callable[[Iterable[Redaction]], None]) -> None:
        self._inner = inner
        self._known = known
        self._found = found
        self._lock = threading.RLock()
        self._scrubber = Scrubber(known)
        self.before_write: Callable[[], None] | None = None

    def write(self, text: str) -> int:
        """Write ``text`` without its secrets; the return value counts ``text`` itself, as callers expect."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.before_write is not None:
            self.before_write()
        with self._lock:
            self._pass_on(lambda: self._scrubber.feed(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each line."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream below."""
        self._inner.flush()

    def release(self) -> None:
        """Write what is held: the cell has ended, or a question is about to be put."""
        with self._lock:
            self._pass_on(self._scrubber.flush)

    @property
    def buffer(self) -> CleanBuffer:
        """The stream for bytes, cleaned like the text."""
        return CleanBuffer(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __iter__(self) -> Any:
        return iter(self._inner)

    def _pass_on(self, scrubbed: Callable[[], str]) -> None:
        try:
            shown = scrubbed()
            self._found(self._scrubber.redactions)
        except Exception:
            shown = WITHHELD
        finally:
            self._scrubber.redactions.clear()
        if shown:
            self._inner.write(shown)


class CleanBuffer:
    """Bytes written to a stream's ``buffer``, decoded and cleaned as its text."""

    def __init__(self, stream: CleanStream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def write(self, data: Any) -> int:
        """Write bytes; returns how many were taken."""
        raw = bytes(data)
        self._stream.write(self._decoder.decode(raw))
        return len(raw)

    def flush(self) -> None:
        """Flush the text stream."""
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream._inner.buffer, name)
