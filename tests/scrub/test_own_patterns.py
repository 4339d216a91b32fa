"""An organisation's token formats are looked for beside the built-in ones, wherever output goes."""

from __future__ import annotations

import json
import time

import pytest

from jupyter_guard.scrub import KnownValues, MessageScrubber, Scrubber, scrub, with_own
from jupyter_guard.scrub.engine import engine_for
from jupyter_guard.scrub.examples import example
from jupyter_guard.scrub.patterns import PatternError, builtin

OWN = {"acme-badge": {"keywords": ["ACME+"], "shape": r"[0-9]{4}-[A-Z]{6}(?![A-Z])"}}
BADGE = "ACME+" + "4711-QWERTZ"


def test_none_of_one_s_own_means_the_built_in_ones() -> None:
    assert with_own({}) is None


def test_own_and_built_in_formats_together() -> None:
    import random

    patterns = with_own(OWN)
    token, secret = example(next(p for p in builtin() if p.kind == "github-token"), random.Random(1))
    cleaned = scrub(f"{BADGE} {token}\n", (), patterns)
    assert cleaned == "[REDACTED:acme-badge] [REDACTED:github-token]\n"
    assert scrub(f"{BADGE}\n") == f"{BADGE}\n"
    assert secret not in cleaned


def test_in_streams_and_in_long_texts_before_and_after_compiling() -> None:
    patterns = with_own(OWN)
    filler = "an ordinary line of output 45%\n" * 60
    for _ in range(2):
        scrubber = Scrubber((), patterns)
        out = scrubber.feed(filler + BADGE[:7]) + scrubber.feed(BADGE[7:] + "\n" + filler) + scrubber.flush()
        assert out == f"{filler}[REDACTED:acme-badge]\n{filler}"
        engine = engine_for(patterns)
        until = time.monotonic() + 30
        while type(engine._own.engine).__name__ == "ByKeyword" and time.monotonic() < until:  # type: ignore[attr-defined]
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("msg_type", "content"),
    [
        ("stream", {"name": "stdout", "text": f"badge {BADGE}\n"}),
        ("display_data", {"data": {"text/html": f"<b>{BADGE}</b>"}, "metadata": {}}),
        ("execute_result", {"data": {"text/plain": f"{BADGE}", "application/json": {"a": [BADGE]}}, "metadata": {}}),
        ("error", {"ename": "E", "evalue": BADGE, "traceback": [BADGE]}),
    ],
)
def test_in_messages(msg_type: str, content: object) -> None:
    scrubber = MessageScrubber(KnownValues(), with_own(OWN))
    cleaned = scrubber.clean("iopub", msg_type, "p", b"{}", json.dumps(content).encode())
    assert cleaned.content is not None
    assert BADGE.encode() not in cleaned.content
    assert cleaned.redactions[0].kind == "acme-badge"


def test_in_binary_buffers() -> None:
    scrubber = MessageScrubber(KnownValues(), with_own(OWN))
    (buffer,) = scrubber.clean(
        "iopub", "comm_msg", "p", b"{}", b"{}", [b"\x00\xff " + BADGE.encode() + b"\x00"]
    ).buffers
    assert bytes(buffer) == b"\x00\xff " + b"*" * len(BADGE) + b"\x00"


REFUSED = {
    "no shape": ({"keywords": ["ACME+"]}, "shape is missing"),
    "not a regular expression": ({"keywords": ["ACME+"], "shape": "(["}, "not a regular expression"),
    "exponential time": ({"keywords": ["ACME+"], "shape": "(?:a+)+b"}, "exponential"),
    "exponential time by what may be empty": ({"keywords": ["ACME+"], "shape": "(?:a*)*"}, "exponential"),
    "two readings of each letter": ({"keywords": ["ACME+"], "shape": "(?:a|a){1,60}b"}, "exponential"),
    "repeats that run into each other": ({"keywords": ["ACME+"], "shape": "(?:[a-z]{1,60}){1,60}!"}, "exponential"),
    "three repeats of one text": ({"keywords": ["ACME+"], "shape": ".*.*.*="}, "share a text"),
    "two repeats of one text": ({"keywords": ["ACME+"], "shape": r"[a-z]*(?:x[\w.]*)="}, "share a text"),
    "repeats of blanks": ({"keywords": ["ACME+"], "shape": r"\s*\n?\s*(?P<secret>[a-z]{8,})"}, "share a text"),
    "a back-reference": ({"keywords": ["ACME+"], "shape": r"(?P<secret>a)(?P=secret)"}, "not usable"),
    "look-around": ({"keywords": ["ACME+"], "shape": "(?=abc)x"}, "one character wide"),
    "an unknown check": ({"keywords": ["ACME+"], "shape": "x", "checks": ["luhn10"]}, "no such check"),
    "an unknown key": ({"keywords": ["ACME+"], "shape": "x", "regex": "y"}, "no such key"),
    "a keyword of one letter": ({"keywords": ["A"], "shape": "x"}, "two characters"),
    "not a table": ("ACME", "not a table"),
}


USABLE = (
    r"[\w.-]{0,40}\s*=\s*(?P<secret>\S+)",
    r"(?P<secret>[A-Za-z0-9]{20,200}\.[A-Za-z0-9]{20,200}\.[A-Za-z0-9]{20,200})",
    r"(?P<secret>[a-z]+-[0-9]+-[a-z]+)",
    r"\s{0,8}\w{0,20}\s{0,8}(?P<secret>[a-f0-9]{32,})",
    "(?P<secret>[^-]+)-{5}END",
)


@pytest.mark.parametrize("shape", USABLE)
def test_shapes_whose_repeats_stand_apart_are_used(shape: str) -> None:
    assert with_own({"acme": {"keywords": ["ACME+"], "shape": shape}})


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_named_and_refused(name: str) -> None:
    entry, words = REFUSED[name]
    with pytest.raises(PatternError) as caught:
        with_own({"acme-badge": entry}, "policy.toml")
    (problem,) = caught.value.problems
    assert "acme-badge" in problem
    assert "policy.toml" in problem
    assert words in problem


def test_all_problems_at_once() -> None:
    with pytest.raises(PatternError) as caught:
        with_own({f"acme-{n}": entry for n, (entry, _words) in enumerate(REFUSED.values())})
    assert len(caught.value.problems) == len(REFUSED)


def test_a_name_that_is_taken() -> None:
    with pytest.raises(PatternError, match="twice"):
        with_own({"github-token": OWN["acme-badge"]})
