"""A known value leaves in none of its forms, however the text around it is cut into pieces."""

from __future__ import annotations

import base64
import html
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.guard.saved import clean_saved
from jupyter_guard.scrub import KnownValues, MessageScrubber, Scrubber, needles, scrub
from jupyter_guard.scrub.encodings import ZERO_WIDTH, squeezed

ANN = "h4nter" + "-Two!va/lue+9"
VALUES = (
    ANN,
    "pässwörd'\"<&>" + "xyz 42",
    "0123456789" + "abcdef",
    "two words and" + "\nanother line of it",
    "Zt7qP4vLw9sXk2Hd8mN3cB6y",
)


def in_base64(value: str, before: int, urlsafe: bool) -> tuple[str, str]:
    """Base64 of a text in which the value stands after so many bytes, and what in it depends on the value alone."""
    raw = b"x" * before + value.encode() + b"yy"
    text = base64.urlsafe_b64encode(raw).decode() if urlsafe else base64.b64encode(raw).decode()
    return text, text[(before * 8 + 5) // 6 : (before + len(value.encode())) * 8 // 6]


Form = Callable[[str], tuple[str, str]]


def whole(encode: Callable[[str], str]) -> Form:
    return lambda value: (encode(value), encode(value))


# Blanks, marks of direction, selectors of variations and tags.
UNSEEN = "\xa0\u1680\u180e\u2003\u2009\u200e\u2028\u202a\u202f\u205f\u2061\u2066\u3000\ufe0f\u034f\U000e0020\U000e0100"

FORMS: dict[str, Form] = {
    "as it is": whole(str),
    **{
        f"base64 at {before}{' urlsafe' if urlsafe else ''}": (
            lambda value, before=before, urlsafe=urlsafe: in_base64(value, before, urlsafe)  # type: ignore[misc]
        )
        for before in (0, 1, 2, 3, 4)
        for urlsafe in (False, True)
    },
    "percent": whole(lambda v: quote(v, safe="")),
    "percent, path": whole(quote),
    "percent, lower case": whole(
        lambda v: "".join(c.lower() if p else c for p, c in _percent_parts(quote(v, safe="")))
    ),
    "percent, form": whole(quote_plus),
    "percent, twice": whole(lambda v: quote(quote(v, safe=""), safe="")),
    "16 bits in base64": whole(lambda v: base64.b64encode(v.encode("utf-16-le")).decode()[: len(v) * 16 // 6]),
    "16 bits, hexadecimal": whole(lambda v: v.encode("utf-16-le").hex()),
    "16 bits, repr": whole(lambda v: repr(v.encode("utf-16-le"))[2:-1]),
    "percent, all": whole(lambda v: "".join(f"%{b:02X}" for b in v.encode())),
    "JSON": whole(lambda v: json.dumps(v)[1:-1]),
    "JSON, not ASCII": whole(lambda v: json.dumps(v, ensure_ascii=False)[1:-1]),
    "JSON in JSON": whole(lambda v: json.dumps(json.dumps(v))[1:-1]),
    "repr": whole(lambda v: repr(v)[1:-1]),
    "repr of bytes": whole(lambda v: repr(v.encode())[2:-1]),
    "HTML": whole(html.escape),
    "hexadecimal": whole(lambda v: v.encode().hex()),
    "hexadecimal, capitals": whole(lambda v: v.encode().hex().upper()),
    "reversed": whole(lambda v: v[::-1]),
    "one of its lines": whole(lambda v: max(v.splitlines(), key=len)),
    "lines of Windows": whole(lambda v: v.replace("\n", "\r\n")),
    "lines as one": whole(lambda v: v.replace("\n", "")),
    "base64, in lines": whole(lambda v: base64.encodebytes(v.encode() * 4).decode()),
    "HTML, by numbers": whole(lambda v: "".join(f"&#{ord(c)};" for c in v)),
    "escapes of bytes": whole(lambda v: "".join(f"\\x{b:02x}" for b in v.encode())),
    "escapes of JSON": whole(lambda v: "".join(f"\\u{ord(c):04x}" for c in v)),
    "hexadecimal, by colons": whole(lambda v: v.encode().hex(":")),
    **{
        f"joined by {one!r}": whole(lambda v, one=one: one.join(v))  # type: ignore[misc]
        for one in (" ", "-", "_", ".", "\n", ", ", "|", "', '", "\t", *ZERO_WIDTH)
    },
}
ENTITIES = frozenset({"HTML", "HTML, by numbers"})
"""What a page reads as the value, and a text does not."""


def _percent_parts(text: str) -> list[tuple[bool, str]]:
    parts, at = [], 0
    while at < len(text):
        size = 3 if text[at] == "%" else 1
        parts.append((size == 3, text[at : at + size]))
        at += size
    return parts


AROUND = ("", " ", "\n", "x=", '"', "a text before ", " 45%|##", "<b>", "(", "\x1b[1m")


def in_pieces(text: str, cuts: list[int], known: KnownValues) -> str:
    scrubber = Scrubber(known)
    out, at = "", 0
    for cut in sorted(cuts):
        out += scrubber.feed(text[at:cut])
        at = cut
    return out + scrubber.feed(text[at:]) + scrubber.flush()


@pytest.fixture(scope="module")
def known() -> KnownValues:
    return KnownValues.of(VALUES)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", VALUES)
def test_no_form_of_a_value_is_left(form: str, value: str, known: KnownValues) -> None:
    chance = random.Random(form + value)
    for _ in range(12):
        shown, telling = FORMS[form](value)
        before, after = chance.choice(AROUND), chance.choice(AROUND)
        text = f"{before}{shown}{after}"
        cuts = [chance.randrange(len(text) + 1) for _ in range(chance.choice((0, 1, 2, 5, 30)))]
        out = in_pieces(text, cuts, known)
        assert out == scrub(text, known)
        assert telling not in out
        assert "[REDACTED:" in out
        size = 12
        if form.startswith("joined"):
            # In a stream the first three of its characters pass.
            telling, out, size = squeezed(telling), squeezed(out), 6
        assert not any(telling[at : at + size] in out for at in range(max(1, len(telling) - size + 1)))


@pytest.mark.parametrize("one", UNSEEN, ids=ascii)
def test_what_is_not_seen_joins_no_value(one: str, known: KnownValues) -> None:
    for value in VALUES:
        text = f"x {one.join(value)} █ y"
        out = scrub(text, known)
        assert "[REDACTED:" in out
        assert squeezed(value) not in squeezed(out)
        assert out.startswith("x ")
        assert out.endswith(" █ y")


def test_text_with_what_is_not_seen_stays(known: KnownValues) -> None:
    text = "".join(f"10{one}000 € ✅\ufe0f 45%|███{one}" for one in UNSEEN)
    assert scrub(text, known) == text


@settings(max_examples=150, deadline=None)
@given(value=st.sampled_from(VALUES), data=st.data())
def test_values_that_are_cut_up(value: str, data: st.DataObject) -> None:
    separators = st.sampled_from([" ", "-", "_", ".", "\n", ", ", "|", *ZERO_WIDTH, *UNSEEN])
    one = data.draw(separators)
    text = one.join(value)
    around = data.draw(st.sampled_from(AROUND))
    text = f"{around}{text}{around}"
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    known = KnownValues.of(VALUES)
    out = in_pieces(text, cuts, known)
    assert out == scrub(text, known)
    assert squeezed(value) not in squeezed(out)


@settings(max_examples=200, deadline=None)
@given(
    value=st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=8, max_size=40).filter(
        lambda v: len(v.strip()) >= 8
    ),
    data=st.data(),
)
def test_any_value_that_somebody_registers(value: str, data: st.DataObject) -> None:
    known = KnownValues.of([value])
    text = f"before {value} after {json.dumps(value)} {quote(value)}\n"
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    out = in_pieces(text, cuts, known)
    assert out == scrub(text, known)
    assert value.strip("\r\n") not in out.replace("[REDACTED:known-value]", "\0")


def test_spans_are_merged_before_they_are_replaced() -> None:
    known = KnownValues.of(["abcdefgh-1", "abcdefgh-1234567", "4567-and-more"])
    assert scrub("<abcdefgh-1234567-and-more>", known) == "<[REDACTED:known-value]>"


def test_short_values_only_as_words_and_only_when_registered() -> None:
    known = KnownValues.of(["pin7"])
    assert scrub("pin7 spin7 pin70 pin7", known) == "[REDACTED:known-value] spin7 pin70 [REDACTED:known-value]"
    assert not KnownValues.of(["abc"])
    assert not KnownValues().learn("secret7", "environment", registered=False)


Channel = Callable[[str], tuple[str, Any]]


def bundle(kind: str, make: Callable[[str], Any], msg_type: str = "display_data") -> Channel:
    return lambda shown: (msg_type, {"data": {kind: make(shown)}, "metadata": {}})


def content(msg_type: str, make: Callable[[str], Any]) -> Channel:
    return lambda shown: (msg_type, make(shown))


CHANNELS: dict[str, Channel] = {
    "plain text": bundle("text/plain", str),
    "an update": bundle("text/plain", str, "update_display_data"),
    "a result": bundle("text/plain", repr, "execute_result"),
    "Markdown": bundle("text/markdown", lambda v: f"**key** `{v}`"),
    "LaTeX": bundle("text/latex", lambda v: f"$\\text{{{v}}}$"),
    "HTML": bundle("text/html", lambda v: f'<p title="x">a<b>{v}</b></p>'),
    "an attribute": bundle("text/html", lambda v: f"<input data-x='1' value=\"{v}\">"),
    "SVG": bundle("image/svg+xml", lambda v: f"<svg><text x='1'>{v}</text></svg>"),
    "JavaScript": bundle("application/javascript", lambda v: f"draw('{v}')"),
    "JSON": bundle("application/json", lambda v: {"a": [{"b": v}]}),
    "a JSON key": bundle("application/json", lambda v: {v: 1}),
    "Plotly": bundle("application/vnd.plotly.v1+json", lambda v: {"data": [{"x": [1], "text": [v]}], "layout": {}}),
    "Vega": bundle("application/vnd.vegalite.v5+json", lambda v: {"datasets": {"d": [{"name": v}]}}),
    "Bokeh": bundle("application/vnd.bokehjs_exec.v0+json", lambda v: {"doc": {"roots": [{"title": v}]}}),
    "a widget's view": bundle("application/vnd.jupyter.widget-view+json", lambda v: {"model_id": v}),
    "an exception": content("error", lambda v: {"ename": "E", "evalue": v, "traceback": ["E", v]}),
    "a source line": content(
        "error",
        lambda v: {"ename": "E", "evalue": "x", "traceback": [f"\x1b[0;32m----> 1\x1b[0m \x1b[34mf\x1b[0m(x)  # {v}"]},
    ),
    "a reply's payload": content("execute_reply", lambda v: {"status": "ok", "payload": [{"data": {"text/plain": v}}]}),
    "an expression": content(
        "execute_reply",
        lambda v: {"status": "ok", "user_expressions": {"x": {"status": "ok", "data": {"text/plain": v}}}},
    ),
    "an expression's error": content(
        "execute_reply",
        lambda v: {"user_expressions": {"x": {"status": "error", "ename": "E", "evalue": v, "traceback": [v]}}},
    ),
    "inspect": content("inspect_reply", lambda v: {"found": True, "data": {"text/plain": v}, "metadata": {}}),
    "complete": content("complete_reply", lambda v: {"matches": ["a", v], "metadata": {"t": [{"text": v}]}}),
    "history": content("history_reply", lambda v: {"history": [[1, 1, [v, v]]]}),
    "a comm's opening": content("comm_open", lambda v: {"comm_id": "c", "data": {"state": {"value": v}}}),
    "a widget's state": content("comm_msg", lambda v: {"data": {"method": "update", "state": {"value": v}}}),
    "a comm's own": content("comm_msg", lambda v: {"data": {"method": "custom", "content": [v]}}),
    "a prompt": content("input_request", lambda v: {"prompt": v, "password": False}),
    "a debugger's variable": content(
        "debug_reply", lambda v: {"body": {"variables": [{"name": "x", "value": v, "type": "str"}]}}
    ),
    "a debugger's event": content("debug_event", lambda v: {"body": {"output": v}}),
    "a cell's code": content("execute_input", lambda v: {"code": f"x = '''{v}'''"}),
}
"""Every way out of a kernel but streams: a text -> the message that carries it."""

MARKUP = frozenset({"HTML", "an attribute", "SVG"})


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (*texts_of(key), *texts_of(item))]
    return [text for item in value for text in texts_of(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_no_form_of_a_value_leaves_by_any_channel(channel: str, form: str, known: KnownValues) -> None:
    for value in VALUES:
        shown, telling = FORMS[form](value)
        if channel in MARKUP and any(c in shown for c in "<&\"'") and form != "HTML":
            continue
        msg_type, message = CHANNELS[channel](shown)
        raw = json.dumps(message, ensure_ascii=False).encode()
        result = MessageScrubber(known).clean("iopub", msg_type, "p", json.dumps({"m": shown}).encode(), raw)
        for part in (result.content, result.metadata):
            left = texts_of(json.loads(part or b"{}"))
            assert left
            parts = {telling[at : at + 12] for at in range(max(1, len(telling) - 11))}
            assert not any(part in text for text in left for part in parts), left
        assert result.changed


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_a_value_leaves_in_a_buffer(form: str, known: KnownValues) -> None:
    for value in VALUES:
        shown, telling = FORMS[form](value)
        raw = b"\x00\xff" + shown.encode() + b"\x80\x01"
        result = MessageScrubber(known).clean("iopub", "comm_msg", "p", b"{}", b'{"data":{}}', [raw])
        out = bytes(result.buffers[0])
        assert len(out) == len(raw)
        assert telling.encode() not in out
        assert out[:2] == raw[:2]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_a_value_is_left_in_a_saved_notebook(form: str, known: KnownValues) -> None:
    for value in VALUES:
        shown, telling = FORMS[form](value)
        middle = len(shown) // 2
        outputs: list[dict[str, Any]] = [
            {"output_type": "stream", "name": "stdout", "text": f"a {shown} b\n".splitlines(keepends=True)},
            {"output_type": "stream", "name": "stderr", "text": f"a {shown[:middle]}"},
            {"output_type": "stream", "name": "stderr", "text": f"{shown[middle:]} b"},
            {"output_type": "execute_result", "data": {"text/plain": shown, "application/json": [shown, {shown: 1}]}},
            {"output_type": "error", "ename": "E", "evalue": shown, "traceback": ["E", f"E: {shown}"]},
        ]
        attached = base64.b64encode(shown.encode()).decode()
        cell: dict[str, Any] = {"cell_type": "code", "source": "", "outputs": outputs, "metadata": {"note": shown}}
        text: dict[str, Any] = {
            "cell_type": "markdown",
            "source": "",
            "attachments": {"a.txt": {"text/plain": attached}},
        }
        notebook = {"cells": [cell, text], "metadata": {"about": [shown]}}
        assert clean_saved(notebook, known)
        outputs = cell["outputs"]
        attached = text["attachments"]["a.txt"]["text/plain"]
        written = "".join(outputs[1]["text"]) + "".join(outputs[2]["text"])
        left = [*texts_of(notebook), written, "".join(outputs[0]["text"]), base64.b64decode(attached).decode()]
        size = 12
        if form.startswith("joined"):
            telling, left, size = squeezed(telling), [squeezed(one) for one in left], 6
        parts = {telling[at : at + size] for at in range(max(1, len(telling) - size + 1))}
        assert not any(part in text for text in left for part in parts), left


@settings(max_examples=200, deadline=None)
@given(
    anchors=st.lists(st.text("abé", min_size=1, max_size=8), min_size=1, max_size=60, unique=True),
    text=st.text("abcé", max_size=60),
)
def test_however_many_values_are_looked_for_the_same_is_found(anchors: list[str], text: str) -> None:
    found = [sorted(make(anchors)(text)) for make in (needles._by_re, needles._by_sets)]
    assert found[0] == found[1] == sorted((at, a) for a in anchors for at in range(len(text)) if text.startswith(a, at))
