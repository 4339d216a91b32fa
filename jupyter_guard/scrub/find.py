"""A whole text -> the places of its secrets; and texts with markup, or in several pieces, without them."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_guard.scrub.blobs import inside_blob
from jupyter_guard.scrub.engine import engine_for
from jupyter_guard.scrub.known import KnownValues
from jupyter_guard.scrub.patterns import Pattern, overlong
from jupyter_guard.scrub.redaction import Redaction, marker
from jupyter_guard.scrub.rewrite import CAP
from jupyter_guard.scrub.spans import Found, merged, overlong_end
from jupyter_guard.scrub.tables import COLUMN, html_cells, text_cells
from jupyter_guard.scrub.views import ESCAPE, MARKUP, View


def secrets_in(
    text: str, known: KnownValues, patterned: bool = True, patterns: Sequence[Pattern] | None = None
) -> list[Found]:
    """Where secrets stand in ``text``, in order and without overlaps; without token formats unless ``patterned``."""
    spans: list[Found] = []
    if patterned:
        names: list[int] = []
        for at, end, pattern in engine_for(patterns).hits(text, 0, final=True):
            if pattern is COLUMN:
                names.append(at)
                continue
            if overlong(pattern, text, end):
                stop = overlong_end(text, end + CAP)
                spans.append(Found(end, stop, pattern.kind, 1))
                continue
            place = pattern.secret(text, at, end)
            if place is not None and not inside_blob(text, at, place[1]):
                spans.append(Found(*place, pattern.kind, 2 if pattern.generic else 1))
        if names:
            spans.extend(text_cells(text, sorted(names)))
    matcher = known.matcher()
    if matcher is not None:
        spans.extend(matcher.spans(text))
    return merged(spans) if spans else spans


def clean_text(text: str, known: KnownValues, found: list[Redaction], patterns: Sequence[Pattern] | None = None) -> str:
    """``text`` without secrets; what terminals read as colour and position stays. ``found`` is added to."""
    return clean_pieces([text], known, found, patterns)[0]


def clean_pieces(
    pieces: Sequence[str], known: KnownValues, found: list[Redaction], patterns: Sequence[Pattern] | None = None
) -> list[str]:
    """Texts that are read one below the other (a traceback's parts), without secrets, which may span several."""
    whole = "\n".join(pieces)
    view = View(whole, ESCAPE) if "\x1b" in whole else None
    text = view.text if view is not None else whole
    spans = secrets_in(text, known, patterns=patterns)
    if not spans:
        return list(pieces)
    found.extend(Redaction(span.kind) for span in spans)
    if len(pieces) == 1:
        return [view.without(spans) if view is not None else _without(text, spans)]
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
    cells = html_cells(text)
    if cells:
        found.extend(Redaction(span.kind) for span in cells)
        text = _without(text, cells)
    view = View(text, MARKUP)
    if view.text == text:
        return text
    spans = [
        span
        for span in secrets_in(view.text, known, patterns=patterns)
        if "[REDACTED:" not in view.text[span.start : span.end]
    ]
    if not spans:
        return text
    found.extend(Redaction(span.kind) for span in spans)
    return view.without(spans)


def _without(text: str, spans: Sequence[Found]) -> str:
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
        first, last = (span.start, span.end) if view is None else (view.starts[span.start], view.ends[span.end - 1])
        if last <= start or first >= end:
            continue
        if first >= start:
            parts.append(piece[at - start : first - start])
            parts.append(marker(span.kind))
        parts += [m[0] for m in ESCAPE.finditer(piece, max(first, start) - start, min(last, end) - start)]
        at = min(last, end)
    return "".join(parts) + piece[at - start :]
