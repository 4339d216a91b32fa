"""What a stream holds, and what it never does: ordinary output waits for nothing, a marker shows no part of a value."""

from __future__ import annotations

import random

import pytest

from jupyter_guard.scrub import Scrubber, scrub
from jupyter_guard.scrub.examples import example
from jupyter_guard.scrub.patterns import builtin

TOKEN = "ghp_" + "Zt7qP4vLw9sXk2Hd8mN3cB6yA1fG5jR0uE2w"
LIVE = (
    *(f"\r {n:3}%|{'█' * (n // 10)}{' ' * (10 - n // 10)}| {n}/100 [00:01<00:02, 3.25it/s]" for n in range(0, 101, 7)),
    "\rEpoch 3/10: loss=0.2231 acc=0.91",
    "\x1b[32m━━━━━━━━\x1b[0m 12.1/97.0 MB \x1b[31m3.2 MB/s\x1b[0m eta \x1b[36m0:00:12\x1b[0m",
    "step 12 tokens/s=412\n",
    "Enter the password: ",
    ".",
    "42\n",
    "[1, 2, 3]",
    "x = 3.5e-4, y = 12",
    "DataFrame with 3 rows\n",
    "done!",
)


@pytest.mark.parametrize("text", LIVE)
def test_ordinary_output_waits_for_nothing(text: str) -> None:
    scrubber = Scrubber()
    assert scrubber.feed(text) == text
    assert not scrubber.holds
    assert scrubber.feed(text) == text


def test_one_letter_that_begins_a_token_waits_for_the_next() -> None:
    scrubber = Scrubber()
    assert scrubber.feed("key g") == "key "
    assert scrubber.holds
    assert scrubber.feed("o on\n") == "go on\n"
    assert scrubber.feed("key g") == "key "
    assert scrubber.flush() == "g"


@pytest.mark.parametrize("kind", [p.kind for p in builtin() if p.goes_with_secret])
def test_a_marker_shows_no_part_of_a_token(kind: str) -> None:
    pattern = next(p for p in builtin() if p.kind == kind)
    token, secret = example(pattern, random.Random(kind))
    for text in (f"it is {token} today\n", token):
        out = scrub(text)
        keyword = next(word for word in pattern.keywords if word in token)
        assert secret not in out
        assert not out.removeprefix("it is ").startswith(keyword)
        scrubber = Scrubber()
        assert "".join(map(scrubber.feed, text)) + scrubber.flush() == out


def test_a_token_that_does_not_come_true_is_passed_on() -> None:
    scrubber = Scrubber()
    assert scrubber.feed("see ghp_abc") == "see "
    assert scrubber.feed(" and more") == "ghp_abc and more"


def test_redactions_are_counted_and_name_no_value() -> None:
    scrubber = Scrubber()
    scrubber.feed(f"{TOKEN} {TOKEN}\n")
    scrubber.flush()
    assert [(one.kind, one.count) for one in scrubber.redactions] == [("github-token", 1)] * 2
    assert TOKEN[6:12] not in repr(scrubber.redactions)


def test_a_flush_begins_a_new_text() -> None:
    scrubber = Scrubber()
    shown = scrubber.feed(TOKEN[:20]) + scrubber.flush() + scrubber.feed(TOKEN[20:] + "\n") + scrubber.flush()
    assert shown == TOKEN + "\n"


@pytest.mark.parametrize("before", ["", "step 3 loss=0.2\n" * 9_000, "token: open sesame 1\n" * 1_100])
@pytest.mark.parametrize("inside", ["", "\x1b[1m", "\x1b]8;;https://x.y\x07"])
def test_a_text_that_is_all_there_is_gives_what_a_stream_gives(before: str, inside: str) -> None:
    text = f"{before}it is {TOKEN[:20]}{inside}{TOKEN[20:]} today\n{before}and {TOKEN[:30]}"
    stream, whole = Scrubber(), Scrubber()
    out = stream.feed(text) + stream.flush()
    assert whole.only(text) == scrub(text) == out
    assert [one.kind for one in whole.redactions] == [one.kind for one in stream.redactions]
    assert "[REDACTED:" in out
    assert TOKEN[:20] not in out.replace("\x1b[1m", "")[: len(before) + 40]
    # It begins anew, as after a flush.
    assert whole.only("done\n") == "done\n"
    assert not whole.holds
