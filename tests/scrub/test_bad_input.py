"""Input that breaks other tools: enormous, cut anywhere, not text at all. Nothing is lost, nothing gets through."""

from __future__ import annotations

import random
import string

import pytest

from jupyter_guard.scrub import KnownValues, MessageScrubber, Redaction, Scrubber, scrub
from jupyter_guard.scrub.find import clean_text
from jupyter_guard.scrub.rewrite import CAP

CHANCE = random.Random(9)
LETTERS = string.ascii_letters + string.digits
TOKEN = "ghp_" + "".join(CHANCE.choices(LETTERS, k=36))


def in_pieces(text: str, size: int, scrubber: Scrubber | None = None) -> str:
    scrubber = scrubber if scrubber is not None else Scrubber()
    return "".join(scrubber.feed(text[at : at + size]) for at in range(0, len(text), size)) + scrubber.flush()


def key(length: int, width: int) -> str:
    """A private key's text of so many characters, in lines of ``width``."""
    body = "".join(CHANCE.choices(LETTERS, k=length))
    lines = "\n".join(body[at : at + width] for at in range(0, length, width))
    return f"-----BEGIN {'PRIVATE'} KEY-----\n{lines}\n-----END {'PRIVATE'} KEY-----"


@pytest.mark.parametrize("length", [CAP - 200, CAP + 10, 300_000, 1_000_000])
@pytest.mark.parametrize("width", [64, 2_000_000])
def test_a_secret_longer_than_any_format_goes_to_its_end(length: int, width: int) -> None:
    pem = key(length, width)
    text = f"before {pem} after\n"
    out = scrub(text)
    assert out.startswith("before -----BEGIN")
    assert out.endswith(f"-----END {'PRIVATE'} KEY----- after\n")
    assert not any(pem[at : at + 30] in out for at in range(40, len(pem) - 100, 997))
    assert in_pieces(text, 9_001) == out
    found: list[Redaction] = []
    assert not any(
        pem[at : at + 30] in clean_text(text, KnownValues(), found) for at in range(40, len(pem) - 100, 99_991)
    )


def test_a_candidate_that_never_ends_is_never_released() -> None:
    scrubber = Scrubber()
    shown = scrubber.feed("-----BEGIN " + "PRIVATE KEY-----\n" + "QUJD" * 10_000)
    assert "QUJD" not in shown
    for _ in range(20):
        assert "QUJD" not in scrubber.feed("QUJD" * 10_000)
        assert len(scrubber._text) < 3 * CAP
    assert "QUJD" not in scrubber.flush()


@pytest.mark.parametrize(
    "line", ["an ordinary line ", "aGVsbG8", "token: ", "\x1b[31m=\x1b[0m", "password  ", "curl -", "eyJ", "<b>"]
)
def test_ten_megabytes_without_a_line_end_are_passed_on_and_not_kept(line: str) -> None:
    scrubber = Scrubber()
    piece = line * (65_536 // len(line))
    total = kept = 0
    for _ in range((300_000 if "-" in line else 10_000_000) // len(piece)):
        total += len(scrubber.feed(piece))
        kept = max(kept, len(scrubber._text))
    total += len(scrubber.flush())
    assert kept < 4 * CAP
    assert total > 0


def test_a_secret_after_megabytes_of_one_line() -> None:
    assert TOKEN not in scrub("x" * 3_000_000 + " " + TOKEN)
    assert scrub("é" * 1_000_000 + " " + TOKEN).endswith(" [REDACTED:github-token]")


def test_lone_surrogates_and_every_byte() -> None:
    for text in ("\ud800", f"\udcff{TOKEN}\udc80", f"password=\ud83d{TOKEN}", "".join(map(chr, range(0x250)))):
        out = scrub(text)
        assert TOKEN not in out
        assert in_pieces(text, 1) == out
    undecodable = bytes(range(256)).decode("utf-8", "surrogateescape")
    assert scrub(undecodable) == undecodable
    value = "h4nter" + "\udcff-Two!value"
    assert value not in scrub(f"<{value}>", [value])


def test_a_message_that_is_no_json_is_an_error_and_not_passed_on() -> None:
    for content in (b"\xff\xfe password", b'{"name": "stdout", "text": "token', b"[" * 100_000 + b"password"):
        with pytest.raises((ValueError, RecursionError)):
            MessageScrubber().clean("iopub", "stream", "p", b"{}", content)


def test_deep_json() -> None:
    deep = b'{"a":' * 900 + b'"' + TOKEN.encode() + b'"' + b"}" * 900
    cleaned = MessageScrubber().clean("iopub", "comm_msg", "p", b"{}", deep)
    assert cleaned.content is not None
    assert TOKEN.encode() not in cleaned.content


def test_hostile_repetitions_take_no_time() -> None:
    hostile = (
        "\\",
        "+",
        "'",
        '"',
        " ",
        "=",
        "a=b;",
        "(",
        "<",
        "&quot;",
        "\x1b[",
        "\x1b]8;;",
        "A",
        "-",
        "/",
        "|",
        "\t",
        ":",
    )
    leads = (
        "password",
        "curl ",
        "PRIVATE KEY-----\n",
        "Private-Lines: 3\n",
        "cookie:",
        'kty":',
        "://",
        "eyJ",
        "  secret\n",
    )
    for lead in leads:
        for one in hostile:
            text = lead + one * (20_000 // len(one))
            assert len(scrub(text)) > 0


def test_thousands_of_known_values() -> None:
    values = ["".join(CHANCE.choices(LETTERS, k=CHANCE.randrange(10, 40))) for _ in range(3_000)]
    known = KnownValues.of(values)
    text = "\n".join(f"line {n} {value}" for n, value in enumerate(values[::30]))
    out = scrub(text, known)
    assert not any(value in out for value in values[::30])
    assert out.count("[REDACTED:known-value]") == 100
    assert in_pieces(text, 997, Scrubber(known)) == out


def test_a_line_of_two_hundred_megabytes() -> None:
    scrubber = Scrubber()
    piece = "an ordinary line that does not end, " * 28_000
    begun = scrubber.feed("x" * 10)
    size = len(begun)
    kept = 0
    for _ in range(200_000_000 // len(piece) + 1):
        size += len(scrubber.feed(piece))
        kept = max(kept, len(scrubber._text))
    last = scrubber.feed(f" {TOKEN} and on") + scrubber.flush()
    assert size >= 200_000_000
    assert kept < 4 * CAP
    assert TOKEN not in last
    assert "[REDACTED:github-token] and on" in last


@pytest.mark.parametrize("value", ["åb\0é-Zq4W2k9xLm\0ü7", "ab\0cd-Zq4W2k9xLm", "\0Zq4W2k9xLmå"])
def test_a_known_value_with_a_character_zero_is_found_and_nothing_breaks(value: str) -> None:
    for text in (f"<{value}>", f"é {value} ü\n", f"aé {value[:4]} {value}"):
        shown = scrub(text, known=(value,))
        assert value not in shown
        assert "[REDACTED:" in shown
