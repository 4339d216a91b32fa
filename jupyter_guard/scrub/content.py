"""A message's content -> the same content with each of its texts cleaned as what it is."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import msgspec

from jupyter_guard.scrub.encodings import ZERO_WIDTH
from jupyter_guard.scrub.engine import engine_for
from jupyter_guard.scrub.fields import WIDGET, is_pair, names_beside, without_columns, without_typed
from jupyter_guard.scrub.find import clean_html, clean_pieces, clean_text, kind_of, secrets_in, without
from jupyter_guard.scrub.known import KnownValues
from jupyter_guard.scrub.patterns import Pattern
from jupyter_guard.scrub.redaction import Redaction, marker
from jupyter_guard.scrub.sides import side_cells
from jupyter_guard.scrub.spans import Found, merged
from jupyter_guard.scrub.tables import KIND

_MARKUP_TYPES = frozenset({"text/html", "image/svg+xml", "application/xhtml+xml", "application/xml", "text/xml"})
_DEEPEST = 200
_SPELLED_BY = 4
"""Characters of one item, at most, when a list is looked at as one text: longer ones are texts themselves."""


_ZERO_WIDTH = tuple(character.encode() for character in ZERO_WIDTH)


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
        if ("<" in text and ">" in text) or ("&" in text and ";" in text):
            return clean_html(text, self._known, self._found, self._patterns)
        return clean_text(text, self._known, self._found, self._patterns)

    def value(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """Any JSON value; ``name`` is the key before it."""
        if isinstance(value, str):
            return self._named(name, value)
        if depth > _DEEPEST:
            return self._too_deep(value)
        if isinstance(value, list):
            spelled = self._spelled(value)
            if spelled:
                value = [spelled.get(at, item) for at, item in enumerate(value) if spelled.get(at) != ""]
            value = without_columns(value, self._take_cell, name)
            return [
                # In a list of pairs, the first of each is what the second is called.
                [self.text(item[0]), self.value(item[1], item[0], depth + 2)]
                if is_pair(item)
                else self.value(item, name, depth + 1)
                for item in value
            ]
        if isinstance(value, dict):
            spelled = self._spelled(list(value.values()))
            if spelled:
                value = {key: spelled.get(at, item) for at, (key, item) in enumerate(value.items())}
            value = without_columns(without_typed(value, self._take_typed), self._take_cell, name)
            # A debugger's variable, a header and the like: the name is a value too.
            beside = names_beside(value)
            return {self.text(key): self.value(item, beside.get(key, key), depth + 1) for key, item in value.items()}
        return value

    def typed(self, value: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
        """``value``, with markers for what a field for secrets has under ``keys``."""
        return {key: self._take_typed(item) if key in keys else item for key, item in value.items()}

    def _take_typed(self, _text: str) -> str:
        self._found.append(Redaction(WIDGET))
        return marker(WIDGET)

    def _take_cell(self, _text: str) -> str:
        self._found.append(Redaction(KIND))
        return marker(KIND)

    def _spelled(self, items: list[Any]) -> dict[int, str]:
        """What stands in place of the items that spell a known value, by number: a marker, then nothing."""
        if not self._known or len(items) < 2:
            return {}
        parts = [item if isinstance(item, str) and 0 < len(item) <= _SPELLED_BY else "\n" for item in items]
        whole = "".join(parts)
        if not whole.strip():
            return {}
        out: dict[int, str] = {}
        starts = list(accumulate(map(len, parts), initial=0))
        for span in secrets_in(whole, self._known, patterned=False):
            first, last = bisect_right(starts, span.start) - 1, bisect_right(starts, span.end - 1) - 1
            if last > first:
                out.update(dict.fromkeys(range(first, last + 1), ""))
                out[first] = marker(span.kind)
                self._found.append(Redaction(span.kind))
        return out

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
        if self._known and any(character in raw for character in _ZERO_WIDTH):
            # Seen only where its bytes are read as what they spell.
            text = raw.decode("utf-8", "surrogateescape")
            spans = merged([*spans, *_in_bytes(text, secrets_in(text, self._known, patterned=False))])
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
        if kind == "text/plain" and (cells := side_cells(item)):
            self._found += [Redaction(cell.kind) for cell in cells]
            item = without(item, cells)
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
        kind = kind_of(name, value, self._known, self._patterns) if cleaned == value else ""
        if kind:
            self._found.append(Redaction(kind))
            return marker(kind)
        return cleaned


def _in_bytes(text: str, spans: Sequence[Found]) -> Iterator[Found]:
    """The same places in what ``text`` is in UTF-8."""
    read = at = 0
    for span in spans:
        at += len(text[read : span.start].encode("utf-8", "surrogateescape"))
        size = len(text[span.start : span.end].encode("utf-8", "surrogateescape"))
        yield msgspec.structs.replace(span, start=at, end=at + size)
        read, at = span.end, at + size
