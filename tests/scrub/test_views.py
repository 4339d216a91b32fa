"""Secrets behind markup: colours in the middle of a value, tags, entities. The markup stays, the value goes."""

from __future__ import annotations

import html
import random
import re
import shutil
import sysconfig
from pathlib import Path

import pytest
from hypothesis import example as case
from hypothesis import given
from hypothesis import strategies as st

from jupyter_guard.scrub import KnownValues, Scrubber, scrub
from jupyter_guard.scrub.examples import example
from jupyter_guard.scrub.find import clean_html, clean_pieces, clean_text
from jupyter_guard.scrub.patterns import builtin
from jupyter_guard.scrub.views import (
    COMPILED,
    ESCAPE,
    MARKUP,
    View,
    characters_by_python,
    without_escapes,
    without_escapes_by_re,
)

VALUE = "h4nter" + "-Two!value"
ESCAPES = (
    "\x1b[31m",
    "\x1b[0m",
    "\x1b[38;5;12m",
    "\x1b[2K",
    "\x1b]8;;https://x.example\x07",
    "\x1b]8;;\x1b\\",
    "\x1bM",
)
TAGS = ("<b>", "</b>", '<span class="a">', "</span>", "<br/>", "<!-- x -->")


def strewn(text: str, signs: tuple[str, ...], chance: random.Random) -> str:
    out = list(text)
    for _ in range(chance.randrange(1, 6)):
        out.insert(chance.randrange(len(out) + 1), chance.choice(signs))
    return "".join(out)


@pytest.mark.parametrize("seed", range(300))
def test_colours_hide_nothing_and_stay(seed: int) -> None:
    chance = random.Random(seed)
    secret = VALUE
    text = f"user=ann {VALUE}, done"
    if seed % 2:
        token, secret = example(chance.choice(builtin()), chance)
        text = f" {token}\n"
    known = KnownValues.of([VALUE])
    shown = strewn(text, ESCAPES, chance)
    plain = scrub(text, known)
    for out in (scrub(shown, known), clean_text(shown, known, []), "".join(clean_pieces([shown], known, []))):
        assert secret not in ESCAPE.sub("", out)
        assert ESCAPE.sub("", out) == plain
        assert re.findall(ESCAPE, out) == re.findall(ESCAPE, shown)
    scrubber = Scrubber(known)
    assert "".join(map(scrubber.feed, shown)) + scrubber.flush() == scrub(shown, known)


@pytest.mark.parametrize("seed", range(300))
def test_tags_and_entities_hide_nothing(seed: int) -> None:
    chance = random.Random(seed)
    entities = "".join(f"&#{ord(c)};" if chance.random() < 0.3 else html.escape(c) for c in VALUE)
    parts = re.findall(r"&[^;]+;|.", entities)
    for _ in range(chance.randrange(5)):
        parts.insert(chance.randrange(len(parts) + 1), chance.choice(TAGS))
    found: list[object] = []
    out = clean_html(f"<p>it is {''.join(parts)} today</p>", KnownValues.of([VALUE]), found)  # type: ignore[arg-type]
    assert found
    assert VALUE not in View(out, MARKUP).text
    assert View(out, MARKUP).text == "it is [REDACTED:known-value] today"


def test_values_in_attributes() -> None:
    known = KnownValues.of([VALUE])
    for page in (
        f'<a href="https://x/?k={VALUE}">x</a>',
        f"<input value='{html.escape(VALUE)}'>",
        f"<b title={VALUE}>",
    ):
        assert VALUE not in clean_html(page, known, [])


def test_a_traceback_s_pieces_are_one_text() -> None:
    pieces = [f"line {VALUE[:7]}", VALUE[7:], "\x1b[31mE\x1b[0m"]
    out = clean_pieces(pieces, KnownValues.of([VALUE[:7] + "\n" + VALUE[7:]]), [])
    assert out == ["line [REDACTED:known-value]", "", "\x1b[31mE\x1b[0m"]


@pytest.mark.parametrize("seed", range(100))
def test_a_view_leads_back(seed: int) -> None:
    chance = random.Random(seed)
    source = "".join(chance.choice((*TAGS, "&amp;", "&#65;", "a", " ", "é", "<", "&", "&bogus;")) for _ in range(40))
    view = View(source, MARKUP)
    for at, character in enumerate(view.text):
        part = source[view.start(at) : view.end(at)]
        assert part == character or html.unescape(part).find(character) >= 0
    assert view.without([]) == source


# What sequences are made of, whole and cut short, around every bound, with characters of one to four bytes and halves of
# surrogate pairs.
PARTS = st.one_of(
    st.sampled_from(
        (*ESCAPES, "\x1b", "\x1b[", "\x1b]", "\x1b\\", "\x07", "\x00", "[", "]", "m", "0", ";", " ", "/", "~", "\x7f")
    ),
    st.sampled_from(("a", "é", "█", "𝄞", "\ud800", "\udfff")),
    st.integers(254, 258).map("\x1b[".ljust),
    st.integers(14, 18).map(lambda count: "\x1b[" + " " * count + "m"),
    st.integers(255, 257).map(lambda count: "\x1b[" + "1" * count + "m"),
    st.tuples(
        st.sampled_from("aé█𝄞\udc00"), st.integers(4095, 4097), st.sampled_from(("\x07", "\x1b\\", "\x1b[0m", ""))
    ).map(lambda said: "\x1b]" + said[0] * said[1] + said[2]),
)


@given(st.lists(PARTS, max_size=12).map("".join))
@case("")
@case("\x1b")
@case("\x1b\x1b[0m[0m")
def test_sequences_go_in_both_ways_alike(text: str) -> None:
    data, others = without_escapes_by_re(text)
    assert without_escapes(text) == (data, others)
    assert data.decode("utf-8", "surrogatepass") == ESCAPE.sub("", text)
    assert others == ("\x1b" in re.sub(r"\x1b\[[0-?]{0,256}[ -/]{0,16}[@-~]", "", text))


def test_it_is_compiled_where_it_can_be() -> None:
    if shutil.which("cc") is None or not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("there is no C compiler, or Python's headers are missing")
    assert COMPILED


@pytest.mark.parametrize("seed", range(20))
def test_without_what_is_compiled_the_same_is_passed_on(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    text = "\n".join(
        strewn(f"{example(one, chance)[0]} {VALUE} █", ESCAPES, chance) for one in chance.choices(builtin(), k=6)
    )
    known = KnownValues.of([VALUE])
    cuts = sorted(chance.randrange(len(text)) for _ in range(8))

    def passed_on() -> tuple[str, str]:
        scrubber = Scrubber(known)
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        return scrub(text, known), "".join(map(scrubber.feed, pieces)) + scrubber.flush()

    compiled = passed_on()
    for module in ("stream", "find"):
        monkeypatch.setattr(f"jupyter_guard.scrub.{module}.without_escapes", without_escapes_by_re)
    monkeypatch.setattr("jupyter_guard.scrub.hyper.characters", characters_by_python)
    assert passed_on() == compiled
    assert VALUE not in ESCAPE.sub("", compiled[0])


@pytest.mark.skipif(not COMPILED, reason="nothing was compiled here")
def test_the_compiled_one_refuses_what_is_no_text() -> None:
    with pytest.raises(TypeError, match="takes a str"):
        without_escapes(b"\x1b[0m")  # type: ignore[arg-type]
