"""A known value leaves in none of its forms, however the text around it is cut into pieces."""

from __future__ import annotations

import base64
import html
import json
import random
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_guard.scrub import KnownValues, Scrubber, scrub
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


FORMS: dict[str, Form] = {
    "as it is": whole(str),
    **{
        f"base64 at {before}{' urlsafe' if urlsafe else ''}": (
            lambda value, before=before, urlsafe=urlsafe: in_base64(value, before, urlsafe)
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
}


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
        assert not any(telling[at : at + 12] in out for at in range(max(1, len(telling) - 11)))


@settings(max_examples=150, deadline=None)
@given(value=st.sampled_from(VALUES), data=st.data())
def test_values_that_are_cut_up(value: str, data: st.DataObject) -> None:
    separators = st.sampled_from([" ", "-", "_", ".", "\n", ", ", "|", *ZERO_WIDTH])
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
