"""A whole text -> the places of its secrets; and texts with markup, or in several pieces, without them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from jupyter_guard.scrub.blobs import inside_blob
from jupyter_guard.scrub.encodings import decoded
from jupyter_guard.scrub.engine import engine_for
from jupyter_guard.scrub.fields import WIDGET
from jupyter_guard.scrub.known import KnownValues
from jupyter_guard.scrub.pages import html_cells, labelled
from jupyter_guard.scrub.patterns import Pattern, overlong
from jupyter_guard.scrub.redaction import Redaction, marker
from jupyter_guard.scrub.rewrite import CAP
from jupyter_guard.scrub.runs import Run, add_run, overlong_run, read_runs, run_of
from jupyter_guard.scrub.spans import Found, merged
from jupyter_guard.scrub.tables import COLUMN, EMPTY, text_cells
from jupyter_guard.scrub.views import ENTITIES, ESCAPE, MARKUP, View, without_escapes

_NAMED = re.compile(r"pass|secret|token|key|credential|auth|cookie|bearer|pwd|dsn", re.IGNORECASE)
_NAMED_LENGTH = 8_192
"""A value that has a name is read up to here for what the name says of it."""


def secrets_in(
    text: str,
    known: KnownValues,
    patterned: bool = True,
    patterns: Sequence[Pattern] | None = None,
    *,
    tables: bool = True,
) -> list[Found]:
    """Where secrets stand in ``text``, in order and without overlaps; without token formats unless ``patterned``.

    ``tables``: whether columns may stand in it.
    """
    spans: list[Found] = []
    if patterned:
        names: list[int] = []
        runs: list[Run] = []
        for at, end, pattern in engine_for(patterns).hits(text, 0, final=True):
            if pattern is COLUMN:
                if tables:
                    names.append(at)
                continue
            if overlong(pattern, text, end):
                spans.append(Found(end, end + CAP, pattern.kind, 1))
                add_run(runs, overlong_run(pattern.kind, end + CAP))
                continue
            place = pattern.secret(text, at, end)
            if place is not None and not inside_blob(text, at, place[1]):
                spans.append(Found(*place, pattern.kind, 2 if pattern.generic else 1))
                add_run(runs, run_of(pattern, text, *place))
        read_runs(runs, text, True, spans)
        if names:
            spans.extend(text_cells(text, sorted(names)))
    matcher = known.matcher()
    if matcher is not None:
        spans.extend(matcher.spans(text))
    return merged(spans) if spans else spans


def kind_of(name: str, value: str, known: KnownValues, patterns: Sequence[Pattern] | None = None) -> str:
    """What kind of secret all of ``value`` is because it is called ``name``; ``""`` for none."""
    if not name or not _NAMED.search(name) or value.strip().lower() in EMPTY:
        return ""
    # As JSON, so that no quote of its own ends it; cut off, it is not closed, and then goes on to the end.
    lead, text = f'"{name}": "', json.dumps(value[:_NAMED_LENGTH], ensure_ascii=False)[1:-1]
    closed = '"' if len(value) <= _NAMED_LENGTH else ""
    spans = secrets_in(f"{lead}{text}{closed}", known, patterns=patterns)
    kinds = (span.kind for span in spans if span.start == len(lead) and span.end >= len(lead) + len(text))
    return next(kinds, "")


def clean_text(text: str, known: KnownValues, found: list[Redaction], patterns: Sequence[Pattern] | None = None) -> str:
    """``text`` without secrets; what terminals read as colour and position stays. ``found`` is added to."""
    return clean_pieces([text], known, found, patterns)[0]


def clean_pieces(
    pieces: Sequence[str], known: KnownValues, found: list[Redaction], patterns: Sequence[Pattern] | None = None
) -> list[str]:
    """Texts that are read one below the other (a traceback's parts), without secrets, which may span several."""
    whole = "\n".join(pieces)
    marked = "\x1b" in whole
    text = decoded(without_escapes(whole)[0]) if marked else whole
    spans = secrets_in(text, known, patterns=patterns)
    if not spans:
        return list(pieces)
    # Where each character came from takes far longer to say than to take sequences away, and is seldom asked.
    view = View(whole, ESCAPE) if marked else None
    found.extend(Redaction(span.kind) for span in spans)
    if len(pieces) == 1:
        return [view.without(spans) if view is not None else without(text, spans)]
    out = []
    at = 0
    for piece in pieces:
        end = at + len(piece)
        out.append(_piece(piece, at, end, spans, view))
        at = end + 1
    return out


def clean_html(text: str, known: KnownValues, found: list[Redaction], patterns: Sequence[Pattern] | None = None) -> str:
    """HTML or SVG without secrets: in its text with tags and entities taken away, in attributes, in tables."""
    text = clean_text(text, known, found, patterns)
    if "<" not in text and "&" not in text:
        return text
    cells = html_cells(text) if "<" in text else []
    for one in labelled(text) if "<" in text else ():
        kind = WIDGET if one.typed else kind_of(one.label, one.value, known, patterns)
        if kind and "[REDACTED:" not in one.value:
            cells.append(Found(one.start, one.end, kind, 2))
    if cells:
        cells = merged(cells)
        found.extend(Redaction(span.kind) for span in cells)
        text = without(text, cells)
    if "&" in text:
        text = _seen(text, ENTITIES, known, found, patterns)
    return _seen(text, MARKUP, known, found, patterns)


def _seen(
    text: str,
    markup: re.Pattern[str],
    known: KnownValues,
    found: list[Redaction],
    patterns: Sequence[Pattern] | None,
) -> str:
    """``text`` without the secrets that are seen once the markup is taken away."""
    view = View(text, markup)
    if view.text == text:
        return text
    # Only there are columns what they are in a terminal.
    tables = "<pre" in text or "<PRE" in text
    spans = [
        span
        for span in secrets_in(view.text, known, patterns=patterns, tables=tables)
        if "[REDACTED:" not in view.text[span.start : span.end]
    ]
    if not spans:
        return text
    found.extend(Redaction(span.kind) for span in spans)
    return view.without(spans)


def without(text: str, spans: Sequence[Found]) -> str:
    """``text`` with a marker in the place of each of ``spans``."""
    parts = []
    at = 0
    for span in spans:
        parts.append(text[at : span.start])
        parts.append(marker(span.kind))
        at = span.end
    return "".join(parts) + text[at:]


def _piece(piece: str, start: int, end: int, spans: Sequence[Found], view: View | None) -> str:
    """The part of the whole text from ``start`` to ``end``: the marker stands where a secret begins."""
    parts = []
    at = start
    for span in spans:
        first, last = (span.start, span.end) if view is None else (view.start(span.start), view.end(span.end - 1))
        if last <= start or first >= end:
            continue
        if first >= start:
            parts.append(piece[at - start : first - start])
            parts.append(marker(span.kind))
        parts += [m[0] for m in ESCAPE.finditer(piece, max(first, start) - start, min(last, end) - start)]
        at = min(last, end)
    return "".join(parts) + piece[at - start :]
