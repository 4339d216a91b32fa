"""A message's content -> the same content with each of its texts cleaned as what it is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jupyter_guard.scrub.engine import engine_for
from jupyter_guard.scrub.find import clean_html, clean_pieces, clean_text, secrets_in
from jupyter_guard.scrub.known import KnownValues
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.redaction import Redaction, marker

_MARKUP_TYPES = frozenset({"text/html", "image/svg+xml", "application/xhtml+xml", "application/xml", "text/xml"})
_NAMED = re.compile(r"pass|secret|token|key|credential|auth|cookie|bearer|pwd|dsn", re.IGNORECASE)
_DEEPEST = 200


class Cleaner:
    """Cleans contents with one session's ``known`` values; what it takes out is added to ``found``.

    ``patterns`` are the token formats to look for, by default the built-in ones.
    """

    def __init__(self, known: KnownValues, found: list[Redaction], patterns: Sequence[Pattern] | None = None) -> None:
        self._known = known
        self._found = found
        self._patterns = patterns

    def text(self, text: str) -> str:
        """A text, markup or not."""
        if "<" in text and ">" in text:
            return clean_html(text, self._known, self._found, self._patterns)
        return clean_text(text, self._known, self._found, self._patterns)

    def value(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """Any JSON value; ``name`` is the key before it."""
        if isinstance(value, str):
            return self._named(name, value)
        if depth > _DEEPEST:
            return self._too_deep(value)
        if isinstance(value, list):
            return [self.value(item, name, depth + 1) for item in value]
        if isinstance(value, dict):
            # A debugger's variable and the like: the name is a value too.
            named = value.get("name")
            called = named if isinstance(named, str) and "value" in value else ""
            return {
                self.text(key): self.value(item, called if called and key == "value" else key, depth + 1)
                for key, item in value.items()
            }
        return value

    def _too_deep(self, value: Any) -> Any:
        try:
            return self.text(json.dumps(value)) if value else value
        except RecursionError:
            self._found.append(Redaction("too-deep"))
            return marker("too-deep")

    def bundle(self, content: dict[str, Any]) -> dict[str, Any]:
        """A display, a result or an inspection: ``data`` by type, the rest as values."""
        out = {key: self.value(item, key) for key, item in content.items() if key != "data"}
        data = content.get("data")
        cleaned = data
        if isinstance(data, dict):
            cleaned = {}
            with self._once() as part:
                for key, item in data.items():
                    part()
                    cleaned[key] = self._form(key, item)
        return {key: cleaned if key == "data" else out[key] for key in content}

    def error(self, content: dict[str, Any]) -> dict[str, Any]:
        """An exception: its traceback is one text in several pieces."""
        out = dict(content)
        with self._once() as part:
            for key, item in content.items():
                part()
                if key == "traceback" and isinstance(item, list) and all(isinstance(line, str) for line in item):
                    out[key] = clean_pieces(item, self._known, self._found, self._patterns)
                else:
                    out[key] = self.value(item, key)
        return out

    @contextmanager
    def _once(self) -> Iterator[Callable[[], None]]:
        """Forms of one output show the same values: each kind counts as often as in the form that has it most often.

        What this gives is called before each form.
        """
        outer, most, self._found = self._found, Counter[str](), []

        def part() -> None:
            counts: Counter[str] = Counter()
            for one in self._found:
                counts[one.kind] += one.count
            self._found.clear()
            for kind, count in counts.items():
                most[kind] = max(most[kind], count)

        try:
            yield part
        finally:
            part()
            self._found = outer
            outer.extend(Redaction(kind, count=count) for kind, count in most.items())

    def reply(self, content: dict[str, Any]) -> dict[str, Any]:
        """The reply to an execution: user expressions are bundles or errors, payloads carry bundles or text."""
        out = self.error(content)
        expressions = content.get("user_expressions")
        if isinstance(expressions, dict):
            out["user_expressions"] = {
                name: (self.bundle(item) if "data" in item else self.error(item)) if isinstance(item, dict) else item
                for name, item in expressions.items()
            }
        payload = content.get("payload")
        if isinstance(payload, list):
            out["payload"] = [
                self.bundle(item) if isinstance(item, dict) and isinstance(item.get("data"), dict) else self.value(item)
                for item in payload
            ]
        return out

    def buffer(self, buffer: bytes | memoryview) -> bytes | memoryview:
        """A binary buffer, secrets overwritten with as many bytes."""
        patterned = engine_for(self._patterns).may_match(buffer)
        if not patterned and not self._known:
            return buffer
        raw = bytes(buffer)
        spans = secrets_in(raw.decode("latin-1"), self._known, patterned, self._patterns)
        if not spans:
            return buffer
        masked = bytearray(raw)
        for span in spans:
            masked[span.start : span.end] = b"*" * (span.end - span.start)
            self._found.append(Redaction(span.kind))
        return bytes(masked)

    def _form(self, mime: str, item: Any) -> Any:
        if not isinstance(item, str):
            return self.value(item)
        kind = mime.split(";")[0].strip().lower()
        if kind in _MARKUP_TYPES:
            return clean_html(item, self._known, self._found, self._patterns)
        if kind.startswith(("image/", "audio/", "video/", "font/")) or kind in (
            "application/pdf",
            "application/octet-stream",
        ):
            return self._binary(item)
        return self.text(item)

    def _binary(self, item: str) -> str:
        """Base64: random text to any format, so only known values count; overwritten with zeroes, it still decodes."""
        spans = secrets_in(item, self._known, patterned=False) if self._known else []
        for span in reversed(spans):
            item = item[: span.start] + "A" * (span.end - span.start) + item[span.end :]
            self._found.append(Redaction(span.kind))
        return item

    def _named(self, name: str, value: str) -> str:
        cleaned = self.text(value)
        if cleaned != value or not name or not _NAMED.search(name) or len(value) > 8_192:
            return cleaned
        lead = f'"{name}": "'
        for span in secrets_in(f'{lead}{value}"', self._known, patterns=self._patterns):
            if span.start == len(lead) and span.end >= len(lead) + len(value):
                self._found.append(Redaction(span.kind))
                return marker(span.kind)
        return value
