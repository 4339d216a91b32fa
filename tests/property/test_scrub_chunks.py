"""However a text is cut into pieces, the scrubber gives what it gives for the whole."""

from __future__ import annotations

import random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jupyter_guard.scrub import KnownValues, Scrubber, scrub
from jupyter_guard.scrub.examples import example
from jupyter_guard.scrub.patterns import builtin

KNOWN = ("h4nter-Two!value", "abcabcabd", "line one of it\nand line two", "pin7", "0123456789abcdef")
PARTS = (
    "\x1b[31m", "\x1b[0m", "\x1b]8;;https://x.y\x07", "\x1b[", "\r", "\n", " ", "=", ": ", '"', "'", "\\n", "password", "token",
    "api_key", "gh", "p_", "Bearer ", "://user:", "@host", "-----BEGIN ", "PRIVATE KEY-----", "abcabc", "abd", "h4nter",
    "-Two!value", "line one of it", "and line two", "pin7", " 45%|####  | 45/100", "<b>", "&amp;", "\u200b", "\ud800", "é", "İ",
    "\n  user  password\n0  ann    hunter\n", "0  bob      open\n", "\n| a | secret |\n| 1 | xyz |\n", "\nuser,passwd\nann,b\n", "\r\n",
    "\n\n", "g", "s", "sk_", "AKI", "data:image/png;base64,", "QUJD" * 40, "[db]\nuser = root\npassword = open_", "sesame\n", "curl -u ann:",
)  # fmt: skip


def secret_texts(count: int) -> list[str]:
    chance = random.Random(count)
    return [example(chance.choice(builtin()), chance)[0] + chance.choice(("", " ", "\n", '"')) for _ in range(count)]


TEXTS = st.lists(
    st.one_of(st.sampled_from(PARTS), st.sampled_from(secret_texts(60)), st.text(max_size=12)), max_size=14
).map("".join)


def known() -> KnownValues:
    return KnownValues.of(KNOWN)


def in_pieces(text: str, cuts: list[int], values: KnownValues) -> str:
    scrubber = Scrubber(values)
    out = ""
    at = 0
    for cut in sorted(cuts):
        out += scrubber.feed(text[at:cut])
        at = cut
    return out + scrubber.feed(text[at:]) + scrubber.flush()


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, data=st.data())
def test_any_cuts_give_the_same(text: str, data: st.DataObject) -> None:
    values = known()
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    assert in_pieces(text, cuts, values) == scrub(text, values)


def test_twenty_thousand_chunkings() -> None:
    chance = random.Random(20)
    values = known()
    texts = secret_texts(400)
    for _ in range(1000):
        text = "".join(chance.choice((*texts, *PARTS, *PARTS)) for _ in range(chance.randrange(1, 6)))
        whole = scrub(text, values)
        for _ in range(20):
            cuts = [chance.randrange(len(text) + 1) for _ in range(chance.choice((1, 2, 5, 20)))]
            assert in_pieces(text, cuts, values) == whole


def test_character_by_character() -> None:
    values = known()
    for text in secret_texts(120):
        assert in_pieces(text, list(range(len(text))), values) == scrub(text, values)


def test_every_format_has_a_sample_that_is_taken_out() -> None:
    chance = random.Random(5)
    for pattern in builtin():
        text, secret = example(pattern, chance)
        assert secret not in scrub(text), pattern.kind


@settings(max_examples=300, deadline=None)
@given(
    before=st.lists(st.sampled_from(("step 1 tokens/s=4\n", "é 7%\n", "--\n", "h4\n", "abcab\n")), max_size=40),
    breaks=st.lists(st.sampled_from(("", "", "", "-", "\n", "-\n", "\n\n", " ")), min_size=15, max_size=15),
    after=st.sampled_from(("\n", "\nnext\n", "")),
)
def test_a_known_value_over_several_lines(before: list[str], breaks: list[str], after: str) -> None:
    value = KNOWN[0].replace("-", "")
    assume(any(breaks[: len(value) - 1]))
    text = "".join(before) + value[0] + "".join(map("".join, zip(breaks, value[1:], strict=False))) + after
    values = known()
    whole = scrub(text, values)
    assert "[REDACTED:" in whole
    for ends in ([at + 1 for at, character in enumerate(text) if character == "\n"], range(len(text))):
        assert in_pieces(text, list(ends), values) == whole


def test_lines_are_taken_in_as_any_pieces_are() -> None:
    chance = random.Random(21)
    values = known()
    ordinary = (
        "INFO step 3 loss=0.2 tokens/s=412\n",
        "  7%|━━  | é\n",
        "",
        "x\n" * 900,
        "pin7 of 9\n",
        "token: none\n",
    )
    texts = secret_texts(200)
    for _ in range(400):
        text = "".join(chance.choice((*texts, *PARTS, *ordinary * 12)) for _ in range(chance.randrange(4, 16)))
        lines = text.splitlines(keepends=True)
        scrubber = Scrubber(values)
        out = ""
        while lines:
            count = chance.choice((1, 1, 1, 2, 300))
            out += scrubber.feed("".join(lines[:count]))
            del lines[:count]
        assert out + scrubber.flush() == scrub(text, values)


def test_a_value_that_begins_with_separators_is_found_in_lines() -> None:
    value = "--==--==" + "xyz99Q" + "w7"
    for values in (KnownValues.of((value,)), KnownValues.of((value, *KNOWN))):
        scrubber = Scrubber(values)
        assert [scrubber.feed(f"step {n} - ok\n") for n in range(3)] == [f"step {n} - ok\n" for n in range(3)]
        assert scrubber.feed(f"a = {value}\n") == "a = [REDACTED:known-value]\n"
        assert scrubber.feed("step 4 - ok\n") == "step 4 - ok\n"
